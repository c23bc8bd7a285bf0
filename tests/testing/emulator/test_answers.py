"""Kinds of answer functions, and of their results."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from dify.testing import Emulator, EmulatorError, EmulatorRequest, InputBlocked, RunFailed

STREAM = {"query": "q", "inputs": {}, "user": "u", "response_mode": "streaming"}


async def coroutine(request: EmulatorRequest) -> str:
    return "one two"


def generator(request: EmulatorRequest) -> Iterator[str]:
    yield "one"
    yield " two"


async def async_generator(request: EmulatorRequest) -> AsyncIterator[str]:
    yield "one"
    async with asyncio.timeout(60):  # belongs to a task, so all deltas must be taken by the same one
        yield " two"


async def coroutine_of_deltas(request: EmulatorRequest) -> AsyncIterator[str]:
    return async_generator(request)


class AnObject:
    async def __call__(self, request: EmulatorRequest) -> str:
        return "one two"


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: "one two",
        lambda request: ["one", " two"],
        lambda request: (word for word in ("one", " two")),
        lambda request: coroutine(request),
        coroutine,
        generator,
        async_generator,
        coroutine_of_deltas,
        AnObject(),
    ],
)
async def test_an_answer_may_come_from_any_kind_of_function(answer, connect, frames_of) -> None:
    emulator = Emulator(answer)
    reply = await connect(emulator).post("/chat-messages", json=STREAM)
    assert [frame.get("answer") for frame in frames_of(reply.text)] == ["one", " two", "", None]
    assert emulator.failures == []


async def test_text_of_a_workflow_becomes_its_text_output(connect) -> None:
    reply = await connect(Emulator(generator)).post("/workflows/run", json={"inputs": {}, "user": "u"})
    assert reply.json()["data"]["outputs"] == {"text": "one two"}


@pytest.mark.parametrize("answer", [lambda request: {"a": 1}, lambda request: 5])
async def test_a_chat_cannot_be_answered_with_anything_but_text(answer, connect) -> None:
    emulator = Emulator(answer)
    reply = await connect(emulator).post("/chat-messages", json=STREAM)
    assert reply.status_code == 500
    assert isinstance(emulator.failures[0], TypeError)


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        (
            "/workflows/run",
            lambda request: InputBlocked("no"),
            "a workflow has no moderation, so it cannot be answered",
        ),
        ("/chat-messages", lambda request: ["a", 5], "an answer function yields text or parts, not int"),
        ("/chat-messages", lambda request: {"a": 1}, "only a workflow may be answered with a mapping, not a chat"),
    ],
)
async def test_an_answer_of_the_wrong_kind_is_an_error_that_names_it(path, answer, message, connect) -> None:
    emulator = Emulator(answer)
    await connect(emulator).post(path, json=STREAM)
    assert isinstance(emulator.failures[0], TypeError)
    assert str(emulator.failures[0]).startswith(message)


async def test_an_answer_may_be_an_async_iterator_that_cannot_be_closed(connect, frames_of) -> None:
    class Countdown:
        left = 3

        def __aiter__(self) -> Countdown:
            return self

        async def __anext__(self) -> str:
            self.left -= 1
            if not self.left:
                raise StopAsyncIteration
            return str(self.left)

    reply = await connect(Emulator(lambda request: Countdown())).post("/chat-messages", json=STREAM)
    assert [frame.get("answer") for frame in frames_of(reply.text)] == ["2", "1", "", None]


async def test_an_empty_answer_is_one_empty_delta(connect, frames_of) -> None:
    reply = await connect(Emulator(lambda request: "")).post("/chat-messages", json=STREAM)
    assert [frame["event"] for frame in frames_of(reply.text)] == ["message", "message_end"]


async def test_a_mistake_between_deltas_is_an_error_frame_and_is_kept(connect, frames_of) -> None:
    def answer(request: EmulatorRequest) -> Iterator[str]:
        yield "a"
        raise KeyError("oops")

    emulator = Emulator(answer)
    reply = await connect(emulator).post("/chat-messages", json=STREAM)
    last = frames_of(reply.text)[-1]
    assert (last["event"], last["code"], last["status"]) == ("error", "internal_server_error", 500)
    assert isinstance(emulator.failures[0], KeyError)


async def test_a_generator_that_refuses_is_an_error_inside_the_stream(connect, frames_of) -> None:
    async def answer(request: EmulatorRequest) -> AsyncIterator[str]:
        raise EmulatorError(400, "provider_quota_exceeded", "no quota")
        yield ""

    reply = await connect(Emulator(answer)).post("/chat-messages", json=STREAM)
    assert reply.status_code == 200
    assert frames_of(reply.text)[0]["code"] == "provider_quota_exceeded"
    reply = await connect(Emulator(answer)).post("/chat-messages", json={**STREAM, "response_mode": "blocking"})
    assert (reply.status_code, reply.json()["code"]) == (400, "provider_quota_exceeded")


async def test_a_plain_generator_may_wait_for_what_the_event_loop_does(connect) -> None:
    seen = threading.Event()

    def answer(request: EmulatorRequest) -> Iterator[str]:
        yield "a"
        assert seen.wait(60)
        yield "b"

    text = ""
    async with connect(Emulator(answer)).stream("POST", "/chat-messages", json=STREAM) as reply:
        async for piece in reply.aiter_text():
            text += piece
            seen.set()
    assert '"answer":"b"' in text


async def test_deltas_wait_for_the_delay(connect) -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    await connect(Emulator(lambda request: ["a", "b", "c"], delay=0.01)).post("/chat-messages", json=STREAM)
    assert loop.time() - before >= 0.02


@pytest.mark.parametrize("error", [EmulatorError(429, "too_many_requests", "x"), RunFailed("x")])
def test_errors_survive_pickling(error) -> None:
    copy: Any = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.status) == (type(error), str(error), error.status)


def test_a_request_is_frozen() -> None:
    request = EmulatorRequest(kind="chat", query="q", inputs={}, files=(), user="u")
    with pytest.raises(AttributeError):
        request.query = "x"  # type: ignore[misc]
