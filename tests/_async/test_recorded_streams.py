"""Every recorded stream through the public client, cut anywhere: typed, whole and in order."""

from __future__ import annotations

import httpx
import pytest

from dify import APIStatusError, StreamInterruptedError, StreamTimeoutError, UnknownEvent
from tests.support.calls import open_stream
from tests.support.expected import TERMINAL, answer_of, error_class
from tests.support.fidelity import lost, undeclared
from tests.support.frames import sse
from tests.support.recordings import Recording, cuts, streams

from .support import Chunks, answered, make_client, only_once, streaming

STREAMS = streams()
FAILED = [one for one in STREAMS if one.frames[-1]["event"] == "error"]
CUT = [one for one in STREAMS if not TERMINAL & {f["event"] for f in one.frames} and "datasource" not in one.path]
# What comes before the stream could be over; the rest is cut off in some of the tests.
BEGUN = [one for one in STREAMS if one.frames[0]["event"] not in TERMINAL and "datasource" not in one.path]


def name_of(one: Recording) -> str:
    return one.name


def begun(one: Recording) -> list[dict]:
    names = [frame["event"] for frame in one.frames]
    return one.frames[: next((at for at, name in enumerate(names) if name in TERMINAL), len(names))]


async def events_of(one: Recording, chunks: list[bytes]) -> tuple[list, Exception | None]:
    events = []
    client = make_client(only_once(*chunks))
    try:
        async for event in open_stream(client, one):
            events.append(event)
    except (APIStatusError, StreamInterruptedError) as error:
        return events, error
    return events, None


@pytest.mark.parametrize("one", STREAMS, ids=name_of)
async def test_every_frame_becomes_one_typed_event_and_nothing_of_it_is_lost(one):
    events, _ = await events_of(one, [one.content])
    frames = [frame for frame in one.frames if frame["event"] != "error"]
    assert [event.event for event in events] == [frame["event"] for frame in frames]
    assert not any(isinstance(event, UnknownEvent) for event in events)
    for frame, event in zip(frames, events, strict=True):
        assert list(lost(frame, event.model_dump(mode="json"))) == []
        assert list(undeclared(event)) == []


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("one", STREAMS, ids=name_of)
async def test_a_stream_cut_into_chunks_is_the_same_stream(one, size):
    whole, end = await events_of(one, [one.content])
    pieces, other_end = await events_of(one, cuts(one.content, size))
    assert pieces == whole
    assert type(other_end) is type(end)
    assert str(other_end) == str(end)


@pytest.mark.parametrize("one", FAILED, ids=name_of)
async def test_an_error_frame_raises_what_its_status_and_code_say(one):
    *before, frame = one.frames
    stream = open_stream(make_client(streaming([one.content])), one)
    with pytest.raises(APIStatusError) as caught:
        async for _ in stream:
            pass
    error = caught.value
    assert type(error) is error_class(frame["status"], frame.get("code"), frame["message"])
    assert (error.status_code, error.code, error.message) == (frame["status"], frame.get("code"), frame["message"])
    assert error.message_id == frame.get("message_id")
    assert error.conversation_id == frame.get("conversation_id")
    assert error.task_id == next((f["task_id"] for f in before), None)
    assert error.http.status == 200
    if before:
        assert error.partial.answer == answer_of(before)
    with pytest.raises(type(error)):
        await stream.final()


@pytest.mark.parametrize("one", CUT, ids=name_of)
async def test_a_recorded_cut_raises_with_what_had_come(one):
    stream = open_stream(make_client(only_once(one.content)), one)
    events = []
    with pytest.raises(StreamInterruptedError) as caught:
        async for event in stream:
            events.append(event)
    assert len(events) == len(one.frames)
    assert caught.value.task_id == one.frames[0]["task_id"]
    assert caught.value.partial is not None


@pytest.mark.parametrize("one", BEGUN, ids=name_of)
async def test_an_end_before_the_terminal_event_raises_with_what_had_come(one):
    frames = begun(one)
    events = []
    with pytest.raises(StreamInterruptedError) as caught:
        async for event in open_stream(make_client(only_once(sse(*frames))), one):
            events.append(event)
    error = caught.value
    assert len(events) == len(frames)
    assert error.task_id == frames[-1]["task_id"]
    assert error.workflow_run_id == next((f["workflow_run_id"] for f in frames if f.get("workflow_run_id")), None)
    assert error.conversation_id == frames[0].get("conversation_id")
    assert error.message_id == frames[0].get("message_id")
    if hasattr(error.partial, "answer"):
        assert error.partial.answer == answer_of(frames)
    else:
        tokens = waiting_tokens(frames)
        assert error.partial.status == ("paused" if tokens else "running")
        assert [form.form_token for form in error.partial.forms] == tokens


def waiting_tokens(frames):
    """The tokens of the forms that wait for a person after these frames."""
    tokens = {}
    for frame in frames:
        match frame["event"]:
            case "workflow_started":
                tokens.clear()
            case "human_input_required":
                tokens[frame["data"]["node_id"]] = frame["data"]["form_token"]
            case "human_input_form_filled" | "human_input_form_timeout":
                tokens.pop(frame["data"]["node_id"], None)
    return list(tokens.values())


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (httpx.ReadError("reset"), StreamInterruptedError),
        (httpx.RemoteProtocolError("peer closed connection"), StreamInterruptedError),
        (httpx.ReadTimeout("silence"), StreamTimeoutError),
    ],
)
@pytest.mark.parametrize("one", BEGUN[:1] + BEGUN[-1:], ids=name_of)
async def test_a_connection_that_breaks_raises_with_what_had_come(one, broken, expected):
    stream = open_stream(make_client(only_once(sse(*begun(one)), error=broken)), one)
    with pytest.raises(StreamInterruptedError) as caught:
        async for _ in stream:
            pass
    assert type(caught.value) is expected
    assert caught.value.partial is not None
    with pytest.raises(expected):
        await stream.final()


async def test_a_stream_without_any_frame_is_cut_too():
    with pytest.raises(StreamInterruptedError) as caught:
        await make_client(streaming([b"event: ping\n\n"])).chat.send("hi")
    assert caught.value.partial is None


async def test_a_datasource_that_only_began_is_cut():
    frame = {"event": "datasource_processing", "total": 2, "completed": 0}
    client = make_client(streaming([sse(frame)]))
    stream = client.knowledge.pipelines.run_datasource_node(
        "base", "node", inputs={}, datasource_type="website_crawl", is_published=True
    )
    with pytest.raises(StreamInterruptedError):
        await stream.final()


@pytest.mark.parametrize("one", [one for one in STREAMS if one not in CUT], ids=name_of)
async def test_a_stream_that_has_ended_leaves_its_connection_closed(one):
    body = Chunks([one.content])
    try:
        async for _ in open_stream(make_client(lambda request: answered(body)), one):
            pass
    except APIStatusError:
        pass
    assert body.closed
