"""Cancelled at any turn of the event loop, a call costs no connection. Async only.

A call takes some dozens of turns, and the HTTP library loses its connection when a task is cancelled between certain two of
them: while it connects, and when a connection that was waited for has just become free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import httpx
import pytest

from dify import AsyncDify

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import beside, client_for, single_connection

TURNS = 50


def begins_streams(x: Exchange) -> None:
    """Streams begin and go on; every other call is answered."""
    if x.request.path.endswith("/chat-messages"):
        x.sse(frames.PING, frames.message("Hel"), frames.message("lo"))
        x.hold()
    x.json(frames.run_detail())


async def read(client: AsyncDify) -> None:
    async for _ in client.chat.stream("hi"):
        pass


async def pass_turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def cancelled_after(turn: int, by: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run the work in a task and cancel it after so many turns, natively or by a scope of anyio's."""
    scope = anyio.CancelScope()

    async def scoped() -> None:
        with scope:
            await work()

    task = asyncio.ensure_future(scoped())
    await pass_turns(turn)
    if by == "task":
        task.cancel()
    else:
        scope.cancel()
    await asyncio.wait([task], timeout=20)
    assert task.done(), f"cancelled after {turn} turns, and goes on"


Scenario = Callable[[AsyncDify, int, str], Awaitable[None]]


async def on_an_empty_pool(client: AsyncDify, turn: int, by: str) -> None:
    await cancelled_after(turn, by, lambda: read(client))


async def on_an_idle_connection(client: AsyncDify, turn: int, by: str) -> None:
    await client.workflows.get(frames.RUN)
    await cancelled_after(turn, by, lambda: read(client))


async def waiting_for_a_connection_that_becomes_free(client: AsyncDify, turn: int, by: str) -> None:
    async with client.chat.stream("first") as first:

        async def free() -> None:
            await pass_turns(10)  # by then the other waits
            await first.aclose()

        freeing = asyncio.ensure_future(free())
        await cancelled_after(10 + turn, by, lambda: read(client))
        await freeing


async def leaving_a_stream(client: AsyncDify, turn: int, by: str) -> None:
    left, scope = asyncio.Event(), anyio.CancelScope()

    async def leave() -> None:
        with scope:
            async with client.chat.stream("hi") as stream:
                async for _ in stream:
                    break
                left.set()

    task = asyncio.ensure_future(leave())
    await asyncio.wait_for(left.wait(), 20)
    await pass_turns(turn)
    if by == "task":
        task.cancel()
    else:
        scope.cancel()
    await asyncio.wait([task], timeout=20)


SCENARIOS: list[Scenario] = [
    on_an_empty_pool,
    on_an_idle_connection,
    waiting_for_a_connection_that_becomes_free,
    leaving_a_stream,
]


async def survives(make: Callable[[], httpx.AsyncClient], scenario: Scenario, turn: int, by: str) -> bool:
    """Whether the pool's only connection can be had again after a cancel at this turn, and no socket is left open."""
    with Server(begins_streams) as server:
        async with make() as http:
            client = client_for(server, http_client=http)
            await scenario(client, turn, by)
            try:
                async with asyncio.timeout(60):
                    await client.workflows.get(frames.RUN)
            except TimeoutError:
                return False
        return await beside(server.all_closed)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["task", "scope"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_no_turn_of_the_loop_costs_a_connection(scenario: Scenario, by: str) -> None:
    for turn in range(TURNS):
        assert await survives(single_connection, scenario, turn, by), f"cancelled at turn {turn}"
