"""A thousand streams at once on one client, and two thousand: every one is whole, and the event loop goes on turning."""

from __future__ import annotations

import asyncio
import gc
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dify import AsyncDify

from .support import Faults, fault_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GAP = 90
"""Milliseconds between two frames; the stream of the catalogue has a dozen, so it takes about a second."""

FEW = 20
"""Streams at once where nothing can hold up anything: what one costs is measured on this machine, as fast as it now is."""

SETTINGS: dict[str, Any] = {"api_key": "app-test-key", "user": "alice", "max_retries": 0, "timeout": 60}


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


SCHEDULE = Path("/proc/thread-self/schedstat")
"""Where Linux says for how long a thread has waited for a processor."""


def put_off() -> float:
    """Seconds that this thread could have worked and was not let: all there are, where the system does not tell."""
    return int(SCHEDULE.read_text().split()[1]) / 1e9 if SCHEDULE.exists() else time.monotonic()


class Pulse:
    """Notes how late the loop comes back to a task that sleeps, and why.

    The clock also counts what other programs do with the processor; so no wait is held to a limit, but two parts of it: the
    work done meanwhile, and the time in which the loop neither worked nor was kept from it, because a call blocked.
    """

    def __init__(self) -> None:
        self.wait = self.work = self.idle = 0.0
        """The longest of each, in seconds."""
        self.took = self.all_work = 0.0

    async def beat(self) -> None:
        while True:
            begun, worked, waited = time.monotonic(), time.thread_time(), put_off()
            await asyncio.sleep(0.01)
            wait, work = time.monotonic() - begun - 0.01, time.thread_time() - worked
            self.wait = max(self.wait, wait)
            self.work = max(self.work, work)
            self.idle = max(self.idle, wait - work - (put_off() - waited))

    def __str__(self) -> str:
        turn = f"wait of {self.wait:.2f} s, work of {self.work:.2f} s, idleness of {max(0, self.idle):.2f} s"
        return f"{self.took:.1f} s in all; the longest turn: {turn}"


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
    end = time.monotonic() + 60
    while await asyncio.to_thread(faults.connections) > most:
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


async def work_of_one_of_few(faults: Faults) -> float:
    """Seconds of work that the whole life of one stream takes, its connection too, on this machine as it now is."""
    worked = 0.0
    for attempt in range(6):
        async with AsyncDify(base_url=f"{faults.base}/f/slow-ok;ms=20/v1", **SETTINGS) as client:
            begun = time.thread_time()
            await asyncio.gather(*(read(client) for _ in range(FEW)))
            worked += time.thread_time() - begun if attempt else 0  # all is loaded by the first
    return worked / (5 * FEW)


async def read_at_once(faults: Faults, count: int) -> Pulse:
    """So many streams begin at once, and all of them come whole."""
    pulse = Pulse()
    async with AsyncDify(base_url=f"{faults.base}/f/slow-ok;ms={GAP}/v1", **SETTINGS) as client:
        (expected, _) = await read(client)
        beating = asyncio.create_task(pulse.beat())
        begun, worked = time.monotonic(), time.thread_time()
        found = await asyncio.gather(*(read(client) for _ in range(count)), return_exceptions=True)
        pulse.took, pulse.all_work = time.monotonic() - begun, time.thread_time() - worked
        beating.cancel()
        assert Counter(map(str, found)) == Counter({str((expected, True)): count})
        assert len(expected) > 30
        # What is kept for the next calls is a hundred at most, for all that was open a moment ago.
        assert await at_most_open(faults, 100)
    assert await at_most_open(faults, 0)
    print(f"\n{count} streams: {pulse}")
    return pulse


async def test_a_thousand_streams_at_once_are_all_whole_and_never_hold_up_the_loop() -> None:
    with sockets(2200), fault_server() as faults:
        for last in (False, True):
            before = await work_of_one_of_few(faults)
            pulse = await read_at_once(faults, 1000)
            by_few = 1000 * max(before, await work_of_one_of_few(faults))
            print(f"work of {pulse.all_work:.2f} s in all; by a few at a time it is {by_few:.2f} s")
            # On a machine of any speed: what each stream costs does not grow with their number; in the longest turn all of
            # them begin, which is a third of what they do; and no call blocks, which would be time without work.
            linear, shared = pulse.all_work < 3 * by_few, pulse.work < pulse.all_work / 2
            if linear and shared and pulse.idle < 1:
                break
            assert not last, f"the loop was held up: {pulse}"
            # What held the machine up once does not do so twice; what is in the client does.
    # Each takes the server about a second, so one after the other they would take a quarter of an hour.
    assert pulse.took < 200


async def test_two_thousand_streams_at_once_are_all_whole() -> None:
    with sockets(4200), fault_server() as faults:
        await read_at_once(faults, 2000)
