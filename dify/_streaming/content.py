"""The parts of a streamed answer: text and reasoning. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..types.reasoning import ContentPart, ReasoningSplitter
from ..types.run_events import ReasoningChunkEvent
from .text import TextReplaced

__all__ = ["Content"]


class Content:
    """Labels the text of events as text or as reasoning.

    Reasoning is in the text, or in separate events.
    """

    def __init__(self) -> None:
        self._splitter = ReasoningSplitter()

    def parts(self, event: Any, text: str | None) -> Iterator[ContentPart]:
        """Yield the parts that an event completes.

        Args:
            event: The event.
            text: The text that it added, None if it added none.
        """
        if isinstance(event, ReasoningChunkEvent) and event.data.reasoning:
            yield ContentPart("reasoning", event.data.reasoning)
        if isinstance(text, TextReplaced):
            self._splitter = ReasoningSplitter()
            first, *others = [*self._splitter.feed(text)] or [ContentPart("text", "")]
            yield replace(first, replaces=True)
            yield from others
        elif text is not None:
            yield from self._splitter.feed(text)

    def finish(self) -> Iterator[ContentPart]:
        """Yield the part that is left at the end of the answer, if there is one."""
        return self._splitter.finish()
