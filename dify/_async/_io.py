"""What differs by nature between the two faces: waiting, threads, deadlines. Hand-written on both sides.

anyio comes with httpx; it is imported on first use, because importing the client is not yet using it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, cast

from .._files import CHUNK, Upload
from ..errors import UsageError

if TYPE_CHECKING:
    import anyio

__all__ = ["AsyncOnly", "Deadline", "current_loop", "in_thread", "move_on_after", "read_upload", "shielded", "sleep"]

P = ParamSpec("P")
T = TypeVar("T")


async def sleep(seconds: float) -> None:
    """Wait."""
    import anyio

    await anyio.sleep(seconds)


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work off the event loop."""
    import anyio.to_thread

    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs))


class Deadline:
    """Raises `TimeoutError` in its block after so many seconds; None for never. Can be started over from inside."""

    def __init__(self, seconds: float | None) -> None:
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


def move_on_after(seconds: float | None) -> AbstractContextManager[anyio.CancelScope]:
    """Leave the block after so many seconds; its `cancelled_caught` then says so."""
    import anyio

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
            for chunk in content:
                yield chunk
        return
    try:
        while chunk := await in_thread(file.read, CHUNK):
            yield chunk
    finally:
        if upload.owned:
            file.close()


class AsyncOnly:
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
