"""An answer that comes in drops ends all the same: each read is in time, the whole is not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from dify import APITimeoutError, ServerError

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import beside, client_for, users_own_connection

GAP = 0.25
"""The read timeout in seconds; for the headers, and then for the body, there is twice that."""


def drops(x: Exchange, drop: bytes) -> None:
    """The same few bytes again and again, as long as the client listens."""
    while not x.server.stopping.wait(GAP / 10):
        x.send(drop)
    x.close()


def headers_in_drops(x: Exchange) -> None:
    x.send(b"HTTP/1.1 200 OK\r\n")
    drops(x, b"X-Header: 1\r\n")


def body_in_drops(x: Exchange) -> None:
    x.head(200, "application/json", "Content-Length: 1000000")
    drops(x, b" ")


def error_in_drops(x: Exchange) -> None:
    x.head(503, "application/json", "Content-Length: 1000000")
    drops(x, b" ")


@pytest.mark.parametrize("answer", [headers_in_drops, body_in_drops])
async def test_an_answer_in_drops_is_a_timeout_that_says_it_was_sent(answer: Callable[[Exchange], None]) -> None:
    with Server(answer) as server:
        async with client_for(server, timeout=GAP) as client:
            with pytest.raises(APITimeoutError) as caught:
                await client.workflows.run({"a": 1}, response_mode="blocking")
            assert caught.value.sent
            assert await beside(server.all_closed)
        assert len(server.requests) == 1


async def test_a_body_in_drops_through_a_users_own_http_client_is_a_timeout_too() -> None:
    with Server(body_in_drops) as server:
        async with users_own_connection() as http:
            client = client_for(server, timeout=GAP, http_client=http)
            with pytest.raises(APITimeoutError) as caught:
                await client.app.info()
            assert caught.value.sent
            assert await beside(server.all_closed)


async def test_an_errors_body_in_drops_costs_the_body_and_not_the_status() -> None:
    with Server(error_in_drops) as server:
        async with client_for(server, timeout=1) as client:  # in which the headers come for certain
            with pytest.raises(ServerError) as caught:
                await client.app.info()
        assert caught.value.status_code == 503


async def test_calls_and_streams_begin_no_thread_for_their_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    start = threading.Thread.start
    here = threading.current_thread()

    def noted(thread: threading.Thread) -> None:
        if threading.current_thread() is here:
            begun.append(thread.name)
        start(thread)

    def answer(x: Exchange) -> None:
        if x.request.method == "GET":
            x.json(frames.run_detail())
        else:
            x.sse(frames.message("Hello"), frames.message_end())
            x.hold()

    with Server(answer) as server:
        async with client_for(server) as client:
            monkeypatch.setattr(threading.Thread, "start", noted)
            assert (await client.workflows.get(frames.RUN)).status == "succeeded"
            assert (await client.chat.send("hi")).answer == "Hello"
            monkeypatch.undo()
    assert begun == []
