"""What events fold to, and what `.text_stream` says of them: the cases that recordings do not have."""

from __future__ import annotations

import httpx
import pytest

from dify import MisuseError, ResponseValidationError, StreamInterruptedError, TextReplaced, WorkflowFailedError
from tests.support.expected import on_screen
from tests.support.frames import (
    CHAT_IDS,
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
    sse,
    text_chunk,
    text_file,
    thought,
)

from .support import Chunks, answered, make_client, streaming


def chat(*frames, **settings):
    return make_client(streaming([sse(*frames)])).chat.stream("Hello", **settings)


def workflow(*frames, **settings):
    return make_client(streaming([sse(*frames)])).workflows.stream({}, **settings)


async def test_a_new_agents_closing_message_replaces_rather_than_doubles():
    deltas = [agent_message("Hello"), agent_message(" world")]
    frames = [*deltas, message("Hello world"), message_end()]
    assert (await chat(*frames).final()).answer == "Hello world"
    pieces = [piece async for piece in chat(*frames).text_stream]
    assert "".join(pieces) == "Hello world"
    assert not any(isinstance(piece, TextReplaced) for piece in pieces)


async def test_a_closing_message_that_says_more_adds_the_rest():
    frames = [agent_message("Hello"), message("Hello world"), message_end()]
    assert [piece async for piece in chat(*frames).text_stream] == ["Hello", " world"]


async def test_a_closing_message_that_says_something_else_is_announced_as_replacing():
    frames = [agent_message("Hello"), message("Good day"), message_end()]
    pieces = [piece async for piece in chat(*frames).text_stream]
    assert pieces == ["Hello", "Good day"]
    assert isinstance(pieces[-1], TextReplaced)
    assert on_screen(pieces) == "Good day"
    assert (await chat(*frames).final()).answer == "Good day"


async def test_messages_of_an_app_that_is_no_agent_are_joined():
    frames = [message("Hello"), message(" Hello"), message(""), message("!"), message_end()]
    assert (await chat(*frames).final()).answer == "Hello Hello!"


async def test_text_deltas_named_message_file_are_text_and_files_are_files():
    frames = [message("A"), file("f1"), text_file("B"), text_file(""), text_file("C"), message_end()]
    reply = await chat(*frames).final()
    assert reply.answer == "ABC"
    assert [(one.id, one.type, one.url) for one in reply.message_files] == [("f1", "image", "/files/f1.png")]
    assert "".join([piece async for piece in chat(*frames).text_stream]) == "ABC"


async def test_a_replacement_is_announced_and_later_deltas_follow_it():
    frames = [message("bad"), replaced("[hidden]"), message(" more"), message_end()]
    pieces = [piece async for piece in chat(*frames).text_stream]
    assert pieces == ["bad", "[hidden]", " more"]
    assert [isinstance(piece, TextReplaced) for piece in pieces] == [False, True, False]
    assert (await chat(*frames).final()).answer == "[hidden] more" == on_screen(pieces)


async def test_a_replacement_by_nothing_empties_the_answer():
    assert (await chat(message("bad"), replaced(""), message_end()).final()).answer == ""


async def test_the_second_message_end_wins_even_after_a_replacement():
    frames = [message("bad"), message_end(0), replaced("[hidden]"), message_end(62)]
    reply = await chat(*frames).final()
    assert (reply.answer, reply.usage.total_tokens) == ("[hidden]", 62)


async def test_thoughts_are_upserted_by_id_in_the_order_in_which_they_began():
    frames = [
        thought("a"),
        agent_message("Let me look."),
        thought("a", thought="Let me look.", tool="clock", tool_input="{}"),
        thought("b", position=2),
        thought("a", thought="Let me look.", tool="clock", tool_input="{}", observation="noon"),
        thought("b", position=2, thought="It is noon."),
        message_end(),
    ]
    reply = await chat(*frames).final()
    kept = [(one.id, one.thought, one.observation) for one in reply.agent_thoughts]
    assert kept == [("a", "Let me look.", "noon"), ("b", "It is noon.", None)]
    assert "conversation_id" not in reply.agent_thoughts[0].model_dump()


CHATFLOW = {name: CHAT_IDS[name] for name in ("conversation_id", "message_id", "created_at")}


@pytest.mark.parametrize("order", ["message_end first", "workflow_finished first"])
async def test_a_chatflow_ends_in_either_order(order):
    ends = [message_end(5), run_finished(outputs={"answer": "Hello"}, **CHATFLOW)]
    if order == "workflow_finished first":  # servers up to 1.12
        ends.reverse()
    frames = [run_started(**CHATFLOW), message("Hello"), *ends]
    events = [event.event async for event in chat(*frames)]
    assert events == [frame["event"] for frame in frames]
    reply = await chat(*frames).final()
    assert (reply.answer, reply.usage.total_tokens) == ("Hello", 5)
    assert (reply.workflow_run.status, reply.workflow_run_id) == ("succeeded", "run-1")


async def test_both_ends_of_a_chatflow_end_the_stream_whatever_the_server_sends_then():
    body = Chunks([sse(run_started(), message("Hi"), message_end()), sse(run_finished()), sse(message("late"))])
    stream = make_client(lambda request: answered(body)).chat.stream("Hello")
    events = [event.event async for event in stream]
    assert events == ["workflow_started", "message", "message_end", "workflow_finished"]
    assert body.sent == 2
    assert body.closed


async def test_a_failed_chatflow_ends_at_its_workflow_finished():
    failed = run_finished("failed", error="node broke", outputs=None)
    body = Chunks([sse(run_started(), message("par")), sse(failed), sse(message("late"))])
    stream = make_client(lambda request: answered(body)).chat.stream("Hello")
    with pytest.raises(WorkflowFailedError, match="node broke") as caught:
        await stream.final()
    assert caught.value.partial.answer == "par"
    assert caught.value.run.error == "node broke"
    assert body.sent == 2


async def test_speech_that_trails_the_end_is_collected_when_asked_for():
    frames = [message("Hi"), message_end(), speech(b"one"), speech(b"two"), speech_end()]
    assert (await chat(*frames, collect_audio=True).final()).audio == b"onetwo"
    assert (await chat(*frames).final()).audio is None


async def test_speech_inside_a_run_is_collected_when_asked_for():
    frames = [run_started(), speech(b"one"), text_chunk("Hi"), run_finished(), speech(b"two"), speech_end()]
    assert (await workflow(*frames, collect_audio=True).final()).audio == b"onetwo"
    assert (await workflow(*frames).final()).audio is None


async def test_audio_is_no_part_of_a_dump():
    reply = await chat(message("Hi"), speech(b"one"), message_end(), speech_end(), collect_audio=True).final()
    assert reply.audio == b"one"
    assert "audio" not in reply.model_dump()
    assert "audio" not in repr(reply)


async def test_speech_that_is_no_base64_is_told_as_the_servers_fault():
    frames = [message("Hi"), {"event": "tts_message", **CHAT_IDS, "audio": "abc"}, message_end(), speech_end()]
    assert (await chat(*frames).final()).answer == "Hi"  # nobody asked for it
    with pytest.raises(ResponseValidationError):
        await chat(*frames, collect_audio=True).final()


async def test_a_paused_chatflow_has_its_forms():
    reply = await chat(run_started(**CHATFLOW), message("Wait: "), run_paused(**CHATFLOW)).final()
    assert reply.paused
    assert reply.event == "workflow_paused"
    assert [form.form_token for form in reply.forms] == ["token-1"]
    assert [reason.type for reason in reply.data.reasons] == ["human_input_required", "scheduled_pause"]
    assert (reply.answer, reply.workflow_run_id, reply.workflow_run.paused) == ("Wait: ", "run-1", True)


async def test_a_pause_ends_a_stream_unless_it_was_asked_to_go_on():
    frames = [run_started(), run_paused(), run_started(reason="resumption"), text_chunk("on"), run_finished()]
    client = make_client(streaming([sse(*frames)]))
    run = await client.workflows.events("run-1").final()
    assert (run.paused, run.status, len(run.forms)) == (True, "paused", 1)
    run = await client.workflows.events("run-1", continue_on_pause=True).final()
    assert (run.paused, run.status, run.forms) == (False, "succeeded", [])
    reply = await client.chat.events("run-1", continue_on_pause=True).final()
    assert (reply.paused, reply.workflow_run.status) == (False, "succeeded")


async def test_nodes_are_listed_in_the_order_in_which_they_ended():
    frames = [
        run_started(),
        node("node_started", "a"),
        node("node_started", "b"),
        node("node_retry", "b", status="retry", retry_index=1),
        node("node_finished", "b", status="succeeded"),
        node("node_finished", "a", status="failed", error="no"),
        run_finished("partial-succeeded"),
    ]
    run = await workflow(*frames).final()
    assert [(one.id, one.status) for one in run.nodes] == [("b", "succeeded"), ("a", "failed")]
    assert run.status == "partial-succeeded"


async def test_a_stopped_run_is_a_result_and_no_failure():
    run = await workflow(run_started(), run_finished("stopped", error="stopped by user")).final()
    assert run.status == "stopped"


async def test_the_text_of_a_workflow_is_its_chunks():
    stream = workflow(run_started(), text_chunk("Hel"), text_chunk("lo"), run_finished())
    assert [piece async for piece in stream.text_stream] == ["Hel", "lo"]
    replace = {"event": "text_replace", "workflow_run_id": "run-1", "task_id": "task-1", "data": {"text": "No"}}
    pieces = [piece async for piece in workflow(run_started(), text_chunk("Yes"), replace, run_finished()).text_stream]
    assert on_screen(pieces) == "No"


async def test_the_snapshot_grows_while_the_stream_comes():
    async with chat(message("Hel"), message("lo"), message_end(7)) as stream:
        assert stream.snapshot is None
        answers = []
        async for _ in stream:
            answers.append((stream.snapshot.answer, stream.task_id, stream.message_id, stream.conversation_id))
        assert answers == [(text, "task-1", "msg-1", "conv-1") for text in ("Hel", "Hello", "Hello")]
        assert await stream.final() == stream.snapshot


async def test_an_annotated_answer_of_a_chatflow_needs_no_run():
    end = message_end(0, metadata={"annotation_reply": {"id": "note-1", "account": {"id": "a", "name": "Ann"}}})
    reply = await chat(message("From the notes"), end).final()
    assert reply.answer == "From the notes"
    assert reply.metadata.annotation_reply.account.name == "Ann"
    assert reply.workflow_run is None


async def test_a_chatflow_that_began_and_only_said_its_message_end_is_whole():
    reply = await chat(run_started(), message("Hi"), message_end()).final()
    assert (reply.answer, reply.workflow_run.status) == ("Hi", "running")


async def test_a_run_that_only_began_is_cut():
    frames = [run_started(), node("node_started", "a"), node("node_finished", "a", status="succeeded")]
    client = make_client(streaming([sse(*frames)]))
    with pytest.raises(StreamInterruptedError, match="run-1") as caught:
        await client.workflows.run({})
    assert caught.value.workflow_run_id == "run-1"
    assert [one.id for one in caught.value.partial.nodes] == ["a"]


async def test_a_completion_folds_to_its_reply():
    frames = [{k: v for k, v in one.items() if k != "conversation_id"} for one in (message("Hi"), message_end(4))]
    reply = await make_client(streaming([sse(*frames)])).completions.create({})
    assert (reply.answer, reply.usage.total_tokens, reply.message_id) == ("Hi", 4, "msg-1")


async def test_a_datasource_folds_to_what_it_brought():
    frames = [
        {"event": "datasource_processing", "total": 2, "completed": 1},
        {"event": "datasource_completed", "data": [{"id": 1}], "total": 2, "completed": 1},
        {"event": "datasource_completed", "data": [{"id": 2}], "total": 2, "completed": 2, "time_consuming": 0.5},
        {"event": "datasource_error", "error": "and then it broke"},
    ]
    client = make_client(streaming([sse(*frames)]))
    stream = client.knowledge.pipelines.run_datasource_node(
        "base", "node", inputs={}, datasource_type="website_crawl", is_published=True
    )
    results = await stream.final()
    assert [one.event for one in results] == ["datasource_completed", "datasource_completed", "datasource_error"]
    assert results[1].data == [{"id": 2}]


async def test_a_replay_has_no_task_to_stop_until_a_live_event_names_it():
    started = {"event": "workflow_started", "task_id": "run-1", "workflow_run_id": "run-1", "data": {"id": "run-1"}}
    live = {"event": "text_chunk", "task_id": "task-1", "workflow_run_id": "run-1", "data": {"text": "Hi"}}
    stopped = []

    def handler(request):
        if request.method == "POST":
            stopped.append(request.url.path)
            return httpx.Response(200, json={"result": "success"})
        return answered(Chunks([sse(started), sse(live)]))

    async with make_client(handler).workflows.events("run-1", include_state_snapshot=True) as stream:
        async for event in stream:
            if event.event == "workflow_started":
                with pytest.raises(MisuseError, match="replay"):
                    await stream.stop()
            else:
                await stream.stop()
                break
    assert stopped == ["/v1/workflows/tasks/task-1/stop"]
