"""What differs by nature between the two faces: waiting, threads, deadlines. Hand-written on both sides.

anyio comes with httpx; it is imported on first use, because importing the client is not yet using it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

from .._files import CHUNK, Upload, checked_piece, pieces_of
from .._http import async_network
from .._mapping import Raised
from ..errors import UsageError

if TYPE_CHECKING:
    import anyio

    from .._http import AsyncNetworkStream
    from .._socket import Wire
    from .pager import AsyncPage

__all__ = [
    "WRITES_BESIDE",
    "AsyncFirstPage",
    "AsyncGuard",
    "Crew",
    "Deadline",
    "Slots",
    "answer_of",
    "begin",
    "connect",
    "current_loop",
    "each",
    "in_thread",
    "is_gone",
    "lock",
    "lock_of_threads",
    "move_on_after",
    "read_upload",
    "run_many",
    "shielded",
    "sleep",
    "timed",
]

WRITES_BESIDE = True
"""Whether a download is written in a thread while more of it comes."""

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

    The wire is for the other face, where nothing but the socket itself can end a read.
    """

    def __init__(self, seconds: float | None, wire: Wire) -> None:
        wire.patience = self
        self._seconds = seconds
        self._block: Any = None

    def __enter__(self) -> Deadline:
        import anyio

        self._block = anyio.fail_after(self._seconds)
        self._scope = self._block.__enter__()
        return self

    def pause(self) -> None:
        """No end, until it is started over."""
        self._scope.deadline = math.inf

    def restart(self) -> None:
        """Count anew from now."""
        if self._seconds is not None:
            import anyio

            self._scope.deadline = anyio.current_time() + self._seconds

    def __exit__(self, *exc: Any) -> bool | None:
        return cast("bool | None", self._block.__exit__(*exc))


def move_on_after(seconds: float, wire: Wire) -> AbstractContextManager[anyio.CancelScope]:
    """Leave the block after so many seconds; the wire is for the other face, as in `Deadline`."""
    import anyio

    del wire
    return anyio.move_on_after(seconds)


async def connect(host: str, port: int, seconds: float | None) -> AsyncNetworkStream:
    """Open a connection: as asyncio's own loops can, or as anyio does under all others."""
    import asyncio

    if not isinstance(current_loop(), asyncio.BaseEventLoop):
        return await async_network().connect_tcp(host, port, timeout=seconds)
    from .. import _loop_stream

    return await _loop_stream.connect(host, port, seconds)


def timed(stream: AsyncNetworkStream) -> AsyncNetworkStream:
    """A socket as it is: what waits for it here can be cancelled."""
    return stream


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


def _current_task() -> object:
    import asyncio

    try:
        return asyncio.current_task()
    except RuntimeError:
        import trio.lowlevel  # pyright: ignore

        return cast(object, trio.lowlevel.current_task())  # pyright: ignore


def is_gone(loop: object) -> bool:
    """Whether an event loop has ended."""
    import asyncio

    if isinstance(loop, asyncio.AbstractEventLoop):
        return loop.is_closed()
    import trio  # pyright: ignore

    try:
        cast(Any, loop).run_sync_soon(int)
    except trio.RunFinishedError:  # pyright: ignore
        return True
    return False


def begin(loop: object, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Begin something in another event loop, where that runs; it is not waited for."""
    import asyncio

    if isinstance(loop, asyncio.AbstractEventLoop) and loop.is_running():
        with suppress(RuntimeError):  # it has ended meanwhile
            loop.call_soon_threadsafe(lambda: loop.create_task(work()))


async def read_upload(upload: Upload) -> AsyncIterator[bytes]:
    """The bytes of a file, read in a thread, so that a slow disk never stops the loop."""
    file = await in_thread(upload.open)
    if file is None:
        content = cast("AsyncIterable[bytes] | Iterable[bytes]", upload.content)
        if isinstance(content, AsyncIterable):
            async for chunk in content:
                yield checked_piece(chunk)
        else:
            source: Iterator[object] = iter(content)
            end = object()
            while (piece := await in_thread(next, source, end)) is not end:
                yield checked_piece(piece)
        return
    try:
        while data := await in_thread(file.read, CHUNK):
            for piece in pieces_of(checked_piece(data)):
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


async def answer_of(asked: Awaitable[T]) -> T:
    """What a callback of the user's gives; one of the other face is told apart."""
    if not isawaitable(asked):
        raise UsageError("on_form is a plain function: with AsyncDify it must be `async def`")
    return await asked


def lock() -> AbstractContextManager[None]:
    """A lock around what threads share; nothing here: tasks take turns only where they wait."""
    return nullcontext()


def lock_of_threads() -> AbstractContextManager[Any]:
    """A lock around what event loops in several threads share; only for what takes no time."""
    import threading

    return threading.Lock()


class Slots:
    """So many at a time; more wait for one to end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free: anyio.Semaphore | None = None

    def take(self) -> bool:
        """Take a slot; False where none is free."""
        import anyio

        if self._free is None:
            self._free = anyio.Semaphore(self._most, fast_acquire=True)
        try:
            self._free.acquire_nowait()
        except anyio.WouldBlock:
            return False
        return True

    async def acquire(self) -> None:
        """Take a slot, waiting for one."""
        if not self.take():
            await self.wait(None)

    async def wait(self, seconds: float | None) -> bool:
        """Take the next slot that comes free; False where none does in so many seconds."""
        import anyio

        assert self._free is not None
        with anyio.move_on_after(seconds):
            await self._free.acquire()
            return True
        return False

    def release(self) -> None:
        """Give a slot back; of no effect before the first was taken."""
        if self._free is not None:
            self._free.release()


async def each(items: AsyncIterable[T] | Iterable[T]) -> AsyncGenerator[T]:
    """The items one by one, whichever way they come."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


class Crew(Generic[T]):
    """Workers beside the caller, and what they hand over to it: None when they are done.

    Not a task group: a generator that is left in the middle is closed by whichever task comes by, and a group may only be
    left by the task that made it.
    """

    def __init__(self) -> None:
        self._handed: deque[T | Raised | None] = deque()
        self._news: anyio.Event | None = None
        self._scopes: list[anyio.CancelScope] = []
        self._tasks: list[object] = []  # a loop holds its tasks weakly
        self._left = 0
        self._empty: anyio.Event | None = None
        self._closed = False

    def start(self, work: Callable[[], Awaitable[None]], count: int) -> None:
        """Begin so many workers."""
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
            self._tell(Raised(error))
            if isinstance(error, (GeneratorExit, anyio.get_cancelled_exc_class())):
                raise
        finally:
            self._left -= 1
            if not self._left and self._empty is not None:
                self._empty.set()

    def elsewhere(self) -> AbstractContextManager[None]:
        """A block of the user's own, which may wait for anything: here, that wait can be cancelled."""
        return nullcontext()

    def hand_over(self, thing: T | None) -> None:
        """From a worker to the caller."""
        self._tell(thing)

    def _tell(self, thing: T | Raised | None) -> None:
        self._handed.append(thing)
        if self._news is not None:
            self._news.set()

    async def take(self) -> T | None:
        """The next thing that a worker hands over, None where one is done; raises what one ended with."""
        import anyio

        while not self._handed:
            self._news = anyio.Event()
            await self._news.wait()
        thing = self._handed.popleft()
        if isinstance(thing, Raised):
            raise thing.error
        return thing

    async def aclose(self, cut: Callable[[], Awaitable[None]]) -> None:
        """End all workers; `cut` is for the other face, whose workers cannot be cancelled."""
        del cut
        self._closed = True
        for scope in self._scopes:
            scope.cancel()
        if self._left and self._empty is not None and _current_task() not in self._tasks:  # none waits for itself
            await self._empty.wait()


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
