"""Answers without a model: annotations and moderation; and audio in streams."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from dify.testing import Emulator, InputBlocked, OutputBlocked

from ..real import names, real, real_frames

ASK = {"query": "what is zebra", "inputs": {}, "user": "user-1", "response_mode": "streaming"}
JOB = {"embedding_provider_name": "p", "embedding_model_name": "m", "score_threshold": 0.8}


async def ask(connect, frames_of, emulator, **changes: Any) -> list[dict[str, Any]]:
    reply = await connect(emulator).post("/chat-messages", json={**ASK, **changes})
    assert emulator.failures == []
    return frames_of(reply.text)


async def annotate(client) -> str:
    """Switch annotation replies on, with one annotation; gives its id."""
    made = await client.post("/apps/annotations", json={"question": "What is zebra", "answer": "An animal."})
    job = (await client.post("/apps/annotation-reply/enable", json=JOB)).json()["job_id"]
    while (await client.get(f"/apps/annotation-reply/enable/status/{job}")).json()["job_status"] != "completed":
        pass
    return made.json()["id"]


async def test_an_annotation_answers_as_recorded(connect, frames_of, shape) -> None:
    emulator = Emulator(mode="chat")
    client = connect(emulator)
    annotation = await annotate(client)
    mine, theirs = await ask(connect, frames_of, emulator), real_frames("annotations/chat_hit_stream")
    assert [shape(one) for one in mine] == [shape(one) for one in theirs]
    assert "".join(one.get("answer", "") for one in mine) == "An animal."
    metadata = mine[-1]["metadata"]
    assert (metadata["annotation_reply"]["id"], metadata["usage"]["total_price"]) == (annotation, "0.0")
    page = {"user": "user-1", "conversation_id": mine[0]["conversation_id"]}
    history = (await client.get("/messages", params=page)).json()
    theirs_history = real("annotations/messages_of_hit").body
    assert shape(history, open_members=frozenset({"inputs"})) == shape(
        theirs_history, open_members=frozenset({"inputs"})
    )
    assert history["data"][0]["answer"] == "An animal."
    assert (await client.get("/apps/annotations")).json()["data"][0]["hit_count"] == 1
    parameters = (await client.get("/parameters")).json()["annotation_reply"]
    recorded = real("annotations/parameters_with_annotation_reply").body["annotation_reply"]
    assert shape(parameters) == shape(recorded)


async def test_other_questions_go_to_the_function(connect, frames_of) -> None:
    emulator = Emulator(mode="chat")
    await annotate(connect(emulator))
    mine = await ask(connect, frames_of, emulator, query="and a lion")
    assert "".join(one.get("answer", "") for one in mine) == "Echo: and a lion"


async def test_an_annotated_chatflow_starts_no_run(connect, frames_of) -> None:
    emulator = Emulator(mode="advanced-chat")
    await annotate(connect(emulator))
    mine = await ask(connect, frames_of, emulator)
    assert [one["event"] for one in mine] == ["ping", "message", "message_end"]
    assert "annotation_reply" not in mine[-1]["metadata"]
    async with Emulator(mode="advanced-chat") as other:
        client = other.client(user="alice")
        await client.annotations.create("Who?", "Me.")
        job = await client.annotations.enable_reply(
            embedding_provider_name="p", embedding_model_name="m", score_threshold=0.5
        )
        for _ in range(3):
            await client.annotations.reply_status("enable", job.job_id)
        assert (await client.chat.send("who?")).answer == "Me."


@pytest.mark.parametrize(
    ("mode", "name"), [("chat", "chat/moderated_input_stream"), ("advanced-chat", "chatflow/moderated_input_stream")]
)
async def test_a_blocked_question_is_answered_as_recorded(mode, name, connect, frames_of, shape) -> None:
    emulator = Emulator(lambda request: InputBlocked("Input blocked."), mode=mode)
    mine, theirs = await ask(connect, frames_of, emulator), real_frames(name)
    unlike = frozenset({"time_to_first_token", "time_to_generate"})
    assert [shape(one, unlike=unlike) for one in mine] == [shape(one, unlike=unlike) for one in theirs]
    assert [one.get("answer") for one in mine] == [one.get("answer") for one in theirs]
    blocking = await connect(emulator).post("/chat-messages", json={**ASK, "response_mode": "blocking"})
    assert blocking.json()["answer"] == "Input blocked."


async def test_a_blocked_question_of_a_completion_app_is_answered_without_the_model(connect, frames_of) -> None:
    client = connect(Emulator(lambda request: InputBlocked("Input blocked."), mode="completion"))
    body = {"inputs": {"query": "bad"}, "user": "alice"}
    assert (await client.post("/completion-messages", json=body)).json()["answer"] == "Input blocked."
    frames = frames_of((await client.post("/completion-messages", json={**body, "response_mode": "streaming"})).text)
    assert "".join(frame.get("answer", "") for frame in frames) == "Input blocked."


@pytest.mark.parametrize(
    ("mode", "name"), [("chat", "chat/moderated_output_stream"), ("advanced-chat", "chatflow/moderated_output_stream")]
)
async def test_a_blocked_answer_is_replaced_as_recorded(mode, name, connect, frames_of, shape) -> None:
    def answer(request):
        yield "word0"
        yield " word1"
        yield OutputBlocked("Output blocked.")
        raise AssertionError("nobody asks for more")

    emulator = Emulator(answer, mode=mode)
    mine, theirs = await ask(connect, frames_of, emulator), real_frames(name)
    assert names(mine) == names(theirs)
    ours, recorded = (next(one for one in frames if "reason" in one) for frames in (mine, theirs))
    assert (shape(ours), ours["reason"], ours["answer"]) == (shape(recorded), recorded["reason"], recorded["answer"])
    if mode == "chat":
        first, second = (one["metadata"]["usage"]["total_tokens"] for one in mine[-2:])
        assert first == 0 < second
        page = {"user": "user-1", "conversation_id": mine[0]["conversation_id"]}
        history = (await connect(emulator).get("/messages", params=page)).json()
        assert history["data"][0]["answer"] == "Output blocked."
    else:
        members = ("status", "error", "outputs", "total_steps")
        assert [mine[-1]["data"][name] for name in members] == [theirs[-1]["data"][name] for name in members]


@pytest.mark.parametrize(
    ("mode", "name"), [("chat", "chat/tts_autoplay_stream"), ("advanced-chat", "chatflow/tts_autoplay_stream")]
)
async def test_an_app_that_plays_says_its_answer_aloud(mode, name, connect, frames_of, shape) -> None:
    emulator = Emulator(mode=mode, auto_play=True)
    mine, theirs = await ask(connect, frames_of, emulator), real_frames(name)
    assert names(mine) == names(theirs)
    ours, recorded = (next(one for one in frames if one["event"] == "tts_message") for frames in (mine, theirs))
    assert shape(ours) == shape(recorded)
    assert b64decode(ours["audio"]).startswith(b"\xff\xf3")
    assert (await connect(emulator).get("/parameters")).json()["text_to_speech"]["autoPlay"] == "enabled"


async def test_a_client_collects_what_is_said_aloud() -> None:
    for mode in ("chat", "advanced-chat", "completion", "workflow"):
        async with Emulator(mode=mode, auto_play=True) as emulator:
            client = emulator.client(user="alice")
            if mode == "completion":
                reply = await client.completions.create({"query": "hi"}, collect_audio=True)
            elif mode == "workflow":
                reply = await client.workflows.run({"q": "hi"}, collect_audio=True)
            else:
                reply = await client.chat.send("hi", collect_audio=True)
            assert reply.audio, mode
