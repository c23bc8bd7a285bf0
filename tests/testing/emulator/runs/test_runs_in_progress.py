"""Runs that go on without the reader who began them, and those who join them later."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from typing import Any

import pytest

from dify.testing import Emulator, EmulatorForm, Ids, Iteration, Node
from dify.testing.emulator.runs.models import Run, StoredForm
from dify.testing.emulator.runs.runs_in_progress import UNREAD, RunInProgress, follow
from dify.testing.script.events import workflow_finished
from dify.types.events import MessageEvent, PingEvent
from dify.types.human_input import FormAnswer

from ..real import real_frames

RUN = {"inputs": {"s": 5}, "user": "user-1", "response_mode": "streaming"}
ASK = {"query": "q", "inputs": {}, "user": "user-1", "response_mode": "streaming"}


class Gate:
    """An answer function that stops between two pieces until it is let on."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self, request):
        try:
            yield "a"
            await self.open.wait()
            yield "b"
        finally:
            self.ended.set()


async def begin(client, path, body, frames_of) -> str:
    """Begin a run, leave when its text begins, and tell its id."""
    text = ""
    async with client.stream("POST", path, json=body) as reply:
        async for piece in reply.aiter_text():
            text += piece
            if '"a"' in text:
                return frames_of(text)[1]["workflow_run_id"]
    raise AssertionError(text)


async def ended(client, run: str) -> dict[str, Any]:
    """A run's detail once it has ended, which its events tell."""
    await client.get(f"/workflow/{run}/events", params={"user": "user-1"}, timeout=60)
    return (await client.get(f"/workflows/run/{run}")).json()


async def test_an_error_while_a_run_unfolds_reaches_its_reader() -> None:
    async def frames():
        yield PingEvent()
        raise ZeroDivisionError("a mistake of the engine")

    run = Run(Ids.of("workflow"), {}, 0, 0.0)
    received: list[Any] = []
    with pytest.raises(ZeroDivisionError, match="a mistake of the engine"):
        async for frame in RunInProgress(run, frames()).frames():
            received.append(frame)  # what came before the error counts
    assert received == [PingEvent()]


async def test_an_expired_form_stays_as_it_is_when_it_expires_again() -> None:
    form = StoredForm(EmulatorForm("Approve?"), 1)
    form.submit(FormAnswer(action="approve"), {})
    form.expire()
    assert (form.expired, form.answer) == (False, FormAnswer(action="approve"))


@pytest.mark.parametrize(
    ("mode", "path", "body"), [("workflow", "/workflows/run", RUN), ("advanced-chat", "/chat-messages", ASK)]
)
async def test_a_run_goes_on_when_its_reader_leaves(mode, path, body, connect, frames_of) -> None:
    gate = Gate()
    async with Emulator(gate, mode=mode) as emulator:
        client = connect(emulator)
        run = await begin(client, path, body, frames_of)
        assert (await client.get(f"/workflows/run/{run}")).json()["status"] == "running"
        gate.open.set()
        await gate.ended.wait()
        detail = await ended(client, run)
    assert (detail["status"], "ab" in detail["outputs"].values()) == ("succeeded", True)


async def test_who_joins_is_told_what_has_happened_and_what_comes(connect, frames_of, shape) -> None:
    gate = Gate()
    async with Emulator(gate, mode="workflow") as emulator:
        client, text = connect(emulator), ""
        run = await begin(client, "/workflows/run", RUN, frames_of)
        asked = {"user": "user-1", "include_state_snapshot": "true"}
        async with client.stream("GET", f"/workflow/{run}/events", params=asked) as reply:
            async for piece in reply.aiter_text():
                text += piece
                gate.open.set()
    mine, theirs = frames_of(text), real_frames("workflow/events_live_with_snapshot")
    told = [(one["event"], one["data"].get("node_id")) for one in mine[1:]]
    assert told[:4] == [
        ("workflow_started", None),
        ("node_started", "start"),
        ("node_finished", "start"),
        ("node_started", "llm"),
    ]
    assert told[-1] == ("workflow_finished", None)
    # As recorded: what has happened is told in the reduced shape, under the run's own id.
    for at in range(1, 5):
        assert shape(mine[at], open_members=frozenset({"inputs"})) == shape(
            theirs[at], open_members=frozenset({"inputs"})
        )
    assert mine[1]["task_id"] == run != mine[-1]["task_id"]


async def test_the_snapshot_of_a_chatflow_has_the_answer_so_far(connect, frames_of) -> None:
    gate = Gate()
    async with Emulator(gate, mode="advanced-chat") as emulator:
        client, text = connect(emulator), ""
        run = await begin(client, "/chat-messages", ASK, frames_of)
        asked = {"user": "user-1", "include_state_snapshot": "true"}
        async with client.stream("GET", f"/workflow/{run}/events", params=asked) as reply:
            async for piece in reply.aiter_text():
                text += piece
                gate.open.set()
    frames = frames_of(text)
    so_far = [frame["answer"] for frame in frames if frame["event"] == "message_replace"]
    rest = [frame["answer"] for frame in frames if frame["event"] == "message"]
    assert (so_far, rest) == (["a"], ["b", "", ""])


async def test_closing_the_emulator_ends_its_runs_and_leaves_no_task(connect, frames_of) -> None:
    before, gate = asyncio.all_tasks(), Gate()
    async with Emulator(gate, mode="workflow") as emulator:
        await begin(connect(emulator), "/workflows/run", RUN, frames_of)
    assert gate.ended.is_set()
    assert asyncio.all_tasks() == before


async def test_a_function_without_an_end_is_ended_when_nobody_reads(connect, frames_of) -> None:
    made = 0

    async def answer(request):
        nonlocal made
        while True:
            made += 1
            yield "a"

    async with Emulator(answer, mode="workflow") as emulator:
        client = connect(emulator)
        run = await begin(client, "/workflows/run", RUN, frames_of)
        detail = await ended(client, run)
    assert (detail["status"], made <= UNREAD + 10) == ("stopped", True)


def test_a_run_begun_by_a_plain_client_goes_on_too() -> None:
    go_on = threading.Event()

    def answer(request):
        yield Node("First")
        assert go_on.wait(60)
        yield {"done": True}

    with Emulator(answer, mode="workflow") as emulator:
        client = emulator.sync_client(user="alice")
        with client.workflows.stream({"q": "x"}) as stream:
            for event in stream:
                if event.event == "node_finished":
                    break
            run_id: Any = stream.workflow_run_id
        assert client.workflows.get(run_id).status == "running"
        go_on.set()
        for event in client.workflows.events(run_id, include_state_snapshot=True):
            last = event
        assert (last.event, last.data.outputs) == ("workflow_finished", {"done": True})


async def test_who_joins_between_two_pieces_is_told_each_once_whatever_comes_while_the_snapshot_is_sent() -> None:
    said = [MessageEvent(task_id="t", message_id="m", conversation_id="c", id="m", answer=text) for text in "abcd"]
    run = Run(Ids.of("chatflow"), {}, created_at=0)
    told: list[str] = []
    run.publish(said[0])
    frames = follow(run, snapshot=lambda text: told.append(text) or [], over_pauses=False)
    async with aclosing(frames):
        assert (await anext(frames)).event == "ping"
        for frame in (*said[1:], None):
            run.publish(frame)
        assert told == ["a"]
        assert [frame.answer async for frame in frames] == ["b", "c", "d"]


async def test_who_joins_as_a_run_ends_is_told_its_end() -> None:
    run = Run(Ids.of("workflow"), {}, created_at=0, status="succeeded")
    end = workflow_finished(run)
    for frame in (end, None):
        run.publish(frame)
    joined = follow(run, snapshot=None, over_pauses=False)
    assert [frame.event async for frame in joined] == ["ping", "workflow_finished"]


async def test_a_snapshot_has_the_stored_node_of_a_container_before_those_inside_it(connect, frames_of) -> None:
    gate = Gate()

    async def flow(request):
        yield Iteration("Each", rounds=[[Node("Rate")], [Node("Rate")]], outputs={"output": [1, 2]})
        yield "a"
        await gate.open.wait()
        yield "b"

    async with Emulator(flow, mode="workflow") as emulator:
        client, text = connect(emulator), ""
        run = await begin(client, "/workflows/run", RUN, frames_of)
        asked = {"user": "user-1", "include_state_snapshot": "true"}
        async with client.stream("GET", f"/workflow/{run}/events", params=asked) as reply:
            async for piece in reply.aiter_text():
                text += piece
                gate.open.set()
    # As a real server replays a workflow with an iteration.
    told = [
        (frame["event"], frame["data"]["node_id"], frame["data"]["iteration_id"], frame["data"]["index"])
        for frame in frames_of(text)
        if frame["event"] in ("node_started", "node_finished") and "inputs_truncated" not in frame["data"]
    ]
    assert told == [
        ("node_started", "start", None, 1),
        ("node_finished", "start", None, 1),
        ("node_started", "each", None, 2),
        ("node_finished", "each", None, 2),
        ("node_started", "rate", "each", 3),
        ("node_finished", "rate", "each", 3),
        ("node_started", "rate", "each", 4),
        ("node_finished", "rate", "each", 4),
        ("node_started", "llm", None, 5),
    ]
