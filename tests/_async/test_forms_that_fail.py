"""When a form's answer fails, the error holds what is needed to go on with the run that waits."""

import json
import pickle

import httpx
import pytest

from dify import (
    APIConnectionError,
    BadRequestError,
    DifyError,
    FormAnswer,
    InvalidArgumentError,
    MisuseError,
    StreamInterruptedError,
    WorkflowFailedError,
)
from tests.support.frames import in_chatflow, run_finished, run_started, run_waiting, sse

from .support import Chunks, answered, make_client

RUN = "run-1"


class Server:
    """A run that pauses once; refuses every answer to its form but "approve"."""

    def __init__(self, lost: bool = False, status: str = "succeeded") -> None:
        self.lost = lost
        self.end = run_finished(status)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "/form/human_input/" in request.url.path:
            if self.lost:
                raise httpx.ReadError("gone", request=request)
            if json.loads(request.content)["action"] != "approve":
                body = {"code": "invalid_form_data", "message": "Invalid action", "status": 400}
                return httpx.Response(400, json=body)
            return httpx.Response(200, json={})
        frames = [run_started(), run_waiting("f1")]
        if request.url.path.endswith("/events"):
            return answered(Chunks([sse(run_started(), self.end)]))
        if "chat" in request.url.path:
            frames = [in_chatflow(frame) for frame in frames]
        return answered(Chunks([sse(*frames)]))


async def reject(form):
    return FormAnswer(action="reject")


async def approve(form):
    return FormAnswer(action="approve")


async def failing(client, on_form, kind: type[Exception]) -> Exception:
    with pytest.raises(kind) as caught:
        await client.workflows.run({}, on_form=on_form)
    return caught.value


async def test_a_refused_answer_names_the_run_and_the_form_and_the_run_can_go_on():
    client = make_client(Server())
    error = await failing(client, reject, BadRequestError)
    assert error.workflow_run_id == RUN
    assert error.partial.paused
    await client.human_input.submit(error.partial.forms[0].form_token, action="approve")
    run = await client.workflows.events(error.workflow_run_id, continue_on_pause=True).final()
    assert run.outputs == {"answer": "Hello"}


async def test_a_refused_answer_in_a_chatflow_names_the_conversation_too():
    with pytest.raises(BadRequestError) as caught:
        await make_client(Server()).chat.send("hi", on_form=reject)
    error = caught.value
    assert error.workflow_run_id == RUN
    assert (error.partial.conversation_id, error.partial.message_id) == ("conv-1", "msg-1")


async def test_an_answer_that_is_none_names_the_run():
    async def wrong(form):
        return {"action": "approve"}

    error = await failing(make_client(Server()), wrong, MisuseError)
    assert RUN in str(error)
    assert (error.workflow_run_id, error.partial.forms[0].form_token) == (RUN, "token-f1")
    assert pickle.loads(pickle.dumps(error)).workflow_run_id == RUN


async def test_an_answer_that_cannot_be_sent_names_the_run():
    async def endless(form):
        return FormAnswer(action="approve", inputs={"share": float("nan")})

    assert (await failing(make_client(Server()), endless, InvalidArgumentError)).workflow_run_id == RUN


async def test_a_connection_lost_while_answering_names_the_run():
    error = await failing(make_client(Server(lost=True)), approve, APIConnectionError)
    assert error.sent
    assert (error.workflow_run_id, error.partial.forms[0].form_id) == (RUN, "f1")


@pytest.mark.parametrize("kind", [ZeroDivisionError, DifyError])
async def test_an_error_of_the_callback_itself_comes_through_with_a_note(kind):
    async def broken(form):
        raise kind("words")

    error = await failing(make_client(Server()), broken, kind)
    assert str(error) == "words"
    [note] = error.__notes__
    assert RUN in note
    assert "events" in note


async def test_what_an_error_tells_of_another_run_is_left_as_it_is():
    async def interrupted(form):
        raise StreamInterruptedError("another", workflow_run_id="run-2", partial="other")

    error = await failing(make_client(Server()), interrupted, StreamInterruptedError)
    assert (error.workflow_run_id, error.partial) == ("run-2", "other")


async def test_a_run_that_fails_after_its_form_has_ended_and_is_told_as_such():
    error = await failing(make_client(Server(status="failed")), approve, WorkflowFailedError)
    assert error.run.status == "failed"
    assert error.partial is None
    assert not hasattr(error, "__notes__")
