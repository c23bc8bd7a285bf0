"""Runs that pause for people are followed through to their end, with a callback for each form."""

import json

import httpx
import pytest

from dify import FormAnswer, InputFile, InvalidArgumentError, MisuseError
from tests.support.frames import run_finished, run_started, run_waiting, sse

from .support import Chunks, answered, make_client

RUN = "run-1"


def finished() -> dict:
    return run_finished(outputs={"text": "done"})


class Server:
    """Answers streams in their order, and says yes to every form."""

    def __init__(self, *streams: bytes) -> None:
        self.streams = list(streams)
        self.submitted: list[tuple[str, dict]] = []
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if "/form/human_input/" in request.url.path:
            self.submitted.append((request.url.path.rpartition("/")[2], json.loads(request.content)))
            return httpx.Response(200, json={})
        return answered(Chunks([self.streams.pop(0)]))


async def approve(form):
    return FormAnswer(action="approve", inputs={"note": form.form_id})


async def test_one_form_is_answered_and_the_run_followed_to_its_end():
    # Right after the answer the server still shows the pause that the answer ends.
    server = Server(
        sse(run_started(), run_waiting("f1")),
        sse(run_started(), run_waiting("f1"), run_started(reason="resumption"), finished()),
    )
    run = await make_client(server).workflows.run({}, on_form=approve)
    assert run.outputs == {"text": "done"}
    assert server.submitted == [("token-f1", {"inputs": {"note": "f1"}, "action": "approve", "user": "alice"})]
    assert dict(server.asked[-1].url.params) == {
        "user": "alice",
        "include_state_snapshot": "true",
        "continue_on_pause": "true",
    }


async def test_a_cut_right_after_an_answer_leaves_no_run_paused(waits):
    server = Server(
        sse(run_started(), run_waiting("f1")),
        sse(run_started(), run_waiting("f1")),  # cut, while the server still shows the pause that the answer ends
        sse(run_started(), run_started(reason="resumption"), finished()),
    )
    run = await make_client(server).workflows.run({}, on_form=approve)
    assert (run.status, run.reconnects) == ("succeeded", 1)


async def test_every_form_of_every_pause_is_answered_once():
    server = Server(
        sse(run_started(), run_waiting("f1", "f2")),
        sse(run_started(), run_waiting("f1", "f2"), run_started(reason="resumption"), run_waiting("f3")),
        sse(run_started(), run_waiting("f3"), run_started(reason="resumption"), finished()),
    )
    run = await make_client(server).workflows.run({}, on_form=approve)
    assert run.status == "succeeded"
    assert [token for token, _ in server.submitted] == ["token-f1", "token-f2", "token-f3"]


async def test_a_form_that_nobody_answers_leaves_the_run_paused():
    async def nobody(form):
        return None

    server = Server(sse(run_started(), run_waiting("f1")))
    run = await make_client(server).workflows.run({}, on_form=nobody)
    assert run.paused
    assert [form.form_token for form in run.forms] == ["token-f1"]
    assert server.submitted == []


async def test_a_run_that_does_not_pause_asks_nobody():
    server = Server(sse(run_started(), finished()))
    run = await make_client(server).workflows.run({}, on_form=approve)
    assert run.status == "succeeded"
    assert len(server.asked) == 1


async def test_a_chatflow_keeps_its_conversation_when_its_replay_names_none():
    ids = {"conversation_id": "c-1", "message_id": "m-1", "created_at": 1}
    end = finished()
    end["data"]["outputs"] = {"answer": "Approved."}
    server = Server(sse(run_started() | ids, run_waiting("f1") | ids), sse(end))
    reply = await make_client(server).chat.send("hi", on_form=approve)
    assert (reply.answer, reply.conversation_id, reply.message_id) == ("Approved.", "c-1", "m-1")
    assert not reply.paused


async def test_a_chatflow_says_nothing_twice_that_it_said_while_its_snapshot_was_taken():
    ids = {"conversation_id": "c-1", "message_id": "m-1", "created_at": 1}
    end = finished() | ids
    end["data"]["outputs"] = {"answer": "Because fun"}
    so_far = {"event": "message_replace", "task_id": "task-1", "answer": "Because fun", "reason": ""} | ids
    said = {"event": "message", "task_id": "task-1", "id": "m-1", "answer": "fun"} | ids
    ended = {"event": "message_end", "task_id": "task-1", "id": "m-1", "metadata": {}} | ids
    server = Server(
        sse(run_started() | ids, run_waiting("f1") | ids), sse(run_started() | ids, so_far, said, ended, end)
    )
    assert (await make_client(server).chat.send("hi", on_form=approve)).answer == "Because fun"


async def test_an_answer_that_is_none_is_told_with_the_run_that_waits():
    async def wrong(form):
        return {"action": "approve"}

    server = Server(sse(run_started(), run_waiting("f1")))
    with pytest.raises(MisuseError, match=r"dict.*FormAnswer.*run-1"):
        await make_client(server).workflows.run({}, on_form=wrong)
    assert server.submitted == []


@pytest.mark.parametrize("inputs", ["tea", ["tea"], 7], ids=repr)
async def test_inputs_without_names_are_refused_before_sending(inputs):
    server = Server()
    client = make_client(server)
    with pytest.raises(InvalidArgumentError, match="inputs"):
        await client.workflows.run(inputs)
    with pytest.raises(InvalidArgumentError, match="inputs"):
        await client.completions.create(inputs)
    with pytest.raises(InvalidArgumentError, match="inputs"):
        await client.chat.send("hi", inputs=inputs)
    assert server.asked == []


async def test_one_file_alone_is_told_to_stand_in_a_list():
    server = Server()
    with pytest.raises(InvalidArgumentError, match=r"files is a list"):
        await make_client(server).chat.send("hi", files=InputFile.from_url("https://example.com/a.png", type="image"))
    assert server.asked == []
