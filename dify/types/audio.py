"""Speech to text."""

from ._base import Answer

__all__ = ["Transcription"]


class Transcription(Answer):
    """What was said in an audio file. `str(transcription)` is the text."""

    text: str

    def __str__(self) -> str:
        """The text."""
        return self.text
