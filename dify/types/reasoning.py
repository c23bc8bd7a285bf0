"""The reasoning of a model inside its answer: `<think>` to `</think>`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["ContentPart", "ReasoningSplitter", "SplitAnswer", "split_reasoning"]

_OPEN = re.compile(r"(?i)<think(?:\s[^<>]{0,100})?>\s*")
_CLOSE = re.compile(r"(?i)</think\s*>")
_START_OF_TAG = re.compile(r"(?i)<(?:$|/?(?:$|t(?:$|h(?:$|i(?:$|n(?:$|k(?:$|\s[^<>]{0,100}$)))))))")
"""The start of a tag at the end of a piece; the next piece shows if it is one."""


@dataclass(frozen=True, slots=True)
class ContentPart:
    """A piece of an answer: text, or reasoning of the model."""

    type: Literal["text", "reasoning"]
    """Kind of the piece."""
    text: str
    """The piece."""
    replaces: bool = False
    """True if the piece, and those that follow it, replace all pieces of text before, after moderation or a reconnect."""


class SplitAnswer(NamedTuple):
    """An answer without the reasoning of the model, and the reasoning."""

    answer: str
    """Text for the user."""
    reasoning: str
    """Reasoning; "" if there is none."""


class ReasoningSplitter:
    """Splits an answer that arrives in pieces; a tag may be cut between two of them.

    Example:
        >>> splitter = ReasoningSplitter()
        >>> [(part.type, part.text) for part in splitter.feed("<thi")]
        []
        >>> [(part.type, part.text) for part in splitter.feed("nk>2 + 2</think>4")]
        [('reasoning', '2 + 2'), ('text', '4')]
    """

    def __init__(self) -> None:
        self._rest = ""
        self._inside = False
        self._skip_space = False  # after a tag

    def feed(self, piece: str) -> Iterator[ContentPart]:
        """Yield the parts that a piece completes."""
        self._rest += piece
        while True:
            tag = (_CLOSE if self._inside else _OPEN).search(self._rest)
            if tag is None:
                break
            yield from self._parts(self._rest[: tag.start()])
            self._rest = self._rest[tag.end() :]
            self._inside, self._skip_space = not self._inside, True
        start = _START_OF_TAG.search(self._rest)
        end = len(self._rest) if start is None else start.start()
        ready, self._rest = self._rest[:end], self._rest[end:]
        yield from self._parts(ready)

    def finish(self) -> Iterator[ContentPart]:
        """Yield what is left at the end of the answer."""
        rest, self._rest = self._rest, ""
        yield from self._parts(rest)

    def _parts(self, text: str) -> Iterator[ContentPart]:
        if self._skip_space:
            text = text.lstrip()
        if text:
            self._skip_space = False
            yield ContentPart("reasoning" if self._inside else "text", text)


def split_reasoning(text: str) -> SplitAnswer:
    """Split a text into the answer and the reasoning.

    Reasoning is between `<think>` and `</think>`.

    Reasoning that was not closed extends to the end of the text. If the first tag is `</think>`, everything before it is
    reasoning: some models do not repeat the opening tag of their prompt. Several sections of reasoning are joined by an empty
    line.

    Example:
        >>> split_reasoning("<think>The user greets me.</think>Hello!")
        SplitAnswer(answer='Hello!', reasoning='The user greets me.')
    """
    close, opening = _CLOSE.search(text), _OPEN.search(text)
    if close is not None and (opening is None or opening.start() > close.start()):
        text = f"<think>{text}"
    splitter = ReasoningSplitter()
    sections: list[tuple[str, str]] = []
    for part in (*splitter.feed(text), *splitter.finish()):
        kind, before = sections.pop() if sections and sections[-1][0] == part.type else (part.type, "")
        sections.append((kind, before + part.text))
    reasoning = [section.strip() for kind, section in sections if kind == "reasoning"]
    answer = "".join(section for kind, section in sections if kind == "text")
    return SplitAnswer(answer.strip() if reasoning else answer, "\n\n".join(reasoning))
