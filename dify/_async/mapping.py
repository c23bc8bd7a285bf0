"""One call for each of many inputs, several at a time: what `workflows.map` and `completions.map` hand out."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .._protocol.arguments import several
from .._protocol.map_order import InOrder, MapResult
from ..errors import InvalidArgumentError, MisuseError
from ._crew import Crew
from ._io import AsyncWalk, Slots, each, shielded
from .event_stream import AsyncEventStream

__all__ = ["AsyncMapStream"]

R = TypeVar("R")


class _End:
    """What the inputs end with: None is an input like any other."""


_END = _End()


class AsyncMapStream(AsyncWalk, Generic[R]):
    """The results of a call for each of many inputs, one `MapResult` after the other.

    Nothing is sent until it is iterated. Inputs are taken as there is room: at most `concurrency` calls are at work, and at
    most as many results wait for whoever iterates. Leaving the loop, an exception in it or cancellation ends the calls
    that are at work; as an async context manager it does so at the end of the block, which is the surest way. What is no
    `Exception`, such as `sys.exit` in `on_start` or in the inputs, is raised where the results are taken.

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
            raise InvalidArgumentError(f"concurrency is {concurrency}; at least one call has to be made at a time")
        self._inputs = each(inputs)
        self._call = call
        self._concurrency = concurrency
        self._order: InOrder[R] | None = InOrder() if in_order else None
        self._on_start = on_start
        self._crew: Crew[MapResult[R]] = Crew()
        # A place for every call at work and as many for results that wait; given back when a result is taken.
        self._room = Slots(2 * concurrency)
        self._turn = Slots(1)
        self._hold = Slots(1)  # whoever has it may touch the inputs; kept by whoever closes them
        self._taken = 0
        self._exhausted = False
        self._failure: Exception | None = None
        self._at_work: set[AsyncEventStream[Any, R]] = set()
        self._begun = False
        self._closed = False

    def __aiter__(self) -> AsyncIterator[MapResult[R]]:
        if self._begun:
            raise MisuseError("these results have been iterated already: they come once. Call map() again")
        self._begun = True
        return self._results()

    async def _results(self) -> AsyncIterator[MapResult[R]]:
        """The results; every way out of here ends the workers."""
        try:
            working = self._concurrency
            self._crew.start(self._work, working)
            while working:
                result = await self._crew.take()
                if self._closed:
                    return
                if result is None:
                    working -= 1
                    continue
                for ready in [result] if self._order is None else self._order.add(result):
                    self._room.release()
                    yield ready
            if self._failure is not None:
                raise self._failure  # from the caller's own inputs, once all that was begun has been told
        finally:
            await self.aclose()

    async def _work(self) -> None:
        """One worker: takes the next inputs, makes the call, hands the result over."""
        try:
            while True:
                await self._room.acquire()
                item = await self._next()
                if item is None:
                    break
                self._crew.hand_over(await self._one(*item))
        finally:
            self._room.release()  # wakes another worker, to see the end too

    async def _next(self) -> tuple[int, Mapping[str, Any]] | None:
        await self._turn.acquire()  # an iterator is asked for one thing at a time
        try:
            if self._exhausted or self._closed or not self._hold.take():
                return None
            try:
                with self._crew.elsewhere():
                    item = await anext(self._inputs, _END)
            finally:
                self._hold.release()
                if self._closed:
                    with shielded():
                        await self._end_inputs()
            if self._closed:
                return None
            if isinstance(item, _End):
                self._exhausted = True
                return None
            self._taken += 1
            return self._taken - 1, {} if item is None else item
        except Exception as error:  # noqa: BLE001 - the caller's own iterator may fail in any way
            self._failure = error
            self._exhausted = True
            return None
        except BaseException:
            self._exhausted = True
            raise
        finally:
            self._turn.release()

    async def _end_inputs(self) -> None:
        """Close the inputs, unless somebody is at them, who closes them when done."""
        if self._hold.take():
            await self._inputs.aclose()

    async def _one(self, index: int, inputs: Mapping[str, Any]) -> MapResult[R]:
        stream: AsyncEventStream[Any, R] | None = None
        try:
            stream = self._call(inputs)
            self._at_work.add(stream)
            if self._on_start is not None:
                told = False
                async for _ in stream:
                    if not told and stream.workflow_run_id is not None:
                        told = True
                        self._on_start(index, stream.workflow_run_id)
            return MapResult(index, inputs, reply=await stream.final())
        except Exception as error:  # noqa: BLE001 - one that fails is told and does not end the others
            return MapResult(index, inputs, error=error)
        finally:
            if stream is not None:
                with shielded():
                    await stream.aclose()  # it may have been left in the middle: `on_start` is the caller's
                self._at_work.discard(stream)

    async def aclose(self) -> None:
        """End the calls that are at work. The server goes on with what it runs.

        Example:
            ```python
            results = client.workflows.map([{"q": "tea"}])
            await results.aclose()  # nothing was sent, and nothing will be
            ```
        """
        self._begun = self._closed = True  # once more does no harm: whoever comes second waits, too
        with shielded():
            self._crew.hand_over(None)  # wakes whoever iterates
            await self._crew.aclose(self._cut)
            await self._end_inputs()

    async def _cut(self) -> None:
        for _ in range(self._concurrency):
            self._room.release()  # wakes workers that wait for room
            self._turn.release()  # and those that wait for another's input, which may never come
        for stream in tuple(self._at_work):
            await stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
