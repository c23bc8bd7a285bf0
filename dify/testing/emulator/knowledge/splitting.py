"""Splitting of texts into chunks, by characters as on a server.

The setting is nevertheless called `max_tokens`.

In mode "automatic" a chunk has less than 500 characters, and up to 50 of them overlap with the previous chunk. With
custom rules a text is split at every separator, and longer parts are split at empty lines, sentences and words.
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
"""Rule of mode "automatic", as the server stores it."""

DEFAULT: dict[str, Any] = {
    "mode": "custom",
    "rules": {
        "pre_processing_rules": AUTOMATIC["rules"]["pre_processing_rules"],
        "segmentation": {"delimiter": "\n", "max_tokens": 1024, "chunk_overlap": 50},
    },
}
"""Rule that the server returns for a knowledge base without one."""

_MIN_LENGTH, _MAX_LENGTH = 50, 4000
_BOUNDARIES = ("\n\n", "。", ". ", " ", "")

# Punctuation at the start of a chunk is removed, except brackets and the marks that enclose Chinese headings.
_LEADING = re.compile(r"^[\u2000-\u2025\u2027-\u206f\u2e00-\u2e7f\u3000-\u300f\u3012-\u303f\"#$%&'()*+,./:;<=>?@^_`~]+")

_LINK = re.compile(r"\[[^\]]+\]\(https?://[^)]+\)")
_MARKDOWN_LINK = re.compile(r"!?\[[^\]]*\]\(https?://[^)]+\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xef\xbf\xbe\ufffe]")


class SplitError(ValueError):
    """An invalid rule. The indexing of the document fails with its message."""


def split_text(text: str, rule: dict[str, Any], form: str = "text_model") -> list[str]:
    """Split a text into chunks by a process rule.

    Args:
        text: Text to split.
        rule: `mode` and `rules`, as the server stores them.
        form: Form of the document. Parent chunks keep their whitespace, and require a rule with a `parent_mode`.

    Raises:
        SplitError: The rule has no segmentation, or its values are out of range.

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
    parts = (part for part in settings.split(_clean(text, rules)) if part.strip())
    if form == "hierarchical_model":
        return [parent for part in parts if (parent := _without_period(part))]
    return [chunk for part in parts if (chunk := _without_leading_punctuation(part).strip())]


def split_children(text: str, rule: dict[str, Any]) -> list[str]:
    """Split a chunk into child chunks.

    Raises:
        SplitError: The rule has no segmentation of child chunks, or its values are out of range.
    """
    settings = _Settings.of(rule, "subchunk_segmentation")
    return [child for part in settings.split(text) if part.strip() and (child := _without_period(part))]


@dataclass(frozen=True)
class _Settings:
    """Separator, maximum length and overlap of chunks, in characters."""

    separator: str | None
    max_length: int
    overlap: int

    @classmethod
    def of(cls, rule: dict[str, Any], name: str) -> _Settings:
        rules: dict[str, Any] = rule.get("rules") or {}
        settings: dict[str, Any] | None = rules.get(name)
        if settings is None:
            raise SplitError(f"No {name.replace('_', ' ')} found in rules.")
        if rule.get("mode") == "automatic":
            return cls(None, 500, 50)
        max_length, overlap = int(settings["max_tokens"]), int(settings.get("chunk_overlap") or 0)
        if not _MIN_LENGTH <= max_length <= _MAX_LENGTH:
            raise SplitError(f"Custom segment length should be between {_MIN_LENGTH} and {_MAX_LENGTH}.")
        if overlap > max_length:
            raise SplitError(
                f"Got a larger chunk overlap ({overlap}) than chunk size ({max_length}), should be smaller."
            )
        separator: str = settings.get("separator", "\n").replace("\\n", "\n")
        try:
            # As on the server, an escape such as \\t is decoded, and a separator that is not ASCII never matches.
            return cls(codecs.decode(separator, "unicode_escape"), max_length, overlap)
        except ValueError as error:
            raise SplitError(str(error)) from None

    def split(self, text: str) -> Iterator[str]:
        if self.separator is None:
            yield from self._split_at(text, _BOUNDARIES)
            return
        for part in text.split(self.separator) if self.separator else [text]:
            if len(part) > self.max_length:
                yield from self._split_at(part, _BOUNDARIES, custom_rules=True)
            else:
                yield part

    def _split_at(self, text: str, boundaries: tuple[str, ...], *, custom_rules: bool = False) -> Iterator[str]:
        """Split at the first boundary in the text, and longer parts at the next one."""
        index = next(number for number, boundary in enumerate(boundaries) if boundary in text)
        # With custom rules, the server drops the spaces between the words of a part without sentences.
        loses_spaces = custom_rules and boundaries[index] == " "
        parts = re.split(" +", text) if loses_spaces else _split(text, boundaries[index])
        short: list[str] = []
        for part in parts:
            if len(part) < self.max_length:
                short.append(part)
                continue
            yield from self._join(short)
            short = []
            yield from self._split_at(part, boundaries[index + 1 :])  # the last boundary leaves no long parts
        yield from self._join(short)

    def _join(self, parts: list[str]) -> Iterator[str]:
        """Join parts into the longest possible chunks.

        Each chunk starts with the last parts of the previous one.
        """
        chunk, length = deque[str](), 0
        for part in parts:
            if chunk and length + len(part) > self.max_length:
                if text := "".join(chunk).strip():
                    yield text
                while chunk and (length > self.overlap or length + len(part) > self.max_length):
                    length -= len(chunk.popleft())
            chunk.append(part)
            length += len(part)
        if text := "".join(chunk).strip():
            yield text


def _split(text: str, boundary: str) -> list[str]:
    parts: list[str] = re.findall(f"(?s).*?{re.escape(boundary)}|.+", text) if boundary else list(text)
    return [part for part in parts if part not in ("", "\n")]


def _clean(text: str, rules: dict[str, Any]) -> str:
    text = _CONTROL.sub("", text.replace("<|", "<").replace("|>", ">"))
    steps: list[dict[str, Any]] = rules.get("pre_processing_rules") or []
    for step in (step["id"] for step in steps if step.get("enabled")):
        if step == "remove_extra_spaces":
            text = re.sub(r"\n{3,}", "\n\n", text)
            text = re.sub(r"[\t\f\r \u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]{2,}", " ", text)
        elif step == "remove_urls_emails":
            text = re.sub(r"[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+", "", text)
            links = _MARKDOWN_LINK.findall(text)
            between = (re.sub(r"https?://\S+", "", part) for part in _MARKDOWN_LINK.split(text))
            text = "".join(part + link for part, link in zip(between, [*links, ""], strict=True))
    return text


def _without_leading_punctuation(part: str) -> str:
    return part if _LINK.match(part) else _LEADING.sub("", part)


def _without_period(part: str) -> str:
    return part[1:].strip() if part.startswith((".", "。")) else part
