"""Work for many items, so many at a time: both hand-written halves."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import pytest

from dify._async import worker_group as async_workers
from dify._sync import worker_group as sync_workers


class Broken(Exception):
    pass


async def test_no_more_run_at_once_than_was_said():
    running = most = 0
    full = asyncio.Event()

    async def work(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if most == 3:
            full.set()
        await full.wait()
        running -= 1
        return item * 2

    assert await async_workers.run_many(work, range(20), at_once=3) == [item * 2 for item in range(20)]
    assert most == 3


async def test_cancelling_ends_what_runs_and_begins_no_more():
    begun, ended, full = [], [], asyncio.Event()

    async def work(item: int) -> None:
        begun.append(item)
        if len(begun) == 3:
            full.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(item)

    task = asyncio.create_task(async_workers.run_many(work, range(20), at_once=3))
    await full.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert begun == [0, 1, 2]
    assert sorted(ended) == begun


async def test_a_failure_ends_the_rest_and_is_raised_alone():
    ended = []

    async def work(item: int) -> None:
        if item == 1:
            raise Broken
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(item)

    with pytest.raises(Broken):
        await async_workers.run_many(work, range(20), at_once=3)
    assert set(ended) <= {0, 2}


def test_no_more_threads_run_at_once_than_was_said():
    lock, running, most = threading.Lock(), 0, 0

    def work(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1
        return item * 2

    assert sync_workers.run_many(work, range(20), at_once=3) == [item * 2 for item in range(20)]
    assert most <= 3


def test_an_interrupt_waits_for_what_runs_and_begins_no_more():
    begun, ended = [], []

    def work(item: int) -> None:
        begun.append(item)
        time.sleep(0.01)
        ended.append(item)

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync_workers.run_many(work, range(2000), at_once=2, on_done=interrupt)
    assert len(begun) < 2000  # all of them would take ten seconds
    assert sorted(ended) == sorted(begun)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dify")]


def test_a_failure_in_a_thread_is_raised_and_begins_no_more():
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 1:
            raise Broken
        time.sleep(0.005)

    with pytest.raises(Broken):
        sync_workers.run_many(work, range(2000), at_once=2)
    assert len(begun) < 2000  # all of them would take five seconds


def test_context_variables_reach_the_threads():
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    variable.set("set")
    assert sync_workers.run_many(lambda _: variable.get(), range(3), at_once=2) == ["set"] * 3
