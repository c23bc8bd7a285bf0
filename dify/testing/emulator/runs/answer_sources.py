"""Where parts of an answer come from: a function of any kind, called and asked for one part after the other."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol, cast

from anyio import to_thread

from dify.types.replies import CitationResource

from ...script.blocks import (
    EmulatorForm,
    Iteration,
    Loop,
    Node,
    OutputBlocked,
    Parallel,
    Part,
    ToolCall,
)
from ..answers import Answer, AnswerFunction, EmulatorError, EmulatorRequest

__all__ = ["END", "Source", "call", "failing", "parts_of", "split"]

END: Any = object()
"""What a source gives when it has no more."""

_WHOLE = (Node, Iteration, Loop, Parallel, EmulatorForm, ToolCall, CitationResource, OutputBlocked)
_PARTS = (str, Mapping, *_WHOLE)


class Source(Protocol):
    """Parts, one at a time."""

    async def take(self, reply: object) -> Any:
        """The next part, or END. What the one before asked for is given to the function."""
        ...

    async def close(self) -> None:
        """Nothing more is wanted."""
        ...


def split(text: str) -> list[str]:
    """A text cut into deltas as models make them: words, each with the space before it.

    Example:
        >>> split("Echo: hello  there")
        ['Echo:', ' hello', '  there']
    """
    return re.findall(r"\s*\S+|\s+\Z", text)


async def call(function: AnswerFunction, request: EmulatorRequest) -> Answer:
    """Call an answer function of any kind."""
    # What only makes a coroutine or a generator is called here; a plain function may block, so a thread calls it.
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    lazy = any(is_kind(called) for is_kind in kinds)
    answer = function(request) if lazy else await to_thread.run_sync(function, request)
    return await answer if inspect.isawaitable(answer) else answer


def parts_of(answer: Part | Iterable[Part] | AsyncIterable[Part]) -> Source:
    """The parts of what a function returned.

    Raises:
        TypeError: It is nothing that a function may return.
    """
    if isinstance(answer, str):
        return _Given(split(answer))
    if isinstance(answer, (Mapping, *_WHOLE)):
        return _Given([cast("object", answer)])
    if isinstance(answer, AsyncIterable):
        return _Async(aiter(answer))
    # A function without annotations may return anything, whatever its type says.
    if not isinstance(answer, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"an answer function returns text, deltas or parts, not {type(answer).__name__}")
    parts = cast("Iterable[object]", answer)
    return _Threaded(parts) if isinstance(parts, Iterator) else _Given(parts)


def _checked(part: Any) -> Any:
    if part is END or isinstance(part, _PARTS):
        return cast("Any", part)
    raise TypeError(f"an answer function yields text or parts, not {type(part).__name__}")


class _Given:
    """Parts that are all there."""

    def __init__(self, parts: Iterable[object]) -> None:
        self._parts = iter(parts)

    async def take(self, reply: object) -> Any:
        del reply
        return _checked(next(self._parts, END))

    async def close(self) -> None:
        pass


class _Async:
    """Parts of an async generator, or of any async iterator."""

    def __init__(self, parts: AsyncIterator[object]) -> None:
        self._parts = parts

    async def take(self, reply: object) -> Any:
        send = None if reply is None else getattr(self._parts, "asend", None)
        try:
            return _checked(await (anext(self._parts) if send is None else send(reply)))
        except StopAsyncIteration:
            return END

    async def close(self) -> None:
        close = getattr(self._parts, "aclose", None)
        if close is not None:
            await close()


class _Threaded:
    """Parts of a plain generator or iterator, which may block, so a worker thread takes them."""

    def __init__(self, parts: Iterator[object]) -> None:
        self._parts = parts
        self._ended = False

    async def take(self, reply: object) -> Any:
        return END if self._ended else _checked(await to_thread.run_sync(self._next, reply))

    def _next(self, reply: object) -> object:
        send = None if reply is None else cast("Callable[[object], object] | None", getattr(self._parts, "send", None))
        try:
            return next(self._parts) if send is None else send(reply)
        except StopIteration as end:
            self._ended = True
            # What a generator returns is its last part.
            return END if end.value is None else end.value

    async def close(self) -> None:
        close = cast("Callable[[], None] | None", getattr(self._parts, "close", None))
        if close is not None:
            # A generator at work in its thread cannot be closed; it ends when it comes back.
            with suppress(ValueError):
                close()


class _Failing:
    """No parts but an error."""

    def __init__(self, error: EmulatorError) -> None:
        self._error = error

    async def take(self, reply: object) -> Any:
        raise self._error

    async def close(self) -> None:
        pass


def failing(error: EmulatorError) -> Source:
    """The source of an answer that fails at once."""
    return _Failing(error)
