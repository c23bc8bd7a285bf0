"""One client serves many calls at once, on connections that are used again, and says so when it is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dify import APIConnectionError, APITimeoutError, AsyncDify, ConfigurationError
from dify._net.deadline import AsyncDeadline

from ...support import raw_frames as frames
from ...support.server import PATIENCE, Exchange, Server
from .support import AsyncConnectionPool, Job, beside, client_for, together

STREAMS = 50


async def test_fifty_streams_at_once_each_bring_their_own_answer() -> None:
    def answer(x: Exchange) -> None:
        query = x.request.json["query"]
        # No stream ends before all of them have begun: they do run at the same time.
        x.sse(frames.PING, frames.message(f"{query}: "))
        assert x.server.has_seen(STREAMS)
        for number in range(20):
            x.chunk(frames.message(f"{number} "))
        x.chunk(frames.message_end())
        x.end()

    async def ask(client: AsyncDify, number: int) -> str:
        text = ""
        async for event in client.chat.stream(f"question {number}"):
            if event.event == "message":
                text += event.answer
        return text

    with Server(answer) as server:
        async with client_for(server) as client:
            answers: list[Any] = await together(
                [lambda number=number: ask(client, number) for number in range(STREAMS)]
            )
            numbers = "".join(f"{number} " for number in range(20))
            assert answers == [f"question {number}: {numbers}" for number in range(STREAMS)]
            assert server.connections == STREAMS
        assert await beside(server.all_closed)


async def test_more_calls_than_connections_wait_for_one_to_end() -> None:
    most, calls = 3, 12

    def answer(x: Exchange) -> None:
        # Each call stays until as many as may be have come, so that a client that let more through would be seen.
        assert x.server.has_seen(most)
        seen.append(x.server.open)
        x.json(frames.chat_reply())

    seen: list[int] = []
    with Server(answer) as server:
        async with client_for(server, max_connections=most) as client:
            replies: list[Any] = await together(
                # Each for another user: the first call of a user holds the others of that user back.
                [
                    lambda user=f"user-{at}": client.chat.send("hi", user=user, response_mode="blocking")
                    for at in range(calls)
                ]
            )
        assert [reply.answer for reply in replies] == ["Hello"] * calls
        assert max(seen) == server.connections == most
        assert await beside(server.all_closed)


@pytest.mark.parametrize(
    "answered",
    [
        b"HTTP/1.1 204 X\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n204",
        b"HTTP/1.1 204 X\r\nContent-Length: 3\r\n\r\n",  # which may still come, at any time
        b"HTTP/1.1 204 X\r\n\r\n204",
        b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\n204HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["204 with a body", "204 with a body to come", "204 and more", "204 in chunks", "two answers to one request"],
)
async def test_what_comes_behind_an_answer_is_never_taken_for_the_next_one(answered: bytes) -> None:
    def answer(x: Exchange) -> None:
        if x.request.method == "DELETE":
            x.send(answered)
        else:
            x.json({"id": "a-1", "question": "q", "answer": "a"}, 201)

    with Server(answer) as server:
        async with client_for(server) as client:
            await client.annotations.delete("a-0")
            made = await client.annotations.create("q", "a")
        assert (made.id, server.connections) == ("a-1", 2)


async def test_a_connection_whose_answer_had_no_content_is_used_again() -> None:
    def answer(x: Exchange) -> None:
        x.send(b"HTTP/1.1 204 X\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n")

    with Server(answer) as server:
        async with client_for(server) as client:
            for number in range(3):
                await client.annotations.delete(f"a-{number}")
        assert server.connections == 1


def one_stream_at_a_time(gate: threading.Event) -> Callable[[Exchange], None]:
    """A stream that pings until the gate is open; everything else is answered at once."""

    def answer(x: Exchange) -> None:
        if x.request.method == "GET":
            x.json(frames.run_detail())
            return
        x.sse(frames.message("Hello"))
        while not gate.wait(0.05):
            x.chunk(frames.PING)
        x.chunk(frames.message_end())
        x.end()

    return answer


@pytest.mark.parametrize("excepted", [None, "127.0.0.1", "*"])
async def test_the_time_of_a_call_begins_when_it_has_a_connection(
    excepted: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the environment names a proxy, but not for this server: the connections are the client's own."""
    if excepted is not None:
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", excepted)
    gate, gap = threading.Event(), 0.5
    with Server(one_stream_at_a_time(gate)) as server:
        async with client_for(server, max_connections=1) as client, client.chat.stream("hi") as stream:
            assert await beside(server.has_seen, 1)
            async with Job(lambda: client.with_options(timeout=gap).workflows.get(frames.RUN)) as waiting:
                # Longer than the call may take once it is on its way, which is twice the gap.
                await beside(gate.wait, 3 * gap)
                gate.set()
                assert (await stream.final()).answer == "Hello"
                assert (await waiting.result()).status == "succeeded"


async def test_a_limit_on_the_wait_for_a_connection_is_kept_and_says_that_nothing_was_sent() -> None:
    gate = threading.Event()
    with Server(one_stream_at_a_time(gate)) as server:
        async with client_for(server, max_connections=1, timeout=httpx.Timeout(20, pool=0.05)) as client:
            async with client.chat.stream("hi") as stream:
                assert await beside(server.has_seen, 1)
                with pytest.raises(APITimeoutError, match="max_connections") as caught:
                    await client.workflows.get(frames.RUN)
                assert not caught.value.sent
                gate.set()
                assert (await stream.final()).answer == "Hello"
            assert (await client.workflows.get(frames.RUN)).status == "succeeded"
        assert len(server.requests) == 2


async def test_calls_one_after_the_other_use_one_connection() -> None:
    def answer(x: Exchange) -> None:
        if x.request.method == "GET":
            x.json(frames.run_detail())
        elif x.request.path.endswith("/stop"):
            x.json({"result": "success"})
        else:
            x.json(frames.chat_reply())

    with Server(answer) as server:
        async with client_for(server) as client:
            for _ in range(3):
                await client.workflows.get(frames.RUN)
                await client.chat.stop(frames.TASK)
                await client.with_options(user="bob").chat.send("hi", response_mode="blocking")
        assert server.connections == 1
        assert await beside(server.all_closed)


async def test_a_client_used_after_it_was_closed_says_so() -> None:
    with Server(lambda x: x.json(frames.run_detail())) as server:
        async with client_for(server) as client:
            await client.workflows.get(frames.RUN)
            copy = client.with_options(user="bob")
            unread = client.chat.stream("hi")
        for used in (client, copy):
            with pytest.raises(ConfigurationError, match="closed"):
                await used.workflows.get(frames.RUN)
        with pytest.raises(ConfigurationError, match="closed"):
            await unread.final()
        await client.aclose()
        assert len(server.requests) == 1


class Watched(AsyncConnectionPool):
    """One connection at a time; it tells of each call that waits for it."""

    def __init__(self) -> None:
        super().__init__(max_connections=1)
        self.waiting = threading.Semaphore(0)

    async def _wait(self, request: httpx.Request, deadline: AsyncDeadline) -> None:
        self.waiting.release()
        await super()._wait(request, deadline)


async def test_calls_that_wait_for_a_connection_of_a_client_that_is_closed_say_so_and_are_not_sent() -> None:
    gate, connections = threading.Event(), Watched()
    own = httpx.AsyncClient(transport=connections)
    with Server(one_stream_at_a_time(gate)) as server:
        async with client_for(server, http_client=own) as client, client.chat.stream("hi"):  # which is not read
            assert await beside(server.has_seen, 1)

            def call() -> Job:
                return Job(lambda: client.workflows.get(frames.RUN))

            async with call() as one, call() as two, call() as three:
                for _ in range(3):
                    assert await beside(connections.waiting.acquire, timeout=PATIENCE)
                await own.aclose()
                for job in (one, two, three):
                    error = await job.result()
                    assert isinstance(error, ConfigurationError)
                    assert "closed" in str(error)
        gate.set()
        assert len(server.requests) == 1


async def test_an_http_client_that_is_closed_while_a_call_begins_says_so() -> None:
    class Late(httpx.AsyncClient):
        is_closed = False

        async def send(self, *args: Any, **kwargs: Any) -> httpx.Response:
            Late.is_closed = True  # after the call has checked
            return await super().send(*args, **kwargs)

    own = Late()
    await own.aclose()
    async with client_for("127.0.0.1:1", http_client=own) as client:
        with pytest.raises(ConfigurationError, match="closed") as caught:
            await client.workflows.get(frames.RUN)
    assert caught.value.reason == "closed"


async def test_a_connection_that_the_server_closed_while_it_was_idle_is_not_used_again() -> None:
    def answer(x: Exchange) -> None:
        x.json(frames.chat_reply())
        x.close()

    with Server(answer) as server:
        async with client_for(server) as client:
            for number in range(1, 4):
                # An unsafe call, which is never repeated: it must go out on a connection that lives.
                assert (await client.chat.send("hi", response_mode="blocking")).answer == "Hello"
                assert await beside(server.all_closed)
                assert server.connections == number


async def test_a_server_that_is_not_there_is_a_connection_error_that_was_not_sent() -> None:
    with Server(lambda x: x.close()) as server:
        url = server.url
    async with client_for(url) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.chat.send("hi")
        assert not caught.value.sent
