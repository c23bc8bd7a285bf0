"""Cancelling whoever iterates a map ends its calls, at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from dify import AsyncDify
from dify.testing import Emulator, EmulatorRequest


async def forever(request: EmulatorRequest) -> AsyncIterator[str]:
    yield "One"
    await asyncio.Event().wait()


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 10, 50, 400])
async def test_cancelling_leaves_no_task_behind(turns: int) -> None:
    async with Emulator(forever) as emulator:
        client: AsyncDify = emulator.client()
        before = asyncio.all_tasks()

        async def walk() -> list[Any]:
            return [result async for result in client.workflows.map([{"n": n} for n in range(20)], concurrency=3)]

        task = asyncio.create_task(walk())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        mine = {each for each in asyncio.all_tasks() - before if "WorkerGroup" in repr(each)}
        assert not mine
        assert sum(request.path == "/workflows/run" for request in emulator.requests) <= 3


async def test_a_wait_of_the_inputs_that_was_cancelled_is_no_end_of_them() -> None:
    async def inputs() -> AsyncIterator[dict[str, int]]:
        task = asyncio.create_task(asyncio.Event().wait())
        task.cancel()
        yield {"n": 0}
        await task

    async def short(request: EmulatorRequest) -> AsyncIterator[str]:
        yield "One"

    async with Emulator(short, mode="workflow") as emulator:
        client: AsyncDify = emulator.client()
        with pytest.raises(asyncio.CancelledError):
            _ = [result async for result in client.workflows.map(inputs(), concurrency=2)]


async def test_leaving_while_the_inputs_wait_ends_that_wait() -> None:
    ended = asyncio.Event()

    async def inputs() -> AsyncIterator[dict[str, int]]:
        yield {"n": 0}
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def short(request: EmulatorRequest) -> AsyncIterator[str]:
        yield "One"

    async with Emulator(short, mode="workflow") as emulator:
        client: AsyncDify = emulator.client()
        async with client.workflows.map(inputs(), concurrency=2) as results:
            async for _ in results:
                break
        assert ended.is_set()


def test_leaving_the_program_in_a_callback_is_raised_in_the_caller_on_trio_too() -> None:
    import trio

    class Leave(BaseException):
        pass

    def inputs() -> Iterator[dict[str, int]]:
        raise Leave
        yield {}

    async def main() -> None:
        async with AsyncDify("app-x", base_url="http://127.0.0.1:9/v1", user="alice", max_retries=0) as client:
            with pytest.raises(Leave):
                _ = [result async for result in client.workflows.map(inputs(), concurrency=2)]

    trio.run(main)


def test_it_works_on_trio() -> None:
    import trio

    async def main() -> list[int]:
        async with AsyncDify("app-x", base_url="http://127.0.0.1:9/v1", user="alice", max_retries=0) as client:
            found = [result async for result in client.workflows.map([{}, {}, {}], concurrency=2)]
            return [result.index for result in found if result.error is not None]

    assert trio.run(main) == [0, 1, 2]
