"""Deadlines of the blocking face: the socket checks the time before each read and write."""

from __future__ import annotations

import threading
import time
from typing import Any

import anyio
import httpcore
import httpx
import pytest

from dify import APITimeoutError, AsyncDify
from dify._net import asyncio_backend
from dify._net.deadline import Deadline, TimedStream


class Clock:
    """The time as it stands until a test moves it."""

    now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: stopped.now)
    return stopped


class Noted(httpcore.NetworkStream):
    """Notes how long it was to wait; each read and write takes `takes` seconds of the clock."""

    def __init__(self, clock: Clock | None = None, takes: float = 0.0) -> None:
        self.clock, self.takes = clock, takes
        self.waits: list[float | None] = []
        self.written: list[int] = []

    def _pass(self, timeout: float | None) -> None:
        self.waits.append(timeout)
        if self.clock is not None:
            self.clock.now += self.takes

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._pass(timeout)
        return b"x"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._pass(timeout)
        self.written.append(len(buffer))

    def get_extra_info(self, info: str) -> Any:
        return None


def pair(under: Noted, seconds: float | None = 10) -> tuple[TimedStream, Deadline]:
    stream, deadline = TimedStream(under), Deadline(seconds)
    deadline.attach(stream)
    return stream, deadline


def test_without_an_end_a_read_waits_as_long_as_it_was_told() -> None:
    under = Noted()
    stream, _ = pair(under)
    assert stream.read(10, 7.0) == b"x"
    assert stream.read(10) == b"x"
    assert under.waits == [7.0, None]


def test_a_read_waits_no_longer_than_what_is_left(clock: Clock) -> None:
    under = Noted(clock, 3)
    stream, deadline = pair(under)
    with deadline:
        stream.read(10, 7.0)
        stream.read(10, 7.0)
        stream.read(10, None)
    stream.read(10, 7.0)
    assert under.waits == [7.0, 7.0, 4.0, 7.0]


def test_drops_that_never_stop_coming_are_read_no_more_when_the_time_is_over(clock: Clock) -> None:
    under = Noted(clock, 3)
    stream, deadline = pair(under)
    with pytest.raises(TimeoutError), deadline:
        while True:
            try:
                stream.read(10, 7.0)
            except httpcore.ReadTimeout as error:
                raise httpx.ReadTimeout(str(error)) from None
    assert len(under.waits) == 4
    assert deadline.until is None


def test_a_large_write_looks_at_the_time_between_its_pieces(clock: Clock) -> None:
    under = Noted(clock, 3)
    stream, deadline = pair(under)
    with deadline, pytest.raises(httpcore.WriteTimeout):
        stream.write(b"x" * (10 << 20), 60.0)
    assert under.waits == [10, 7, 4, 1]
    with deadline:
        stream.write(b"x" * 600_000, 60.0)
    assert sum(under.written[4:]) == 600_000


def test_a_restart_gives_the_whole_time_again_but_not_when_it_is_over(clock: Clock) -> None:
    under = Noted(clock, 6)
    stream, deadline = pair(under)
    with deadline:
        stream.read(1)
        deadline.restart()
        stream.read(1)
        stream.read(1)
        deadline.restart()
        with pytest.raises(httpcore.ReadTimeout):
            stream.read(1)
    assert under.waits == [10, 10, 4]


def test_no_end_is_set_for_none(clock: Clock) -> None:
    under = Noted(clock, 1000)
    stream, deadline = pair(under, None)
    with deadline:
        stream.read(1, 5.0)
        deadline.restart()
        stream.read(1, 5.0)
    assert under.waits == [5.0, 5.0]


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadError("reset"), httpx.ConnectTimeout("late"), KeyError("mine")]
)
def test_what_goes_wrong_otherwise_stays_what_it_is_even_when_the_time_is_over(clock: Clock, error: Exception) -> None:
    _, deadline = pair(Noted())
    with pytest.raises(type(error)), deadline:
        clock.now += 20
        raise error


def test_a_gap_that_is_too_long_within_the_time_stays_a_read_timeout(clock: Clock) -> None:
    _, deadline = pair(Noted())
    with pytest.raises(httpx.ReadTimeout), deadline:
        clock.now += 5
        raise httpx.ReadTimeout("no byte")


def test_what_has_come_whole_counts_though_the_time_is_over(clock: Clock) -> None:
    _, deadline = pair(Noted())
    with deadline:
        clock.now += 20


def test_moving_on_ends_the_block_without_an_error(clock: Clock) -> None:
    _, deadline = pair(Noted())
    with deadline.move_on_after(10):
        clock.now += 20
        raise httpx.ReadTimeout("over")
    assert deadline.until is None
    with pytest.raises(httpx.ReadError), deadline.move_on_after(10):
        raise httpx.ReadError("reset")


class Foreign(Noted):
    """A socket of somebody else's pool, which can be shut but does not look at the time."""

    def __init__(self) -> None:
        super().__init__()
        self.shut = threading.Event()

    def get_extra_info(self, info: str) -> Any:
        return self if info == "socket" else None

    def shutdown(self, how: int) -> None:
        self.shut.set()


def test_a_socket_that_is_not_ours_is_shut_by_a_thread_that_ends_with_the_wait() -> None:
    under, deadline = Foreign(), Deadline(0.01)
    deadline.attach(under)
    with pytest.raises(TimeoutError), deadline:
        assert under.shut.wait(20)
        raise httpx.ReadError("shut down")
    deadline.seconds = 60
    with deadline:
        watching = [thread.name for thread in threading.enumerate() if thread.name == "dify-deadline"]
        assert len(watching) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "dify-deadline"]


def test_a_socket_that_is_not_ours_and_was_shut_may_look_as_if_it_had_ended_well() -> None:
    under, deadline = Foreign(), Deadline(0.01)
    deadline.attach(under)
    with pytest.raises(TimeoutError), deadline:
        assert under.shut.wait(20)


def test_where_there_is_no_socket_nothing_watches() -> None:
    deadline = Deadline(60)
    assert not deadline.cut()
    with deadline:
        assert not [thread for thread in threading.enumerate() if thread.name == "dify-deadline"]


async def test_a_call_that_gets_no_connection_within_its_time_says_that_nothing_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hangs(*_: object) -> httpcore.AsyncNetworkStream:
        await anyio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr(asyncio_backend, "connect", hangs)
    async with AsyncDify("app-test-key", timeout=httpx.Timeout(0.02, connect=None), max_retries=0) as client:
        with pytest.raises(APITimeoutError, match=r"connecting to .* took too long") as caught:
            await client.app.info()
    assert not caught.value.sent


def test_as_long_as_all_that_was_asked_for_comes_more_is_asked_for():
    class Sends(Noted):
        def __init__(self, *lengths: int) -> None:
            super().__init__()
            self.lengths = list(lengths)
            self.asked: list[int] = []

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            self.asked.append(max_bytes)
            return b"x" * min(self.lengths.pop(0), max_bytes)

    under = Sends(10, 65_536, 1 << 30, 65_536, 100, 65_536, 0)
    stream, _ = pair(under)
    assert [len(stream.read(65_536)) for _ in range(7)] == [10, 65_536, 1 << 18, 65_536, 100, 65_536, 0]
    assert under.asked == [65_536, 65_536, 1 << 18, 1 << 18, 1 << 18, 65_536, 1 << 18]
