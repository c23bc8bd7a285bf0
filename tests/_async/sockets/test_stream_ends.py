"""A stream ends where its terminal event is, though the server stays silent on an open connection, as Dify does for 300 s."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from dify import AsyncDify, BadRequestError, ServerError

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import beside, client_for

SOON = 15.0
"""Seconds within which a stream is over after its terminal event: half of one on any machine that is not very busy, while
the read timeout, which would end it too, is longer."""

STARTED = [frames.PING, frames.workflow_started()]
IN_CHATFLOW = [frames.PING, frames.in_chatflow(frames.workflow_started()), frames.message("Hello")]
CHATFLOW_DONE = frames.in_chatflow(frames.workflow_finished(answer="Hello"))


def chat(client: AsyncDify) -> Any:
    return client.chat.stream("hi")


def completion(client: AsyncDify) -> Any:
    return client.completions.stream({"q": "tea"})


def workflow(client: AsyncDify) -> Any:
    return client.workflows.stream({"q": "tea"})


def followed_run(client: AsyncDify) -> Any:
    return client.workflows.events(frames.RUN, continue_on_pause=True)


ENDS: dict[str, tuple[Callable[[AsyncDify], Any], list[bytes], list[str]]] = {
    "workflow_finished": (workflow, [*STARTED, frames.workflow_finished()], ["workflow_started", "workflow_finished"]),
    "workflow_finished, failed": (
        workflow,
        [*STARTED, frames.workflow_finished("failed", error="no")],
        ["workflow_started", "workflow_finished"],
    ),
    "workflow_paused": (workflow, [*STARTED, frames.workflow_paused()], ["workflow_started", "workflow_paused"]),
    "workflow_finished of a run that is followed past its pauses": (
        followed_run,
        [frames.PING, frames.workflow_paused(), frames.workflow_started(), frames.workflow_finished()],
        ["workflow_paused", "workflow_started", "workflow_finished"],
    ),
    "chat message_end": (chat, [frames.message("Hello"), frames.message_end()], ["message", "message_end"]),
    "completion message_end": (completion, [frames.message("Hello"), frames.message_end()], ["message", "message_end"]),
    "chatflow, message_end first": (
        chat,
        [*IN_CHATFLOW, frames.message_end(), CHATFLOW_DONE],
        ["workflow_started", "message", "message_end", "workflow_finished"],
    ),
    "chatflow, workflow_finished first": (
        chat,
        [*IN_CHATFLOW, CHATFLOW_DONE, frames.message_end()],
        ["workflow_started", "message", "workflow_finished", "message_end"],
    ),
    "chatflow, workflow_finished failed": (
        chat,
        [*IN_CHATFLOW, frames.in_chatflow(frames.workflow_finished("failed", error="no"))],
        ["workflow_started", "message", "workflow_finished"],
    ),
    "chatflow, paused": (
        chat,
        [*IN_CHATFLOW, frames.in_chatflow(frames.workflow_paused())],
        ["workflow_started", "message", "workflow_paused"],
    ),
    "moderated chatflow: message_end and no run": (
        chat,
        [frames.PING, frames.message("I cannot say."), frames.message_end()],
        ["message", "message_end"],
    ),
}

FAILURES: dict[str, tuple[Callable[[AsyncDify], Any], list[bytes], type[Exception]]] = {
    "chat": (chat, [frames.message("Hel"), frames.error()], BadRequestError),
    "completion": (completion, [frames.message("Hel"), frames.error()], BadRequestError),
    "workflow, before the run": (workflow, [frames.PING, frames.bare_error()], ServerError),
    "workflow, within the run": (workflow, [*STARTED, frames.error()], BadRequestError),
    "chatflow, before the run": (chat, [frames.PING, frames.bare_error()], ServerError),
}


class Silent:
    """Answers with these frames and then goes silent; knows when the last one was about to leave."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts
        self.since = 0.0

    def __call__(self, x: Exchange) -> None:
        x.sse(*self._parts[:-1])
        self.since = time.monotonic()
        x.chunk(self._parts[-1])
        x.hold()


@pytest.mark.parametrize("end", ENDS)
async def test_a_stream_is_over_soon_after_its_terminal_event_and_closes_the_connection(end: str) -> None:
    open_stream, parts, expected = ENDS[end]
    silent = Silent(parts)
    with Server(silent) as server:
        async with client_for(server) as client:
            seen = [event.event async for event in open_stream(client)]
            took = time.monotonic() - silent.since
            assert seen == expected
            assert took < SOON
            # The client is still open here: it is the stream that has closed the connection.
            assert await beside(server.all_closed)


@pytest.mark.parametrize("app", FAILURES)
async def test_an_error_frame_raises_at_once_and_closes_the_connection(app: str) -> None:
    open_stream, parts, error = FAILURES[app]
    silent = Silent(parts)
    with Server(silent) as server:
        async with client_for(server) as client:
            with pytest.raises(error):
                await open_stream(client).final()
            assert time.monotonic() - silent.since < SOON
            assert await beside(server.all_closed)


@pytest.mark.parametrize("end", ["chat message_end", "chatflow, workflow_finished first", "completion message_end"])
async def test_the_whole_reply_does_not_wait_for_the_server_to_close(end: str) -> None:
    open_stream, parts, _ = ENDS[end]
    silent = Silent(parts)
    with Server(silent) as server:
        async with client_for(server) as client:
            reply = await open_stream(client).final()
            assert time.monotonic() - silent.since < SOON
            assert reply.answer == "Hello"
            assert await beside(server.all_closed)


async def test_a_pause_is_no_end_for_a_stream_that_was_asked_to_go_on() -> None:
    def answer(x: Exchange) -> None:
        x.sse(frames.PING, frames.workflow_paused(), frames.PING)
        # Longer than any grace; only a stream that goes on is there to see the rest.
        x.server.stopping.wait(1.5)
        x.chunk(frames.workflow_started())
        x.chunk(frames.workflow_finished(answer="done"))
        x.hold()

    with Server(answer) as server:
        async with client_for(server) as client:
            run = await client.workflows.events(frames.RUN, continue_on_pause=True).final()
            assert run.outputs == {"answer": "done"}
