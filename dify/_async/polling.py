"""Waiting for a job of the server by asking for its status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from .._protocol.delays import now
from ..errors import InvalidArgumentError
from ._io import sleep

__all__ = ["poll"]

T = TypeVar("T")


async def poll(
    read: Callable[[], Awaitable[T]],
    is_done: Callable[[T], bool],
    overdue: Callable[[T], Exception],
    *,
    timeout: float | None,
    interval: float,
    on_progress: Callable[[T], None] | None,
) -> T:
    """Read a status until it is final, and return it.

    Args:
        read: Requests the status.
        is_done: Tells if a status is final; may raise if the job has failed.
        overdue: Returns the error to raise for the last status when the timeout has passed.
        timeout: Maximum number of seconds to wait; None for no limit. The status is read at least once.
        interval: Seconds between two requests.
        on_progress: Called with every status.
    """
    if not interval >= 0:
        raise InvalidArgumentError("poll_interval must be a number of seconds, 0 or more", param="poll_interval")
    deadline = None if timeout is None else now() + timeout
    while True:
        status = await read()
        if on_progress is not None:
            on_progress(status)
        if is_done(status):
            return status
        left = interval if deadline is None else deadline - now()
        if deadline is not None and left <= 0:
            raise overdue(status)
        await sleep(min(interval, left))
