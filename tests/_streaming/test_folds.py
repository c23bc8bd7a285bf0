"""Who ends a stream, and how long what may follow is waited for: decided without a clock."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from dify._streaming.decode import decoder_of
from dify._streaming.folds import LONG_GRACE, SHORT_GRACE, ChatFold, CompletionFold, DatasourceFold, WorkflowFold
from dify._streaming.text import TextReplaced
from tests.support.frames import (
    FORM,
    RUN_IDS,
    agent_message,
    file,
    message,
    message_end,
    node,
    replaced,
    run_finished,
    run_paused,
    run_started,
    speech,
    speech_end,
    text_chunk,
    text_file,
)

GOES_ON = (False, None)
OVER_SOON = (False, SHORT_GRACE)
OVER_LATER = (False, LONG_GRACE)


def fed(fold, kind, *frames):
    for frame in frames:
        fold.feed(decoder_of(kind)(json.dumps(frame)))
    return fold


def state(fold):
    return (fold.over, fold.grace)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([], GOES_ON),
        ([message("Hi")], GOES_ON),
        ([agent_message("Hi"), message("Hi")], GOES_ON),
        ([message("Hi"), message_end()], OVER_SOON),
        ([message("Hi"), message_end(), replaced("No"), message_end()], OVER_SOON),
        ([message("Hi"), speech(b"x"), message_end()], OVER_LATER),
        ([message("Hi"), message_end(), speech(b"x"), speech_end()], OVER_SOON),
        ([run_started(), message("Hi")], GOES_ON),
        ([run_started(), message("Hi"), message_end()], OVER_LATER),
        ([run_started(), message("Hi"), run_finished()], OVER_SOON),
    ],
)
def test_a_chat_says_how_long_to_wait(frames, expected):
    fold = fed(ChatFold(), "chat", *frames)
    assert state(fold) == expected
    assert fold.complete is (expected != GOES_ON)


def test_a_pause_without_a_status_is_a_paused_run():
    run = fed(WorkflowFold(), "workflow", run_started(), run_paused(status=None)).snapshot()
    assert (run.status, run.paused) == ("paused", True)


def test_a_datasource_shows_no_text_and_returns_what_completed_or_failed():
    fold = fed(DatasourceFold(), "datasource", {"event": "datasource_processing", "total": 2, "completed": 1})
    assert fold.text_of(None) is None
    fed(fold, "datasource", {"event": "datasource_error", "error": "no"})
    assert [event.error for event in fold.snapshot()] == ["no"]


@pytest.mark.parametrize(
    "frames",
    [
        [run_started(), message("Hi"), message_end(), run_finished()],
        [run_started(), message("Hi"), run_finished(), message_end()],
        [run_started(), run_finished("failed")],
        [run_started(), run_paused()],
        [message("Hi"), message_end(), message("late")],
        [message("Hi"), message_end(), agent_message("late")],
    ],
)
def test_a_chat_knows_when_nothing_can_follow(frames):
    assert fed(ChatFold(), "chat", *frames).over


def test_speech_that_was_asked_for_is_waited_for():
    assert state(fed(ChatFold(collect_audio=True), "chat", message("Hi"), message_end())) == OVER_LATER
    fold = fed(WorkflowFold(collect_audio=True), "workflow", run_started(), run_finished())
    assert state(fold) == OVER_LATER
    assert fed(fold, "workflow", speech(b"x"), speech_end()).over


def test_a_run_is_over_when_it_has_finished_or_pauses():
    assert fed(WorkflowFold(), "workflow", run_started(), text_chunk("x"), run_finished()).over
    assert fed(WorkflowFold(), "workflow", run_started(), run_paused()).over
    assert not fed(WorkflowFold(continue_on_pause=True), "workflow", run_started(), run_paused()).over
    assert not fed(WorkflowFold(), "workflow", run_started(), node("node_started", "a")).over


def test_a_completion_ends_as_a_chat_does():
    assert state(fed(CompletionFold(), "completion", message("Hi"), message_end())) == OVER_SOON


def test_an_unknown_event_changes_nothing():
    new = {"event": "brand_new", "task_id": "other", "answer": "x"}
    for frames in ([message("Hi")], [message("Hi"), message_end()]):
        fold = fed(ChatFold(), "chat", *frames)
        before = fold.snapshot(), state(fold)
        assert fold.feed(decoder_of("chat")(json.dumps(new)))
        assert (fold.snapshot(), state(fold)) == before


def test_what_comes_after_the_end_is_not_delivered_and_changes_nothing():
    fold = fed(ChatFold(), "chat", message("Hi"), message_end())
    assert not fold.feed(decoder_of("chat")(json.dumps(message("late"))))
    assert fold.snapshot().answer == "Hi"
    run = fed(WorkflowFold(), "workflow", run_started(), run_finished())
    assert not run.feed(decoder_of("workflow")(json.dumps(text_chunk("late"))))


def test_a_fold_that_was_fed_nothing_knows_nothing():
    for fold in (ChatFold(), CompletionFold(), WorkflowFold()):
        assert fold.snapshot() is None
        assert not fold.complete
        assert (fold.task_id, fold.message_id, fold.workflow_run_id) == (None, None, None)


def test_a_replacement_is_a_text_that_says_that_it_replaces():
    fold = ChatFold()
    event = decoder_of("chat")(json.dumps(replaced("No")))
    fold.feed(event)
    piece = fold.text_of(event)
    assert piece == "No"
    assert isinstance(piece, TextReplaced)
    assert isinstance(piece, str)


def test_snapshots_of_a_long_answer_cost_no_more_as_it_grows():
    fold = ChatFold()
    for at in range(3000):
        fold.feed(decoder_of("chat")(json.dumps(message(f"{at} "))))
        assert fold.snapshot().answer.endswith(f"{at} ")


def test_a_run_is_settled_when_it_has_finished_or_pauses():
    assert not fed(WorkflowFold(), "workflow", run_started(), text_chunk("x")).settled
    assert fed(WorkflowFold(), "workflow", run_started(), run_finished()).settled is True
    assert fed(WorkflowFold(), "workflow", run_started(), run_paused()).settled is True
    assert fed(WorkflowFold(continue_on_pause=True), "workflow", run_started(), run_paused()).settled is False


def test_a_chatflow_is_settled_with_its_run_and_a_chat_with_its_message():
    assert not fed(ChatFold(), "chat", run_started(), message("Hi"), message_end()).settled
    assert fed(ChatFold(), "chat", run_started(), message("Hi"), message_end(), run_finished()).settled
    assert fed(ChatFold(), "chat", message("Hi"), message_end()).settled
    assert not fed(ChatFold(), "chat", message("Hi")).settled


def test_a_completion_goes_on_until_its_message_ends():
    assert state(fed(CompletionFold(), "completion", message("Hi"), message(" there"))) == GOES_ON


def test_ids_are_taken_from_the_first_events_that_have_them():
    fold = fed(ChatFold(), "chat", run_started(), message("Hel"), message("lo"))
    assert (fold.task_id, fold.message_id, fold.conversation_id) == ("task-1", "msg-1", "conv-1")
    assert fold.workflow_run_id == "run-1"
    assert fold.snapshot().created_at is not None


def test_text_of_messages_in_the_stream_of_a_run_is_shown():
    frames = (run_started(), message("Hel"), text_file("lo"), file("f"))
    fold = fed(WorkflowFold(), "workflow", *frames)
    assert str(fold.text) == "Hello"
    assert str(fed(fold, "workflow", replaced("No")).text) == "No"


def test_files_of_the_reply_and_of_its_end_are_told_apart():
    files = [{"id": "end", "type": "image", "transfer_method": "tool_file", "url": "/files/end.png"}]
    reply = fed(ChatFold(), "chat", message("Hi"), file("f"), message_end(files=files)).snapshot()
    (sent,) = reply.message_files
    assert (sent.id, sent.type, sent.belongs_to, sent.url) == ("f", "image", "assistant", "/files/f.png")
    assert len(reply.files) == 1
    assert fed(ChatFold(), "chat", message("Hi"), message_end()).snapshot().files is None


def form_required(**more):
    return {"event": "human_input_required", **RUN_IDS, "data": FORM | more}


def form_ended(event, node_id="ask"):
    return {"event": event, **RUN_IDS, "data": {"node_id": node_id}}


@pytest.mark.parametrize(("fold", "kind"), [(WorkflowFold, "workflow"), (ChatFold, "chat")])
def test_a_form_waits_before_the_pause_is_announced(fold, kind):
    more = message("Hi") if kind == "chat" else text_chunk("Hi")
    events = fed(fold(), kind, run_started(), more, form_required(), form_required(form_token="token-2", node_id="two"))
    reply = events.snapshot()
    assert reply.paused
    assert [form.form_token for form in reply.forms] == ["token-1", "token-2"]
    assert reply.forms[0].type == "human_input_required"
    assert reply.forms[0].actions[0].title == "Yes"
    assert not events.complete  # the stream goes on to the pause
    assert state(events) == GOES_ON


@pytest.mark.parametrize(
    "frame",
    [form_ended("human_input_form_filled"), form_ended("human_input_form_timeout"), run_started(reason="resumption")],
)
def test_a_form_that_was_answered_waits_no_more(frame):
    run = fed(WorkflowFold(), "workflow", run_started(), form_required(), frame).snapshot()
    assert (run.status, run.forms) == ("running", [])


def test_a_finished_run_has_no_forms():
    run = fed(WorkflowFold(), "workflow", run_started(), form_required(), run_finished()).snapshot()
    assert (run.status, run.forms) == ("succeeded", [])


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (replaced("No", reason="output_moderation"), (True, "output_moderation")),
        ({**replaced("No"), "reason": None}, (True, None)),
        (replaced("No", reason=""), (False, None)),
        (replaced("No", reason="reconnected"), (False, None)),
        (message("!"), (False, None)),
    ],
)
def test_a_moderated_reply_says_so(frame, expected):
    reply = fed(ChatFold(), "chat", message("Hi"), frame, message_end()).snapshot()
    assert (reply.replaced, reply.replace_reason) == expected
    assert "replaced" not in reply.model_dump()


def costing(id, price, **more):
    metadata = {"total_tokens": 10, "total_price": price, "currency": "USD"}
    return node("node_finished", id, status="succeeded", execution_metadata=metadata, **more)


def test_a_run_has_its_total_usage_and_price():
    frames = [run_started(), costing("a", "0.10"), costing("b", "0.20"), node("node_finished", "c", status="succeeded")]
    run = fed(WorkflowFold(), "workflow", *frames, run_finished(total_tokens=20)).snapshot()
    assert (run.usage.total_tokens, run.usage.total_price, run.usage.currency) == (20, Decimal("0.30"), "USD")
    assert run.nodes[0].execution_metadata.total_price == Decimal("0.10")


def test_the_costs_of_a_container_are_not_counted_twice():
    frames = [run_started(), costing("a", "0.10", iteration_id="each"), costing("each", "0.10", node_type="iteration")]
    run = fed(WorkflowFold(), "workflow", *frames).snapshot()
    assert (run.usage.total_tokens, run.usage.total_price) == (10, Decimal("0.10"))


def test_a_run_without_a_model_has_no_usage():
    run = fed(WorkflowFold(), "workflow", run_started(), run_finished(total_tokens=0)).snapshot()
    assert run.usage is None
