"""Semaphores, locks and shields, for both faces."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import anyio

__all__ = [
    "AsyncSemaphore",
    "Semaphore",
    "async_in_loop",
    "async_lock",
    "async_shield",
    "async_shield_if_cancelled",
    "sync_in_loop",
    "sync_lock",
    "sync_shield",
    "sync_shield_if_cancelled",
]


class AsyncSemaphore:
    """Limits the number of tasks that do something at the same time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._semaphore: anyio.Semaphore | None = None  # made in the event loop that uses it

    def try_acquire(self) -> bool:
        """Acquire a slot; False if none is free."""
        if self._semaphore is None:
            self._semaphore = anyio.Semaphore(self._limit, fast_acquire=True)
        try:
            self._semaphore.acquire_nowait()
        except anyio.WouldBlock:
            return False
        return True

    async def acquire(self, timeout: float | None = None) -> bool:
        """Acquire a slot, waiting for it.

        False if none became free within this number of seconds.
        """
        if self.try_acquire():
            return True
        assert self._semaphore is not None
        with anyio.move_on_after(timeout):
            await self._semaphore.acquire()
            return True
        return False

    def release(self) -> None:
        """Release a slot; without effect before the first was acquired."""
        if self._semaphore is not None:
            self._semaphore.release()


class Semaphore:
    """Limits the number of threads that do something at the same time."""

    def __init__(self, limit: int) -> None:
        # Not the class of `threading`, whose lock is not reentrant: the garbage collector may release a slot at any time, also
        # in a thread that holds the lock.
        self._free = limit
        self._changed = threading.Condition(threading.RLock())

    def try_acquire(self) -> bool:
        """Acquire a slot; False if none is free."""
        return self.acquire(0)

    def acquire(self, timeout: float | None = None) -> bool:
        """Acquire a slot, waiting for it.

        False if none became free within this number of seconds.
        """
        with self._changed:
            if self._free <= 0 and not self._changed.wait_for(lambda: self._free > 0, timeout):
                return False
            self._free -= 1
            return True

    def release(self) -> None:
        """Release a slot."""
        with self._changed:
            self._free += 1
            self._changed.notify()


def async_in_loop() -> Callable[[Callable[[], None]], bool]:
    """Return a function that calls another one in the running event loop.

    It can be called from any thread, and returns False if the loop has ended.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _in_trio()

    def call(work: Callable[[], None]) -> bool:
        try:
            here = asyncio.get_running_loop() is loop
        except RuntimeError:
            here = False
        if here:
            work()
            return True
        try:
            loop.call_soon_threadsafe(work)
        except RuntimeError:
            return False
        return True

    return call


def _in_trio() -> Callable[[Callable[[], None]], bool]:
    import trio  # pyright: ignore

    token: Any = trio.lowlevel.current_trio_token()  # pyright: ignore

    def call(work: Callable[[], None]) -> bool:
        try:
            token.run_sync_soon(work)
        except trio.RunFinishedError:  # pyright: ignore
            return False
        return True

    return call


def sync_in_loop() -> Callable[[Callable[[], None]], bool]:
    """Return a function that calls another one at once: threads have no event loop."""

    def call(work: Callable[[], None]) -> bool:
        work()
        return True

    return call


def async_lock() -> AbstractContextManager[Any]:
    """Return a lock for data that tasks share.

    It is a null context, because a task that does not wait is not interrupted.
    """
    return nullcontext()


def sync_lock() -> AbstractContextManager[Any]:
    """Return a lock for data that threads share."""
    return threading.Lock()


def async_shield() -> AbstractContextManager[Any]:
    """Return a block that finishes although its task is cancelled, for closing."""
    return anyio.CancelScope(shield=True)


def async_shield_if_cancelled(seconds: float) -> AbstractContextManager[Any]:
    """Return a block that runs although its task was cancelled before.

    It then runs for at most this number of seconds. The task can still be cancelled in the block if it was not before.
    """
    if anyio.current_effective_deadline() == -math.inf:
        return anyio.move_on_after(seconds, shield=True)
    return nullcontext()


def sync_shield_if_cancelled(_seconds: float) -> AbstractContextManager[Any]:
    """Return an empty block: threads cannot be cancelled."""
    return nullcontext()


def sync_shield() -> AbstractContextManager[Any]:
    """Return an empty block: threads cannot be cancelled."""
    return nullcontext()
