"""One answer in the making: calls the answer function and hands out its deltas as they are wanted."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

from anyio import CancelScope, to_thread

from ._answers import Answer, AnswerFunction, EmulatorError, EmulatorRequest, RunFailed

__all__ = ["INTERNAL_ERROR", "Generation"]

INTERNAL_ERROR = (
    "The server encountered an internal error and was unable to complete your request. "
    "Either the server is overloaded or there is an error in the application."
)

_logger = logging.getLogger("dify.testing")
_END: Any = object()


class Generation:
    """The making of one answer.

    The function's deltas are taken by one task, so that what it opens and closes around a `yield` stays in one place,
    and only when a delta is wanted: a caller that goes away leaves the rest unmade.

    Attributes:
        text: The deltas handed out so far, joined.
        outputs: What the function returned, if that is a mapping.
        stopped: Whether a caller asked to stop.
        closed: Whether the caller went away before the end.
    """

    def __init__(
        self, request: EmulatorRequest, *, delay: float = 0.0, failures: list[Exception] | None = None
    ) -> None:
        self.request = request
        self.text = ""
        self.outputs: dict[str, Any] | None = None
        self.stopped = False
        self.closed = False
        self._delay = delay
        self._failures = failures if failures is not None else []
        self._source: AsyncIterator[str] = _of(())
        self._loop = asyncio.get_running_loop()
        self._wanted = asyncio.Semaphore(0)
        self._made: asyncio.Queue[str | None] = asyncio.Queue()
        self._error: EmulatorError | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, function: AnswerFunction) -> None:
        """Call the function.

        Raises:
            EmulatorError: The function refuses, so the HTTP answer is an error.
        """
        try:
            answer = await _call(function, self.request)
            self._source = self._deltas_of(answer)
        except RunFailed as error:
            self._source = _failing(error)
        except EmulatorError:
            raise
        except Exception as error:
            raise self._internal(error) from error

    def _deltas_of(self, answer: Answer) -> AsyncIterator[str]:
        if isinstance(answer, str):
            return _of(split(answer))
        if isinstance(answer, Mapping):
            if self.request.kind != "workflow":
                raise TypeError(f"only a workflow may be answered with a mapping, not a {self.request.kind}")
            self.outputs = dict(cast("Mapping[str, Any]", answer))
            return _of(())
        if isinstance(answer, AsyncIterable):
            return aiter(answer)
        # A function without annotations may return anything, whatever its type says.
        if not isinstance(answer, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"an answer function returns text, deltas or a mapping, not {type(answer).__name__}")
        return _in_thread(iter(answer)) if isinstance(answer, Iterator) else _of(answer)

    async def deltas(self) -> AsyncGenerator[str]:
        """The deltas; an error of the function is raised here. Ends early, and quietly, when stopped."""
        self._task = asyncio.create_task(self._make())
        if self.stopped:
            self._task.cancel()
        try:
            while True:
                self._wanted.release()
                delta = await self._made.get()
                if delta is None:
                    break
                self.text += delta
                yield delta
        finally:
            if not self._task.done():
                self.closed = not self.stopped
                self._task.cancel()
            # Whatever ends this waits until the function's own clean-up is done.
            with CancelScope(shield=True):
                await asyncio.wait({self._task})
        if self._error is not None and not self.stopped:
            raise self._error

    async def _make(self) -> None:
        first = True
        try:
            while True:
                await self._wanted.acquire()
                if self._delay and not first:
                    await asyncio.sleep(self._delay)
                first = False
                self._made.put_nowait(await anext(self._source))
        except StopAsyncIteration:
            pass
        except EmulatorError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 (whatever the function raises is told to the caller)
            self._error = self._internal(error)
        finally:
            close = getattr(self._source, "aclose", None)
            if close is not None:
                await close()
            self._made.put_nowait(None)

    def stop(self) -> None:
        """End it now; safe to call from any thread, as one emulator may stand behind several doors."""
        with suppress(RuntimeError):  # the loop has ended, and with it the generation
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self.stopped = True
        if self._task is not None:
            self._task.cancel()

    def _internal(self, error: Exception) -> EmulatorError:
        # Dify hides what happened; the one who tests wants to know, so it is kept and logged.
        self._failures.append(error)
        _logger.error("the answer function raised %r", error, exc_info=error)
        return EmulatorError(500, "internal_server_error", INTERNAL_ERROR)


def split(text: str) -> list[str]:
    """A text cut into deltas as models make them: words, each with the space before it.

    Example:
        >>> split("Echo: hello  there")
        ['Echo:', ' hello', '  there']
    """
    return re.findall(r"\s*\S+|\s+\Z", text)


async def _call(function: AnswerFunction, request: EmulatorRequest) -> Answer:
    # What only makes a coroutine or a generator is called here; a plain function may block, so a thread calls it.
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    lazy = any(is_kind(called) for is_kind in kinds)
    answer = function(request) if lazy else await to_thread.run_sync(function, request)
    return await answer if inspect.isawaitable(answer) else answer


async def _of(deltas: Iterable[str]) -> AsyncIterator[str]:
    for delta in deltas:
        yield delta


async def _failing(error: EmulatorError) -> AsyncIterator[str]:
    raise error
    yield ""


async def _in_thread(deltas: Iterator[str]) -> AsyncIterator[str]:
    try:
        while (delta := await to_thread.run_sync(next, deltas, _END)) is not _END:
            yield delta
    finally:
        close = cast("Callable[[], None] | None", getattr(deltas, "close", None))
        if close is not None:
            # A generator at work in its thread cannot be closed; it ends when it comes back.
            with suppress(ValueError):
                close()
