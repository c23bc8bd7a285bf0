"""The logger "dify".

It has one line per request, retry and end of a stream, without keys and bodies.

The records have the fields of the line as attributes, for formatters that write JSON: see `fields_of`.

`DIFY_LOG=info` or `DIFY_LOG=debug` in the environment prints it to standard error; otherwise the logger is silent until the
application configures logging.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from .types.http import HTTPInfo

__all__ = ["fields_of", "log", "redact"]

log = logging.getLogger("dify")
log.addHandler(logging.NullHandler())


def configure() -> None:
    """Configure the logger from `DIFY_LOG`, once."""
    level = os.environ.get("DIFY_LOG", "").upper()
    if level not in ("INFO", "DEBUG") or any(isinstance(h, logging.StreamHandler) for h in log.handlers):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(level)


def fields_of(operation: str, http: HTTPInfo | None, **more: Any) -> dict[str, Any]:
    """Return the attributes of a log record.

    These are the operation, and status, seconds and request id if there was a response.

    Example:
        >>> fields_of("getAppInfo", HTTPInfo(200, {"x-request-id": "r-1"}, 0.25))
        {'operation': 'getAppInfo', 'status': 200, 'elapsed': 0.25, 'request_id': 'r-1'}
    """
    fields: dict[str, Any] = {"operation": operation}
    if http is not None:
        request_id = http.headers.get("x-request-id") or http.trace_id
        fields |= {"status": http.status, "elapsed": http.elapsed, "request_id": request_id}
    return fields | more


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """Return a text with the keys masked, in case a server or URL repeats one.

    The start of a key is masked, too: a text that was cut may end in the middle of one.

    Example:
        >>> redact("the key app-a81Bc9 is unknown", ("app-a81Bc9",))
        'the key *** is unknown'
        >>> redact("the key app-a81B… (100 characters)", ("app-a81Bc9",))
        'the key ***… (100 characters)'
    """
    for secret in secrets:
        prefix = secret.find("-", 0, 8)  # of the kind of a key, such as "app-"
        head = secret[: prefix + 5] if prefix > 0 else secret[:8]
        if head in text:
            text = _redact(text, secret, head)
    return text


def _redact(text: str, secret: str, head: str) -> str:
    parts: list[str] = []
    start = 0
    while (found := text.find(head, start)) >= 0:
        end = found + len(head)
        while end < len(text) and end - found < len(secret) and text[end] == secret[end - found]:
            end += 1
        parts += text[start:found], "***"
        start = end
    return "".join([*parts, text[start:]])
