"""What a reply says: the text on the screen, and the speech, as their pieces come. Pure."""

from __future__ import annotations

import base64
from typing import Any

from ..errors import ResponseValidationError
from ..types import events as t

__all__ = ["Speech", "Text", "TextReplaced"]


class TextReplaced(str):
    """A piece of `.text_stream` that replaces all text before it, because moderation struck or a replay started over."""

    __slots__ = ()


class Speech:
    """The spoken answer, collected only when asked for."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._parts: list[bytes] = []
        self.begun = False
        self.ended = False

    def feed(self, event: Any) -> None:
        if isinstance(event, t.TTSMessageEvent):
            self.begun = True
            if self._wanted:
                try:
                    self._parts.append(base64.b64decode(event.audio))
                except ValueError:
                    raise ResponseValidationError("the stream's speech is no base64", body=event.audio[:2048]) from None
        else:
            self.ended = True

    @property
    def awaited(self) -> bool:
        return not self.ended and (self._wanted or self.begun)

    def broken_off(self, *, heard: bool) -> bool:
        """Whether some of it is missing where the connection breaks; `heard`: somebody listens to the events themselves."""
        return not self.ended and (self._wanted or (self.begun and heard))

    @property
    def audio(self) -> bytes | None:
        return b"".join(self._parts) if self._wanted else None


class Text:
    """What stands on the screen: deltas joined, replaced as a whole when the server says so."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.last: str | None = None

    def add(self, delta: str) -> None:
        self._parts.append(delta)
        self.last = delta

    def replace(self, text: str) -> None:
        self._parts = [text]
        self.last = TextReplaced(text)

    def __str__(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""
