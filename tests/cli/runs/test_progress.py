from __future__ import annotations

import io
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console

from dify import WorkflowEvent
from dify.cli.runs.progress import RunProgress, event_line, progress_tree

EVENTS: TypeAdapter[WorkflowEvent] = TypeAdapter(WorkflowEvent)


def event(name: str, **data: Any) -> WorkflowEvent:
    return EVENTS.validate_python({"event": name, "task_id": "t", "workflow_run_id": "r", "data": data})


def shown(*events: WorkflowEvent) -> list[str]:
    progress = RunProgress()
    for each in events:
        progress.update(each)
    lines: list[str] = []
    for depth, node in progress.visible():
        rounds = "" if node.round is None else f" #{node.round}"
        lines.append(f"{'  ' * depth}{node.title} {node.status}{rounds}")
    return lines


START = event("iteration_started", id="it", node_id="it", title="Each")
NEXT = event("iteration_next", id="it", node_id="it", title="Each", index=0)
INNER = event("node_started", id="x1", node_id="x", title="Inner", iteration_id="it")


def test_a_node_runs_and_then_has_its_outcome() -> None:
    started = event("node_started", id="1", node_id="llm", title="LLM")
    finished = event("node_finished", id="1", node_id="llm", title="LLM", status="failed", elapsed_time=0.5, error="no")

    assert shown(started) == ["LLM running"]
    assert shown(started, finished) == ["LLM failed"]


def test_nodes_stand_below_their_iteration_while_they_are_at_work() -> None:
    done = event("node_finished", id="x1", node_id="x", title="Inner", status="succeeded", iteration_id="it")
    failed = event("node_finished", id="x1", node_id="x", title="Inner", status="failed", iteration_id="it")

    assert shown(START, NEXT, INNER) == ["Each running #1", "  Inner running"]
    assert shown(START, NEXT, INNER, done) == ["Each running #1"]
    assert shown(START, NEXT, INNER, failed) == ["Each running #1", "  Inner failed"]


def test_a_replay_that_begins_in_the_middle_is_shown_from_there() -> None:
    finished = event("node_finished", id="1", node_id="llm", title="LLM", status="succeeded")
    completed = event("loop_completed", id="lo", node_id="lo", title="Loop", status="succeeded", elapsed_time=1.0)

    assert shown(finished, completed) == ["LLM succeeded", "Loop succeeded"]


def test_a_tree_that_is_higher_than_the_terminal_shows_its_end() -> None:
    progress = RunProgress()
    for number in range(9):
        progress.update(event("node_started", id=str(number), node_id=f"n{number}", title=f"Node {number}"))
    shown = io.StringIO()
    Console(file=shown, width=60, height=8).print(progress_tree(progress))
    lines = shown.getvalue().splitlines()
    assert lines[0].strip() == "… 4 more above"
    assert [line.split()[1:3] for line in lines[1:6]] == [["Node", str(number)] for number in range(4, 9)]


def test_an_iteration_inside_itself_does_not_hang() -> None:
    inside = event("node_started", id="it", node_id="it", title="Odd", iteration_id="it")

    assert shown(inside) == []


def test_nothing_is_left_running_when_the_run_has_ended() -> None:
    finished = event("workflow_finished", id="r", status="failed")

    assert shown(START, finished) == ["Each ended"]


def test_retries_are_counted() -> None:
    progress = RunProgress()
    for each in (
        event("node_started", id="1", node_id="h", title="HTTP"),
        event("node_retry", id="1", node_id="h", title="HTTP", status="retry", retry_index=2, error="503"),
    ):
        progress.update(each)

    assert (progress.nodes["1"].retries, progress.nodes["1"].status) == (2, "running")


def test_plain_lines_name_event_title_status_and_time() -> None:
    finished = event(
        "node_finished", id="1", node_id="n", title="My\nnode", status="failed", elapsed_time=0.123, error="x"
    )

    assert event_line(finished) == "node_finished My node failed 0.12s x"
    assert event_line(NEXT) == "iteration_next Each 0"
    assert event_line(event("text_chunk", text="hello")) is None
