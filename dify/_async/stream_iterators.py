"""The iterators of an event stream: of its events, and of its text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from .._protocol.pickling import NotPicklable

__all__ = ["AsyncStreamIterator", "AsyncTextStream"]

T = TypeVar("T")


class AsyncStreamIterator(NotPicklable, AsyncIterator[T]):
    """An iterator over something that a stream yields.

    Args:
        step: Returns the next item; raises `StopAsyncIteration` at the end.
        close: Closes the stream.
        drop: Called when the iterator is dropped, such as by a `break`.
    """

    def __init__(
        self, step: Callable[[], Awaitable[T]], close: Callable[[], Awaitable[Any]], drop: Callable[[], None]
    ) -> None:
        self._step = step
        self._close = close
        self._drop = drop

    def __anext__(self) -> Awaitable[T]:
        # Not a coroutine: the traceback of a task that is cancelled in it would keep the iterator and so the connection alive.
        return self._step()

    async def aclose(self) -> None:
        """Close the stream."""
        await self._close()

    def __del__(self) -> None:
        self._drop()


class AsyncTextStream(NotPicklable, AsyncIterator[str]):
    """The pieces of text of a stream, as they arrive. Closing it closes the stream.

    Example:
        ```python
        async with client.chat.stream("Tell me more").text_stream as pieces:
            async for text in pieces:
                print(text, end="")
        ```
    """

    def __init__(self, begin: Callable[[], AsyncStreamIterator[str]], close: Callable[[], Awaitable[Any]]) -> None:
        self._begin = begin
        self._close = close
        self._texts: AsyncStreamIterator[str] | None = None

    def __anext__(self) -> Awaitable[str]:
        if self._texts is None:
            self._texts = self._begin()
        return self._texts.__anext__()

    async def aclose(self) -> None:
        """Close the stream's connection, even if no text has been read.

        Example:
            ```python
            pieces = client.chat.stream("Tell me more").text_stream
            await pieces.aclose()  # nothing was sent, and nothing will be
            ```
        """
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
