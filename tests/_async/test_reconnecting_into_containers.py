"""A run cut inside an iteration or a loop goes on in the order of an uninterrupted stream, with frames that a server sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from dify.types import IterationCompletedEvent, IterationStartedEvent
from tests.support import frames as f
from tests.support.frames import sse

from .support import Chunks, answered, make_client

DATA = Path(__file__).resolve().parents[1] / "data" / "cut_runs"

ROUND = [("node_started", "itpl"), ("node_finished", "itpl")]
LOOP_ROUND = [("node_started", "inc"), ("node_finished", "inc")]
WHOLE = [
    ("workflow_started", None),
    ("node_started", "start"),
    ("node_finished", "start"),
    ("node_started", "mk"),
    ("node_finished", "mk"),
    ("iteration_started", "iter"),
    *3 * [("iteration_next", "iter"), *ROUND],
    ("iteration_completed", "iter"),
    ("loop_started", "loop"),
    *LOOP_ROUND,
    ("loop_next", "loop"),
    *LOOP_ROUND,
    ("loop_completed", "loop"),
    *3 * [("text_chunk", None)],
    ("node_started", "end"),
    ("node_finished", "end"),
    ("workflow_finished", None),
]
NODES = ["start", "mk", "itpl", "itpl", "itpl", "inc", "inc", "end"]


def frames_of(name: str) -> list[dict[str, Any]]:
    lines = (DATA / f"{name}.sse").read_text(encoding="utf-8").splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def cut(first: bytes, *replays: bytes):
    """A client whose run breaks off after these frames, and goes on with each of the replays."""
    left = list(replays)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return answered(Chunks([first], httpx.ReadError("cut")))
        if request.url.path.endswith("/events"):
            return answered(Chunks([b"event: ping\n\n", left.pop(0)]))
        return httpx.Response(200, json={"id": "run-1", "status": "running"})

    return make_client(handler, max_retries=2)


async def read(client) -> tuple[list[Any], Any]:
    stream = client.workflows.stream({"n": 1})
    events = [event async for event in stream]
    return events, await stream.final()


def names(events: list[Any]) -> list[tuple[str, str | None]]:
    return [(event.event, getattr(event.data, "node_id", None)) for event in events]


@pytest.mark.parametrize("at", [8, 14, 17, 21])
async def test_a_run_cut_inside_a_container_brings_every_event_once_and_in_order(at, waits):
    first, rest = frames_of(f"nested_{at}.first"), frames_of(f"nested_{at}.rest")
    assert len(first) == at
    assert any(frame["data"].get("node_type") == "iteration" for frame in rest if frame["event"] == "node_started")
    events, run = await read(cut(sse(*first), sse(*rest)))
    assert names(events) == WHOLE
    assert [node.node_id for node in run.nodes] == NODES
    assert {node.status for node in run.nodes} == {"succeeded"}
    assert run.reconnects == 1


@pytest.mark.parametrize("known", range(1, 18))
async def test_a_snapshot_of_an_ended_iteration_has_the_nodes_inside_it_before_its_end(known, waits):
    first, rest = frames_of("nested_17.first")[:known], frames_of("nested_17.rest")
    events, run = await read(cut(sse(*first), sse(*rest)))
    # Nothing stores that a round begins: that alone is lost with the cut.
    expected = [name for at, name in enumerate(WHOLE) if at < known or at > 17 or name[0] != "iteration_next"]
    assert names(events) == expected
    assert [node.node_id for node in run.nodes] == NODES
    started = next(event for event in events if isinstance(event, IterationStartedEvent))
    completed = next(event for event in events if isinstance(event, IterationCompletedEvent))
    for event in (started, completed):
        assert (event.data.id, event.data.node_type, event.data.title) == ("iter", "iteration", "Iteration")
        assert event.workflow_run_id == run.workflow_run_id
    assert (completed.data.status, completed.data.finished_at is not None) == ("succeeded", True)


async def test_whoever_follows_a_run_with_a_snapshot_sees_containers_as_a_live_stream_shows_them(waits):
    client = cut(b"", sse(*frames_of("nested_17.rest")))
    stream = client.workflows.events("run-1", include_state_snapshot=True)
    events = [event async for event in stream]
    assert names(events) == [name for name in WHOLE if name[0] != "iteration_next"]
    assert [node.node_id for node in (await stream.final()).nodes] == NODES


def container(event: str, id: str = "exec-box", **more: Any) -> dict[str, Any]:
    return f.node(event, id, node_id="box", node_type="iteration", title="Box", **more)


def inner(event: str, id: str, **more: Any) -> dict[str, Any]:
    return f.node(event, id, iteration_id="box", **more)


AT = 1795343840


async def test_the_nodes_of_a_parallel_branch_do_not_end_an_iteration_too_early(waits):
    rest = [
        f.run_started(),
        container("node_started"),
        container("node_finished", status="succeeded", finished_at=AT + 5),
        f.node("node_started", "branch"),  # begun with the iteration, before its first node
        inner("node_started", "a"),
        inner("node_finished", "a", status="succeeded"),
        f.node("node_started", "later", created_at=AT + 3),  # begun while the iteration ran
        inner("node_started", "b", created_at=AT + 4),
        inner("node_finished", "b", status="succeeded", created_at=AT + 4),
        f.node("node_started", "next", created_at=AT + 5),
        f.run_finished(),
    ]
    events, _ = await read(cut(sse(f.run_started()), sse(*rest)))
    order = [event.data.id for event in events]
    assert order == ["run-1", "box", "branch", "a", "a", "later", "b", "b", "box", "next", "run-1"]
    assert [event.event for event in events][-3:] == ["iteration_completed", "node_started", "workflow_finished"]


async def test_an_iteration_that_failed_is_completed_with_that_status_before_anything_live(waits):
    live = f.node("node_started", "next", inputs_truncated=False)
    rest = [
        f.run_started(),
        container("node_started"),
        container("node_finished", status="failed", finished_at=AT),
        live,
        f.run_finished(),
    ]
    events, _ = await read(cut(sse(f.run_started()), sse(*rest)))
    assert [event.event for event in events[1:4]] == ["iteration_started", "iteration_completed", "node_started"]
    assert events[2].data.status == "failed"


@pytest.mark.parametrize("status", ["running", "retry", "pending", "paused"])
async def test_a_stored_node_that_has_not_ended_ends_when_it_does(status, waits):
    rest = [
        f.run_started(),
        f.node("node_started", "a"),
        f.node("node_finished", "a", status=status),
        f.node("node_finished", "a", status="succeeded", outputs={"x": 1}, inputs_truncated=False),
        f.run_finished(),
    ]
    events, run = await read(cut(sse(f.run_started()), sse(*rest)))
    assert [event.event for event in events[1:-1]] == ["node_started", "node_finished"]
    assert [(node.id, node.status, node.outputs) for node in run.nodes] == [("a", "succeeded", {"x": 1})]


async def test_a_start_that_was_lost_before_the_first_live_event_is_made_from_the_end(waits):
    rest = [
        f.run_started(),
        f.node("node_finished", "a", status="succeeded", inputs_truncated=False),
        container("iteration_completed", "box", status="succeeded", inputs={"iterator_selector": [1]}),
        f.run_finished(),
    ]
    events, _ = await read(cut(sse(f.run_started()), sse(*rest)))
    assert names(events)[1:-1] == [
        ("node_started", "a"),
        ("node_finished", "a"),
        ("iteration_started", "box"),
        ("iteration_completed", "box"),
    ]
    assert events[1].data.status is None
    assert events[3].data.inputs == {"iterator_selector": [1]}


async def test_a_node_that_ended_while_nobody_listened_keeps_its_place_among_the_nodes_of_the_run(waits):
    first = [
        f.run_started(),
        f.node("node_started", "a"),
        f.node("node_finished", "a", status="succeeded"),
        f.node("node_started", "b"),
        inner("node_started", "c"),
    ]
    events, run = await read(cut(sse(*first), sse(f.run_finished())))
    assert [event.event for event in events][-2:] == ["node_started", "workflow_finished"]
    assert [(node.id, node.status) for node in run.nodes] == [("a", "succeeded"), ("b", "succeeded"), ("c", None)]
    rest = [f.run_started(), f.node("node_started", "b"), f.node("node_started", "d", inputs_truncated=False)]
    ended = f.node("node_finished", "d", status="succeeded", inputs_truncated=False)
    events, run = await read(cut(sse(*first[:4]), sse(*rest, ended, f.run_finished("partial-succeeded"))))
    assert [(node.id, node.status) for node in run.nodes] == [("a", "succeeded"), ("b", None), ("d", "succeeded")]


@pytest.mark.parametrize("status", ["stopped", "running"])
async def test_a_node_that_never_ended_is_no_node_of_the_run(status, waits):
    first = [f.run_started(), f.node("node_started", "a")]
    _, run = await read(cut(sse(*first), sse(f.run_finished(status))))
    assert run.nodes == []


async def test_the_run_of_a_chatflow_counts_its_reconnects_too(waits):
    first = [f.run_started() | f.CHAT_IDS, f.message("Hel"), f.node("node_started", "a") | f.CHAT_IDS]
    rest = [f.run_started() | f.CHAT_IDS, f.run_finished(outputs={"answer": "Hello"}) | f.CHAT_IDS]
    client = cut(sse(*first), sse(*rest))
    reply = await client.chat.send("hi")
    assert (reply.answer, reply.reconnects, reply.workflow_run.reconnects) == ("Hello", 1, 1)
    assert [(node.id, node.status) for node in reply.workflow_run.nodes] == [("a", "succeeded")]
