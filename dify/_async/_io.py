"""Delays, threads, event loops and iteration, which differ between the two faces.

Written by hand for both.

The primitives of the network, which differ too, are in `_net`: deadlines, semaphores, locks, sockets.
"""

from __future__ import annotations

import os
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
from contextlib import suppress
from functools import partial
from inspect import isawaitable
from typing import Any, Generic, ParamSpec, TypeVar, cast

import anyio
import anyio.to_thread

from .._protocol.delays import skipped
from .._protocol.upload_sources import async_reader, checked_piece
from .._protocol.uploads import CHUNK, Upload, pieces_of
from ..errors import MisuseError

__all__ = [
    "WRITES_BESIDE",
    "AsyncFirstPage",
    "Signal",
    "begin",
    "check_source",
    "close_soon",
    "current_loop",
    "each",
    "in_thread",
    "is_gone",
    "measure",
    "read_upload",
    "result_of_callback",
    "sleep",
]

WRITES_BESIDE = True
"""A download is written in a thread while the next part arrives."""

P = ParamSpec("P")
T = TypeVar("T")
PageT = TypeVar("PageT")


async def sleep(seconds: float) -> None:
    """Wait, unless tests skip delays; other tasks get a turn either way."""
    await anyio.sleep(0 if skipped(seconds) else seconds)


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work in a thread, so that the event loop continues."""
    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs))


def current_loop() -> object:
    """Return the running event loop, which connections belong to."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        import trio.lowlevel  # pyright: ignore

        return cast(object, trio.lowlevel.current_trio_token())  # pyright: ignore


def is_gone(loop: object) -> bool:
    """Return True if an event loop has ended."""
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
    """Start work in another event loop without waiting for it.

    Ignored if that loop does not run.
    """
    import asyncio

    if isinstance(loop, asyncio.AbstractEventLoop) and loop.is_running():
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(lambda: loop.create_task(work()))


def close_soon(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Close something in the running event loop, without waiting for it.

    Ignored where no loop runs.
    """
    import asyncio

    with suppress(RuntimeError):
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: loop.create_task(close()))


async def read_upload(upload: Upload) -> AsyncIterator[bytes]:
    """Yield the bytes of a file that a thread reads.

    A slow disk then does not stop the event loop.
    """
    read = async_reader(upload.content)
    if read is not None:
        if upload.rewindable:
            await cast(Any, upload.content).seek(upload.start)
        while data := await read(CHUNK):
            for piece in pieces_of(checked_piece(data)):
                yield piece
        return
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


def check_source(content: object) -> None:
    """Accept every source of an upload."""


async def measure(upload: Upload) -> None:
    """Find out position and size of a file with an asynchronous `read`.

    Files that cannot be rewound are left as they are.
    """
    if async_reader(upload.content) is None or upload.size is not None:
        return
    file = cast(Any, upload.content)
    try:
        start: int = await file.tell()
        await file.seek(0, os.SEEK_END)
        end: int = await file.tell()
        await file.seek(start)
    except (OSError, AttributeError, ValueError):
        return
    upload.start, upload.size, upload.rewindable = start, max(0, end - start), True


async def result_of_callback(asked: Awaitable[T]) -> T:
    """Return the result of a callback of the user."""
    if not isawaitable(asked):
        raise MisuseError("on_form is a plain function; with AsyncDify it must be `async def`", param="on_form")
    return await asked


class Signal:
    """An event that any task or thread can set."""

    def __init__(self) -> None:
        self._loop = current_loop()
        self._event = anyio.Event()

    async def wait(self) -> None:
        """Wait until the event is set."""
        await self._event.wait()

    def set(self) -> None:
        """Set the event; without effect if its event loop has ended."""
        import asyncio

        if isinstance(self._loop, asyncio.AbstractEventLoop):
            try:
                here = asyncio.get_running_loop() is self._loop
            except RuntimeError:
                here = False
            if here:
                self._event.set()
                return
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._event.set)
            return
        import trio  # pyright: ignore

        with suppress(trio.RunFinishedError):  # pyright: ignore
            cast(Any, self._loop).run_sync_soon(self._event.set)


async def each(items: AsyncIterable[T] | Iterable[T]) -> AsyncGenerator[T]:
    """Yield the items of a plain or an asynchronous iterable."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


class AsyncFirstPage(Generic[T, PageT]):
    """Base class of pagers: awaiting one returns its first page."""

    async def first(self) -> PageT:
        """Return the first page; the same as awaiting the pager."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, Any, PageT]:
        return self.first().__await__()
