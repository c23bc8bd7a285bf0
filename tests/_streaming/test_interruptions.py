"""The error for a response that ends early, and for an `error` event; None where nothing is missing."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from dify import BadRequestError, StreamInterruptedError, StreamTimeoutError, WorkflowFailedError
from dify._streaming.decode import decoder_of
from dify._streaming.folds import ChatFold, DatasourceFold, WorkflowFold
from dify._streaming.interruptions import check_outcome, error_of, interrupted, interruption
from dify.types.http import HTTPInfo
from tests.support.frames import failure, message, message_end, run_finished, run_started, speech, speech_end

INFO = HTTPInfo(200, {})
RESET = httpx.ReadError("reset")
SILENT = httpx.ReadTimeout("timed out")
BLANK = TimeoutError("nothing but comments")


def fed(fold: Any, *frames: dict[str, Any]) -> Any:
    for frame in frames:
        fold.feed(decoder_of("chat")(json.dumps(frame)))
    return fold


PARTIAL = (run_started(), message("Hel"))
MESSAGE_ONLY = (*PARTIAL, message_end())  # of a chatflow, whose run has not ended
WHOLE = (*MESSAGE_ONLY, run_finished())


@pytest.mark.parametrize("cause", [None, RESET, SILENT, BLANK], ids=["end", "reset", "silence", "comments"])
def test_a_reply_that_is_not_complete_is_interrupted_however_the_response_ends(cause):
    error = interruption(fed(ChatFold(), *PARTIAL), cause)
    assert type(error) is (StreamTimeoutError if cause in (SILENT, BLANK) else StreamInterruptedError)
    assert error.__cause__ is cause
    assert error.partial.answer == "Hel"
    assert (error.task_id, error.message_id, error.conversation_id) == ("task-1", "msg-1", "conv-1")
    assert error.workflow_run_id == "run-1"


@pytest.mark.parametrize("cause", [None, RESET, SILENT, BLANK], ids=["end", "reset", "silence", "comments"])
def test_a_complete_reply_is_not_interrupted(cause):
    assert interruption(fed(ChatFold(), *WHOLE), cause) is None


def test_a_connection_that_breaks_before_the_last_event_interrupts_although_the_reply_could_be_complete():
    assert interruption(fed(ChatFold(), *MESSAGE_ONLY), RESET) is not None
    for cause in (None, SILENT, BLANK):
        assert interruption(fed(ChatFold(), *MESSAGE_ONLY), cause) is None


def test_speech_that_breaks_off_is_missing_for_those_who_collect_it_or_read_the_events():
    frames = (message("Hi"), message_end(), speech(b"x"))
    assert interruption(fed(ChatFold(), *frames), RESET) is None
    assert interruption(fed(ChatFold(), *frames), RESET, events_read=True) is not None
    assert interruption(fed(ChatFold(collect_audio=True), *frames), RESET) is not None
    assert interruption(fed(ChatFold(collect_audio=True), *frames), SILENT) is None
    complete = (*frames, speech_end())
    assert interruption(fed(ChatFold(collect_audio=True), *complete), RESET, events_read=True) is None
    silent = (message("Hi"), message_end())
    assert interruption(fed(ChatFold(), *silent), RESET, events_read=True) is None


def test_a_datasource_whose_connection_breaks_is_interrupted_even_after_a_result():
    completed = {"event": "datasource_completed", "data": [], "time_consuming": 0}
    fold = DatasourceFold()
    fold.feed(decoder_of("datasource")(json.dumps(completed)))
    assert interruption(fold, RESET) is not None
    assert interruption(fold, None) is None


@pytest.mark.parametrize(
    ("cause", "settings", "reason"),
    [
        (None, {}, "the server ended the response"),
        (RESET, {}, "reset"),
        (httpx.ReadError(""), {}, "ReadError"),
        (RESET, {"client_closed": True}, "the client was closed"),
        (SILENT, {}, "no byte arrived within the read timeout (set it with `timeout=`)"),
        (SILENT, {"read_timeout": 2.5}, "no byte arrived within the read timeout of 2.5 s (set it with `timeout=`)"),
        (BLANK, {"read_timeout": 2.5}, "nothing but comments"),
    ],
)
def test_the_message_names_the_reason(cause, settings, reason):
    error = interruption(fed(ChatFold(), message("Hel")), cause, **settings)
    assert str(error) == f"the stream was interrupted: {reason}"


def test_the_message_names_a_run_that_may_still_be_running():
    assert str(interrupted(fed(WorkflowFold(), run_started()), "cut")) == (
        "the stream was interrupted: cut; run run-1 may still be running: see workflows.get and workflows.events"
    )


def test_an_error_event_becomes_the_exception_of_its_status_and_code_with_what_is_known():
    event = decoder_of("chat")(json.dumps(failure(message_id=None, conversation_id="other")))
    error = error_of(event, fed(ChatFold(), *PARTIAL), INFO)
    assert isinstance(error, BadRequestError)
    assert error.status_code == 400
    assert error.partial.answer == "Hel"
    ids = (error.task_id, error.message_id, error.conversation_id, error.workflow_run_id)
    assert ids == ("task-1", "msg-1", "conv-1", "run-1")


def test_an_error_event_before_all_others_gives_its_own_ids():
    event = decoder_of("chat")(json.dumps(failure(task_id="task-9", workflow_run_id="run-9", status=None)))
    error = error_of(event, ChatFold(), INFO)
    ids = (error.task_id, error.message_id, error.conversation_id, error.workflow_run_id)
    assert ids == ("task-9", "msg-1", "conv-1", "run-9")
    assert error.status_code == 500
    assert "see the message" not in str(error)


def test_an_error_event_without_a_code_points_to_its_message():
    event = decoder_of("chat")(json.dumps({"event": "error", "message": "no luck", "status": 500}))
    assert "status 500 for every error before a run starts" in str(error_of(event, ChatFold(), INFO))


def test_a_failed_run_is_an_error_with_the_run_and_the_reply():
    run = fed(WorkflowFold(), run_started(), run_finished("failed", error="boom")).snapshot()
    with pytest.raises(WorkflowFailedError, match="run run-1 failed: boom") as caught:
        check_outcome(run)
    assert (caught.value.run, caught.value.partial, caught.value.task_id) == (run, None, "task-1")
    reply = fed(ChatFold(), *PARTIAL, run_finished("failed", error=None)).snapshot()
    with pytest.raises(WorkflowFailedError, match=r"run run-1 failed: the server gives no reason$") as caught:
        check_outcome(reply)
    assert caught.value.partial is reply
    ids = (caught.value.task_id, caught.value.message_id, caught.value.conversation_id, caught.value.workflow_run_id)
    assert ids == ("task-1", "msg-1", "conv-1", "run-1")


@pytest.mark.parametrize("status", ["succeeded", "stopped", "partial-succeeded"])
def test_any_other_reply_is_no_error(status):
    check_outcome(fed(WorkflowFold(), run_started(), run_finished(status)).snapshot())
    check_outcome(fed(ChatFold(), message("Hi"), message_end()).snapshot())
