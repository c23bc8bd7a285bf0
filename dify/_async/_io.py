"""What differs by nature between the two faces: waiting, threads, deadlines. Hand-written on both sides.

anyio comes with httpx; it is imported on first use, because importing the client is not yet using it.
"""

from __future__ import annotations

import math
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
)
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

from .._net.http import async_network
from .._protocol.pickling import Connected
from .._protocol.uploads import CHUNK, Upload, checked_piece, pieces_of
from .._protocol.waits import skipped
from ..errors import MisuseError

if TYPE_CHECKING:
    import anyio

    from .._net.http import AsyncNetworkStream
    from .._net.sockets import Wire
    from .pager import AsyncPage

__all__ = [
    "WRITES_BESIDE",
    "AsyncFirstPage",
    "AsyncGuard",
    "AsyncWalk",
    "Deadline",
    "Signal",
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
    "shielded",
    "sleep",
    "timed",
]

WRITES_BESIDE = True
"""Whether a download is written in a thread while more of it comes."""

P = ParamSpec("P")
T = TypeVar("T")


async def sleep(seconds: float) -> None:
    """Pause, unless tests skip pauses; other tasks get a turn either way."""
    import anyio

    await anyio.sleep(0 if skipped(seconds) else seconds)


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
    from .._net import asyncio_backend as _loop_stream

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


async def answer_of(asked: Awaitable[T]) -> T:
    """What a callback of the user's gives; one of the other face is told apart."""
    if not isawaitable(asked):
        raise MisuseError("on_form is a plain function: with AsyncDify it must be `async def`")
    return await asked


def lock() -> AbstractContextManager[None]:
    """A lock around what threads share; nothing here: tasks take turns only where they wait."""
    return nullcontext()


def lock_of_threads() -> AbstractContextManager[Any]:
    """A lock around what event loops in several threads share; only for what takes no time."""
    import threading

    return threading.Lock()


class Signal:
    """Wakes the task that waits for it, from any task or thread."""

    def __init__(self) -> None:
        import anyio

        self._loop = current_loop()
        self._event = anyio.Event()

    async def wait(self) -> None:
        """Wait until it is set; at once when it is set already."""
        await self._event.wait()

    def set(self) -> None:
        """Wake the task; without effect in a loop that has ended."""
        import asyncio

        if isinstance(self._loop, asyncio.AbstractEventLoop):
            if asyncio._get_running_loop() is self._loop:  # pyright: ignore[reportPrivateUsage]
                self._event.set()
                return
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._event.set)
            return
        import trio  # pyright: ignore

        with suppress(trio.RunFinishedError):  # pyright: ignore
            cast(Any, self._loop).run_sync_soon(self._event.set)


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
            raise MisuseError(f"{type(self).__name__} is asynchronous: write `async for`, or use the client `Dify`")

        def __next__(self) -> NoReturn:
            raise MisuseError(f"{type(self).__name__} is asynchronous: write `async for`, or use the client `Dify`")

        def __enter__(self) -> NoReturn:
            raise MisuseError(f"{type(self).__name__} is asynchronous: write `async with`, or use the client `Dify`")

        def __exit__(self, *_: object) -> None:
            """Only here so that `with` gets as far as `__enter__`."""


class AsyncWalk(AsyncGuard, Connected):
    """What is iterated, once, while its connection is open; says so to those who await it."""

    if not TYPE_CHECKING:

        def __await__(self) -> NoReturn:
            raise MisuseError(
                f"{type(self).__name__} is not awaited: leave out the `await`, and write `async for` or `async with`"
            )
