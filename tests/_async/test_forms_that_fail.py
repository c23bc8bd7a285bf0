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
from tests.support.frames import sse

from .support import Chunks, answered, make_client

RUN = "run-1"
CHAT = {"conversation_id": "c-1", "message_id": "m-1", "created_at": 1}
DATA = {
    "id": RUN,
    "workflow_id": "w",
    "inputs": {},
    "outputs": {"text": "done"},
    "created_at": 1,
    "status": "succeeded",
}
FORM = {"TYPE": "human_input_required", "form_id": "f1", "form_token": "token-f1", "node_id": "ask", "inputs": []}
PAUSE = {"workflow_run_id": RUN, "paused_nodes": ["ask"], "outputs": {}, "reasons": [FORM], "status": "paused"}


def frame(event: str, data: dict, **more) -> dict:
    return {"event": event, "task_id": "task-1", "workflow_run_id": RUN, "data": data, **more}


class Server:
    """A run that pauses once; refuses every answer to its form but "approve"."""

    def __init__(self, lost: bool = False, status: str = "succeeded") -> None:
        self.lost = lost
        self.end = DATA | {"status": status}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "/form/human_input/" in request.url.path:
            if self.lost:
                raise httpx.ReadError("gone", request=request)
            if json.loads(request.content)["action"] != "approve":
                body = {"code": "invalid_form_data", "message": "Invalid action", "status": 400}
                return httpx.Response(400, json=body)
            return httpx.Response(200, json={})
        more = CHAT if "chat" in request.url.path else {}
        if request.url.path.endswith("/events"):
            return answered(Chunks([sse(frame("workflow_started", DATA), frame("workflow_finished", self.end))]))
        return answered(Chunks([sse(frame("workflow_started", DATA, **more), frame("workflow_paused", PAUSE, **more))]))


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
    assert run.outputs == {"text": "done"}


async def test_a_refused_answer_in_a_chatflow_names_the_conversation_too():
    with pytest.raises(BadRequestError) as caught:
        await make_client(Server()).chat.send("hi", on_form=reject)
    error = caught.value
    assert error.workflow_run_id == RUN
    assert (error.partial.conversation_id, error.partial.message_id) == ("c-1", "m-1")


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
