"""Ten thousand requests, most of them cancelled at random, on ten connections: afterwards all ten can be had."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import httpx
import pytest

from dify import AsyncDify
from dify._net._async.connection_pool import AsyncConnectionPool

from ..support import raw_frames as frames
from ..support.server import Exchange, Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

REQUESTS = 10_000
MOST = 10
LEFT_ALONE = 0  # turns after which a request is not cancelled: one in thirty or so, however fast the machine is
AT_ONCE = 60  # so that most wait for a connection, and are cancelled while they wait, too


def answer(x: Exchange) -> None:
    if x.request.method == "GET":
        x.json(frames.run_detail())
    elif x.request.json["response_mode"] == "blocking":
        x.json(frames.chat_reply())
    else:
        x.sse(frames.PING, frames.message("Hel"))
        x.chunk(frames.message("lo"))
        x.chunk(frames.message_end())
        x.end()


async def request(client: AsyncDify, kind: int) -> None:
    if kind == 0:
        await client.workflows.get(frames.RUN)
    elif kind == 1:
        await client.chat.send("hi", response_mode="blocking")
    elif kind == 2:
        await client.chat.send("hi")
    else:
        async with client.chat.stream("hi") as stream:
            async for _ in stream:
                break  # leaves a stream that goes on


async def cancel_after(task: asyncio.Task[None], turns: int, seconds: float) -> str:
    for _ in range(turns):
        await asyncio.sleep(0)
    if seconds:
        await asyncio.sleep(seconds)
    if turns != LEFT_ALONE:
        task.cancel()
    try:
        async with asyncio.timeout(60):
            await asyncio.wait([task])
    except TimeoutError:
        return "stuck"
    if task.cancelled():
        return "cancelled"
    return "done" if task.exception() is None else f"failed: {task.exception()!r}"


@pytest.mark.parametrize("seed", [1795343840])
async def test_random_cancels_leave_every_connection_usable(seed: int) -> None:
    chance = random.Random(seed)
    plan = [
        (chance.randrange(4), chance.randrange(30), chance.choice([0, 0, chance.random() / 30]))
        for _ in range(REQUESTS)
    ]
    outcomes: Counter[str] = Counter()
    pool = AsyncConnectionPool(max_connections=MOST)
    with Server(answer) as server:
        async with httpx.AsyncClient(transport=pool) as http:
            settings: dict[str, Any] = {"api_key": "app-test-key", "user": "alice", "max_retries": 0, "timeout": 60}
            client = AsyncDify(base_url=server.url, http_client=http, **settings)

            async def worker() -> None:
                while plan:
                    kind, turns, seconds = plan.pop()
                    task = asyncio.ensure_future(request(client, kind))
                    outcomes[await cancel_after(task, turns, seconds)] += 1

            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
            assert set(outcomes) == {"cancelled", "done"}, outcomes
            assert outcomes.total() == REQUESTS
            assert min(outcomes.values()) > REQUESTS / 50, outcomes  # it was a mixture
            assert pool._busy == set()
            async with asyncio.timeout(60):
                replies = await asyncio.gather(*(client.chat.send("hi") for _ in range(2 * MOST)))
            assert [reply.answer for reply in replies] == ["Hello"] * 2 * MOST
            # The server hears of closed connections a little later.
            assert await asyncio.to_thread(server.falls_to, MOST)
        assert await asyncio.to_thread(server.all_closed)
