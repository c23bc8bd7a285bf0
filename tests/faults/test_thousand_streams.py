"""A thousand streams at once on one client, and two thousand: every one is whole, and the event loop goes on turning."""

from __future__ import annotations

import asyncio
import gc
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dify import AsyncDify

from .support import Faults, fault_server, needs_tools

pytestmark = [needs_tools, pytest.mark.slow, pytest.mark.timeout(300)]

GAP = 90
"""Milliseconds between two frames; the stream of the catalogue has a dozen, so it takes about a second."""

LONGEST_TURN = 1.0
"""Seconds of work after which the loop must have come round, with a thousand streams that all begin in one turn."""


@pytest.fixture(autouse=True)
def only_its_own_garbage() -> Iterator[None]:
    """What thousands of tests before left in memory is not walked by the collector in one of the turns measured here."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@contextmanager
def sockets(count: int) -> Iterator[None]:
    """As many open files as that, where the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"the system allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Pulse:
    """Notes how late the loop comes back to a task that sleeps: by the clock, and by the work that it did meanwhile.

    The clock also counts what other programs do with the processor, so only the work is held to the limit.
    """

    def __init__(self) -> None:
        self.longest_wait = self.longest_turn = 0.0

    async def beat(self) -> None:
        while True:
            begun, worked = time.monotonic(), time.thread_time()
            await asyncio.sleep(0.01)
            self.longest_wait = max(self.longest_wait, time.monotonic() - begun - 0.01)
            self.longest_turn = max(self.longest_turn, time.thread_time() - worked)


async def read(client: AsyncDify) -> tuple[str, bool]:
    """The text as it came piece by piece is that of the reply; and the text."""
    text = ""
    async with client.chat.stream("hi") as stream:
        async for event in stream:
            if event.event == "message":
                text += event.answer
        return text, (await stream.final()).answer == text


async def at_most_open(faults: Faults, most: int) -> bool:
    """Wait until the server has no more connections than that; False where they stay."""
    end = time.monotonic() + 20
    while await asyncio.to_thread(faults.connections) > most:
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


@pytest.mark.parametrize("count", [1000, 2000])
async def test_so_many_streams_at_once_are_all_whole_and_never_hold_up_the_loop(count: int) -> None:
    pulse = Pulse()
    settings: dict[str, Any] = {"api_key": "app-test-key", "user": "alice", "max_retries": 0, "timeout": 60}
    with sockets(2 * count + 200), fault_server() as faults:
        async with AsyncDify(base_url=f"{faults.base}/f/slow-ok;ms={GAP}/v1", **settings) as client:
            (expected, _) = await read(client)
            beating = asyncio.create_task(pulse.beat())
            begun = time.monotonic()
            found = await asyncio.gather(*(read(client) for _ in range(count)), return_exceptions=True)
            took = time.monotonic() - begun
            beating.cancel()
            assert Counter(map(str, found)) == Counter({str((expected, True)): count})
            assert len(expected) > 30
            # What is kept for the next calls is a hundred at most, for all that was open a moment ago.
            assert await at_most_open(faults, 100)
        assert await at_most_open(faults, 0)
    print(f"{count} streams: {took:.1f} s; longest turn {pulse.longest_turn:.2f} s, wait {pulse.longest_wait:.2f} s")
    assert pulse.longest_turn < LONGEST_TURN * count / 1000
    assert pulse.longest_wait < 10
    assert took < 60  # one after the other they would take a quarter of an hour
