"""What the tests need and what differs by face: making a client, and bodies that come in chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import httpx

from dify import AsyncDify
from dify.streams import AsyncMapStream

Handler = Callable[[httpx.Request], httpx.Response]


class Chunks(httpx.AsyncByteStream):
    """A body that comes in these chunks, and then ends, or fails with `error`; it knows whether it was closed."""

    def __init__(self, chunks: Iterable[bytes], error: Exception | None = None) -> None:
        self.chunks = list(chunks)
        self.error = error
        self.sent = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.sent += 1
            yield chunk
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        self.closed = True


def make_http(handler: Handler) -> httpx.AsyncClient:
    """The HTTP library's client over a function that answers."""
    return httpx.AsyncClient(transport=httpx.MockTransport(handler))


def make_client(handler: Handler, **settings: Any) -> AsyncDify:
    """A client with both keys and a user, whose requests a function answers."""
    known = {"api_key": "app-test-key", "knowledge_api_key": "dataset-test-key", "user": "alice", "max_retries": 0}
    return AsyncDify(base_url="https://dify.test/v1", http_client=make_http(handler), **(known | settings))


def answered(body: Chunks, *, status: int = 200, content_type: str = "text/event-stream") -> httpx.Response:
    """An answer whose body is `body`."""
    return httpx.Response(status, headers={"content-type": content_type}, stream=body)


def streaming(chunks: Iterable[bytes], error: Exception | None = None) -> Handler:
    """Answers every request with an event stream in these chunks."""
    kept = list(chunks)
    return lambda request: answered(Chunks(kept, error))


def only_once(*content: bytes, error: Exception | None = None) -> Handler:
    """Answers the call itself; whoever asks for the rest of its run is told that there is none."""
    calls: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        if len(calls) == 1:
            return answered(Chunks(content, error))
        return httpx.Response(404, json={"code": "not_found", "message": "Workflow run not found", "status": 404})

    return handler


async def finish(result: Any) -> Any:
    """Carry out what a method returned: await it, or read its stream to the end."""
    if isinstance(result, AsyncMapStream):
        return [one.unwrap() async for one in result]
    if hasattr(result, "final"):
        return await result.final()
    if hasattr(result, "read"):
        return await result.read()
    if hasattr(result, "first"):
        return await result.first()
    return await result


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    """Bytes that come one after the other."""
    for chunk in chunks:
        yield chunk
