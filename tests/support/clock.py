"""A clock for emulators that a test moves, so that nothing waits for seconds to pass."""

from __future__ import annotations

import asyncio
import heapq
import time
from itertools import count

import pytest

__all__ = ["Clock"]


class Clock:
    """The time that emulators see: it stands still until the test moves it.

    Attributes:
        seconds: The current time.
    """

    def __init__(self) -> None:
        self.seconds = float(int(time.time()))
        self._number = count()
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def install(self, patch: pytest.MonkeyPatch) -> Clock:
        """Let every emulator go by this clock."""
        patch.setattr("dify.testing.script.ids.time", self)
        return self

    def time(self) -> float:
        """Return the current time, as `time.time` does."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved by so many seconds."""
        waker = asyncio.Event()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._number), waker))
        await waker.wait()

    @property
    def next_wake(self) -> float | None:
        """The time at which the first sleeper wakes, or None."""
        return self._sleepers[0][0] if self._sleepers else None

    def move_to(self, seconds: float) -> None:
        """Move the clock forward to a time, and wake those whose time has come."""
        self.seconds = max(self.seconds, seconds)
        while self._sleepers and self._sleepers[0][0] <= self.seconds:
            heapq.heappop(self._sleepers)[2].set()

    def advance(self, seconds: float) -> None:
        """Move the clock forward by so many seconds."""
        self.move_to(self.seconds + seconds)
