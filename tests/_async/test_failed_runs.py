"""A run that ends failed never passes for a whole answer, however its stream is read."""

from __future__ import annotations

import pickle

import httpx
import pytest

from dify import CompletionRequestError, WorkflowFailedError
from tests.support.frames import (
    CHAT_IDS,
    failure,
    message,
    message_end,
    run_finished,
    run_paused,
    run_started,
    sse,
    text_chunk,
)

from .support import make_client, streaming

IDS = {"workflow_run_id": "run-1", "task_id": "task-1"}
FAILED = run_finished("failed", error="Run failed: the model broke off", outputs={})
CHATFLOW = [run_started() | CHAT_IDS, message("Hel"), message("lo"), FAILED | CHAT_IDS]
WORKFLOW = [run_started(), text_chunk("Hel"), text_chunk("lo"), FAILED]


def chatflow(*frames):
    return make_client(streaming([sse(*frames)])).chat.stream("hi")


def workflow(*frames):
    return make_client(streaming([sse(*frames)])).workflows.stream({})


@pytest.mark.parametrize(
    "make", [lambda: chatflow(*CHATFLOW), lambda: workflow(*WORKFLOW)], ids=["chatflow", "workflow"]
)
async def test_the_text_of_a_failed_run_raises_at_its_end_what_final_raises(make):
    pieces = []
    stream = make()
    with pytest.raises(WorkflowFailedError, match=r"run run-1 failed: Run failed: the model broke off") as caught:
        async for piece in stream.text_stream:
            pieces.append(piece)
    assert pieces == ["Hel", "lo"]
    with pytest.raises(WorkflowFailedError) as again:
        await stream.final()
    assert str(again.value) == str(caught.value)
    assert stream.snapshot is not None


async def test_the_text_of_a_failed_run_raises_when_it_is_taken_piece_by_piece():
    pieces = chatflow(*CHATFLOW).text_stream
    assert [await anext(pieces), await anext(pieces)] == ["Hel", "lo"]
    with pytest.raises(WorkflowFailedError):
        await anext(pieces)
    assert await anext(pieces, None) is None


async def test_the_text_of_a_run_that_came_as_plain_json_raises_too():
    data = FAILED["data"]
    body = {"task_id": "task-1", "workflow_run_id": "run-1", "data": data}
    stream = make_client(lambda request: httpx.Response(200, json=body)).workflows.stream({})
    with pytest.raises(WorkflowFailedError, match="broke off"):
        async for _ in stream.text_stream:
            pass


async def test_the_events_of_a_failed_run_end_without_an_exception():
    events = [event.event async for event in chatflow(*CHATFLOW)]
    assert events == ["workflow_started", "message", "message", "workflow_finished"]


async def test_the_text_of_a_run_that_was_left_or_stopped_early_raises_nothing():
    stream = chatflow(*CHATFLOW)
    async for _ in stream.text_stream:
        await stream.aclose()


@pytest.mark.parametrize(
    "end",
    [run_finished() | CHAT_IDS, run_finished("stopped") | CHAT_IDS, run_finished("partial-succeeded") | CHAT_IDS],
    ids=["succeeded", "stopped", "partial-succeeded"],
)
async def test_the_text_of_a_run_that_did_not_fail_ends_without_an_exception(end):
    stream = chatflow(run_started() | CHAT_IDS, message("Hello"), message_end(), end)
    assert [piece async for piece in stream.text_stream] == ["Hello"]
    assert (await stream.final()).workflow_run.status == end["data"]["status"]


async def test_the_text_of_a_run_that_waits_for_a_person_ends_without_an_exception_and_final_shows_the_pause():
    stream = chatflow(run_started() | CHAT_IDS, message("One moment"), run_paused() | CHAT_IDS)
    assert [piece async for piece in stream.text_stream] == ["One moment"]
    assert (await stream.final()).paused


async def test_the_text_of_a_completion_raises_the_error_that_ends_it():
    frames = [{k: v for k, v in one.items() if k != "conversation_id"} for one in (message("Hel"), failure())]
    pieces = []
    with pytest.raises(CompletionRequestError) as caught:
        async for piece in make_client(streaming([sse(*frames)])).completions.stream({}).text_stream:
            pieces.append(piece)
    assert pieces == ["Hel"]
    assert caught.value.partial.answer == "Hel"


async def test_map_has_the_error_of_a_failed_run_and_no_reply():
    client = make_client(streaming([sse(*WORKFLOW)]))
    results = [result async for result in client.workflows.map([{}, {}])]
    assert [result.reply for result in results] == [None, None]
    for result in results:
        with pytest.raises(WorkflowFailedError) as caught:
            result.unwrap()
        assert caught.value.workflow_run_id == "run-1"


async def test_the_error_of_a_failed_chatflow_has_all_ids():
    with pytest.raises(WorkflowFailedError) as caught:
        await chatflow(*CHATFLOW).final()
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (error.workflow_run_id, error.task_id) == ("run-1", "task-1")
        assert (error.message_id, error.conversation_id) == ("msg-1", "conv-1")
        assert error.partial.answer == "Hello"
        assert error.run.error == "Run failed: the model broke off"


async def test_the_error_of_a_failed_workflow_has_the_id_of_its_run():
    for mode in ("streaming", "blocking"):
        body = {**IDS, "data": FAILED["data"]}
        handler = (
            streaming([sse(*WORKFLOW)]) if mode == "streaming" else lambda request, b=body: httpx.Response(200, json=b)
        )
        with pytest.raises(WorkflowFailedError) as caught:
            await make_client(handler).workflows.run({}, response_mode=mode)
        assert (caught.value.workflow_run_id, caught.value.task_id) == ("run-1", "task-1")
        assert (caught.value.message_id, caught.value.conversation_id) == (None, None)
