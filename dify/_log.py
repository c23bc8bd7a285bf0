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
    """Return a text with the keys masked, in case a server or URL repeats one."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
