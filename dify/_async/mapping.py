"""Results of `workflows.map` and `completions.map`: concurrent calls for inputs."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .._net.synchronization import AsyncSemaphore, async_shield
from .._protocol.arguments import several
from .._protocol.map_order import InOrder, MapResult
from .._protocol.pickling import NotPicklable
from ..errors import InvalidArgumentError, MisuseError
from ._io import each
from .event_stream import AsyncEventStream
from .worker_group import WorkerGroup

__all__ = ["AsyncMapStream"]

R = TypeVar("R")


class _End:
    """A mark for the end of the inputs, because None is a valid input."""


_END = _End()


class AsyncMapStream(NotPicklable, Generic[R]):
    """A stream of `MapResult`s, one for each of many inputs.

    Nothing is sent until it is iterated. Inputs are read as needed: at most `concurrency` calls run at a time, and at most as
    many results wait to be iterated. Leaving the loop, an exception in it or cancellation ends the calls in progress. Use it
    as an async context manager to end them at the end of the block in any case. Exceptions that are not an `Exception`, such
    as `sys.exit` in `on_start` or in the inputs, are raised in the iteration.

    Example:
        ```python
        rows = [{"q": "tea"}, {"q": "coffee"}]
        async with client.workflows.map(rows, concurrency=2) as results:
            async for result in results:
                print(result.index, result.error or result.unwrap().outputs)
        ```
    """

    def __init__(
        self,
        inputs: AsyncIterable[Mapping[str, Any] | None] | Iterable[Mapping[str, Any] | None],
        call: Callable[[Mapping[str, Any]], AsyncEventStream[Any, R]],
        *,
        concurrency: int,
        in_order: bool,
        on_start: Callable[[int, str], None] | None = None,
    ) -> None:
        several(inputs, "inputs")
        if concurrency < 1:
            raise InvalidArgumentError(f"concurrency must be at least 1, not {concurrency}", param="concurrency")
        self._inputs = each(inputs)
        self._call = call
        self._concurrency = concurrency
        self._order: InOrder[R] | None = InOrder() if in_order else None
        self._on_start = on_start
        self._workers: WorkerGroup[MapResult[R]] = WorkerGroup()
        # One slot for each call in progress and each waiting result; released when a result is delivered.
        self._room = AsyncSemaphore(2 * concurrency)
        self._turn = AsyncSemaphore(1)
        self._hold = AsyncSemaphore(1)  # its holder may use the inputs; not released after they are closed
        self._taken = 0
        self._exhausted = False
        self._failure: Exception | None = None
        self._streams: set[AsyncEventStream[Any, R]] = set()
        self._used = False
        self._closed = False

    def __aiter__(self) -> AsyncIterator[MapResult[R]]:
        if self._used:
            raise MisuseError("these results have been iterated already: they are delivered once. Call map() again")
        self._used = True
        return self._results()

    async def _results(self) -> AsyncIterator[MapResult[R]]:
        """Yield the results. Every way out ends the workers."""
        try:
            workers = self._concurrency
            self._workers.start(self._work, workers)
            while workers:
                result = await self._workers.take()
                if self._closed:
                    return
                if result is None:
                    workers -= 1
                    continue
                for ready in [result] if self._order is None else self._order.add(result):
                    self._room.release()
                    yield ready
            if self._failure is not None:
                raise self._failure  # of the caller's inputs, after the results of all calls
        finally:
            await self.aclose()

    async def _work(self) -> None:
        """Make calls for the next inputs until they end."""
        try:
            while True:
                await self._room.acquire()
                item = await self._next()
                if item is None:
                    break
                self._workers.hand_over(await self._result_of(*item))
        finally:
            self._room.release()  # wakes another worker, which then ends, too

    async def _next(self) -> tuple[int, Mapping[str, Any]] | None:
        await self._turn.acquire()  # an iterator must not be used by two tasks at once
        try:
            if self._exhausted or self._closed or not self._hold.try_acquire():
                return None
            try:
                with self._workers.elsewhere():
                    item = await anext(self._inputs, _END)
            finally:
                self._hold.release()
                if self._closed:
                    with async_shield():
                        await self._end_inputs()
            if self._closed:
                return None
            if isinstance(item, _End):
                self._exhausted = True
                return None
            self._taken += 1
            return self._taken - 1, {} if item is None else item
        except Exception as error:  # noqa: BLE001 - the caller's iterator may raise anything
            self._failure = error
            self._exhausted = True
            return None
        except BaseException:
            self._exhausted = True
            raise
        finally:
            self._turn.release()

    async def _end_inputs(self) -> None:
        """Close the inputs, unless a worker is using them, which closes them afterwards."""
        if self._hold.try_acquire():
            await self._inputs.aclose()

    async def _result_of(self, index: int, inputs: Mapping[str, Any]) -> MapResult[R]:
        stream: AsyncEventStream[Any, R] | None = None
        try:
            stream = self._call(inputs)
            self._streams.add(stream)
            if self._on_start is not None:
                reported = False
                async for _ in stream:
                    if not reported and stream.workflow_run_id is not None:
                        reported = True
                        self._on_start(index, stream.workflow_run_id)
            return MapResult(index, inputs, reply=await stream.final())
        except Exception as error:  # noqa: BLE001 - a failed call does not end the others
            return MapResult(index, inputs, error=error)
        finally:
            if stream is not None:
                with async_shield():
                    await stream.aclose()  # `on_start` may have raised
                self._streams.discard(stream)

    async def aclose(self) -> None:
        """End the calls in progress. Their runs continue on the server.

        Example:
            ```python
            results = client.workflows.map([{"q": "tea"}])
            await results.aclose()  # nothing was sent, and nothing will be
            ```
        """
        self._used = self._closed = True  # a second call waits for the first
        with async_shield():
            self._workers.hand_over(None)  # wakes the iteration
            await self._workers.aclose(self._close_streams)
            await self._end_inputs()

    async def _close_streams(self) -> None:
        for _ in range(self._concurrency):
            self._room.release()  # wakes workers that wait for room
            self._turn.release()  # and those that wait for an input, which may never arrive
        for stream in tuple(self._streams):
            await stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
