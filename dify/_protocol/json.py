"""JSON as Python servers write it, parts of which strict parsers reject."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["loads", "mended"]


def loads(text: str) -> Any:
    """Return decoded JSON; raise `ValueError` for everything else.

    Excessive nesting raises it, too.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def mended(text: str) -> str | None:
    """Return the text with every lone surrogate replaced by U+FFFD.

    None if there is none.

    Python's encoder escapes half of a pair if a model's text is split inside an emoji; strict parsers reject it.

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
