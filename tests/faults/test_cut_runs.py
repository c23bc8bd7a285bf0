"""A workflow's stream cut at every byte, on real sockets: the run is picked up, and every event comes once, in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dify import AsyncDify, Dify, StreamInterruptedError

from ..support.frames import node, run_finished, run_started, sse
from ..support.server import PATIENCE, Exchange, Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def ended(id: str, **more: Any) -> dict[str, Any]:
    return node("node_finished", id, status="succeeded", **more)


WHOLE = [
    run_started(),
    node("node_started", "a"),
    ended("a", outputs={"x": "é 你 🌍"}),
    node("node_started", "b"),
    ended("b", outputs={}),
    run_finished(),
]
# As the server replays: what is stored of the run so far, in a reduced shape, and then what goes on.
REPLAY = sse(WHOLE[0], WHOLE[1], ended("a", outputs=None), WHOLE[3], *WHOLE[4:])
STREAM = sse(*WHOLE)
BEGUN = len(sse(WHOLE[0]))  # only a run whose name has come can be asked for again
EXPECTED = [(frame["event"], frame["data"]["id"]) for frame in WHOLE]

Deliveries = list[tuple[str, str]]


class Cutting:
    """Sends a run's stream up to a byte, and breaks off; whoever asks for the rest of the run gets it."""

    def __init__(self) -> None:
        self.begun = {str(at): threading.Event() for at in range(len(STREAM) + 1)}

    def __call__(self, x: Exchange) -> None:
        if x.request.method == "GET":
            x.sse(REPLAY)
            x.end()
            return
        asked = x.request.json["inputs"]
        way, at = asked["way"], asked["at"]
        first, rest = STREAM[: min(at, BEGUN)], STREAM[min(at, BEGUN) : at]
        if way == "close-delimited":
            x.head(200, "text/event-stream", "Connection: close")
            x.send(first + rest)
            x.close()
        x.sse(first, rest)
        if way == "clean":
            x.end()
        elif way == "fin":
            x.close()
        elif at >= BEGUN:  # a reset overtakes what is on its way: the run's name must have come
            self.begun[str(at)].wait(PATIENCE)
        if way == "rst":
            x.reset()


WAYS = ["clean", "fin", "close-delimited", "rst"]


def judge(way: str, at: int, seen: Deliveries, reconnects: int, error: Exception | None) -> str | None:
    """What is wrong with a stream that was cut there; None for nothing."""
    # A clean end stands for the blank line of the last frame.
    missing = 2 if way in ("clean", "close-delimited") else 0
    if at < BEGUN - max(missing, 1):  # the last line end of a frame may be missing where the connection ends
        if type(error) is not StreamInterruptedError or seen:
            return f"cut at byte {at}, before the run has a name: {error!r}, {seen}"
        return None
    if at < BEGUN:
        return None if type(error) is StreamInterruptedError or seen == EXPECTED else f"cut at byte {at}: {seen}"
    if error is not None or seen != EXPECTED:
        return f"cut at byte {at}: {error!r}, {seen}"
    if reconnects != (at < len(STREAM) - missing):
        return f"cut at byte {at}: picked up {reconnects} times"
    return None


def settings(server: Server) -> dict[str, Any]:
    return {"base_url": server.url, "api_key": "app-test-key", "user": "alice", "max_retries": 0, "timeout": PATIENCE}


async def follow(client: AsyncDify, way: str, at: int, begun: Callable[[], None]) -> str | None:
    seen: Deliveries = []
    stream = client.workflows.stream({"way": way, "at": at})
    try:
        async for event in stream:
            seen.append((event.event, event.data.id))
            begun()
        return judge(way, at, seen, (await stream.final()).reconnects, None)
    except Exception as error:  # noqa: BLE001 - what it is, is what is judged
        return judge(way, at, seen, 0, error)


@pytest.mark.parametrize("way", WAYS)
async def test_a_run_cut_at_any_byte_brings_every_event_once(way: str) -> None:
    cutting = Cutting()
    wrong: list[str | None] = []
    with Server(cutting) as server:
        async with AsyncDify(**settings(server)) as client:
            for start in range(0, len(STREAM) + 1, 16):
                offsets = range(start, min(start + 16, len(STREAM) + 1))
                wrong += await asyncio.gather(*(follow(client, way, n, cutting.begun[str(n)].set) for n in offsets))
        assert await asyncio.to_thread(server.all_closed)
    assert len(wrong) == len(STREAM) + 1
    assert [one for one in wrong if one] == []
    # No run was started twice.
    assert [request.method for request in server.requests].count("POST") == len(wrong)


def follow_blocking(client: Dify, way: str, at: int, begun: Callable[[], None]) -> str | None:
    seen: Deliveries = []
    stream = client.workflows.stream({"way": way, "at": at})
    try:
        for event in stream:
            seen.append((event.event, event.data.id))
            begun()
        return judge(way, at, seen, stream.final().reconnects, None)
    except Exception as error:  # noqa: BLE001 - what it is, is what is judged
        return judge(way, at, seen, 0, error)


def test_a_run_cut_at_any_byte_brings_every_event_once_without_await() -> None:
    cutting = Cutting()
    with Server(cutting) as server, Dify(**settings(server)) as client, ThreadPoolExecutor(8) as threads:

        def one(at: int) -> str | None:
            return follow_blocking(client, WAYS[at % 4], at, cutting.begun[str(at)].set)

        wrong = list(threads.map(one, range(len(STREAM) + 1)))
    assert [one for one in wrong if one] == []
    assert [request.method for request in server.requests].count("POST") == len(STREAM) + 1
