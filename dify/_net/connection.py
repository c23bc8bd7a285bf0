"""The HTTP/1.1 connection of httpcore, with httpx's requests and responses."""

from __future__ import annotations

import re
from typing import Any, cast

import h11
import httpcore
import httpx

__all__ = [
    "BODY",
    "content_of",
    "core_request",
    "has_bytes",
    "has_content",
    "has_unread_bytes",
    "has_unread_content",
    "keep_alive_seconds",
    "new_response",
    "origin_of",
    "step_timeout",
]


BODY = "dify_body"
"""Extension of a response from our own pool: its body, which a read that is cancelled does not end."""

_KEEP_ALIVE = re.compile(rb"(?i)(?:^|[,\s])timeout\s*=\s*\"?([0-9]{1,9})(?![0-9])")


def origin_of(request: httpx.Request) -> httpcore.Origin:
    """Return the scheme, host and port that a request goes to."""
    url = request.url
    return httpcore.Origin(url.raw_scheme, url.raw_host, url.port or {"http": 80, "https": 443}[url.scheme])


def step_timeout(request: httpx.Request, step: str) -> float | None:
    """Return the timeout in seconds of a step, such as "connect" or "pool"."""
    return cast("dict[str, float | None]", request.extensions.get("timeout", {})).get(step)


def has_content(request: httpx.Request) -> bool:
    """Return True for a request with a body."""
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def has_bytes(request: httpx.Request) -> bool:
    """Return True if the body is held in memory, so that it can be sent again."""
    return isinstance(request.stream, httpx.ByteStream)


def core_request(request: httpx.Request, body: Any) -> httpcore.Request:
    """Return the request of httpcore for one of httpx, with this body."""
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=body,
        extensions=request.extensions,
    )


def new_response(response: httpcore.Response | httpx.Response, body: Any) -> httpx.Response:
    """Return an httpx response with another response's status and headers."""
    status = response.status if isinstance(response, httpcore.Response) else response.status_code
    extensions: dict[str, Any] = cast(Any, response).extensions
    return httpx.Response(status, headers=response.headers, stream=body, extensions=extensions)


def content_of(event: Any) -> bytes | None:
    """Return the bytes in an event of a response body; None for the end of the body."""
    return bytes(event.data) if isinstance(event, h11.Data) else None


def has_unread_content(response: httpcore.Response) -> bool:
    """Return True for a response with headers of content that its status forbids.

    That content may still arrive.
    """
    if response.status != 204:
        return False
    headers = {name.lower(): value for name, value in response.headers}
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def keep_alive_seconds(response: httpcore.Response) -> float | None:
    """Return the seconds for which an idle connection may be used.

    The server's time, less one second for the way; None if the server names none.
    """
    for name, value in response.headers:
        if name.lower() == b"keep-alive":
            found = _KEEP_ALIVE.search(value)
            return None if found is None else max(0.0, float(found[1]) - 1.0)
    return None


def has_unread_bytes(connection: httpcore.AsyncHTTP11Connection | httpcore.HTTP11Connection) -> bool:
    """Return True if the server sent more than the response.

    The next request would read it as its own response.
    """
    # httpcore has no public attribute for it. tests/_net/test_private_attributes.py fails when this one changes.
    protocol: Any = getattr(connection, "_h11_state", None)
    return protocol is not None and bool(protocol.trailing_data[0])
