"""The text and the speech of a reply, assembled from their pieces. Pure."""

from __future__ import annotations

import base64
from typing import Any

from ..errors import ResponseValidationError
from ..types import events as t

__all__ = ["RECONNECTED", "Speech", "Text", "TextReplaced"]

RECONNECTED = "reconnected"
"""The reason in a `message_replace` that this client makes."""


class TextReplaced(str):
    """A piece of `text_stream` that replaces all text before it.

    It follows moderation, or text that was lost in a reconnect.
    """

    __slots__ = ()


class Text:
    """The text on the screen: deltas joined, or replaced as a whole."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.last: str | None = None
        """The text that the last event added; a `TextReplaced` if it replaced all text."""

    def add(self, delta: str) -> None:
        self._parts.append(delta)
        self.last = delta

    def replace(self, text: str) -> None:
        self._parts = [text]
        self.last = TextReplaced(text)

    def __str__(self) -> str:
        if len(self._parts) > 1:  # joined once, so that snapshots of a long answer stay cheap
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""


class Speech:
    """The spoken answer. Its bytes are collected only on request."""

    def __init__(self, collect: bool) -> None:
        self._collect = collect
        self._parts: list[bytes] = []
        self._started = False
        self._ended = False

    def feed(self, event: Any) -> None:
        if not isinstance(event, t.TTSMessageEvent):
            self._ended = True
            return
        self._started = True
        if self._collect:
            try:
                self._parts.append(base64.b64decode(event.audio))
            except ValueError:
                raise ResponseValidationError(
                    "a tts_message event has audio that is not valid base64", body=event.audio[:2048]
                ) from None

    @property
    def awaited(self) -> bool:
        """True while more speech is expected."""
        return not self._ended and (self._collect or self._started)

    def is_cut_off(self, *, events_read: bool) -> bool:
        """Return True if speech is missing when the connection breaks now.

        A caller who reads events notices it, too.
        """
        return not self._ended and (self._collect or (self._started and events_read))

    @property
    def audio(self) -> bytes | None:
        return b"".join(self._parts) if self._collect else None
