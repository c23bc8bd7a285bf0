"""Work at several things at once: for a list that is done whole, or by a crew that hands over as it goes. Hand-written on both
sides, as threads here and as tasks there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Generic, TypeVar

from .._protocol.map_order import Raised

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
    """Do the work for every item, so many at a time in threads; the results in the order of the items.

    What fails ends the rest and is raised, as an interrupt does: work that has begun is waited for, because nothing can end
    it, and no more is begun. `on_done` is told how many are done, where the caller runs.
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
    """Workers beside the caller, in threads, and what they hand over to it: None when they are done."""

    def __init__(self) -> None:
        self._handed: SimpleQueue[T | Raised | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._elsewhere: set[threading.Thread] = set()

    def start(self, work: Callable[[], None], count: int) -> None:
        """Begin so many workers."""
        from contextvars import copy_context

        for number in range(count):
            run, name = copy_context().run, f"dify-map-{number}"
            self._threads.append(threading.Thread(target=run, args=(self._run, work), name=name, daemon=True))
            self._threads[-1].start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - `sys.exit`, too: it means the program and not this thread
            self._handed.put(Raised(error))
        else:
            self._handed.put(None)

    @contextmanager
    def elsewhere(self) -> Generator[None]:
        """A block of the user's own, which may wait for anything: `close` does not wait for it, since nothing can end it."""
        self._elsewhere.add(threading.current_thread())
        try:
            yield
        finally:
            self._elsewhere.discard(threading.current_thread())

    def hand_over(self, thing: T | None) -> None:
        """From a worker to the caller."""
        self._handed.put(thing)

    def take(self) -> T | None:
        """The next thing that a worker hands over, None where one is done; raises what one ended with."""
        thing = self._handed.get()
        if isinstance(thing, Raised):
            raise thing.error
        return thing

    def close(self, cut: Callable[[], None]) -> None:
        """End all workers: `cut` ends what they wait for, and what is done at once is waited for."""
        if sys.is_finalizing():  # as Python ends, it stops them where they are, and none ever says that it is done
            return
        if threading.current_thread() in self._threads:  # a callback of the user's: it cannot wait for itself
            cut()
            return
        while waited := [each for each in self._threads if each.is_alive() and each not in self._elsewhere]:
            cut()  # again and again: what a worker has just begun could not be cut a moment ago
            for thread in waited:
                thread.join(timeout=0.05)
