"""What a mock streams: text, deltas, events, frames of a recorded stream, and what functions return; and what it refuses."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
import respx

from dify import APIConnectionError, APITimeoutError, AsyncDify, Dify, StreamInterruptedError
from dify.testing import DifyMock, Wire, chat_stream, chatflow_stream, events, replies, responses, workflow_stream
from dify.types.events import MessageEvent, UnknownEvent

from ...support.recordings import streams

CALLS = {
    "chat": lambda client: client.chat.send("Hi"),
    "completions": lambda client: client.completions.create({}),
    "workflows": lambda client: client.workflows.run({}),
}
SAID = {
    "chat": lambda reply: reply.answer,
    "completions": lambda reply: reply.answer,
    "workflows": lambda reply: reply.outputs["text"],
}


@pytest.fixture
def mock() -> DifyMock:
    return DifyMock()


# ------------------------------------------------------------------------------------------------- on the resource itself
@pytest.mark.parametrize("noun", CALLS)
async def test_what_routes_can_be_told_their_resource_can_be_told_too(mock, noun):
    resource = getattr(mock, noun)
    resource.times_out()
    resource.times_out("connect")
    resource.disconnects()
    resource.disconnects("connect")
    resource.refuses("brand_new", status=418, message="I am a teapot.")
    resource.answers(lambda call: f"Hello {call.user}")
    client = mock.client(user="alice")
    for kind in (APITimeoutError, APITimeoutError, APIConnectionError, APIConnectionError):
        with pytest.raises(kind) as caught:
            await CALLS[noun](client)
        assert type(caught.value) is kind
    with pytest.raises(Exception, match="teapot"):
        await CALLS[noun](client)
    assert SAID[noun](await CALLS[noun](client)) == "Hello alice"
    assert SAID[noun](CALLS[noun](mock.sync_client(user="bob"))) == "Hello bob"


# --------------------------------------------------------------------------------------------------- functions that answer
def deltas(call: Any):
    yield "Hello "
    yield call.user


FUNCTIONS = {
    "text": lambda call: f"Hello {call.user}",
    "no text": lambda call: "",
    "deltas": lambda call: ["Hello ", call.user],
    "yielded deltas": deltas,
    "events": lambda call: chat_stream(f"Hello {call.user}"),
    "frames": lambda call: json.loads(json.dumps([json.loads(one[6:]) for one in Wire(chat_stream("Hello alice"))])),
    "a wire": lambda call: Wire(chat_stream(f"Hello {call.user}"), cut=5),
    "a reply": lambda call: replies.chat_reply(f"Hello {call.user}"),
    "an httpx answer": lambda call: responses.stream(chat_stream(f"Hello {call.user}")),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
async def test_what_a_function_returns_is_streamed(mock, kind):
    function = FUNCTIONS[kind]

    async def later(call):
        return function(call)

    mock.chat.send.answers(function)
    mock.chat.send.answers(function)
    mock.chat.send.answers(later)
    said = "" if kind == "no text" else "Hello alice"
    assert mock.sync_client(user="alice").chat.send("Hi").answer == said
    client = mock.client(user="alice")
    assert (await client.chat.send("Hi")).answer == said
    assert (await client.chat.send("Hi")).answer == said


async def test_an_async_generator_answers_the_async_face(mock):
    async def answer(call):
        yield "Hello "
        yield call.user

    mock.chat.answers(answer)
    assert (await mock.client(user="alice").chat.send("Hi")).answer == "Hello alice"


def test_text_of_a_function_has_the_conversation_that_the_call_names(mock):
    mock.chat.answers(lambda call: "Hello")
    reply = mock.sync_client().chat.send("Hi", conversation_id="9a8b7c6d-0000-4000-8000-000000000000")
    assert reply.conversation_id == "9a8b7c6d-0000-4000-8000-000000000000"


async def later(call):
    return replies.app_info("later")


async def yielding(call):
    yield "later"


REFUSED = r"mock\.{}: answers\(async function\) is for AsyncDify; give a plain one"


@pytest.mark.parametrize("loop", [False, True])
def test_a_coroutine_function_does_not_answer_a_client_that_does_not_await(mock, loop):
    """Warnings are errors here: a coroutine that nobody awaits would fail this test, or the next."""

    def call():
        client = mock.sync_client()
        for _ in range(2):
            with pytest.raises(TypeError, match=REFUSED.format(r"app\.info")):
                client.app.info()
        for _ in range(2):
            with pytest.raises(TypeError, match=REFUSED.format(r"chat\.send")):
                client.chat.send("Hi")

    async def within_a_loop():
        call()

    mock.app.info.answers(later)
    mock.chat.answers(yielding)
    mock.chat.answers(later)
    if loop:
        import asyncio

        asyncio.run(within_a_loop())
    else:
        call()


async def test_a_patched_client_is_told_the_same():
    with pytest.raises(TypeError, match=REFUSED.format(r"app\.info")), DifyMock() as mock, Dify("app-x") as client:
        mock.app.info.answers(later)
        client.app.info()


def test_so_is_one_that_a_router_of_the_users_answers():
    with respx.mock(using="httpx") as router, Dify("app-x", user="u") as client:
        DifyMock(router=router).app.info.answers(later)
        with pytest.raises(TypeError, match=REFUSED.format(r"app\.info")):
            client.app.info()


async def test_a_client_that_awaits_is_answered_by_a_router_of_the_users():
    with respx.mock(using="httpx") as router:
        DifyMock(router=router).app.info.answers(later)
        async with AsyncDify("app-x", user="u") as client:
            assert (await client.app.info()).name == "later"


# ------------------------------------------------------------------------------------------------------- recorded frames
STREAMS = [one for one in streams() if not one.cut]


@pytest.mark.parametrize("recorded", STREAMS, ids=lambda one: one.name)
def test_the_frames_of_a_recorded_stream_go_out_as_they_came(recorded):
    frames = recorded.frames
    sent = [json.loads(block[6:]) for block in Wire(frames)]
    assert sent == frames


def test_recorded_frames_are_read_as_the_events_they_are(mock):
    frames = [json.loads(block[6:]) for block in Wire(chat_stream("Hello there"))]
    mock.chat.streams(frames)
    mock.chat.streams([{"event": "ping"}, *chat_stream("Hello")[:1], {**frames[1], "brand_new": 1}, frames[-1]])
    client = mock.sync_client()
    assert client.chat.send("Hi").answer == "Hello there"
    ping, *read = Wire([{"event": "ping"}, frames[0], {"event": "brand_new", "x": 1}]).events
    assert ping.event == "ping"
    assert isinstance(read[0], MessageEvent)
    assert isinstance(read[1], UnknownEvent)
    shown = [event for event in client.chat.stream("Hi") if event.event == "message"]
    assert shown[1].brand_new == 1


def test_nothing_of_a_frame_is_lost_where_an_event_would_tell_it_otherwise(mock):
    frame = {**json.loads(next(iter(Wire(chat_stream("Hi"))))[6:]), "message_id": 7}
    (block,) = Wire([frame])
    assert json.loads(block[6:]) == frame


def test_events_dumped_as_python_has_them_are_frames_too(mock):
    mock.chat.streams([event.model_dump() for event in chat_stream("Hello there")])
    assert mock.sync_client().chat.send("Hi").answer == "Hello there"


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (
            {"event": "message", "answer": "Hi"},
            r"part 0 of the stream is no event .*: message\.message_id: Field required",
        ),
        ({"answer": "no event"}, "part 0 of the stream is no frame of Dify's, for it has no `event`"),
        ({}, "no frame of Dify's"),
    ],
)
def test_a_dict_that_the_client_could_not_read_is_refused_at_once(mock, frame, said):
    for take in (mock.chat.streams, Wire, responses.stream):
        with pytest.raises(ValueError, match=said):
            take([frame])


def test_frames_that_no_client_can_read_are_given_as_bytes(mock):
    mock.chat.streams([b'data: {"event": "message", "answer": []}\n\n'])
    with pytest.raises(Exception, match="not a valid event"):
        mock.sync_client().chat.send("Hi")


# ----------------------------------------------------------------------------------------------------- what is no stream
NO_STREAMS = {
    "a number": (3, "a stream is text, deltas, events"),
    "nothing": (None, "a stream is text, deltas, events"),
    "a function": (chat_stream, "a stream is text, deltas, events"),
    "bytes": (b"data: {}", "put it in a list"),
    "an event alone": (events.message("Hi"), "put it in a list"),
    "a frame alone": ({"event": "ping"}, "put it in a list"),
    "numbers": ([1, 2], "part 0 of the stream is no event, but int 1"),
    "text among events": ([events.message("Hi"), "there"], "part 1 of the stream is the text 'there'"),
    "a reply": ([replies.chat_reply("Hi")], "part 0 of the stream is no event, but ChatResponse"),
}


@pytest.mark.parametrize("kind", NO_STREAMS)
def test_what_is_no_stream_is_refused_at_once(mock, kind):
    given, said = NO_STREAMS[kind]
    for take in (mock.chat.streams, mock.workflows.run.streams, Wire, responses.stream):
        with pytest.raises(TypeError, match=said):
            take(given)


def test_a_text_is_no_list_of_frames():
    for take in (Wire, responses.stream):
        with pytest.raises(TypeError, match=r"a stream is text, deltas, events .* and not str 'abc'"):
            take("abc")


def test_what_is_no_stream_is_refused_of_a_function_too(mock):
    mock.chat.answers(lambda call: [1, 2])
    with pytest.raises(TypeError, match="part 0 of the stream is no event, but int 1"):
        mock.sync_client().chat.send("Hi")


async def test_no_events_are_a_stream_that_breaks_off_however_they_are_given(mock):
    mock.chat.streams([])
    mock.chat.streams(Wire([]))
    mock.chat.answers(lambda call: [])
    mock.chat.streams("")
    client = mock.client()
    for _ in range(3):
        with pytest.raises(StreamInterruptedError):
            await client.chat.send("Hi")
    assert (await client.chat.send("Hi")).answer == ""


@pytest.mark.parametrize("make", [workflow_stream, lambda nodes: chatflow_stream(nodes=nodes)])
@pytest.mark.parametrize("nodes", ["x", 3, ["x"], [3], [events.ping()]])
def test_what_runs_is_made_of_blocks(make, nodes):
    with pytest.raises(TypeError, match=r"nodes must be a list of Node, Iteration, Loop and Parallel.*Node\("):
        make(nodes)


@pytest.mark.parametrize("answer", [3, [1], None, b"x"])
def test_what_an_app_says_is_text(answer):
    for make in (chat_stream, chatflow_stream):
        with pytest.raises(TypeError, match="text"):
            make(answer)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"drop": "foo"}, "drop is one of .*'reset'.* not 'foo'"),
        ({"drop_after": -1}, "drop_after counts events"),
        ({"pings": -1}, "pings counts events"),
        ({"delay": -1}, "delay is in seconds"),
    ],
)
def test_a_wire_refuses_what_it_cannot_do(given, said):
    with pytest.raises(ValueError, match=said):
        Wire(chat_stream(), **given)


# ------------------------------------------------------------------------------------------------------------- misspellings
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("chat.stream", r'mock\.chat\.streams\("\.\.\."\)'),
        ("chat.send", r'mock\.chat\.streams\("\.\.\."\)'),
        ("workflows.stream", r'mock\.workflows\.streams\("\.\.\."\)'),
        ("completions.create", r'mock\.completions\.streams\("\.\.\."\)'),
        ("conversations.list", r"mock\.conversations\.list\.lists\(\[\.\.\.\]\)"),
        ("app.info", r"mock\.app\.info\.returns\(\.\.\.\)"),
        ("knowledge.pipelines.stream", r'mock\.knowledge\.pipelines\.stream\.streams\("\.\.\."\)'),
    ],
)
def test_an_operation_that_is_called_says_what_may_have_been_meant(mock, name, meant):
    route: Any = mock
    for part in name.split("."):
        route = getattr(route, part)
    with pytest.raises(TypeError, match=f"Did you mean {meant}"):
        route("x")
    with contextlib.suppress(TypeError):
        route()
    mock.assert_all_called()
