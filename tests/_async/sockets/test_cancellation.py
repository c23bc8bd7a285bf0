"""Cancelling a task costs no connection, wherever it strikes. Async only: a thread cannot be cancelled."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify import AsyncDify

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from ...support.transfers import Giver
from .support import beside, client_for, single_connection


def cancelled_while_open(x: Exchange) -> None:
    """Streams begin and go on; every other call is answered."""
    if x.request.path.endswith("/chat-messages"):
        x.sse(frames.PING, frames.message("Hel"), frames.message("lo"))
        x.hold()
    x.json(frames.run_detail())


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel a task and see it end as a cancelled one."""
    task.cancel()
    await asyncio.wait([task], timeout=20)
    assert task.cancelled()


async def assert_released(server: Server, client: AsyncDify) -> None:
    """The server sees the connection closed, and the pool, which has but one, gives one out again."""
    assert await beside(server.all_closed)
    assert (await client.workflows.get(frames.RUN)).status == "succeeded"


async def test_while_a_stream_waits_for_bytes() -> None:
    begun = asyncio.Event()

    async def read(client: AsyncDify) -> None:
        async for event in client.chat.stream("hi"):
            if event.answer == "lo":
                begun.set()

    with Server(cancelled_while_open) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            task = asyncio.create_task(read(client))
            await asyncio.wait_for(begun.wait(), 20)
            await asyncio.sleep(0)  # the loop now waits for bytes
            await cancelled(task)
            await assert_released(server, client)


async def test_while_a_stream_waits_in_its_grace_period() -> None:
    begun = asyncio.Event()

    async def read(client: AsyncDify) -> None:
        async for event in client.chat.stream("hi"):
            if event.event == "message_end":
                begun.set()  # of a chatflow: its run's end is waited for

    def answer(x: Exchange) -> None:
        if x.request.method == "POST":
            x.sse(frames.in_chatflow(frames.workflow_started()), frames.message("Hello"), frames.message_end())
            x.hold()
        x.json(frames.run_detail())

    with Server(answer) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            task = asyncio.create_task(read(client))
            await asyncio.wait_for(begun.wait(), 20)
            await asyncio.sleep(0)
            await cancelled(task)
            await assert_released(server, client)


CALLS: dict[str, Callable[[AsyncDify], Any]] = {
    "a stream that is entered": lambda client: client.chat.stream("hi").__aenter__(),
    "a whole reply": lambda client: client.chat.send("hi"),
    "a blocking reply": lambda client: client.chat.send("hi", response_mode="blocking"),
    "a call without content": lambda client: client.chat.stop(frames.TASK),
    "an upload": lambda client: client.files.upload(("a.txt", b"content")),
    "a download": lambda client: client.files.download("file-1").read(),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: appl"], ids=["nothing", "half a head"])
async def test_while_a_call_waits_for_its_answer(name: str, sent: bytes) -> None:
    answers = threading.Event()

    def answer(x: Exchange) -> None:
        if answers.is_set():
            x.json(frames.run_detail())
        else:
            x.send(sent)
            x.hold()

    with Server(answer) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            task = asyncio.ensure_future(CALLS[name](client))
            assert await beside(server.has_seen, 1)
            await cancelled(task)
            answers.set()
            await assert_released(server, client)


async def test_while_a_body_is_read() -> None:
    answers, half = threading.Event(), threading.Event()

    def answer(x: Exchange) -> None:
        if answers.is_set():
            x.json(frames.run_detail())
        else:
            x.head(200, "application/json", "Content-Length: 1000")
            x.send(b'{"id": ')
            half.set()
            x.hold()

    with Server(answer) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            task = asyncio.create_task(client.workflows.get(frames.RUN))
            assert await beside(half.wait, 20)
            await cancelled(task)
            answers.set()
            await assert_released(server, client)


class Told(logging.Handler):
    """Waits for the log's word that a call will be tried again."""

    def __init__(self) -> None:
        super().__init__()
        self.event = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "attempt 2" in record.getMessage():
            self.event.set()


async def test_between_two_attempts_sends_no_more(caplog: pytest.LogCaptureFixture) -> None:
    def answer(x: Exchange) -> None:
        x.json({"code": "too_many_requests", "message": "wait", "status": 429}, 429, "Retry-After: 30")

    told, log = Told(), logging.getLogger("dify")
    log.addHandler(told)
    try:
        with caplog.at_level(logging.INFO, log.name), Server(answer) as server:
            async with client_for(server, max_retries=2) as client:
                task = asyncio.create_task(client.workflows.get(frames.RUN))
                await asyncio.wait_for(told.event.wait(), 20)
                await asyncio.sleep(0)  # it waits now
                await cancelled(task)
            assert len(server.requests) == 1
    finally:
        log.removeHandler(told)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)


async def test_while_a_download_makes_its_file_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is made in a thread, which goes on when its task is cancelled."""
    reached, proceed, made = threading.Event(), threading.Event(), threading.Event()
    real = Path.open

    def slow_open(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if mode != "xb":  # no new file
            return real(path, mode, *args, **kwargs)
        reached.set()
        proceed.wait(20)
        try:
            return real(path, mode, *args, **kwargs)
        finally:
            made.set()

    monkeypatch.setattr(Path, "open", slow_open)
    with Server(Giver(1 << 20)) as server:
        async with client_for(server) as client:
            task = asyncio.ensure_future(client.files.download("file-1").save(tmp_path / "a.bin"))
            assert await beside(reached.wait, 20)
            task.cancel()
            asyncio.get_running_loop().call_later(0.05, proceed.set)
            await asyncio.wait([task], timeout=20)
            assert task.cancelled()
            assert await beside(made.wait, 20)
            # The thread cleans up after itself; it has made the file, and is a step or two from there.
            await beside(eventually, lambda: list(tmp_path.iterdir()) == [])
    assert list(tmp_path.iterdir()) == []
