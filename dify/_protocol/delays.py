"""The clock of the client's delays.

These are the backoff before a retry or a reconnect, and the interval between two polls.

Every delay of both faces passes through here, so that tests can skip them; see `dify.testing.no_waits`.
"""

from __future__ import annotations

import math
import threading
import time

__all__ = ["now", "resume", "skip", "skipped"]

_lock = threading.Lock()
_recorders: list[list[float]] = []
_stopped_at = 0.0  # the time while delays are skipped
_ahead = 0.0  # the seconds by which skipped delays have moved the clock


def now() -> float:
    """Return the time in seconds by the clock that measures limits of polling.

    While delays are skipped, only they make time pass: what depends on it is the same on a machine of any speed.
    """
    with _lock:
        return _stopped_at if _recorders else time.monotonic() + _ahead


def skipped(seconds: float) -> bool:
    """Record a delay that is about to begin; return True if it must be skipped."""
    global _stopped_at
    with _lock:
        if not _recorders:
            return False
        _recorders[-1].append(seconds)
        _stopped_at += seconds
        return True


def skip(recorder: list[float]) -> None:
    """Skip all delays in this process from now on, and record their seconds."""
    global _stopped_at
    with _lock:
        if not _recorders:
            _stopped_at = float(math.ceil(time.monotonic() + _ahead))  # differences stay free of rounding errors
        _recorders.append(recorder)


def resume(recorder: list[float]) -> None:
    """Undo `skip`."""
    global _ahead
    with _lock:
        _recorders[:] = [known for known in _recorders if known is not recorder]
        if not _recorders:
            _ahead = max(_ahead, _stopped_at - time.monotonic())  # the clock never goes back
