"""One answer in progress: calls the answer function and takes its parts."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol, cast

from anyio import CancelScope, to_thread

from dify.types.replies import CitationResource

from ...script.blocks import (
    EmulatorForm,
    InputBlocked,
    Iteration,
    Loop,
    Node,
    OutputBlocked,
    Parallel,
    Part,
    ToolCall,
)
from ...script.frames import split
from ..answers import Answer, AnswerFunction, EmulatorError, EmulatorRequest, RunFailed

__all__ = ["INTERNAL_ERROR", "Generation", "internal_error"]

INTERNAL_ERROR = (
    "The server encountered an internal error and was unable to complete your request. "
    "Either the server is overloaded or there is an error in the application."
)

_END: Any = object()
"""Value of a source that has no more parts."""

_OBJECTS = (Node, Iteration, Loop, Parallel, EmulatorForm, ToolCall, CitationResource, OutputBlocked)
_PARTS = (str, Mapping, *_OBJECTS)

_logger = logging.getLogger("dify.testing")


class Generation:
    """An answer in progress.

    One task takes the parts of the function, so that what the function opens and closes around a `yield` stays in one
    context, and only when a part is wanted: the function of a caller that disconnects is not run to its end.

    Attributes:
        request: Argument of the answer function.
        owner: UUID of the end user whose request is answered.
        stopping: Event that is set when a caller stops the answer.
        closed: True if the reader left before the end.
        blocked: Answer of moderation to a blocked question, or None.
        failure: Error that ended the stream of a message, or None.
    """

    def __init__(
        self,
        request: EmulatorRequest,
        *,
        owner: str = "",
        delay: float = 0.0,
        failures: list[Exception] | None = None,
    ) -> None:
        self.request = request
        self.owner = owner
        self.stopping = asyncio.Event()
        self.closed = False
        self.blocked: str | None = None
        self.failure: EmulatorError | None = None
        self._delay = delay
        self._failures = failures if failures is not None else []
        self._source: _Source = _Items(())
        self._loop = asyncio.get_running_loop()
        self._wanted: asyncio.Queue[object] = asyncio.Queue()
        self._parts: asyncio.Queue[Part | None] = asyncio.Queue()
        self._error: EmulatorError | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def stopped(self) -> bool:
        """True if a caller stopped the answer."""
        return self.stopping.is_set()

    async def start(self, function: AnswerFunction) -> None:
        """Call the function.

        Raises:
            EmulatorError: The function raised it, so that the HTTP response is an error.
        """
        try:
            answer = await _call(function, self.request)
            workflow = self.request.kind == "workflow"
            if isinstance(answer, InputBlocked):
                if workflow:
                    raise TypeError("a workflow has no moderation, so it cannot be answered with InputBlocked")
                self.blocked = answer.text
            else:
                if isinstance(answer, Mapping) and not workflow:
                    raise TypeError(f"only a workflow may be answered with a mapping, not a {self.request.kind}")
                self._source = _source_of(cast("Part", answer))
        except RunFailed as error:
            self._source = _Failing(error)
        except EmulatorError:
            raise
        except Exception as error:
            raise self.internal(error) from error

    async def parts(self) -> AsyncGenerator[Part, object]:
        """Yield the parts; the function's `yield` returns what is sent here.

        Ends early, without an error, when the answer is stopped.

        Raises:
            EmulatorError: The function failed.
        """
        self._task = asyncio.create_task(self._produce())
        if self.stopped:
            self._task.cancel()
        reply: object = None
        try:
            while True:
                self._wanted.put_nowait(reply)
                part = await self._parts.get()
                if part is None:
                    break
                reply = yield part
        finally:
            if not self._task.done():
                self.closed = not self.stopped
                self._task.cancel()
            # Wait for the clean-up of the function, however the answer ends.
            with CancelScope(shield=True):
                await asyncio.wait({self._task})
        if self._error is not None and not self.stopped:
            raise self._error

    async def _produce(self) -> None:
        first = True
        try:
            while True:
                reply = await self._wanted.get()
                if self._delay and not first:
                    await asyncio.sleep(self._delay)
                first = False
                part = await self._source.take(reply)
                if part is _END:
                    break
                if not isinstance(part, _PARTS):
                    raise TypeError(f"an answer function yields text or parts, not {type(part).__name__}")
                self._parts.put_nowait(cast("Part", part))
        except EmulatorError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  # whatever the function raises goes to the caller
            self._error = self.internal(error)
        finally:
            await self._source.close()
            self._parts.put_nowait(None)

    def stop(self) -> None:
        """Stop the answer; safe from any thread.

        One emulator may have several transports.
        """
        with suppress(RuntimeError):  # the loop is closed, and the answer has ended with it
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self.stopping.set()
        if self._task is not None:
            self._task.cancel()

    def internal(self, error: Exception) -> EmulatorError:
        """Return the error for a mistake of the function.

        The mistake is kept for the test.
        """
        self._failures.append(error)
        _logger.error("the answer function raised %r", error, exc_info=error)
        return EmulatorError(500, "internal_server_error", internal_error(error))


def internal_error(error: Exception) -> str:
    """Return the message for a mistake in a function of the test."""
    # Dify hides the cause; the author of a test needs it.
    return f"{INTERNAL_ERROR} (The emulator's function raised {repr(error)[:500]}.)"


async def _call(function: AnswerFunction, request: EmulatorRequest) -> Answer:
    """Call an answer function of any kind."""
    # Functions that only create a coroutine or a generator are called here; others may block, so a thread calls them.
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    lazy = any(is_kind(called) for is_kind in kinds)
    answer = function(request) if lazy else await to_thread.run_sync(function, request)
    return await answer if inspect.isawaitable(answer) else answer


# ------------------------------------------------------------------------------------------------------------- sources
class _Source(Protocol):
    """Parts, one at a time."""

    async def take(self, reply: object) -> Any:
        """Return the next part, or `_END`.

        `reply` is the result of the function's last `yield`.
        """
        ...

    async def close(self) -> None:
        """Close the source."""
        ...


def _source_of(answer: Part | Iterable[Part] | AsyncIterable[Part]) -> _Source:
    """Return the source for what a function returned.

    Raises:
        TypeError: An answer function cannot return it.
    """
    if isinstance(answer, str):
        return _Items(split(answer))
    if isinstance(answer, (Mapping, *_OBJECTS)):
        return _Items([cast("object", answer)])
    if isinstance(answer, AsyncIterable):
        return _AsyncItems(aiter(answer))
    # A function without annotations may return anything, whatever its type says.
    if not isinstance(answer, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"an answer function returns text, deltas or parts, not {type(answer).__name__}")
    parts = cast("Iterable[object]", answer)
    return _BlockingItems(parts) if isinstance(parts, Iterator) else _Items(parts)


class _Items:
    """Parts of a list."""

    def __init__(self, parts: Iterable[object]) -> None:
        self._parts = iter(parts)

    async def take(self, reply: object) -> Any:
        del reply
        return next(self._parts, _END)

    async def close(self) -> None:
        pass


class _AsyncItems:
    """Parts of an async generator or another async iterator."""

    def __init__(self, parts: AsyncIterator[object]) -> None:
        self._parts = parts

    async def take(self, reply: object) -> Any:
        send = None if reply is None else getattr(self._parts, "asend", None)
        try:
            return await (anext(self._parts) if send is None else send(reply))
        except StopAsyncIteration:
            return _END

    async def close(self) -> None:
        close = getattr(self._parts, "aclose", None)
        if close is not None:
            await close()


class _BlockingItems:
    """Parts of an iterator, which a worker thread takes because it may block."""

    def __init__(self, parts: Iterator[object]) -> None:
        self._parts = parts
        self._ended = False

    async def take(self, reply: object) -> Any:
        return _END if self._ended else await to_thread.run_sync(self._next, reply)

    def _next(self, reply: object) -> object:
        send = None if reply is None else cast("Callable[[object], object] | None", getattr(self._parts, "send", None))
        try:
            return next(self._parts) if send is None else send(reply)
        except StopIteration as end:
            self._ended = True
            # The return value of a generator is its last part.
            return _END if end.value is None else end.value

    async def close(self) -> None:
        close = cast("Callable[[], None] | None", getattr(self._parts, "close", None))
        if close is not None:
            # A generator that runs in its thread cannot be closed; it ends when it returns.
            with suppress(ValueError):
                close()


class _Failing:
    """An error in place of parts."""

    def __init__(self, error: EmulatorError) -> None:
        self._error = error

    async def take(self, reply: object) -> Any:
        raise self._error

    async def close(self) -> None:
        pass
