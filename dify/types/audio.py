"""Speech to text."""

from ._base import ResponseModel

__all__ = ["Transcription"]


class Transcription(ResponseModel):
    """The text recognized in an audio file. `str(transcription)` is that text."""

    text: str
    """Recognized text."""

    def __str__(self) -> str:
        """Return the text."""
        return self.text
