"""What the tests need and what differs by face: making a client, and bodies that come in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx

from dify import Dify
from dify.streams import MapStream

Handler = Callable[[httpx.Request], httpx.Response]


class Chunks(httpx.SyncByteStream):
    """A body that comes in these chunks, and then ends, or fails with `error`; it knows whether it was closed."""

    def __init__(self, chunks: Iterable[bytes], error: Exception | None = None) -> None:
        self.chunks = list(chunks)
        self.error = error
        self.sent = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.sent += 1
            yield chunk
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed = True


def make_http(handler: Handler) -> httpx.Client:
    """The HTTP library's client over a function that answers."""
    return httpx.Client(transport=httpx.MockTransport(handler))


def make_client(handler: Handler, **settings: Any) -> Dify:
    """A client with both keys and a user, whose requests a function answers."""
    known = {"api_key": "app-test-key", "knowledge_api_key": "dataset-test-key", "user": "alice", "max_retries": 0}
    return Dify(base_url="https://dify.test/v1", http_client=make_http(handler), **(known | settings))


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


def finish(result: Any) -> Any:
    """Carry out what a method returned: read its stream to the end, where it is one."""
    if isinstance(result, MapStream):
        return [one.unwrap() for one in result]
    if hasattr(result, "final"):
        return result.final()
    if callable(getattr(result, "read", None)):
        return result.read()
    if hasattr(result, "first"):
        return result.first()
    return result


def pieces(*chunks: bytes) -> Iterator[bytes]:
    """Bytes that come one after the other."""
    yield from chunks
