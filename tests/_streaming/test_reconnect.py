"""The run follower: every event of a run is delivered once, over any number of connections."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dify import DifyError, MessageReplaceEvent, ResponseValidationError
from dify._streaming.decode import decoder_of
from dify._streaming.folds import ChatFold, CompletionFold, WorkflowFold
from dify._streaming.reconnect import (
    ReconnectSettings,
    RunFollower,
    begins_with_replay,
    ending_of,
    run_detail_call,
    run_events_call,
)
from dify.types.http import HTTPInfo
from dify.types.workflows import WorkflowRunDetail
from tests.support.frames import (
    FORM,
    container,
    failure,
    form_filled,
    in_chatflow,
    message,
    message_end,
    node,
    of_run,
    replaced,
    run_finished,
    run_paused,
    run_started,
    run_waiting,
    text_chunk,
)

INFO = HTTPInfo(200, {})
RETRIES = 2


def events(*frames: dict[str, Any]) -> list[Any]:
    decode = decoder_of("chat")
    return [decode(json.dumps(frame)) for frame in frames]


def names(delivered: Any) -> list[tuple[str, Any]]:
    """The events, each with the id of its data or its text."""
    return [
        (event.event, getattr(event, "answer", None) or getattr(getattr(event, "data", None), "id", None))
        for event in delivered
    ]


def follow(*connections: list[dict[str, Any]], fold: Any = None, replay: bool = False) -> list[list[tuple[str, Any]]]:
    """The events that each connection delivers; every connection but the last is cut."""
    follower = RunFollower(fold or WorkflowFold(), replay=replay)
    delivered = [names(follower.deliver(events(*connections[0]), INFO))]
    for frames in connections[1:]:
        assert follower.reconnect(RETRIES)
        delivered.append(names(follower.deliver(events(*frames), INFO)))
    return delivered


def last(*connections: list[dict[str, Any]], fold: Any = None) -> list[tuple[str, Any]]:
    return follow(*connections, fold=fold)[-1]


def log(status: str) -> dict[str, Any]:
    return of_run(
        "agent_log",
        {"id": "log", "label": "call", "node_id": "a", "node_execution_id": "a", "status": status, "data": {}},
    )


def paused(form: str | None) -> dict[str, Any]:
    return run_paused(reasons=[{"TYPE": "scheduled_pause"}]) if form is None else run_waiting(form)


# ------------------------------------------------------------------------------------------------------ one connection
def test_a_connection_that_is_not_a_replay_delivers_every_event_but_pings():
    frames = [run_started(), {"event": "ping"}, node("node_started", "a"), node("node_started", "a"), run_finished()]
    follower = RunFollower(WorkflowFold())
    assert [event.event for event in follower.deliver(events(*frames), INFO)] == [
        "workflow_started",
        "node_started",
        "node_started",
        "workflow_finished",
    ]
    assert follower.fold.snapshot().status == "succeeded"


def test_nothing_is_taken_after_the_end():
    taken = iter(events(run_started(), run_finished(), node("node_started", "late")))
    list(RunFollower(WorkflowFold()).deliver(taken, INFO))
    assert names(taken) == [("node_started", "late")]


def test_an_event_that_the_fold_refuses_is_not_delivered():
    fold = ChatFold()
    assert names(RunFollower(fold).deliver(events(message("Hi"), message_end(), message("late")), INFO)) == [
        ("message", "Hi"),
        ("message_end", None),
    ]
    assert fold.over


def test_an_error_event_raises_with_the_reply_so_far():
    follower = RunFollower(ChatFold())
    delivered = follower.deliver(events(message("Hel"), failure(), message("lo")), INFO)
    assert next(delivered).answer == "Hel"
    with pytest.raises(DifyError, match="no luck") as caught:
        next(delivered)
    assert caught.value.partial.answer == "Hel"


def test_events_are_taken_one_by_one_so_that_those_before_a_broken_one_are_delivered():
    def decoded():
        yield events(message("Hel"))[0]
        raise ResponseValidationError("broken")

    delivered = RunFollower(ChatFold()).deliver(decoded(), INFO)
    assert next(delivered).answer == "Hel"
    with pytest.raises(ResponseValidationError):
        next(delivered)


# ------------------------------------------------------------------------------------------------------ what a replay repeats
REPEATED = {
    "the start of the run": run_started(),
    "the start of a node": node("node_started", "a"),
    "the end of a node": node("node_finished", "a", status="succeeded"),
    "a retry": node("node_retry", "a", status="retry", retry_index=1),
    "the start of an iteration": container("iteration_started"),
    "a round of an iteration": container("iteration_next", index=1),
    "the end of an iteration": container("iteration_completed", steps=1),
    "the start of a loop": container("loop_started"),
    "a round of a loop": container("loop_next", index=1),
    "the end of a loop": container("loop_completed", steps=1),
    "a log of an agent": log("start"),
    "a form": of_run("human_input_required", FORM),
    "an answer to a form": form_filled(),
    "a form that timed out": of_run("human_input_form_timeout", {"node_id": "ask", "expiration_time": 5}),
}


@pytest.mark.parametrize("frame", REPEATED.values(), ids=REPEATED)
def test_an_event_is_delivered_once(frame):
    assert last([run_started(), frame], [frame]) == []
    first_heard = last([text_chunk("x")], [run_started(), frame])
    assert (frame["event"], frame["data"].get("id")) in first_heard


NEW = {
    "another node": (node("node_started", "a"), node("node_started", "b")),
    "another event of the node": (node("node_started", "a"), node("node_finished", "a", status="succeeded")),
    "the next retry": (
        node("node_retry", "a", status="retry", retry_index=1),
        node("node_retry", "a", status="retry", retry_index=2),
    ),
    "the next round": (container("iteration_next", index=1), container("iteration_next", index=2)),
    "the next round of a loop": (container("loop_next", index=1), container("loop_next", index=2)),
    "the end of a call": (log("start"), log("success")),
    "another form": (of_run("human_input_required", FORM), of_run("human_input_required", FORM | {"form_id": "f2"})),
    "another answer": (form_filled("Yes"), form_filled("No")),
    "another time": (
        of_run("human_input_form_timeout", {"node_id": "ask", "expiration_time": 5}),
        of_run("human_input_form_timeout", {"node_id": "ask", "expiration_time": 6}),
    ),
}


@pytest.mark.parametrize(("known", "new"), NEW.values(), ids=NEW)
def test_an_event_that_differs_in_its_identity_is_new(known, new):
    delivered = last([run_started(), node("node_started", "a"), known], [known, new])
    assert delivered[-1:] == names(events(new))


def test_deltas_of_a_workflow_are_never_taken_for_repeated():
    assert last([run_started(), text_chunk("x")], [text_chunk("x")]) == [("text_chunk", None)]


def test_a_stream_that_begins_with_a_replay_delivers_each_event_once_from_the_start():
    frames = [run_started(), node("node_started", "a"), run_started(), node("node_started", "a")]
    assert follow(frames, replay=True) == [[("workflow_started", "run-1"), ("node_started", "a")]]
    assert len(follow(frames)[0]) == 4


# ---------------------------------------------------------------------------------------------------- what was lost in between
def test_the_start_of_a_node_that_was_lost_comes_before_its_end():
    end = node(
        "node_finished", "a", status="succeeded", elapsed_time=0.5, iteration_id="i", loop_id="l", extras={"x": 1}
    )
    follower = RunFollower(WorkflowFold())
    list(follower.deliver(events(run_started()), INFO))
    assert follower.reconnect(RETRIES)
    start, finished = follower.deliver(events(end), INFO)
    assert (start.event, finished.event) == ("node_started", "node_finished")
    assert start.task_id == "task-1"
    assert start.workflow_run_id == "run-1"
    known = {"id", "node_id", "node_type", "title", "index", "created_at", "extras", "iteration_id", "loop_id"}
    assert start.data.model_dump(include=known) == finished.data.model_dump(include=known)
    assert start.data.status is None
    assert start.data.elapsed_time is None


def test_the_start_of_a_node_that_was_lost_comes_before_its_retry():
    retry = node("node_retry", "a", status="retry", retry_index=1)
    assert last([run_started()], [retry]) == [("node_started", "a"), ("node_retry", "a")]


@pytest.mark.parametrize("kind", ["iteration", "loop"])
def test_the_start_of_a_container_that_was_lost_comes_before_its_end(kind):
    end = container(f"{kind}_completed", steps=3, inputs={"items": [1]}, inputs_truncated=False, extras={"x": 1})
    follower = RunFollower(WorkflowFold())
    list(follower.deliver(events(run_started()), INFO))
    assert follower.reconnect(RETRIES)
    start, completed = follower.deliver(events(end), INFO)
    assert (start.event, completed.event) == (f"{kind}_started", f"{kind}_completed")
    known = {"id", "node_id", "node_type", "title", "created_at", "extras", "inputs", "inputs_truncated"}
    assert start.data.model_dump(include=known) == completed.data.model_dump(include=known)
    assert start.data.steps is None


def test_a_node_that_a_snapshot_shows_unfinished_has_not_ended():
    for status in ("paused", "running", "pending", "retry"):
        assert last([run_started()], [node("node_finished", "a", status=status)]) == []
        end = node("node_finished", "a", status="succeeded")
        assert last([run_started(), node("node_started", "a")], [node("node_finished", "a", status=status)], [end]) == [
            ("node_finished", "a")
        ]


# ------------------------------------------------------------------------------------------------------------------- text
STARTED = in_chatflow(run_started())


def text_after(shown: str, *frames: dict[str, Any], end: bool = False) -> list[tuple[str, Any]]:
    before = [STARTED, message(shown), *([message_end()] if end else [])]
    return last(before, list(frames), fold=ChatFold())


def test_the_text_of_a_snapshot_is_delivered_as_the_delta_that_is_missing():
    assert text_after("Hel", replaced("Hello")) == [("message", "lo")]
    assert text_after("Hello", replaced("Hel")) == []
    assert text_after("Hello", replaced("Hello")) == []
    assert text_after("Hel", replaced("Bye")) == [("message_replace", "Bye")]


def test_the_delta_that_is_missing_has_the_ids_of_the_message():
    follower = RunFollower(ChatFold())
    list(follower.deliver(events(STARTED, message("Hel")), INFO))
    assert follower.reconnect(RETRIES)
    (delta,) = follower.deliver(events(replaced("Hello")), INFO)
    ids = (delta.id, delta.message_id, delta.conversation_id, delta.task_id)
    assert ids == ("msg-1", "msg-1", "conv-1", "task-1")
    assert delta.created_at is not None


def test_a_replacement_of_the_first_connection_is_delivered_as_it_is():
    follower = RunFollower(ChatFold(), replay=True)
    frames = events(STARTED, message("Hel"), replaced("Hello"))
    assert names(follower.deliver(frames, INFO))[-1] == ("message_replace", "Hello")


def test_the_end_of_the_run_brings_the_text_that_was_lost():
    whole = {"outputs": {"answer": "Hello"}}
    assert text_after("Hel", run_finished(**whole)) == [("message", "lo"), ("workflow_finished", "run-1")]
    assert text_after("Hello", run_finished(**whole)) == [("workflow_finished", "run-1")]
    assert text_after("Hi", run_finished(**whole)) == [("message_replace", "Hello"), ("workflow_finished", "run-1")]
    assert text_after("Hel", run_finished(outputs={"answer": 5})) == [("workflow_finished", "run-1")]
    assert text_after("Hel", run_finished(outputs=None)) == [("workflow_finished", "run-1")]


def test_text_lost_before_the_end_of_the_message_replaces_because_no_delta_may_follow():
    events = text_after("Hel", run_finished(outputs={"answer": "Hello"}), end=True)
    assert events == [("message_replace", "Hello"), ("workflow_finished", "run-1")]


def test_a_run_without_a_message_has_no_text_to_restore():
    ends = [run_finished(outputs={"answer": "Hello"})]
    assert last([run_started(), node("node_started", "a")], ends, fold=ChatFold()) == [("workflow_finished", "run-1")]


def test_text_removed_by_moderation_is_not_restored():
    moderated = replaced("Removed.", reason="output_moderation")
    first = [STARTED, message("Bad words"), moderated]
    assert last(first, [replaced("Bad words")], fold=ChatFold()) == []
    assert last(first, [moderated], fold=ChatFold()) == []
    assert last(first, [run_finished(outputs={"answer": "Bad words"})], fold=ChatFold()) == [
        ("workflow_finished", "run-1")
    ]
    other = replaced("Removed, too.", reason="output_moderation")
    assert last(first, [other], fold=ChatFold()) == [("message_replace", "Removed, too.")]


def test_a_replacement_that_this_client_made_is_no_moderation():
    fold = ChatFold()
    connections = [STARTED, message("Hi"), message_end()], [run_finished(outputs={"answer": "Hello"})]
    follower = RunFollower(fold)
    list(follower.deliver(events(*connections[0]), INFO))
    assert follower.reconnect(RETRIES)
    made = next(follower.deliver(events(*connections[1]), INFO))
    assert isinstance(made, MessageReplaceEvent)
    assert made.reason == "reconnected"
    again = follower.deliver(events(run_finished(outputs={"answer": "Hello!"})), INFO)
    assert names(again) == [("message_replace", "Hello!"), ("workflow_finished", "run-1")]


# ------------------------------------------------------------------------------------------------------------------ pauses
def waiting_run() -> WorkflowFold:
    return WorkflowFold(continue_on_pause=True)


def test_a_pause_is_delivered_once_while_the_run_waits():
    first = [run_started(), paused("f1")]
    assert last(first, [paused("f1")], fold=waiting_run()) == []
    assert last(first, [paused("f2")], fold=waiting_run()) == [("workflow_paused", None)]
    resumed = [run_started(reason="resumption"), paused("f1")]  # a snapshot may still show the pause that has ended
    assert last(first, resumed, fold=waiting_run()) == [("workflow_started", "run-1")]


def test_a_pause_without_a_form_is_new_after_the_run_was_resumed():
    first = [run_started(), paused(None)]
    assert last(first, [paused(None)], fold=waiting_run()) == []
    resumed = [run_started(reason="resumption"), paused(None)]
    assert last(first, resumed, fold=waiting_run()) == [("workflow_started", "run-1"), ("workflow_paused", None)]


def test_a_resumed_run_starts_the_node_that_waited_again_and_no_other():
    first = [
        run_started(),
        node("node_started", "a"),
        node("node_finished", "a", status="succeeded"),
        node("node_started", "ask"),
        form_filled(),
        of_run("human_input_form_timeout", {"node_id": "ask", "expiration_time": 5}),
        paused("f1"),
    ]
    resumed = [run_started(reason="resumption"), *first[1:]]
    assert [name for name, _ in last(first, resumed, fold=waiting_run())] == [
        "workflow_started",
        "node_started",
        "human_input_form_filled",
        "human_input_form_timeout",
    ]


# ----------------------------------------------------------------------------------------------- stored nodes of containers
SECOND = 1795343840


def stored(event: str, id: str, kind: str = "iteration", **more: Any) -> dict[str, Any]:
    return node(event, f"exec-{id}", node_id=id, node_type=kind, **more)


def inside(id: str, parent: str, **more: Any) -> dict[str, Any]:
    return node("node_started", id, node_id=id, iteration_id=parent, **more)


def names_of_replay(*frames: dict[str, Any]) -> list[tuple[str, Any]]:
    return last([text_chunk("x")], [run_started(), *frames])[1:]


@pytest.mark.parametrize("kind", ["iteration", "loop"])
def test_the_stored_node_of_a_container_becomes_its_events_around_the_nodes_inside(kind):
    parent = {"iteration": "iteration_id", "loop": "loop_id"}[kind]
    frames = [
        stored("node_started", "each", kind),
        stored("node_finished", "each", kind, status="succeeded", finished_at=SECOND + 5),
        node("node_started", "in", node_id="in", **{parent: "each"}, created_at=SECOND + 1),
        node("node_started", "next", node_id="next", created_at=SECOND + 6),
    ]
    assert names_of_replay(*frames) == [
        (f"{kind}_started", "each"),
        ("node_started", "in"),
        (f"{kind}_completed", "each"),
        ("node_started", "next"),
    ]


def test_the_events_of_a_stored_container_have_its_fields():
    follower = RunFollower(WorkflowFold())
    list(follower.deliver(events(text_chunk("x")), INFO))
    assert follower.reconnect(RETRIES)
    frames = [
        stored("node_started", "each", extras={"x": 1}),
        stored("node_finished", "each", extras={"x": 1}, status="succeeded", elapsed_time=2.5, finished_at=SECOND + 5),
        run_paused(),
    ]
    start, end, _ = follower.deliver(events(*frames), INFO)
    assert (start.data.node_id, start.data.node_type, start.data.title) == ("each", "iteration", "exec-each")
    assert (end.data.node_id, end.data.status, end.data.elapsed_time) == ("each", "succeeded", 2.5)
    assert end.data.finished_at is not None
    assert start.data.extras == end.data.extras == {"x": 1}
    assert start.data.created_at == end.data.created_at
    assert (start.task_id, start.workflow_run_id) == ("task-1", "run-1")


def test_a_stored_container_that_still_runs_has_no_end():
    frames = [stored("node_started", "each"), stored("node_finished", "each", status="running"), run_paused()]
    assert names_of_replay(*frames) == [("iteration_started", "each"), ("workflow_paused", None)]


def test_a_container_of_the_same_second_ends_before_a_node_outside_once_its_own_nodes_came():
    ended = stored("node_finished", "each", status="succeeded", finished_at=SECOND + 5)
    outside = node("node_started", "next", node_id="next", created_at=SECOND + 5)
    own = inside("in", "each", created_at=SECOND + 1)
    start = stored("node_started", "each")
    assert names_of_replay(start, ended, own, outside)[-2:] == [
        ("iteration_completed", "each"),
        ("node_started", "next"),
    ]
    assert names_of_replay(start, ended, outside, own) == [
        ("iteration_started", "each"),
        ("node_started", "next"),
        ("node_started", "in"),
    ]


@pytest.mark.parametrize("times", [{}, {"finished_at": SECOND + 5}], ids=["without times", "with times"])
def test_a_node_that_started_before_the_end_of_a_container_does_not_end_it(times):
    frames = [
        stored("node_started", "each"),
        stored("node_finished", "each", status="succeeded", **times),
        node("node_started", "beside", node_id="beside", created_at=SECOND + 2),
        inside("in", "each", created_at=SECOND + 1),
        run_paused(),
    ]
    assert names_of_replay(*frames) == [
        ("iteration_started", "each"),
        ("node_started", "beside"),
        ("node_started", "in"),
        ("iteration_completed", "each"),
        ("workflow_paused", None),
    ]


def test_the_first_live_node_ends_all_containers():
    frames = [
        stored("node_started", "each"),
        stored("node_finished", "each", status="succeeded", finished_at=SECOND + 5),
        node("node_started", "live", node_id="live", created_at=SECOND + 2, inputs_truncated=False),
    ]
    assert names_of_replay(*frames)[1:] == [("iteration_completed", "each"), ("node_started", "live")]


# ------------------------------------------------------------------------------------------------------------- reconnecting
def test_a_run_without_an_id_cannot_be_followed():
    follower = RunFollower(CompletionFold())
    list(follower.deliver(events(message("Hel")), INFO))
    assert not follower.reconnect(RETRIES)
    assert follower.fold.reconnects == 0


def test_a_run_that_has_ended_is_not_followed():
    follower = RunFollower(WorkflowFold())
    list(follower.deliver(events(run_started(), run_finished()), INFO))
    assert not follower.reconnect(RETRIES)


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_connections_that_bring_nothing_new_are_counted(retries):
    follower = RunFollower(WorkflowFold())
    list(follower.deliver(events(run_started()), INFO))
    reconnects = 0
    while follower.reconnect(retries):
        reconnects += 1
        list(follower.deliver(events(run_started()), INFO))
        assert reconnects < 10
    assert reconnects == retries + 1  # the first cut came after something new
    assert follower.fold.reconnects == reconnects


NEWS = {
    "a node": [node("node_started", "a")],
    "text": [text_chunk("x")],
    "the first start": [run_started()],
}


@pytest.mark.parametrize("frames", NEWS.values(), ids=NEWS)
def test_a_connection_that_brings_something_new_starts_the_count_again(frames):
    follower = RunFollower(WorkflowFold())
    list(follower.deliver(events(of_run("reasoning_chunk", {"reasoning": "", "is_final": True})), INFO))
    assert follower.reconnect(0)
    list(follower.deliver(events(*frames), INFO))
    assert follower.reconnect(0)
    assert not follower.reconnect(0)


def test_a_run_that_still_waits_for_a_person_is_followed_on():
    follower = RunFollower(waiting_run())
    list(follower.deliver(events(run_started(), paused("f1")), INFO))
    for _ in range(5):
        assert follower.reconnect(0)
        assert list(follower.deliver(events(paused("f1")), INFO)) == []


# --------------------------------------------------------------------------------------------------------------- the calls
def test_the_call_that_resumes_a_run_asks_for_a_snapshot():
    call = ReconnectSettings(user="bob", continue_on_pause=True).events("run-1")
    assert (call.method, call.path) == ("GET", "/workflow/run-1/events")
    assert call.query == {"user": "bob", "include_state_snapshot": True, "continue_on_pause": True}
    assert call.repeatable
    assert call.accept == "stream"
    assert begins_with_replay(call)


def test_the_call_for_a_stored_run_names_the_run():
    call = run_detail_call("run 1")
    assert (call.operation, call.method, call.path) == ("getWorkflowRunDetail", "GET", "/workflows/run/run%201")


def test_a_call_without_a_snapshot_begins_with_no_replay():
    assert not begins_with_replay(
        run_events_call("run-1", user="bob", include_state_snapshot=None, continue_on_pause=None)
    )


@pytest.mark.parametrize("status", ["succeeded", "failed", "stopped", "partial-succeeded"])
def test_a_stored_run_that_has_ended_gives_its_last_event(status):
    stored = {"id": "run-1", "workflow_id": "w", "status": status, "outputs": {"x": 1}, "error": "e", "total_tokens": 3}
    detail = WorkflowRunDetail.model_validate(stored | {"total_steps": 2, "elapsed_time": 0.5, "created_at": 1})
    event = ending_of(detail, task_id="task-1")
    assert (event.event, event.task_id, event.workflow_run_id) == ("workflow_finished", "task-1", "run-1")
    data = event.data
    assert (data.status, data.outputs, data.error, data.total_tokens, data.total_steps) == (status, {"x": 1}, "e", 3, 2)
    assert ending_of(detail, task_id=None).task_id == "run-1"


@pytest.mark.parametrize("status", ["running", "paused", "scheduled"])
def test_a_stored_run_that_has_not_ended_gives_no_event(status):
    assert ending_of(WorkflowRunDetail.model_validate({"id": "run-1", "status": status}), task_id=None) is None
