"""A network that is not there: connections answer at once, from memory, in the process that asks.

The system's sockets cost as much as everything above them, and never the same twice; without them small differences show.
Everything else is what it is in use: the client library, its pool and its protocol.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

import httpx

from .plans import Plan, chunks, dialect_of, wire


class _Pipe:
    """What both kinds of streams do: a request is written, its answer is read."""

    def __init__(self) -> None:
        self._pieces: Iterator[bytes] = iter(())

    def take(self, data: bytes) -> None:
        if b" HTTP/1.1\r\n" in data:
            target = data.split(b" ", 2)[1].decode()
            self._pieces = iter(wire(Plan.of(target), dialect_of(target)))

    def give(self) -> bytes:
        return next(self._pieces, b"")

    def get_extra_info(self, info: str) -> Any:
        return False if info == "is_readable" else None


class AsyncStream(_Pipe):
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.give()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.take(buffer)

    async def aclose(self) -> None:
        pass


class Stream(_Pipe):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.give()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.take(buffer)

    def close(self) -> None:
        pass


async def _connect(*args: Any, **kwargs: Any) -> AsyncStream:
    return AsyncStream()


def _connect_blocking(*args: Any, **kwargs: Any) -> Stream:
    return Stream()


def install() -> str:
    """From here on every connection of this process is one of ours; an address to use."""
    for name in ("httpcore", "httpcore2"):
        try:
            library = import_module(name)
        except ModuleNotFoundError:
            continue
        library.AnyIOBackend.connect_tcp = _connect
        library.SyncBackend.connect_tcp = _connect_blocking
    with suppress(ModuleNotFoundError):
        import_module("dify._net.asyncio_backend").connect = _connect  # type: ignore[attr-defined]
    return "http://localhost:1"


class Chunks(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """Hands chunks to the client library as they are: no protocol either, for what lies above it alone."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = request.url.path
        return _answer(_Body(chunks(Plan.of(target), dialect_of(target))))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


def _answer(body: _Body) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream; charset=utf-8"}, stream=body)


class _Body(httpx.AsyncByteStream, httpx.SyncByteStream):
    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
