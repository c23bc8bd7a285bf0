"""Text of a server, prepared for people.

It is escaped and bounded, and parts that only programs read are removed.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

__all__ = ["printable", "readable", "without_routes"]

_SHOWN = 2048


def printable(text: str, limit: int = _SHOWN) -> str:
    """Return text of a server for a message or a log line.

    Control characters are escaped, and the length is bounded.
    """
    cut = text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)


def readable(text: str, *, described: bool = False) -> str:
    """Return a text with the JSON objects of plugin errors replaced by their text.

    Dify passes the errors of model providers on as `{"error_type": …, "message": …, "args": {"description": …}}`. The text
    is the description, or else the message; with `described` set, an object without a description stays as it is.

    Example:
        >>> readable('req_id: 5b PluginInvokeError: {"error_type": "X", "message": "m", "args": {"description": "no quota"}}')
        'no quota'
        >>> readable("an error of another kind")
        'an error of another kind'
    """
    start = text.find('{"')
    while start >= 0 and '"error_type"' in text[start:]:
        try:
            value, end = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            value, end = None, start
        inner = _text_of(value, described=described)
        if inner is not None:
            head = _PLUGIN_ERROR.sub("", text[:start])
            return f"{head}{readable(inner, described=described)}{text[end:]}"
        start = text.find('{"', start + 1)
    return text


_PLUGIN_ERROR = re.compile(r"(?:req_id: \S+ )?PluginInvokeError: $")


def _text_of(value: Any, *, described: bool) -> str | None:
    """Return the description in a plugin error, else its message.

    None if the value is not a plugin error.
    """
    if not isinstance(value, dict) or "error_type" not in value:
        return None
    error = cast("dict[str, Any]", value)
    args = error.get("args")
    description = cast("dict[str, Any]", args).get("description") if isinstance(args, dict) else None
    candidates = (description,) if described else (description, error.get("message"))
    return next((text for text in candidates if isinstance(text, str) and text.strip()), None)


_ROUTES = "You have requested this URI ["


def without_routes(message: str) -> str:
    """Return the message of a 404 without the list of similar routes.

    Dify appends that list. A message that consists of it is returned unchanged.

    Example:
        >>> without_routes("Form not found. You have requested this URI [/v1/x] but did you mean /v1/y ?")
        'Form not found.'
    """
    text, _, routes = message.partition(_ROUTES)
    return text.rstrip() or message if "] but did you mean " in routes else message
