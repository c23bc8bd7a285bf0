"""Concurrent work, for a list or as a group of workers with a queue.

Written by hand for both faces: tasks here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from .._protocol.map_order import WorkerError

if TYPE_CHECKING:
    import anyio

__all__ = ["WorkerGroup", "run_many"]

T = TypeVar("T")
R = TypeVar("R")


async def run_many(
    work: Callable[[T], Awaitable[R]],
    items: Sequence[T],
    *,
    at_once: int,
    on_done: Callable[[int], None] | None = None,
) -> list[R]:
    """Do the work for every item, and return the results in order.

    `at_once` items are in work at a time.

    The first exception cancels the rest and is raised. `on_done` is called with the number of finished items.
    """
    import anyio

    results: dict[int, R] = {}
    failures: list[Exception] = []
    queue = iter(enumerate(items))

    async def worker() -> None:
        try:
            for index, item in queue:
                results[index] = await work(item)
                if on_done is not None:
                    on_done(len(results))
        except Exception as error:  # noqa: BLE001 - it is raised below, alone and not in a group
            failures.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for _ in range(min(at_once, len(items))):
            group.start_soon(worker)
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(items))]


class WorkerGroup(Generic[T]):
    """Workers beside the caller, which pass it their results through a queue.

    Not a task group of anyio: that can only be left by the task that entered it, while an abandoned generator is closed by any
    task.
    """

    def __init__(self) -> None:
        self._handed: deque[T | WorkerError | None] = deque()
        self._news: anyio.Event | None = None
        self._scopes: list[anyio.CancelScope] = []
        self._tasks: list[object] = []  # a loop holds its tasks weakly
        self._left = 0
        self._empty: anyio.Event | None = None
        self._closed = False

    def start(self, work: Callable[[], Awaitable[None]], count: int) -> None:
        """Start `count` workers."""
        import asyncio

        import anyio

        self._left, self._empty = count, anyio.Event()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            import trio.lowlevel  # pyright: ignore

            self._tasks = [cast(object, trio.lowlevel.spawn_system_task(self._run, work)) for _ in range(count)]  # pyright: ignore
        else:
            self._tasks = [loop.create_task(self._run(work)) for _ in range(count)]

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        import anyio

        try:
            with anyio.CancelScope() as scope:
                self._scopes.append(scope)
                if not self._closed:
                    await work()
            self._tell(None)
        except BaseException as error:  # it means the program, or a wait of the user's own, and not this task alone
            self._tell(WorkerError(error))
            if isinstance(error, (GeneratorExit, anyio.get_cancelled_exc_class())):
                raise
        finally:
            self._left -= 1
            if not self._left and self._empty is not None:
                self._empty.set()

    def elsewhere(self) -> AbstractContextManager[None]:
        """Mark a block of the user's code, which may wait for anything.

        A task in it can be cancelled like any other.
        """
        return nullcontext()

    def hand_over(self, thing: T | None) -> None:
        """Pass a result to the caller."""
        self._tell(thing)

    def _tell(self, thing: T | WorkerError | None) -> None:
        self._handed.append(thing)
        if self._news is not None:
            self._news.set()

    async def take(self) -> T | None:
        """Return the next result; None if a worker has ended.

        Raise the exception that ended a worker.
        """
        import anyio

        while not self._handed:
            self._news = anyio.Event()
            await self._news.wait()
        thing = self._handed.popleft()
        if isinstance(thing, WorkerError):
            raise thing.error
        return thing

    async def aclose(self, cut: Callable[[], Awaitable[None]]) -> None:
        """Cancel all workers.

        `cut` is for the other face, whose workers cannot be cancelled.
        """
        del cut
        self._closed = True
        for scope in self._scopes:
            scope.cancel()
        if (
            self._left and self._empty is not None and _current_task() not in self._tasks
        ):  # a worker must not wait for itself
            await self._empty.wait()


def _current_task() -> object:
    import asyncio

    try:
        return asyncio.current_task()
    except RuntimeError:
        import trio.lowlevel  # pyright: ignore

        return cast(object, trio.lowlevel.current_task())  # pyright: ignore
