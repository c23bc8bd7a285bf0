"""Requests through httpx's own transport, for libraries that replace its methods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpcore
import httpx

from ..http import Request, Response
from ..patches import is_replaced

__all__ = ["AsyncPatchedTransport", "is_patched"]

Send = Callable[[Request], Awaitable[Response]]


def is_patched() -> bool:
    """Return True if a library has replaced the method of httpx that sends a request."""
    return is_replaced(httpx.AsyncHTTPTransport, "handle_async_request")


class AsyncPatchedTransport(httpx.AsyncHTTPTransport):
    """A transport of httpx in front of another pool than its own.

    Its `handle_async_request` is the one of httpx, which a library may have replaced.

    Args:
        send: Function that sends a request by the pool.
    """

    def __init__(self, send: Send) -> None:
        # Not `super().__init__()`, which creates a pool. tests/_net/test_private_attributes.py fails when its name changes.
        self._pool = cast(Any, _Pool(send))


class _Pool:
    """The pool, with the method that httpx's transport calls."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        url = request.url
        response = await self._send(
            httpx.Request(
                request.method.decode(),
                httpx.URL(scheme=url.scheme.decode(), host=url.host.decode(), port=url.port, raw_path=url.target),
                headers=request.headers,
                stream=cast(Any, request.stream),
                extensions=dict(cast(Any, request).extensions),
            )
        )
        return httpcore.Response(
            response.status_code,
            headers=response.headers.raw,
            content=cast(Any, response.stream),
            extensions=response.extensions,
        )
