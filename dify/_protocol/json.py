"""JSON as Python servers write it: what strict readers refuse and can still be read without loss."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["loads", "mended"]


def loads(text: str) -> Any:
    """Decoded JSON; raises `ValueError` for everything that cannot be decoded, absurd nesting included."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def mended(text: str) -> str | None:
    """The text with every lone surrogate replaced by U+FFFD, or None where that changes nothing.

    Python's own writer escapes half of a pair, should a model's text be cut inside an emoji; strict readers refuse it.

    Example:
        >>> mended('{"answer": "half \\\\ud83d!"}') == '{"answer": "half \\ufffd!"}'
        True
    """
    if "\\u" not in text:
        return None
    try:
        plain = json.dumps(loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    whole = plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return None if whole == plain else whole
