"""Concurrent work, for a list or as a group of workers with a queue.

Written by hand for both faces: threads here.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Generic, TypeVar

from .._protocol.map_order import WorkerError

__all__ = ["WorkerGroup", "run_many"]

T = TypeVar("T")
R = TypeVar("R")


def run_many(
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    at_once: int,
    on_done: Callable[[int], None] | None = None,
) -> list[R]:
    """Do the work for every item in threads, and return the results in order.

    `at_once` items are in work at a time.

    After the first exception, or an interrupt, no more work starts. Work in progress cannot be cancelled, and ends before the
    exception is raised. `on_done` is called with the number of finished items, in the caller's thread.
    """
    from concurrent.futures import ThreadPoolExecutor, as_completed
    from contextvars import copy_context

    pool = ThreadPoolExecutor(max(1, min(at_once, len(items))), thread_name_prefix="dify")
    try:
        futures = [pool.submit(copy_context().run, work, item) for item in items]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            if on_done is not None:
                on_done(done)
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class WorkerGroup(Generic[T]):
    """Threads beside the caller, which pass it their results through a queue."""

    def __init__(self) -> None:
        self._handed: SimpleQueue[T | WorkerError | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._elsewhere: set[threading.Thread] = set()

    def start(self, work: Callable[[], None], count: int) -> None:
        """Start `count` workers."""
        from contextvars import copy_context

        for number in range(count):
            run, name = copy_context().run, f"dify-map-{number}"
            self._threads.append(threading.Thread(target=run, args=(self._run, work), name=name, daemon=True))
            self._threads[-1].start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - `sys.exit`, too: it means the program and not this thread
            self._handed.put(WorkerError(error))
        else:
            self._handed.put(None)

    @contextmanager
    def elsewhere(self) -> Generator[None]:
        """Mark a block of the user's code, which may wait for anything.

        `close` does not wait for a thread in it.
        """
        self._elsewhere.add(threading.current_thread())
        try:
            yield
        finally:
            self._elsewhere.discard(threading.current_thread())

    def hand_over(self, thing: T | None) -> None:
        """Pass a result to the caller."""
        self._handed.put(thing)

    def take(self) -> T | None:
        """Return the next result; None if a worker has ended.

        Raise the exception that ended a worker.
        """
        thing = self._handed.get()
        if isinstance(thing, WorkerError):
            raise thing.error
        return thing

    def close(self, cut: Callable[[], None]) -> None:
        """End all workers: `cut` ends what they wait for."""
        if sys.is_finalizing():  # Python stops daemon threads at exit, so that waiting for them would never end
            return
        if threading.current_thread() in self._threads:  # a callback of the user's: it cannot wait for itself
            cut()
            return
        while waited := [each for each in self._threads if each.is_alive() and each not in self._elsewhere]:
            cut()  # repeated: a worker may have started its next call meanwhile
            for thread in waited:
                thread.join(timeout=0.05)
