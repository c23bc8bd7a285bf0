"""How texts are cut into chunks: simply, so that a test can tell beforehand what it will get.

A token is a word here. In "automatic" mode lines are gathered into chunks of up to 500 tokens; with rules, a text is cut
at every separator, and what is longer than `max_tokens` is cut further. Overlaps are not made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["AUTOMATIC", "children_of", "chunks_of"]

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

# A word; what has no spaces in it, such as Chinese, counts as one for every 16 characters.
_TOKEN = re.compile(r"\s*\S{1,16}\s*|\s+")


def chunks_of(text: str, rule: dict[str, Any]) -> list[str]:
    """The chunks of a text by a process rule.

    Example:
        >>> chunks_of("One two.\\n\\nThree.", AUTOMATIC)
        ['One two.\\n\\nThree.']
        >>> chunks_of("One two.\\n\\nThree.", {"mode": "custom", "rules": {"segmentation": {"max_tokens": 9}}})
        ['One two.', 'Three.']
    """
    rules: dict[str, Any] = rule.get("rules") or {}
    text = _clean(text, rules.get("pre_processing_rules") or [])
    if rules.get("parent_mode") == "full-doc":
        return _trimmed([text])
    settings: dict[str, Any] = rules.get("segmentation") or {}
    if rule.get("mode") == "automatic" or not settings:
        return _gathered(text, 500)
    return _cut(text, settings)


def children_of(text: str, rule: dict[str, Any]) -> list[str]:
    """The child chunks of a chunk: by the rule for them, else sentence by sentence."""
    rules: dict[str, Any] = rule.get("rules") or {}
    settings: dict[str, Any] = rules.get("subchunk_segmentation") or {}
    return _cut(text, settings) if settings else _trimmed(re.split(r"(?<=[.!?。！？])\s*", text))


def _clean(text: str, steps: list[dict[str, Any]]) -> str:
    wanted = {step["id"] for step in steps if step.get("enabled")}
    if "remove_extra_spaces" in wanted:
        text = re.sub(r"[ \t\r\f\v\u00a0]{2,}", " ", re.sub(r"\n{3,}", "\n\n", text))
    if "remove_urls_emails" in wanted:
        text = re.sub(r"https?://\S+|[\w.+-]+@[\w-]+\.[\w.-]+", "", text)
    return text


def _gathered(text: str, most: int) -> list[str]:
    chunks, size = [""], 0
    for line in (part for whole in text.splitlines(keepends=True) for part in _parts(whole, most)):
        length = len(line.split())
        if size and size + length > most:
            chunks.append("")
            size = 0
        chunks[-1] += line
        size += length
    return _trimmed(chunks)


def _cut(text: str, settings: dict[str, Any]) -> list[str]:
    separator, most = settings.get("separator") or "\n", int(settings.get("max_tokens") or 500)
    return _trimmed(part for whole in text.split(separator) for part in _parts(whole, most))


def _parts(text: str, most: int) -> Iterator[str]:
    tokens: list[str] = _TOKEN.findall(text)
    for first in range(0, len(tokens), max(most, 1)):
        yield "".join(tokens[first : first + max(most, 1)])


def _trimmed(texts: Iterable[str]) -> list[str]:
    return [text for each in texts if (text := each.strip())]
