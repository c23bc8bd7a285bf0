"""What only the asynchronous face has: a forgotten await, a server that goes silent, cancellation."""

from __future__ import annotations

import gc
import inspect
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from dify import AsyncDify, UsageError
from tests._async.support import answered, make_client, streaming
from tests.support.frames import message, message_end, run_finished, run_started, speech, sse
from tests.support.operations import operations

THINGS = {
    "client": lambda client: client,
    "chat stream": lambda client: client.chat.stream("hi"),
    "completion stream": lambda client: client.completions.stream({}),
    "workflow stream": lambda client: client.workflows.stream({}),
    "run events": lambda client: client.workflows.events("run-1"),
    "pager": lambda client: client.workflows.logs(),
    "byte stream": lambda client: client.files.download("file-1"),
}


def refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing may be sent")


def _for(thing: Any) -> None:
    for _ in thing:
        pass


def _with(thing: Any) -> None:
    with thing:
        pass


def _next(thing: Any) -> None:
    next(thing)


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
@pytest.mark.parametrize("use", [_for, _with, _next])
def test_the_other_faces_statements_are_answered_with_what_to_write(thing, use):
    with pytest.raises(UsageError) as caught:
        use(thing(make_client(refuse)))
    assert "async" in str(caught.value)
    assert "Dify" in str(caught.value)


async def test_awaiting_a_pager_gives_the_first_page():
    body = {"page": 1, "limit": 1, "total": 2, "has_more": True, "data": [{"id": "log-0"}]}
    page = await make_client(lambda request: httpx.Response(200, json=body)).workflows.logs(limit=1)
    assert ([one.id for one in page.data], page.has_more, page.total) == (["log-0"], True, 2)


CALLS = {
    "send": lambda client: client.chat.send("hi"),
    "get": lambda client: client.workflows.get("run-1"),
    "server": lambda client: client.server(),
    "final": lambda client: client.chat.stream("hi").final(),
    "aclose": lambda client: client.aclose(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_forgotten_await_is_a_real_coroutine_and_python_warns_of_it(call):
    client = make_client(streaming([]))
    with pytest.warns(RuntimeWarning, match="never awaited"):  # noqa: PT031
        assert inspect.iscoroutine(call(client))
        gc.collect()


def test_every_method_is_a_coroutine_function_or_gives_a_stream_or_pager():
    client = make_client(streaming([]))
    for operation in operations(client):
        target = client
        for part in operation.path.split("."):
            target = getattr(target, part)
        if not inspect.iscoroutinefunction(target):
            made = operation.call(client)
            assert hasattr(made, "__aiter__"), operation.path


class Silent(httpx.AsyncByteStream):
    """Sends its chunks, and then nothing more, without an end."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        await anyio.sleep(60)

    async def aclose(self) -> None:
        self.closed = True


async def seconds_of(*frames: dict, kind: str = "chat", **settings: object) -> float:
    body = Silent(sse(*frames))
    client = make_client(lambda request: answered(body))
    start = time.monotonic()
    if kind == "chat":
        await client.chat.send("hi", **settings)
    else:
        await client.workflows.run({}, **settings)
    assert body.closed
    return time.monotonic() - start


async def test_what_ends_a_stream_for_certain_ends_it_at_once():
    assert await seconds_of(run_started(), run_finished(), kind="workflow") < 0.3
    assert await seconds_of(run_started(), message("Hi"), message_end(), run_finished()) < 0.3
    assert await seconds_of(run_started(), message("Hi"), run_finished(), message_end()) < 0.3


async def test_a_chat_whose_server_does_not_close_ends_after_a_short_grace():
    assert 0.3 < await seconds_of(message("Hi"), message_end()) < 2


@pytest.mark.slow
async def test_a_chatflow_that_says_one_of_its_ends_alone_is_waited_for_a_little():
    assert await seconds_of(run_started(), message("Hi"), message_end()) < 10


@pytest.mark.slow
async def test_speech_that_never_ends_is_not_waited_for_forever():
    assert await seconds_of(message("Hi"), message_end(), speech(b"x"), collect_audio=True) < 10


async def test_cancelling_a_task_closes_its_stream():
    body = Silent(sse(message("Hi")))
    client = make_client(lambda request: answered(body))
    with anyio.move_on_after(0.1) as scope:
        async with client.chat.stream("hi") as stream:
            async for _ in stream:
                pass
    assert scope.cancelled_caught
    assert body.closed


async def test_cancelling_a_bare_loop_closes_its_stream():
    body = Silent(sse(message("Hi")))
    client = make_client(lambda request: answered(body))
    with anyio.move_on_after(0.1):
        async for _ in client.chat.stream("hi"):
            pass
    assert body.closed


async def test_many_streams_of_one_client_do_not_wait_for_each_other():
    client = make_client(lambda request: answered(Silent(sse(message("Hi"), message_end()))))
    start = time.monotonic()
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(client.chat.send, "hi")
    assert time.monotonic() - start < 5


def test_a_client_works_from_one_event_loop_after_another():
    client = AsyncDify(
        "app-key",
        user="alice",
        base_url="https://dify.test",
        http_client=httpx.AsyncClient(
            transport=httpx.MockTransport(lambda r: answered(Silent(sse(message("Hi"), message_end()))))
        ),
    )

    async def ask() -> str:
        return (await client.chat.send("hi")).answer

    assert anyio.run(ask) == "Hi"
    assert anyio.run(ask) == "Hi"
    assert anyio.run(ask, backend="trio") == "Hi"
