"""What differs by nature between the two faces: waiting, threads, deadlines. Hand-written on both sides.

anyio comes with httpx; it is imported on first use, because importing the client is not yet using it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

from .._files import CHUNK, Upload, pieces_of
from ..errors import UsageError

if TYPE_CHECKING:
    import anyio

    from .pager import AsyncPage

__all__ = [
    "AsyncFirstPage",
    "AsyncGuard",
    "Deadline",
    "Slots",
    "current_loop",
    "in_thread",
    "lock",
    "move_on_after",
    "read_upload",
    "run_many",
    "shielded",
    "sleep",
]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


async def sleep(seconds: float) -> None:
    """Wait."""
    import anyio

    await anyio.sleep(seconds)


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work off the event loop."""
    import anyio.to_thread

    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs))


class Deadline:
    """Raises `TimeoutError` in its block after so many seconds; None for never. Can be started over from inside.

    `cut` ends the wait of the other face, where a blocked read can only be ended from another thread.
    """

    def __init__(self, seconds: float | None, cut: Callable[[], object] | None = None) -> None:
        del cut
        self._seconds = seconds
        self._block: Any = None

    def __enter__(self) -> Deadline:
        import anyio

        self._block = anyio.fail_after(self._seconds)
        self._scope = self._block.__enter__()
        return self

    def restart(self) -> None:
        """Count anew from now."""
        if self._seconds is not None:
            import anyio

            self._scope.deadline = anyio.current_time() + self._seconds

    def __exit__(self, *exc: Any) -> bool | None:
        return cast("bool | None", self._block.__exit__(*exc))


def move_on_after(seconds: float, cut: Callable[[], object]) -> AbstractContextManager[anyio.CancelScope]:
    """Leave the block after so many seconds; `cut` is for the other face, as in `Deadline`."""
    import anyio

    del cut
    return anyio.move_on_after(seconds)


def shielded() -> AbstractContextManager[Any]:
    """A block that is finished even when the task around it is cancelled; for closing what must be closed."""
    import anyio

    return anyio.CancelScope(shield=True)


def current_loop() -> object:
    """The event loop that runs now; connections belong to one."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        import trio.lowlevel  # pyright: ignore

        return cast(object, trio.lowlevel.current_trio_token())  # pyright: ignore


async def read_upload(upload: Upload) -> AsyncIterator[bytes]:
    """The bytes of a file, read in a thread, so that a slow disk never stops the loop."""
    file = await in_thread(upload.open)
    if file is None:
        content = cast("AsyncIterable[bytes] | Iterable[bytes]", upload.content)
        if isinstance(content, AsyncIterable):
            async for chunk in content:
                yield chunk
        else:
            source = iter(content)
            while (chunk := await in_thread(next, source, None)) is not None:
                yield chunk
        return
    try:
        while data := await in_thread(file.read, CHUNK):
            for piece in pieces_of(data):
                yield piece
    finally:
        if upload.owned:
            file.close()


async def run_many(
    work: Callable[[T], Awaitable[R]],
    items: Sequence[T],
    *,
    at_once: int,
    on_done: Callable[[int], None] | None = None,
) -> list[R]:
    """Do the work for every item, so many at a time; the results in the order of the items.

    What fails ends the rest and is raised, as cancelling does: nothing goes on behind the caller's back. `on_done` is told
    how many are done, where the caller runs.
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


def lock() -> AbstractContextManager[None]:
    """A lock around what threads share; nothing here: tasks take turns only where they wait."""
    return nullcontext()


class Slots:
    """So many at a time; more wait for one to end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free: anyio.Semaphore | None = None

    async def acquire(self) -> None:
        """Take a slot, waiting for one."""
        if self._free is None:
            import anyio

            self._free = anyio.Semaphore(self._most, fast_acquire=True)
        await self._free.acquire()

    def release(self) -> None:
        """Give a slot back."""
        assert self._free is not None
        self._free.release()


class AsyncFirstPage(Generic[T]):
    """What awaiting a pager gives: its first page."""

    async def first(self) -> AsyncPage[T]:
        """The first page; the same as awaiting the pager."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        return self.first().__await__()


class AsyncGuard:
    """Answers the plain `for`, `with` and `next` with what to write instead."""

    if not TYPE_CHECKING:  # a type checker says it better when these do not exist

        def __iter__(self) -> NoReturn:
            raise UsageError(f"{type(self).__name__} is asynchronous: write `async for`, or use the client `Dify`")

        def __next__(self) -> NoReturn:
            raise UsageError(f"{type(self).__name__} is asynchronous: write `async for`, or use the client `Dify`")

        def __enter__(self) -> NoReturn:
            raise UsageError(f"{type(self).__name__} is asynchronous: write `async with`, or use the client `Dify`")

        def __exit__(self, *_: object) -> None:
            """Only here so that `with` gets as far as `__enter__`."""
