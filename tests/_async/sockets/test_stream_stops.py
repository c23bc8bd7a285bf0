"""Stopping a stream, and closing it from elsewhere, at moments when it cannot simply be read on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dify import AsyncDify

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import Job, beside, client_for, single_connection, together, users_own_connection

STOP = f"POST /v1/chat-messages/{frames.TASK}/stop"


def goes_on(x: Exchange) -> None:
    """A stream that has begun and goes on; all else is answered."""
    if x.request.path.endswith("/stop"):
        x.json({"result": "success"})
    elif x.request.method == "GET":
        x.json(frames.run_detail())
    else:
        x.sse(frames.message("Hel"))
        x.hold()


async def begin_and_stop(client: AsyncDify) -> list[str]:
    seen: list[str] = []
    async with client.chat.stream("hi") as stream:
        async for event in stream:
            seen.append(event.event)
            await stream.stop()
    return seen


async def test_a_stream_that_holds_the_only_connection_can_be_stopped() -> None:
    with Server(goes_on) as server:
        async with client_for(server, max_connections=1) as client:
            assert await begin_and_stop(client) == ["message"]
            assert server.paths() == ["POST /v1/chat-messages", STOP]
            assert (await client.workflows.get(frames.RUN)).status == "succeeded"


@pytest.mark.parametrize("http", [single_connection, users_own_connection])
async def test_so_it_can_with_an_http_client_of_the_users_own(http: Callable[[], Any]) -> None:
    with Server(goes_on) as server:
        async with http() as own:
            client = client_for(server, http_client=own)
            assert await begin_and_stop(client) == ["message"]
            assert server.paths() == ["POST /v1/chat-messages", STOP]
            assert (await client.workflows.get(frames.RUN)).status == "succeeded"


async def test_streams_that_hold_all_connections_can_be_stopped_all_at_once() -> None:
    with Server(goes_on) as server:
        async with client_for(server, max_connections=3) as client:
            assert await together([lambda: begin_and_stop(client)] * 3) == [["message"]] * 3
            assert sorted(server.paths()) == ["POST /v1/chat-messages"] * 3 + [STOP] * 3


async def test_a_stop_is_sent_while_the_stream_is_still_open_where_a_connection_is_free() -> None:
    """So that servers which take a lost connection for an end have time to store what they said."""
    open_then: list[int] = []

    def answer(x: Exchange) -> None:
        if x.request.path.endswith("/stop"):
            open_then.append(x.server.open)
        goes_on(x)

    with Server(answer) as server:
        async with client_for(server) as client:
            await begin_and_stop(client)
    assert open_then == [2]


async def test_a_stop_takes_the_options_of_its_stream() -> None:
    options = {"headers": {"X-Gateway-Token": "s3"}}
    with Server(goes_on) as server:
        async with client_for(server) as client:
            for stream in (
                client.chat.stream("hi", options=options),
                client.completions.stream({}, options=options),
                client.workflows.stream({}, options=options),
            ):
                async for _ in stream:
                    await stream.stop()
    assert [request.headers.get("x-gateway-token") for request in server.requests] == ["s3"] * 6


def silent(x: Exchange) -> None:
    """Never answers a stream; all else is answered."""
    if x.request.path.startswith("/v1/workflows/run/"):
        x.json(frames.run_detail())
    x.hold()


STREAMS: dict[str, Callable[[AsyncDify], Any]] = {
    "a call that is made once": lambda client: client.chat.stream("think long"),
    "a call that may be made twice": lambda client: client.workflows.events(frames.RUN),
}


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("retries", [0, 2])
async def test_closing_from_elsewhere_ends_a_wait_for_the_first_byte(kind: str, retries: int) -> None:
    with Server(silent) as server:
        async with client_for(server, max_connections=1, max_retries=retries) as client:
            stream = STREAMS[kind](client)

            async def read() -> list[str]:
                return [event.event async for event in stream]

            async with Job(read) as job:
                assert await beside(server.has_seen, 1)
                await stream.aclose()
                assert await job.result() == []
            assert await beside(server.all_closed)
            # The one connection may be used again, and nothing was tried again.
            assert (await client.workflows.get(frames.RUN)).status == "succeeded"
            assert len(server.requests) == 2


async def test_closing_from_elsewhere_ends_a_wait_for_the_rest_of_a_run() -> None:
    def answer(x: Exchange) -> None:
        if x.request.method == "POST":
            x.sse(frames.workflow_started())
            x.close()
        silent(x)

    with Server(answer) as server:
        async with client_for(server, max_connections=1, max_retries=2) as client:
            stream = client.workflows.stream({"q": "tea"})

            async def read() -> list[str]:
                return [event.event async for event in stream]

            async with Job(read) as job:
                assert await beside(server.has_seen, 2)
                await stream.aclose()
                assert await job.result() == ["workflow_started"]
            assert await beside(server.all_closed)
            assert (await client.workflows.get(frames.RUN)).status == "succeeded"
            assert len(server.requests) == 3
