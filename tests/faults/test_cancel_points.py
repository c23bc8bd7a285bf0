"""Cancelled once at each point of a request's life, by the task and by a scope: no connection is lost, none is left open.

The points are the events that the HTTP library reports of a request, and up to seven turns of the event loop after each: on
new and used connections, of streams and answers in one piece. Its own pool loses a connection at 28 of these 352.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from dify import AsyncDify
from dify._net._async import connection_pool
from dify._net._async.connection_pool import AsyncConnectionPool

from ..support import raw_frames as frames
from ..support.server import Exchange, Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TURNS = 8
PAUSE = 0.004

Trace = Callable[[str], None]


def answer(x: Exchange) -> None:
    """An answer that takes its time, so that a cancel a few turns on still strikes in between."""
    time.sleep(PAUSE)
    if x.request.method == "GET" or x.request.json["response_mode"] == "blocking":
        x.json(frames.run_detail() if x.request.method == "GET" else frames.chat_reply())
        return
    x.sse()
    for part in (frames.PING, frames.message("Hel"), frames.message("lo"), frames.message_end()):
        time.sleep(PAUSE)
        x.chunk(part)
    x.end()


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[Trace]:
    """Observers of new connections and of reads of a body, which the library reports only of its own pool."""
    told: list[Trace] = []
    connect = AsyncConnectionPool._connect
    read = connection_pool._Body.__anext__

    async def reading(body: Any) -> bytes:
        for trace in told:
            trace("body.started")
        data = await read(body)
        for trace in told:
            trace("body.complete")
        return data

    monkeypatch.setattr(connection_pool._Body, "__anext__", reading)

    async def telling(*args: Any) -> Any:
        for trace in told:
            trace("connect.started")
        stream = await connect(*args)
        for trace in told:
            trace("connect.complete")
        return stream

    monkeypatch.setattr(AsyncConnectionPool, "_connect", telling)
    return told


class Point:
    """Cancels its work once: when an event comes, and so many turns later."""

    def __init__(self, event: str | None, turns: int, by: str) -> None:
        self.seen: list[str] = []
        self.fired = False
        self._event, self._turns, self._by = event, turns, by
        self._scope = anyio.CancelScope()

    def trace(self, name: str) -> None:
        self.seen.append(name)
        if name == self._event and not self.fired:
            self.fired = True
            self._later(self._turns)

    def _later(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._later, turns - 1)
        elif self._by == "task":
            self._task.cancel()
        else:
            self._scope.cancel()

    async def run(self, work: Callable[[], Any]) -> None:
        async def scoped() -> None:
            with self._scope:
                await work()

        self._task = asyncio.ensure_future(scoped())
        await asyncio.wait([self._task], timeout=20)
        assert self._task.done(), f"cancelled at {self._event} + {self._turns}, and goes on"


async def lives(server: Server, traced: list[Trace], point: Point, *, stream: bool, used: bool) -> str | None:
    """One request, cancelled at a point. What is wrong afterwards with a client of one connection; None for nothing."""
    pool = AsyncConnectionPool(max_connections=1)

    async def trace(name: str, info: Any) -> None:
        point.trace(name)

    async def told(request: httpx.Request) -> None:
        request.extensions["trace"] = trace

    async with httpx.AsyncClient(transport=pool) as http:
        settings: dict[str, Any] = {
            "base_url": server.url,
            "api_key": "app-test-key",
            "user": "alice",
            "max_retries": 0,
        }
        client = AsyncDify(http_client=http, timeout=60, **settings)

        async def work() -> None:
            if stream:
                async for _ in client.chat.stream("hi"):
                    pass
            else:
                await client.chat.send("hi", response_mode="blocking")

        if used:
            await client.workflows.get(frames.RUN)
        http.event_hooks = {"request": [told]}
        traced[:] = [point.trace]
        await point.run(work)
        traced.clear()
        http.event_hooks = {}
        if pool._busy:
            return f"{len(pool._busy)} connections belong to nobody"
        if any(not line.http.is_idle() for line in pool._idle):
            return "a connection that cannot be used is kept"
        try:
            async with asyncio.timeout(60):
                await client.workflows.get(frames.RUN)
        except TimeoutError:
            return "the one connection is not given out again"
    return None


@pytest.mark.parametrize("by", ["task", "scope"])
async def test_no_point_of_a_requests_life_costs_a_connection(by: str, traced: list[Trace]) -> None:
    points, struck, lost = 0, 0, []
    with Server(answer) as server:
        for stream in (False, True):
            for used in (False, True):
                whole = Point(None, 0, by)
                assert await lives(server, traced, whole, stream=stream, used=used) is None
                events = list(dict.fromkeys(whole.seen))
                assert ("connect.complete" in events) is not used
                for event in events:
                    for turns in range(TURNS):
                        point = Point(event, turns, by)
                        wrong = await lives(server, traced, point, stream=stream, used=used)
                        points += 1
                        struck += point.fired
                        if wrong:
                            lost.append((event, turns, stream, used, wrong))
                            assert len(lost) < 5, lost  # each costs seconds
                assert await asyncio.to_thread(server.all_closed)
    assert lost == []
    assert points == struck == 352
