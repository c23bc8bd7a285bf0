"""What only the asynchronous face has: a forgotten await, a server that goes silent, cancellation."""

from __future__ import annotations

import gc
import inspect
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

import anyio
import httpx
import pytest

from dify import AsyncDify
from dify._net.deadline import AsyncDeadline
from dify._streaming.folds import LONG_GRACE, SHORT_GRACE
from tests._async.support import answered, make_client, streaming
from tests.support.frames import message, message_end, run_finished, run_started, speech, sse
from tests.support.operations import operations


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
        await anyio.sleep_forever()

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def graces(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait for more was allowed to take after the end had come; none takes so long here."""
    chosen: list[float] = []

    def move_on_after(deadline: AsyncDeadline, seconds: float) -> AbstractContextManager[anyio.CancelScope]:
        chosen.append(seconds)
        return anyio.move_on_after(0.01)

    monkeypatch.setattr(AsyncDeadline, "move_on_after", move_on_after)
    return chosen


async def read_to_the_end(*frames: dict, kind: str = "chat", **settings: object) -> None:
    """A stream that would stay silent for ever after its frames is over nevertheless, and closed."""
    body = Silent(sse(*frames))
    client = make_client(lambda request: answered(body))
    if kind == "chat":
        await client.chat.send("hi", **settings)
    else:
        await client.workflows.run({}, **settings)
    assert body.closed


ENDS_FOR_CERTAIN = {
    "a workflow's": ("workflow", (run_started(), run_finished())),
    "a chatflow's, the run's first": ("chat", (run_started(), message("Hi"), run_finished(), message_end())),
    "a chatflow's, the message's first": ("chat", (run_started(), message("Hi"), message_end(), run_finished())),
}


@pytest.mark.parametrize("end", ENDS_FOR_CERTAIN)
async def test_what_ends_a_stream_for_certain_ends_it_without_a_wait(end, graces):
    kind, frames = ENDS_FOR_CERTAIN[end]
    await read_to_the_end(*frames, kind=kind)
    assert graces == []


async def test_a_chat_whose_server_does_not_close_ends_after_a_short_grace(graces):
    await read_to_the_end(message("Hi"), message_end())
    assert graces == [SHORT_GRACE]


async def test_a_chatflow_that_says_one_of_its_ends_alone_is_waited_for_a_little(graces):
    await read_to_the_end(run_started(), message("Hi"), message_end())
    assert graces == [LONG_GRACE]


async def test_speech_that_never_ends_is_not_waited_for_forever(graces):
    await read_to_the_end(message("Hi"), message_end(), speech(b"x"), collect_audio=True)
    assert graces == [LONG_GRACE]


def test_a_grace_is_a_matter_of_seconds():
    assert 0.1 < SHORT_GRACE < LONG_GRACE < 10


async def test_cancelling_a_task_closes_its_stream():
    body = Silent(sse(message("Hi")))
    client = make_client(lambda request: answered(body))
    with anyio.CancelScope() as scope:
        async with client.chat.stream("hi") as stream:
            async for _ in stream:
                scope.cancel()
    assert scope.cancelled_caught
    assert body.closed


async def test_cancelling_a_bare_loop_closes_its_stream():
    body = Silent(sse(message("Hi")))
    client = make_client(lambda request: answered(body))
    with anyio.CancelScope() as scope:
        async for _ in client.chat.stream("hi"):
            scope.cancel()
    assert scope.cancelled_caught
    assert body.closed


async def test_many_streams_of_one_client_do_not_wait_for_each_other():
    streams_open, all_open = 0, anyio.Event()

    class Together(Silent):
        """Sends nothing before all of them are open."""

        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal streams_open
            streams_open += 1
            if streams_open == 50:
                all_open.set()
            await all_open.wait()
            for chunk in self.chunks:
                yield chunk

    client = make_client(lambda request: answered(Together(sse(message("Hi"), message_end()))))
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(client.chat.send, "hi")
    assert streams_open == 50


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
