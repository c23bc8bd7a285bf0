"""Skipping the client's delays."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from .._protocol import delays as _delays

__all__ = ["no_waits"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


@contextmanager
def no_waits() -> Generator[list[float]]:
    """Skip the delays of all clients in this process, and record them.

    They are skipped while the block runs.

    These are the backoff before a retry and before a reconnect, the interval between two polls of `wait_indexed`,
    `wait_reply` and the helpers that use them, and a delay that the server asks for in `Retry-After`. Time limits of
    polling count the skipped seconds as passed, so `timeout=60` is over after the same number of polls as without
    the switch. Everything else takes its time: connecting, reading, and the delays of an emulator or a mock.

    The switch holds for both clients and for all threads and event loops. Where blocks are nested, the innermost
    records.

    Yields:
        The seconds of each delay, in order; the list grows while the block runs.

    Example:
        >>> from dify.testing import Emulator, no_waits
        >>> with Emulator() as emulator, no_waits() as waits:
        ...     emulator.fail_next(429, retry_after=30)
        ...     emulator.sync_client().chat.send("Hello").answer
        'Echo: Hello'
        >>> waits
        [30.0]
    """
    waits: list[float] = []
    _delays.skip(waits)
    try:
        yield waits
    finally:
        _delays.resume(waits)
