"""A read of a stream that is cancelled, such as by the limit of a heartbeat, neither loses an event nor ends the stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from dify import APIConnectionError, AsyncDify, MisuseError, StreamInterruptedError

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import beside, client_for, single_connection, users_own_connection


class Steps:
    """A server whose stream goes on by a step whenever the test says so."""

    def __init__(self, *steps: bytes) -> None:
        self.steps = steps
        self.go = threading.Semaphore(0)

    def __call__(self, x: Exchange) -> None:
        x.sse(frames.PING)
        for step in self.steps:
            assert self.go.acquire(timeout=20)
            x.chunk(step)
        x.end()


WORDS = [frames.message(word) for word in ("Hel", "lo", ", you")]


async def read_with_heartbeats(items: Any, steps: Steps) -> tuple[list[Any], int]:
    """Wait for each item in short turns, and let the server go on only after a turn that was cancelled."""
    received: list[Any] = []
    cancelled = 0
    while True:
        with anyio.move_on_after(0.02) as scope:
            try:
                received.append(await anext(items))
            except StopAsyncIteration:
                return received, cancelled
        if scope.cancelled_caught:
            cancelled += 1
            steps.go.release()


def of_events(stream: Any) -> Any:
    return aiter(stream)


def of_text(stream: Any) -> Any:
    return aiter(stream.text_stream)


def of_events_and_pings(stream: Any) -> Any:
    return stream.with_pings()


@pytest.mark.parametrize("items_of", [of_events, of_text, of_events_and_pings])
@pytest.mark.parametrize("in_block", [True, False], ids=["in a block", "without a block"])
async def test_a_cancelled_read_is_continued_by_the_next(items_of: Callable[[Any], Any], in_block: bool) -> None:
    steps = Steps(*WORDS, frames.message_end())
    with Server(steps) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            stream = client.chat.stream("hi")
            if in_block:
                await stream.__aenter__()
            items = items_of(stream)
            if not in_block:  # open the stream: a call that waits for its response is not continued
                steps.go.release()
                await anext(items)
            _, cancelled = await read_with_heartbeats(items, steps)
            assert cancelled >= 2
            assert (await stream.final()).answer == "Hello, you"
        assert server.paths() == ["POST /v1/chat-messages"]


def test_a_cancelled_read_is_continued_on_trio() -> None:
    async def main() -> None:
        steps = Steps(*WORDS, frames.message_end())
        with Server(steps) as server:
            client = AsyncDify(base_url=server.url, api_key="app-test-key", user="alice", trust_env=False)
            async with client, client.chat.stream("hi") as stream:
                texts, cancelled = await read_with_heartbeats(aiter(stream.text_stream), steps)
                assert (texts, cancelled) == (["Hel", "lo", ", you"], 4)

    anyio.run(main, backend="trio")


async def test_asyncio_wait_for_may_cut_a_frame_anywhere() -> None:
    content = b"".join([*WORDS, frames.message_end()])
    steps = Steps(*[content[at : at + 40] for at in range(0, len(content), 40)])
    with Server(steps) as server:
        async with client_for(server) as client, client.chat.stream("hi") as stream:
            pieces, text = aiter(stream.text_stream), ""
            while True:
                try:
                    text += await asyncio.wait_for(anext(pieces), 0.01)
                except TimeoutError:
                    steps.go.release()
                except StopAsyncIteration:
                    break
    assert text == "Hello, you"


async def test_with_an_http_client_that_cannot_continue_the_next_read_raises() -> None:
    steps = Steps(*WORDS)
    with Server(steps) as server:
        async with users_own_connection() as http:
            client = client_for(server, http_client=http)
            async with client.chat.stream("hi") as stream:
                pieces = aiter(stream.text_stream)
                steps.go.release()
                assert await anext(pieces) == "Hel"
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(pieces), 0.02)
                for _ in range(2):
                    with pytest.raises(StreamInterruptedError, match="a read was cancelled") as caught:
                        await anext(pieces)
                    assert caught.value.partial.answer == "Hel"
                with pytest.raises(StreamInterruptedError):
                    await stream.final()
                for _ in range(2):
                    steps.go.release()  # lets the server see that its connection is closed
            assert await beside(server.all_closed)


async def test_with_an_http_client_that_cannot_continue_a_run_is_reconnected() -> None:
    requests: list[str] = []

    def answer(x: Exchange) -> None:
        requests.append(x.request.path)
        if len(requests) == 1:
            x.sse(frames.workflow_started(), frames.text_chunk("Hel"))
            x.hold()
        x.sse(frames.workflow_started(), frames.text_chunk("lo"), frames.workflow_finished(text="Hello"))
        x.end()

    with Server(answer) as server:
        async with httpx.AsyncClient() as http:
            client = client_for(server, http_client=http, max_retries=2)
            async with client.workflows.stream({}) as stream:
                events = aiter(stream)
                assert [(await anext(events)).event for _ in range(2)] == ["workflow_started", "text_chunk"]
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(events), 0.02)
                assert [event.event async for event in events][-1] == "workflow_finished"
                assert (await stream.final()).status == "succeeded"
    assert len(requests) == 2


async def test_a_call_that_is_cancelled_before_its_response_is_not_sent_again() -> None:
    def answer(x: Exchange) -> None:
        x.hold()

    with Server(answer) as server:
        async with client_for(server) as client:
            stream = client.chat.stream("hi")
            pieces = aiter(stream.text_stream)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(pieces), 0.05)
            for _ in range(2):
                with pytest.raises(APIConnectionError, match="CancelledError before its response arrived") as caught:
                    await anext(pieces)
                assert caught.value.sent
            with pytest.raises(APIConnectionError):
                await stream.final()
        assert await beside(server.all_closed)
        assert len(server.requests) == 1


async def test_a_block_whose_opening_was_cancelled_cannot_be_entered_again() -> None:
    with Server(lambda x: x.hold()) as server:
        async with client_for(server) as client:
            stream = client.chat.stream("hi")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stream.__aenter__(), 0.05)
            with pytest.raises(APIConnectionError, match="new call"):
                await stream.__aenter__()
        assert len(server.requests) == 1


async def test_a_cancelled_reconnect_is_continued() -> None:
    go, calls = threading.Event(), []

    def answer(x: Exchange) -> None:
        calls.append(x.request.path)
        if len(calls) == 1:
            x.sse(frames.workflow_started())
            x.reset()
        assert go.wait(20)
        x.sse(frames.workflow_started(), frames.workflow_finished(text="Hello"))
        x.end()

    with Server(answer) as server:
        async with client_for(server, max_retries=0) as client, client.workflows.stream({}) as stream:
            events = aiter(stream)
            await anext(events)
            for _ in range(4):  # more often than reconnects without a new event are allowed
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(events), 0.05)
            go.set()
            assert [event.event async for event in events] == ["workflow_finished"]
            assert (await stream.final()).reconnects == 1


async def test_two_tasks_cannot_read_one_stream() -> None:
    steps = Steps(*WORDS, frames.message_end())
    with Server(steps) as server:
        async with client_for(server) as client, client.chat.stream("hi") as stream:
            events = aiter(stream)
            first = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0.01)
            with pytest.raises(MisuseError, match="another task"):
                await anext(events)
            for _ in range(4):
                steps.go.release()
            assert (await first).answer == "Hel"
            assert [event.event async for event in events] == ["message", "message", "message_end"]
