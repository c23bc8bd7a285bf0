"""What a stream folds to is what the blocking mode answers, and what the server stores."""

from __future__ import annotations

import httpx
import pytest

from dify import ChatResponse, CompletionResponse, DifyError, TextReplaced, WorkflowFailedError, WorkflowRun
from tests.support.calls import open_stream
from tests.support.expected import answer_of, audio_of, on_screen
from tests.support.pairs import PAIRS, differences
from tests.support.recordings import Recording, recording, streams

from .support import make_client, only_once, streaming

FINISHED = [one for one in streams() if {"message_end", "workflow_finished"} & {f["event"] for f in one.frames}]
WITH_TEXT = [one for one in streams() if "datasource" not in one.path and one.frames[0]["event"] != "error"]


def name_of(one: Recording) -> str:
    return one.name


async def reply_of(name: str):
    one = recording(name)
    try:
        return await open_stream(make_client(streaming([one.content])), one).final()
    except WorkflowFailedError as error:
        return error.partial or error.run


@pytest.mark.parametrize(("stream", "blocking", "own"), PAIRS, ids=[pair[0] for pair in PAIRS])
async def test_a_folded_reply_equals_the_blocking_reply(stream, blocking, own):
    folded = await reply_of(stream)
    wire = recording(blocking).body
    # Both through the model, so that decimals and times are compared as values; only what the wire carries is.
    plain = type(folded).model_validate(wire).model_dump(exclude_unset=True)
    assert list(differences(plain, folded.model_dump(), own)) == []


def stored(name: str, message_id: str) -> dict:
    return next(one for one in recording(name).body["data"] if one["id"] == message_id)


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        ("annotations/chat_hit_stream", "annotations/messages_of_hit"),
        ("chatflow/stream_turn3", "chatflow/messages_list"),
        ("hitl/cf_pause_stream", "hitl/cf_messages_paused"),
    ],
)
async def test_a_folded_answer_is_the_one_that_the_server_stored(stream, messages):
    reply = await reply_of(stream)
    kept = stored(messages, reply.message_id)
    assert reply.answer == kept["answer"]
    assert reply.conversation_id == kept["conversation_id"]
    assert reply.created_at.timestamp() == kept["created_at"]
    assert (kept["status"] == "paused") is reply.paused


async def test_the_replay_of_a_finished_chatflow_has_the_answer_that_the_server_stored():
    reply = await reply_of("hitl/cf_events_finished")
    message_id = recording("hitl/cf_events_resume").frames[0]["message_id"]
    assert reply.answer == stored("hitl/cf_messages_resumed", message_id)["answer"] != ""


async def test_an_agents_answer_is_the_stored_one_but_for_the_line_breaks_between_its_steps():
    reply = await reply_of("agent/fc_second_turn")
    kept = stored("agent/messages_with_thoughts", reply.message_id)["answer"]
    # The server stores a line break between the texts of two steps; no frame of the stream carries it.
    assert reply.answer == kept.replace("\n", "")


async def test_agent_thoughts_are_those_that_the_server_stored():
    reply = await reply_of("agent/fc_second_turn")
    kept = stored("agent/messages_with_thoughts", reply.message_id)["agent_thoughts"]
    assert len(kept) == 2
    names = ("id", "position", "thought", "tool", "tool_labels", "tool_input", "observation")
    folded = [{name: getattr(one, name) for name in names} for one in reply.agent_thoughts]
    assert folded == [{name: one[name] for name in names} for one in kept]
    assert [one.message_files for one in reply.agent_thoughts] == [one["files"] for one in kept]


@pytest.mark.parametrize("one", FINISHED, ids=name_of)
async def test_a_folded_answer_is_the_text_of_the_stream(one):
    reply = await reply_of(one.name)
    text = answer_of(one.frames)
    if isinstance(reply, WorkflowRun):
        finished = next(frame["data"] for frame in one.frames if frame["event"] == "workflow_finished")
        dumped = reply.model_dump(mode="json", exclude_unset=True)["data"]
        assert (dumped["outputs"] or {}) == (finished["outputs"] or {})
        assert reply.status == finished["status"]
        assert reply.data.total_tokens == finished["total_tokens"]
    elif text or one.operation != "streamWorkflowEvents":
        assert reply.answer == text
    else:
        # The replay of a finished chatflow has no text, only the run's outputs.
        assert reply.answer == one.frames[-1]["data"]["outputs"]["answer"]


@pytest.mark.parametrize("one", WITH_TEXT, ids=name_of)
async def test_text_pieces_join_to_what_was_on_screen(one):
    pieces = []
    stream = open_stream(make_client(only_once(one.content)), one)
    frames = [frame for frame in one.frames if frame["event"] != "error"]
    try:
        async for piece in stream.text_stream:
            pieces.append(piece)
    except WorkflowFailedError:
        assert frames[-1]["data"]["status"] == "failed"
    except DifyError:
        assert len(frames) < len(one.frames) or one.cut
    else:
        assert not any(
            frame["event"] == "workflow_finished" and frame["data"]["status"] == "failed" for frame in frames
        )
    assert all(isinstance(piece, str) for piece in pieces)
    assert on_screen(pieces) == answer_of(frames)


async def test_a_moderated_answer_is_announced_as_replaced():
    one = recording("chat/moderated_output_stream")
    client = make_client(streaming([one.content]))
    pieces = [piece async for piece in client.chat.stream("x").text_stream]
    replaced = next(frame["answer"] for frame in one.frames if frame["event"] == "message_replace")
    announced = [piece for piece in pieces if isinstance(piece, TextReplaced)]
    assert announced == [replaced]
    assert on_screen(pieces) == replaced


async def test_the_last_of_two_message_ends_counts():
    ends = [f for f in recording("chat/moderated_output_stream").frames if f["event"] == "message_end"]
    assert len(ends) == 2
    reply = await reply_of("chat/moderated_output_stream")
    assert reply.usage.total_tokens == ends[1]["metadata"]["usage"]["total_tokens"] != 0


@pytest.mark.parametrize("name", ["chat/tts_autoplay_stream", "chatflow/tts_autoplay_stream"])
async def test_speech_is_collected_only_when_asked_for(name):
    one = recording(name)
    spoken = audio_of(one.frames)
    assert spoken
    client = make_client(streaming([one.content]))
    assert (await open_stream(client, one).final()).audio is None
    assert (await open_stream(client, one, collect_audio=True).final()).audio == spoken


@pytest.mark.parametrize("name", ["hitl/cf_pause_stream", "hitl/two_pause_stream", "hitl/wf_pause_blocking"])
async def test_a_paused_run_has_its_forms_with_tokens(name):
    one = recording(name)
    if one.is_stream:
        reply = await reply_of(name)
        reasons = one.frames[-1]["data"]["reasons"]
    else:
        client = make_client(lambda request: httpx.Response(200, json=one.body))
        reply = await client.workflows.run(one.asked["inputs"], response_mode="blocking")
        reasons = one.body["data"]["reasons"]
    assert reply.paused
    assert [form.form_token for form in reply.forms] == [reason["form_token"] for reason in reasons]
    assert all(form.form_token for form in reply.forms)


def answer_with(one: Recording):
    return lambda request: httpx.Response(200, json=one.body)


@pytest.mark.parametrize("name", ["chat/blocking_first", "hitl/cf_pause_blocking", "agent_node/cf_blocking"])
async def test_a_chat_reply_in_one_piece_is_understood_when_a_stream_was_asked_for(name):
    one = recording(name)
    stream = make_client(answer_with(one)).chat.stream(one.asked["query"])
    events = [event async for event in stream]
    reply = await stream.final()
    assert reply == ChatResponse.model_validate(one.body)
    assert reply.http.status == 200
    assert "".join(event.answer for event in events if event.event == "message") == one.body["answer"]
    assert events[-1].event == ("workflow_paused" if reply.paused else "message_end")
    assert (stream.task_id, stream.message_id) == (one.body["task_id"], one.body["message_id"])


async def test_a_completion_reply_in_one_piece_is_understood_when_a_stream_was_asked_for():
    one = recording("completion/query_field")
    stream = make_client(answer_with(one)).completions.stream(one.asked["inputs"])
    assert [event.event async for event in stream] == ["message", "message_end"]
    assert await stream.final() == CompletionResponse.model_validate(one.body)


@pytest.mark.parametrize("name", ["workflow/by_id_blocking", "hitl/wf_pause_blocking"])
async def test_a_run_in_one_piece_is_understood_when_a_stream_was_asked_for(name):
    one = recording(name)
    stream = make_client(answer_with(one)).workflows.stream(one.asked["inputs"])
    events = [event async for event in stream]
    run = await stream.final()
    assert run == WorkflowRun.model_validate(one.body)
    assert [event.event for event in events] == ["workflow_paused" if run.paused else "workflow_finished"]
    assert stream.workflow_run_id == one.body["workflow_run_id"]


async def test_a_stream_is_understood_when_one_piece_was_asked_for():
    one = recording("chat/stream_hello")
    reply = await make_client(streaming([one.content])).chat.send("hello there", response_mode="blocking")
    assert reply.answer == answer_of(one.frames)
    run = recording("workflow/by_id_streaming")
    finished = await make_client(streaming([run.content])).workflows.run({"q": "no"}, response_mode="blocking")
    assert finished.status == "succeeded"


async def test_a_run_that_failed_raises_whatever_mode_was_asked_for():
    one = recording("workflow/fail_blocking")
    client = make_client(answer_with(one))
    for mode in ("blocking", "streaming"):
        with pytest.raises(WorkflowFailedError) as caught:
            await client.workflows.run({}, response_mode=mode)
        assert caught.value.run.error == one.body["data"]["error"]
        assert one.body["workflow_run_id"] in str(caught.value)


async def test_a_run_that_failed_is_an_event_while_iterating():
    one = recording("errors/chatflow_node_failed_streaming")
    stream = open_stream(make_client(streaming([one.content])), one)
    events = [event async for event in stream]
    assert events[-1].data.status == "failed"
    with pytest.raises(WorkflowFailedError) as caught:
        await stream.final()
    assert caught.value.partial.conversation_id == one.frames[0]["conversation_id"]
    assert caught.value.run.workflow_run_id == one.frames[0]["workflow_run_id"]
