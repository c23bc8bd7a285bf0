"""Semaphores, locks and shields, for both faces."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import anyio

__all__ = ["AsyncSemaphore", "Semaphore", "async_lock", "async_shield", "sync_lock", "sync_shield"]


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
        self._semaphore = threading.Semaphore(limit)

    def try_acquire(self) -> bool:
        """Acquire a slot; False if none is free."""
        return self._semaphore.acquire(blocking=False)

    def acquire(self, timeout: float | None = None) -> bool:
        """Acquire a slot, waiting for it.

        False if none became free within this number of seconds.
        """
        return self._semaphore.acquire(timeout=timeout)

    def release(self) -> None:
        """Release a slot."""
        self._semaphore.release()


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


def sync_shield() -> AbstractContextManager[Any]:
    """Return an empty block: threads cannot be cancelled."""
    return nullcontext()
