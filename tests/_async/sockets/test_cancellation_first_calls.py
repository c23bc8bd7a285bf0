"""Cancelled first calls and cancelled waits: the next call goes first, and nothing is left behind. Async only."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest

from dify import AsyncDify

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import beside, client_for


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def waiting(client: AsyncDify, count: int) -> None:
    for _ in range(4000):
        if sum(len(queue.waiting) for queue in client._pool.first_calls._queues.values()) >= count:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not so many calls wait")


async def test_after_a_first_call_that_was_cancelled_the_next_one_goes_first() -> None:
    def answer(x: Exchange) -> None:
        if len(x.server.requests) == 1:
            x.hold()
        under_way.append(x)
        assert len(under_way) == 1 or warm.is_set()
        threading.Event().wait(0.02)
        assert len(under_way) == 1 or warm.is_set()
        warm.set()
        x.json(frames.chat_reply())

    under_way: list[Exchange] = []
    warm = threading.Event()
    with Server(answer) as server:
        async with client_for(server) as client:
            tasks = [asyncio.ensure_future(client.chat.send("hi", response_mode="blocking")) for _ in range(6)]
            assert await beside(server.has_seen, 1)
            await waiting(client, 5)
            tasks[0].cancel()
            replies = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(replies[0], asyncio.CancelledError)
            assert [reply.answer for reply in replies[1:]] == ["Hello"] * 5  # type: ignore[union-attr]
            assert client._pool.first_calls._queues == {}


async def test_calls_that_are_cancelled_while_they_wait_leave_the_others_waiting() -> None:
    def answer(x: Exchange) -> None:
        x.hold(go)
        x.json(frames.chat_reply())

    go = threading.Event()
    with Server(answer) as server:
        async with client_for(server) as client:
            tasks = [asyncio.ensure_future(client.chat.send("hi", response_mode="blocking")) for _ in range(6)]
            await waiting(client, 5)
            for task in tasks[1:4]:
                task.cancel()
            await asyncio.wait(tasks[1:4])
            assert len(server.requests) <= 1
            await waiting(client, 2)
            go.set()
            assert [(await task).answer for task in (tasks[0], *tasks[4:])] == ["Hello"] * 3
            assert client._pool.first_calls._queues == {}
        assert len(server.requests) == 3


@pytest.mark.parametrize("which", [0, 1])
async def test_a_call_may_be_cancelled_at_any_turn_of_the_loop(which: int) -> None:
    with Server(lambda x: x.json(frames.chat_reply())) as server:
        async with client_for(server) as client:
            for turn in range(40):
                send = client.with_options(user=f"user-{turn}").chat.send
                tasks = [asyncio.ensure_future(send("hi", response_mode="blocking")) for _ in range(3)]
                await turns(turn)
                tasks[which].cancel()
                done, pending = await asyncio.wait(tasks, timeout=20)
                assert not pending
                assert [task for task in done if not task.cancelled() and task.exception()] == []
                assert client._pool.first_calls._queues == {}


def client_of(answer: Callable[[httpx.Request], Awaitable[httpx.Response]]) -> AsyncDify:
    """A client without connections, which no event loop has to close."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))  # type: ignore[arg-type]
    return client_for("https://dify.test/v1", http_client=http)


async def test_a_call_waits_for_a_first_one_in_another_event_loop() -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        await beside(go.wait, 20)
        return httpx.Response(200, json={"result": "success", "data": ["a"]})

    asked: list[httpx.Request] = []
    go = threading.Event()
    client = client_of(answer)
    here = asyncio.ensure_future(client.messages.suggested_questions("m-1"))
    there = asyncio.ensure_future(beside(lambda: asyncio.run(client.messages.suggested_questions("m-2"))))
    await waiting(client, 1)
    assert len(asked) <= 1
    go.set()
    assert [await here, await there] == [["a"], ["a"]]
    assert len(asked) == 2


async def test_a_first_call_in_a_loop_that_has_ended_holds_nothing_back() -> None:
    asked: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 1:
            await asyncio.Event().wait()
        return httpx.Response(200, json={"result": "success", "data": ["a"]})

    async def begin() -> None:
        coroutines.append(client.messages.suggested_questions("m-1"))
        coroutines[0].send(None)

    coroutines: list[Coroutine[Any, Any, Any]] = []
    client = client_of(answer)
    await beside(asyncio.run, begin())
    assert len(asked) == 1
    queues = client._pool.first_calls._queues
    assert len(queues) == 1
    assert await client.messages.suggested_questions("m-2") == ["a"]
    assert queues == {}
    with suppress(RuntimeError):  # anyio's, whose scopes are left in the task that entered them
        coroutines[0].close()  # as a garbage collector does, in another context
    assert queues == {}


def test_calls_on_trio_wait_for_the_first_one() -> None:
    import trio

    under_way: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        under_way.append("begin")
        await trio.sleep(0.01)
        under_way.append("end")
        return httpx.Response(200, json=frames.chat_reply())

    async def main() -> None:
        client = client_of(answer)
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(partial(client.chat.send, "hi", response_mode="blocking"))

    trio.run(main)
    assert under_way[:2] == ["begin", "end"]
    assert len(under_way) == 8
