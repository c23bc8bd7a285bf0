"""The event loop is never kept waiting, and a client does not hang in a second one. Async only."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dify import AsyncDify, ConfigurationError, DifyError

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from ...support.transfers import Giver, Taker
from .support import beside, client_for, users_own_connection


class NeedsTheLoop:
    """Blocks until the event loop has run a callback; on the loop's own thread, that is never."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.waits = 0

    def wait(self) -> None:
        ran = threading.Event()
        self._loop.call_soon_threadsafe(ran.set)
        assert ran.wait(20), "the event loop stands still while this blocks"
        self.waits += 1


class BlockingFile(io.BytesIO):
    """A file on a disk that takes its time, whatever it is asked."""

    def __init__(self, content: bytes, needs: NeedsTheLoop) -> None:
        super().__init__(content)
        self._needs = needs

    def read(self, size: int | None = -1) -> bytes:
        self._needs.wait()
        return super().read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._needs.wait()
        return super().seek(offset, whence)

    def tell(self) -> int:
        self._needs.wait()
        return super().tell()


async def test_the_loop_runs_on_while_a_file_is_read() -> None:
    needs = NeedsTheLoop(asyncio.get_running_loop())
    taker = Taker()
    with Server(taker, lazy=True) as server:
        async with client_for(server) as client:
            await client.files.upload(("slow.bin", BlockingFile(b"x" * (3 << 20), needs)))
    assert taker.forms[0].size == 3 << 20
    assert needs.waits > 3


async def test_the_loop_runs_on_while_a_plain_iterable_makes_its_next_piece() -> None:
    needs = NeedsTheLoop(asyncio.get_running_loop())

    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            needs.wait()
            yield b"x" * 1000

    taker = Taker()
    with Server(taker, lazy=True) as server:
        async with client_for(server) as client:
            await client.files.upload(("slow.bin", pieces()))
    assert taker.forms[0].size == 3000


async def test_the_loop_runs_on_while_a_download_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk that blocks is the operating system's: putting the file in its place is made to wait."""
    needs = NeedsTheLoop(asyncio.get_running_loop())
    real = os.replace

    def slow_replace(source: str, target: str) -> None:
        needs.wait()
        real(source, target)

    monkeypatch.setattr(os, "replace", slow_replace)
    giver = Giver(1 << 20)
    with Server(giver) as server:
        async with client_for(server) as client:
            path = await client.files.download("file-1").save(tmp_path / "a.bin", overwrite=True)
    assert path.stat().st_size == giver.size
    assert needs.waits == 1


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def abandoned() -> Iterator[None]:
    """Connections whose event loop is gone cannot be closed; let them go, and warn of it, before the test is over."""
    yield
    found = weakref.ref(Ring())
    while found() is not None:  # a call while another thread collects returns at once
        gc.collect()


def abandons_connections(test: Callable[[], None]) -> Callable[[], None]:
    """Marks a test that uses a client in several loops and closes it in none."""
    ignoring = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
    return ignoring(pytest.mark.usefixtures("abandoned")(test))


def ask_in_a_new_loop(client: AsyncDify) -> str:
    """One reply in an event loop of its own, or the name of the error of ours."""

    async def ask() -> str:
        async with asyncio.timeout(60):
            try:
                return (await client.chat.send("hi")).answer
            except DifyError as error:
                return type(error).__name__

    return asyncio.run(ask())


def streams(x: Exchange) -> None:
    x.sse(frames.message("Hello"), frames.message_end())
    x.end()


@abandons_connections
def test_a_client_works_in_a_second_event_loop() -> None:
    with Server(streams) as server:
        client = client_for(server)
        assert ask_in_a_new_loop(client) == "Hello"
        assert ask_in_a_new_loop(client) == "Hello"
        assert server.connections == 2
        asyncio.run(client.aclose())


@abandons_connections
def test_a_client_over_the_users_own_connections_does_not_hang_in_a_second_event_loop() -> None:
    with Server(streams) as server:
        client = client_for(server, http_client=users_own_connection())
        assert ask_in_a_new_loop(client) == "Hello"
        assert ask_in_a_new_loop(client) in ("Hello", "ConfigurationError", "APIConnectionError", "MisuseError")


@contextmanager
def another_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def test_each_of_several_loops_that_take_turns_keeps_its_connection() -> None:
    with Server(streams) as server, another_loop() as other:
        client = client_for(server)
        for _ in range(5):
            assert (await client.chat.send("hi")).answer == "Hello"
            there = asyncio.run_coroutine_threadsafe(client.chat.send("hi"), other)
            assert (await asyncio.wrap_future(there)).answer == "Hello"
        assert server.connections == 2
        await client.aclose()
        # What another loop has open ends there; a closed client makes no new calls in either.
        refused = asyncio.run_coroutine_threadsafe(client.chat.send("hi"), other)
        with pytest.raises(ConfigurationError, match="closed"):
            await asyncio.wrap_future(refused)
        assert await beside(server.all_closed)


def test_the_connections_of_a_loop_that_is_gone_are_let_go() -> None:
    with Server(streams) as server:
        client = client_for(server)
        for _ in range(5):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                assert ask_in_a_new_loop(client) == "Hello"
                gc.collect()
            assert len(client._pool._own) == 1
        asyncio.run(client.aclose())


@abandons_connections
def test_two_event_loops_at_the_same_time_do_not_hang() -> None:
    answers: list[str] = []
    with Server(streams) as server:
        client = client_for(server)

        def ask_often() -> None:
            for _ in range(5):
                answers.append(ask_in_a_new_loop(client))

        threads = [threading.Thread(target=ask_often) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert answers == ["Hello"] * 20


def test_on_uvloop_a_client_closes_its_connections_at_its_end() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def calls(server: Server) -> None:
        async with client_for(server) as client:
            assert (await client.chat.send("hi")).answer == "Hello"
            async with client.chat.stream("hi") as stream:
                assert (await anext(aiter(stream))).event == "message"
        assert await beside(server.all_closed)

    def answer(x: Exchange) -> None:
        x.sse(frames.message("Hello"))
        if len(x.server.requests) > 1:
            x.hold()
        x.chunk(frames.message_end())
        x.end()

    with Server(answer) as server:
        uvloop.run(calls(server))


def test_on_uvloop_a_stream_can_be_closed_by_another_task() -> None:
    uvloop = pytest.importorskip("uvloop")

    def answer(x: Exchange) -> None:
        x.sse(frames.message("Hello"))
        x.hold()

    async def read_and_close(server: Server) -> None:
        async with client_for(server) as client:
            stream = client.chat.stream("hi")
            events = aiter(stream)
            assert (await anext(events)).event == "message"
            waiting = asyncio.ensure_future(anext(events, None))
            await asyncio.sleep(0)
            await stream.aclose()
            assert await asyncio.wait_for(waiting, 20) is None
        assert await beside(server.all_closed)

    with Server(answer) as server:
        uvloop.run(read_and_close(server))
