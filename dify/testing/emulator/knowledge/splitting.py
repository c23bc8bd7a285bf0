"""Splitting of texts into chunks by characters, as the server does, although the setting is called `max_tokens`.

In mode "automatic" a text is cut into chunks of less than 500 characters that overlap by up to 50. With rules of its own it
is cut at every separator; a longer piece is cut further at empty lines, sentences and words.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["AUTOMATIC", "DEFAULT", "SplitError", "split_children", "split_text"]


AUTOMATIC: dict[str, Any] = {
    "mode": "automatic",
    "rules": {
        "pre_processing_rules": [
            {"id": "remove_extra_spaces", "enabled": True},
            {"id": "remove_urls_emails", "enabled": False},
        ],
        "segmentation": {"delimiter": "\n", "max_tokens": 500, "chunk_overlap": 50},
    },
}
"""The rule of mode "automatic", as the server stores it."""

DEFAULT: dict[str, Any] = {
    "mode": "custom",
    "rules": {
        "pre_processing_rules": AUTOMATIC["rules"]["pre_processing_rules"],
        "segmentation": {"delimiter": "\n", "max_tokens": 1024, "chunk_overlap": 50},
    },
}
"""The rule that the server shows for a knowledge base that has none."""

_SHORTEST, _LONGEST = 50, 4000
_BOUNDARIES = ("\n\n", "。", ". ", " ", "")

# Punctuation at the beginning of a chunk is dropped, except brackets and the marks that enclose Chinese headings.
_LEADING = re.compile(r"^[\u2000-\u2025\u2027-\u206f\u2e00-\u2e7f\u3000-\u300f\u3012-\u303f\"#$%&'()*+,./:;<=>?@^_`~]+")

_LINK = re.compile(r"\[[^\]]+\]\(https?://[^)]+\)")
_KEPT_LINK = re.compile(r"!?\[[^\]]*\]\(https?://[^)]+\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xef\xbf\xbe\ufffe]")


class SplitError(ValueError):
    """A rule that no text can be cut by: the indexing of a document fails with its message."""


def split_text(text: str, rule: dict[str, Any], form: str = "text_model") -> list[str]:
    """The chunks of a text by a process rule.

    Args:
        text: The text.
        rule: `mode` and `rules`, as the server stores them.
        form: The document's form. Parents keep their blanks, and only a rule with a `parent_mode` makes any.

    Raises:
        SplitError: The rule has no segmentation, or one with values that are out of range.

    Example:
        >>> split_text("One two.\\n\\nThree.", AUTOMATIC)
        ['One two.\\n\\nThree.']
        >>> split_text("One two.\\n\\nThree.", {"mode": "custom", "rules": {"segmentation": {"max_tokens": 50}}})
        ['One two.', 'Three.']
    """
    rules: dict[str, Any] = rule.get("rules") or {}
    if form == "hierarchical_model":
        if rules.get("parent_mode") == "full-doc":
            return [text]
        if rules.get("parent_mode") is None:
            return []
    settings = _Settings.of(rule, "segmentation")
    pieces = (piece for piece in settings.cut(_clean(text, rules)) if piece.strip())
    if form == "hierarchical_model":
        return [parent for piece in pieces if (parent := _without_period(piece))]
    return [chunk for piece in pieces if (chunk := _without_marks(piece).strip())]


def split_children(text: str, rule: dict[str, Any]) -> list[str]:
    """The child chunks of a chunk.

    Raises:
        SplitError: The rule has no segmentation of children, or one with values that are out of range.
    """
    settings = _Settings.of(rule, "subchunk_segmentation")
    return [child for piece in settings.cut(text) if piece.strip() and (child := _without_period(piece))]


@dataclass(frozen=True)
class _Settings:
    """A separator, and how long a piece may be and how much of it may be repeated in the next, in characters."""

    separator: str | None
    longest: int
    overlap: int

    @classmethod
    def of(cls, rule: dict[str, Any], name: str) -> _Settings:
        rules: dict[str, Any] = rule.get("rules") or {}
        settings: dict[str, Any] | None = rules.get(name)
        if settings is None:
            raise SplitError(f"No {name.replace('_', ' ')} found in rules.")
        if rule.get("mode") == "automatic":
            return cls(None, 500, 50)
        longest, overlap = int(settings["max_tokens"]), int(settings.get("chunk_overlap") or 0)
        if not _SHORTEST <= longest <= _LONGEST:
            raise SplitError(f"Custom segment length should be between {_SHORTEST} and {_LONGEST}.")
        if overlap > longest:
            raise SplitError(f"Got a larger chunk overlap ({overlap}) than chunk size ({longest}), should be smaller.")
        separator: str = settings.get("separator", "\n").replace("\\n", "\n")
        try:
            # As on the server, an escape such as \\t is resolved, and a separator that is not ASCII never found.
            return cls(codecs.decode(separator, "unicode_escape"), longest, overlap)
        except ValueError as error:
            raise SplitError(str(error)) from None

    def cut(self, text: str) -> Iterator[str]:
        if self.separator is None:
            yield from self._finely(text, _BOUNDARIES)
            return
        for piece in text.split(self.separator) if self.separator else [text]:
            if len(piece) > self.longest:
                yield from self._finely(piece, _BOUNDARIES, own_rules=True)
            else:
                yield piece

    def _finely(self, text: str, boundaries: tuple[str, ...], *, own_rules: bool = False) -> Iterator[str]:
        """Cut at the first boundary that the text has; what is still too long, at the next."""
        at = next(number for number, boundary in enumerate(boundaries) if boundary in text)
        # Where a rule's own separator leaves a piece without sentences, the server loses the spaces between its words.
        loses_spaces = own_rules and boundaries[at] == " "
        pieces = re.split(" +", text) if loses_spaces else _split(text, boundaries[at])
        short: list[str] = []
        for piece in pieces:
            if len(piece) < self.longest:
                short.append(piece)
                continue
            yield from self._joined(short)
            short = []
            if at + 1 < len(boundaries):
                yield from self._finely(piece, boundaries[at + 1 :])
            else:
                yield piece
        yield from self._joined(short)

    def _joined(self, pieces: list[str]) -> Iterator[str]:
        """Join pieces into chunks as long as may be; a chunk begins with the last pieces of the one before it."""
        chunk, length = deque[str](), 0
        for piece in pieces:
            if chunk and length + len(piece) > self.longest:
                if whole := "".join(chunk).strip():
                    yield whole
                while chunk and (length > self.overlap or length + len(piece) > self.longest):
                    length -= len(chunk.popleft())
            chunk.append(piece)
            length += len(piece)
        if whole := "".join(chunk).strip():
            yield whole


def _split(text: str, boundary: str) -> list[str]:
    pieces: list[str] = re.findall(f"(?s).*?{re.escape(boundary)}|.+", text) if boundary else list(text)
    return [piece for piece in pieces if piece not in ("", "\n")]


def _clean(text: str, rules: dict[str, Any]) -> str:
    text = _CONTROL.sub("", text.replace("<|", "<").replace("|>", ">"))
    steps: list[dict[str, Any]] = rules.get("pre_processing_rules") or []
    for step in (step["id"] for step in steps if step.get("enabled")):
        if step == "remove_extra_spaces":
            text = re.sub(r"\n{3,}", "\n\n", text)
            text = re.sub(r"[\t\f\r \u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]{2,}", " ", text)
        elif step == "remove_urls_emails":
            text = re.sub(r"[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+", "", text)
            links = _KEPT_LINK.findall(text)
            between = (re.sub(r"https?://\S+", "", part) for part in _KEPT_LINK.split(text))
            text = "".join(part + link for part, link in zip(between, [*links, ""], strict=True))
    return text


def _without_marks(piece: str) -> str:
    return piece if _LINK.match(piece) else _LEADING.sub("", piece)


def _without_period(piece: str) -> str:
    return piece[1:].strip() if piece.startswith((".", "。")) else piece
