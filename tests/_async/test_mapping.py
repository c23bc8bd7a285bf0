"""One call for each of many inputs: order, room, errors as values, and that leaving ends what is at work."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dify import (
    AsyncDify,
    AuthenticationError,
    ConfigurationError,
    InvalidArgumentError,
    MisuseError,
    WorkflowFailedError,
)
from dify.streams import MapResult
from dify.testing import Emulator, EmulatorRequest, RunFailed
from tests.support.frames import run_finished, run_started, sse

from .support import Chunks, answered, make_client


class Desk:
    """An app that works on rows until the test lets each go, and counts what it has on it."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.free: set[int] = set()
        self.all_free = False
        self.begun: list[int] = []
        self.busy = self.most = 0

    def __call__(self, request: EmulatorRequest) -> Iterator[str]:
        n = request.inputs["n"]
        yield "row "
        with self.lock:
            self.begun.append(n)
            self.busy += 1
            self.most = max(self.most, self.busy)
            self.lock.notify_all()
            self.lock.wait_for(lambda: self.all_free or n in self.free, timeout=60)
            self.busy -= 1
        yield str(n)

    def let(self, *rows: int) -> None:
        with self.lock:
            self.free.update(rows)
            self.lock.notify_all()

    def let_all(self) -> None:
        with self.lock:
            self.all_free = True
            self.lock.notify_all()

    def wait_for(self, count: int) -> None:
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.begun) >= count, timeout=60)


@contextmanager
def at(answer: Any) -> Iterator[tuple[Emulator, dict[str, Any]]]:
    """An emulator on a local port, and what a client of it needs."""
    emulator = Emulator(answer)
    with emulator.serve() as base_url:
        try:
            yield emulator, {"api_key": emulator.api_key, "base_url": base_url, "user": "alice", "max_retries": 0}
        finally:
            if isinstance(answer, Desk):
                answer.let_all()


def same(request: EmulatorRequest) -> dict[str, Any]:
    return {"n": request.inputs["n"]}


def odd_ones_fail(request: EmulatorRequest) -> dict[str, Any]:
    if request.inputs["n"] % 2:
        raise RunFailed("odd")
    return {"n": request.inputs["n"]}


def rows(count: int) -> list[dict[str, int]]:
    return [{"n": n} for n in range(count)]


def numbers(results: list[MapResult[Any]]) -> list[int]:
    return [result.unwrap().outputs["n"] for result in results]


async def test_results_come_in_the_order_of_the_inputs():
    with at(same) as (_, settings):
        async with AsyncDify(**settings) as client:
            results = [result async for result in client.workflows.map(rows(20), concurrency=4)]
    assert [result.index for result in results] == numbers(results) == list(range(20))
    assert [result.inputs for result in results] == rows(20)


async def test_without_order_results_come_as_runs_end():
    desk = Desk()
    with at(desk) as (_, settings):
        async with AsyncDify(**settings) as client:
            found: list[int] = []
            desk.let(1)
            async for result in client.workflows.map(rows(3), concurrency=3, in_order=False):
                found.append(result.index)
                desk.let({1: 2, 2: 0}.get(result.index, 0))
    assert found == [1, 2, 0]


async def test_no_more_are_at_work_than_was_allowed():
    desk = Desk()
    desk.let_all()
    with at(desk) as (_, settings):
        async with AsyncDify(**settings) as client:
            results = [result async for result in client.workflows.map(rows(30), concurrency=3, in_order=False)]
    assert sorted(result.unwrap().outputs["text"] for result in results) == sorted(f"row {n}" for n in range(30))
    assert desk.most <= 3


async def test_a_first_that_takes_long_holds_the_rest_back_and_stops_more_from_being_begun():
    desk = Desk()
    desk.let(*range(1, 100))
    with at(desk) as (_, settings):
        async with AsyncDify(**settings) as client, client.workflows.map(rows(100), concurrency=2) as results:
            desk_is_full = threading.Timer(0, lambda: (desk.wait_for(4), desk.let(0)))
            desk_is_full.start()
            found = [result.index async for result in results]
            desk_is_full.join()
    assert found == list(range(100))
    assert desk.begun.index(4) >= 4, "the fifth was begun only after the first had ended"


async def test_inputs_are_taken_as_there_is_room():
    taken: list[int] = []

    async def endless() -> AsyncIterator[dict[str, int]]:
        while True:
            taken.append(len(taken))
            yield {"n": len(taken)}

    with at(same) as (_, settings):
        async with AsyncDify(**settings) as client, client.workflows.map(endless(), concurrency=2) as results:
            async for result in results:
                assert len(taken) <= result.index + 1 + 2 * 2
                if result.index == 20:
                    break


async def test_one_that_fails_is_a_value_and_ends_no_other():
    with at(odd_ones_fail) as (_, settings):
        async with AsyncDify(**settings) as client:
            results = [result async for result in client.workflows.map(rows(4))]
    assert [type(result.error) for result in results] == [type(None), WorkflowFailedError] * 2
    assert [result.reply is None for result in results] == [False, True] * 2
    with pytest.raises(WorkflowFailedError, match="odd"):
        results[1].unwrap()


async def test_an_error_in_the_loop_ends_the_calls_that_are_at_work():
    desk = Desk()
    desk.let(0)
    with at(desk) as (emulator, settings):
        async with AsyncDify(**settings) as client:
            with pytest.raises(KeyError):
                async with client.workflows.map(rows(50), concurrency=3) as results:
                    async for result in results:
                        raise KeyError(result.index)
            desk.let_all()
            reply = await client.workflows.run({"n": 77})  # the client goes on, and nothing else does
            assert reply.outputs == {"text": "row 77"}
            assert {request.json["inputs"]["n"] for request in emulator.requests} <= {*range(2 * 3 + 1), 77}


async def test_leaving_a_plain_loop_ends_them_too():
    desk = Desk()
    desk.let(0)
    with at(desk) as (emulator, settings):
        async with AsyncDify(**settings) as client:
            results = client.workflows.map(rows(50), concurrency=2)
            async for _ in results:
                break
            await results.aclose()
            desk.let_all()
            assert len(emulator.requests) <= 4


async def test_an_error_in_taking_the_inputs_is_raised_after_what_was_begun():
    def broken() -> Iterator[dict[str, int]]:
        yield {"n": 0}
        yield {"n": 1}
        raise OSError("the file is gone")

    found: list[int] = []
    with at(same) as (_, settings):
        async with AsyncDify(**settings) as client:
            with pytest.raises(OSError, match="the file is gone"):
                async for result in client.workflows.map(broken(), concurrency=1):
                    found.append(result.index)
    assert found == [0, 1]


async def test_none_among_the_inputs_is_a_run_without_inputs_and_no_end():
    seen: list[Any] = []

    def note(request: EmulatorRequest) -> str:
        seen.append(request.inputs)
        return "noted"

    inputs: list[dict[str, int] | None] = [{"n": 0}, None, {"n": 2}, None]
    with at(note) as (_, settings):
        async with AsyncDify(**settings) as client:
            results = [result async for result in client.workflows.map(inputs, concurrency=1)]
    assert [result.unwrap().outputs for result in results] == [{"text": "noted"}] * 4
    assert [result.inputs for result in results] == [{"n": 0}, {}, {"n": 2}, {}]
    assert seen == [{"n": 0}, {}, {"n": 2}, {}]


class Leave(BaseException):
    """Means the program and not one of its threads, as `sys.exit` does."""


@pytest.mark.parametrize("in_order", [True, False])
async def test_leaving_the_program_in_on_start_is_raised_where_the_results_are_taken(in_order: bool):
    def name(index: int, run_id: str) -> None:
        if index == 1:
            raise Leave

    with at(same) as (_, settings):
        async with AsyncDify(**settings) as client:
            results = client.workflows.map(rows(12), concurrency=2, on_start=name, in_order=in_order)
            with pytest.raises(Leave):
                _ = [result async for result in results]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_leaving_the_program_in_the_inputs_is_raised_where_the_results_are_taken(concurrency: int):
    def broken() -> Iterator[dict[str, int]]:
        yield {"n": 0}
        raise Leave

    with at(same) as (_, settings):
        async with AsyncDify(**settings) as client:
            with pytest.raises(Leave):
                _ = [result async for result in client.workflows.map(broken(), concurrency=concurrency)]


async def test_inputs_are_closed_once_the_loop_is_left():
    closed = threading.Event()

    def endless() -> Iterator[dict[str, int]]:
        try:
            while True:
                yield {"n": 0}
        finally:
            closed.set()

    with at(same) as (_, settings):
        async with AsyncDify(**settings) as client, client.workflows.map(endless(), concurrency=2) as results:
            async for _ in results:
                break
    assert closed.wait(20)


async def test_inputs_that_close_the_results_end_the_walk():
    ends: list[Any] = []

    async def inputs() -> AsyncIterator[dict[str, int]]:
        yield {"n": 0}
        await ends[0].aclose()
        yield {"n": 1}

    with at(same) as (emulator, settings):
        async with AsyncDify(**settings) as client:
            ends.append(client.workflows.map(inputs(), concurrency=2))
            found = [result.index async for result in ends[0]]
    assert found in ([], [0])
    assert len(emulator.requests) <= 1


async def test_no_inputs_are_no_results():
    with at(same) as (emulator, settings):
        async with AsyncDify(**settings) as client:
            assert [result async for result in client.workflows.map([])] == []
    assert emulator.requests == []


async def test_a_run_is_named_as_soon_as_the_server_does():
    named: dict[int, str] = {}
    events = [threading.Event() for _ in range(5)]

    def name(index: int, run_id: str) -> None:
        named[index] = run_id
        events[index].set()

    def answer(request: EmulatorRequest) -> Iterator[str]:
        yield "It is "
        assert events[request.inputs["n"]].wait(60)  # no run ends before it has been named
        yield "named."

    with at(answer) as (emulator, settings):
        async with AsyncDify(**settings) as client:
            results = [r async for r in client.workflows.map(rows(5), concurrency=2, on_start=name)]
    assert named == {result.index: result.unwrap().workflow_run_id for result in results}
    assert emulator.failures == []


async def test_a_version_and_a_user_are_passed_on():
    version = "0e1d4b8a-6a51-4f0e-9f0e-3d2c1b0a9f8e"
    with at(same) as (emulator, settings):
        async with AsyncDify(**settings) as client:
            _ = [r async for r in client.workflows.map(rows(2), workflow_id=version, user="bob")]
    assert {(request.path, request.user) for request in emulator.requests} == {(f"/workflows/{version}/run", "bob")}


async def test_completions_are_mapped_likewise():
    with at(lambda request: f"About {request.inputs['topic']}") as (emulator, settings):
        async with AsyncDify(**settings) as client:
            topics = ({"topic": topic} for topic in ("tea", "coffee", "milk"))
            found = [r.unwrap().answer async for r in client.completions.map(topics, concurrency=2)]
    assert found == ["About tea", "About coffee", "About milk"]
    assert {request.path for request in emulator.requests} == {"/completion-messages"}


async def test_what_is_wrong_with_every_call_is_raised_at_once():
    async with AsyncDify(api_key="app-x", base_url="http://127.0.0.1:9/v1") as client:
        with pytest.raises(ConfigurationError, match="user"):
            client.workflows.map(rows(2))
        with pytest.raises(InvalidArgumentError, match="concurrency"):
            client.workflows.map(rows(2), user="alice", concurrency=0)
        for one in ({"topic": "tea"}, "tea", 7):
            with pytest.raises(InvalidArgumentError, match=r"^inputs is a list: write \[\.\.\.\] around the one "):
                client.workflows.map(one, user="alice")
    async with AsyncDify(base_url="http://127.0.0.1:9/v1", user="alice") as client:
        with pytest.raises(ConfigurationError, match="api_key"):
            client.completions.map(rows(2))


async def test_a_refused_key_is_the_error_of_every_result():
    with at(same) as (_, settings):
        async with AsyncDify(**settings | {"api_key": "nonsense"}) as client:
            errors = [type(result.error) async for result in client.workflows.map(rows(3))]
    assert errors == [AuthenticationError] * 3


async def test_closed_before_it_was_iterated_it_sends_nothing():
    with at(same) as (emulator, settings):
        async with AsyncDify(**settings) as client:
            async with client.workflows.map(rows(3)):
                pass
            results = client.workflows.map(rows(3))
            await results.aclose()
            await results.aclose()
            with pytest.raises(MisuseError, match="once"):
                _ = [result async for result in results]
    assert emulator.requests == []


async def test_results_come_once():
    with at(same) as (_, settings):
        async with AsyncDify(**settings) as client:
            results = client.workflows.map(rows(1))
            _ = [result async for result in results]
            with pytest.raises(MisuseError, match="once"):
                _ = [result async for result in results]


async def test_a_run_whose_on_start_fails_is_closed_at_once():
    source = Chunks([sse(run_started()), sse(run_finished())])

    def fail(index: int, run_id: str) -> None:
        raise RuntimeError("no room to note it")

    client = make_client(lambda request: answered(source))
    async with client.workflows.map([{}], on_start=fail) as results:
        [result] = [one async for one in results]
    assert isinstance(result.error, RuntimeError)
    assert source.closed
