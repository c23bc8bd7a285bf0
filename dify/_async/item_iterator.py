"""The iterator of a list or of a text.

Like a generator, it can be closed, and editors know the type of its items.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from types import TracebackType
from typing import Generic, Self, TypeVar

from .._protocol.pickling import NotPicklable

__all__ = ["AsyncItemIterator"]

T = TypeVar("T")


class AsyncItemIterator(NotPicklable, AsyncIterator[T], Generic[T]):
    """An iterator that can be closed before its end, which ends its requests.

    Example:
        ```python
        async with aiter(client.conversations.list()) as conversations:
            async for conversation in conversations:
                if conversation.name == "Tea":
                    break
        ```
    """

    def __init__(self, items: AsyncGenerator[T]) -> None:
        self._items = items

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items  # a loop reads from the generator itself, at no cost

    def __anext__(self) -> Awaitable[T]:
        return self._items.__anext__()

    async def aclose(self) -> None:
        """End the iteration and its requests.

        Example:
            ```python
            conversations = aiter(client.conversations.list())
            first = await anext(conversations, None)
            await conversations.aclose()
            ```
        """
        await self._items.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
