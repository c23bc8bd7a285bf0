"""The face without `await`, awaited: every call runs in a thread, so that one test serves both faces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

_END = object()
_RESOURCES = ".resources."


class Awaited:
    """A sync client, resource, stream or page, as the async one looks."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if callable(value):
            return lambda *args, **kwargs: Pending(lambda: value(*args, **kwargs))
        if _RESOURCES in type(value).__module__:
            return Awaited(value)
        return _Items(value) if isinstance(value, Iterator) else value

    def __aiter__(self) -> _Items:
        return _Items(iter(self._target))


class Pending:
    """What a call gives: to be awaited, walked through, or entered. Nothing is called before."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._result().__await__()

    async def _result(self) -> Any:
        return _shown(await asyncio.to_thread(lambda: _first(self._call())))

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for item in _Items(iter(await asyncio.to_thread(self._call))):
            yield item

    async def __aenter__(self) -> Awaited:
        self._entered = await asyncio.to_thread(self._call)
        return Awaited(await asyncio.to_thread(self._entered.__enter__))

    async def __aexit__(self, *error: Any) -> None:
        await asyncio.to_thread(self._entered.__exit__, *error)

    def __getattr__(self, name: str) -> Any:
        # `client.files.download(...).read()`, and the like.
        return getattr(Awaited(self._call()), name)


class _Items:
    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items

    def __aiter__(self) -> _Items:
        return self

    async def __anext__(self) -> Any:
        item = await asyncio.to_thread(next, self._items, _END)
        if item is _END:
            raise StopAsyncIteration
        return item


def _first(result: Any) -> Any:
    """A list that is awaited gives its first page, as with `await` on the async face."""
    return result.first() if type(result).__name__ == "Pager" else result


def _shown(result: Any) -> Any:
    return Awaited(result) if type(result).__name__ == "Page" else result
