"""The reader of a stream's connections: chunks become events, the end has a reason, and closing ends every wait."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from dify import AsyncDify, NotFoundError, ResponseValidationError
from dify._async import event_reader, transport
from dify._async.event_reader import AsyncEventReader
from dify._protocol.request import Call
from dify._streaming.kinds import CHAT
from tests.support.frames import message, message_end, sse

from .support import Chunks, answered, make_client

CALL = Call.of("sendChatMessage", json={}, accept="stream")


def reader_of(client: AsyncDify) -> AsyncEventReader:
    return AsyncEventReader(client.chat._transport, CHAT, None)


async def opened(body: httpx.AsyncByteStream, **settings: Any) -> AsyncEventReader:
    """A reader in front of its first chunk."""
    reader = reader_of(make_client(lambda request: answered(body), **settings))
    exchange = await reader.open(CALL)
    assert exchange is not None
    reader.start(exchange)
    return reader


async def texts(reader: AsyncEventReader, grace: float | None = None) -> list[str] | None:
    events = await reader.read(grace)
    return None if events is None else [getattr(event, "answer", event.event) for event in events]


class Silent(httpx.AsyncByteStream):
    """Sends its chunks, and then nothing more, without an end."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        await anyio.sleep_forever()


async def test_each_chunk_gives_the_events_that_it_completes() -> None:
    content = sse(message("Hel"), message("lo"), message_end())
    reader = await opened(Chunks([content[:10], content[10:-1], content[-1:]]))
    assert await texts(reader) == []
    assert await texts(reader) == ["Hel", "lo"]
    assert await texts(reader) == ["message_end"]
    assert await texts(reader) is None
    assert reader.failure is None


async def test_the_end_of_the_response_ends_its_last_event() -> None:
    content = sse(message("Hel"), message("lo"), message_end())
    reader = await opened(Chunks([content[:-2]]))
    assert await texts(reader) == ["Hel", "lo"]
    assert await texts(reader) == ["message_end"]
    assert await texts(reader) is None
    assert reader.failure is None


async def test_an_event_that_a_broken_connection_cuts_is_not_delivered() -> None:
    reader = await opened(Chunks([sse(message("Hel"), message_end())[:-1]], httpx.ReadError("reset")))
    assert await texts(reader) == ["Hel"]
    assert await texts(reader) is None
    assert isinstance(reader.failure, httpx.ReadError)


async def test_a_connection_that_breaks_ends_the_response_with_its_exception() -> None:
    error = httpx.ReadError("reset")
    reader = await opened(Chunks([sse(message("Hel"))], error))
    assert await texts(reader) == ["Hel"]
    assert await texts(reader) is None
    assert reader.failure is error


async def test_the_next_response_starts_without_the_failure_of_the_last() -> None:
    reader = await opened(Chunks([], httpx.ReadError("reset")))
    assert await texts(reader) is None
    exchange = await reader.open(CALL)
    assert exchange is not None
    assert exchange is not reader.exchange
    reader.start(exchange)
    assert reader.exchange is exchange
    assert reader.failure is None


async def test_a_response_without_another_event_ends_after_the_grace() -> None:
    reader = await opened(Silent(sse(message("Hel"))))
    assert await texts(reader, 5) == ["Hel"]
    assert await texts(reader, 0.01) is None
    assert reader.failure is None


async def test_a_body_that_is_not_encoded_as_its_header_says_is_an_error() -> None:
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    reader = reader_of(make_client(lambda request: httpx.Response(200, headers=headers, stream=Chunks([b"plain"]))))
    exchange = await reader.open(CALL)
    assert exchange is not None
    reader.start(exchange)
    with pytest.raises(ResponseValidationError):
        await reader.read(None)


class Clock:
    """A stand-in for the module `time`; the test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


async def test_comments_for_longer_than_twice_the_read_timeout_end_the_response(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(event_reader, "time", clock)
    reader = await opened(Chunks([sse(message("Hel")), *[b": comment\n\n"] * 3]), timeout=10)
    assert await texts(reader) == ["Hel"]
    clock.now = 1000  # the caller's own time
    for seconds in (0, 20):
        clock.now = 1000 + seconds
        assert await texts(reader) == []
    clock.now = 1021
    assert await texts(reader) is None
    assert isinstance(reader.failure, TimeoutError)
    assert "for 20 s" in str(reader.failure)


async def test_compressed_blocks_without_content_for_longer_than_twice_the_read_timeout_end_the_response(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(transport, "time", clock)
    packer = zlib.compressobj(wbits=31)
    content = packer.compress(sse(message("Hel"))) + packer.flush(zlib.Z_SYNC_FLUSH)

    class Empty(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield content
            for seconds in (0, 20, 21):
                clock.now = 1000 + seconds
                yield b"\x00\x00\x00\xff\xff"  # an empty block
            pytest.fail("the response was read further")

    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    reader = reader_of(make_client(lambda request: httpx.Response(200, headers=headers, stream=Empty()), timeout=10))
    exchange = await reader.open(CALL)
    assert exchange is not None
    reader.start(exchange)
    assert await texts(reader) == ["Hel"]
    clock.now = 1000  # the caller's own time
    assert await texts(reader) is None
    assert isinstance(reader.failure, TimeoutError)
    assert "without content arrived for 20 s" in str(reader.failure)


async def test_an_error_response_raises() -> None:
    reader = reader_of(make_client(lambda request: httpx.Response(404, json={"code": "not_found"})))
    with pytest.raises(NotFoundError):
        await reader.open(CALL)


async def test_closing_ends_the_response_without_a_failure() -> None:
    body = Chunks([sse(message("Hel")), sse(message("lo"))])
    reader = await opened(body)
    assert await texts(reader) == ["Hel"]
    await reader.aclose()
    assert body.closed
    assert await reader.read(None) is None
    assert reader.failure is None


async def test_a_closed_reader_opens_nothing() -> None:
    asked: list[httpx.Request] = []
    reader = reader_of(make_client(lambda request: asked.append(request) or httpx.Response(500)))  # type: ignore[func-returns-value]
    await reader.aclose()
    assert await reader.open(CALL) is None
    assert asked == []


@pytest.mark.parametrize("status", [200, 404])
async def test_a_response_that_arrives_after_closing_is_dropped(status: int) -> None:
    body = Chunks([sse(message("Hel"))])

    async def handler(request: httpx.Request) -> httpx.Response:
        await reader.aclose()
        return answered(body) if status == 200 else httpx.Response(status, json={})

    reader = reader_of(make_client(handler))
    assert await reader.open(CALL) is None
    assert reader.exchange is None
    assert body.closed is (status == 200)
