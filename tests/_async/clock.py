"""Time that passes only where a resource waits, so that what depends on it is the same on a machine of any speed."""

from __future__ import annotations

import sys
from typing import Any

import pytest


class Clock:
    """Stands in for `time` and for `sleep` in one module of the client; notes each wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def clock_of(resource: Any, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which this resource of a client goes from now on."""
    clock, module = Clock(), sys.modules[type(resource).__module__]
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module, "sleep", clock.sleep)
    return clock
