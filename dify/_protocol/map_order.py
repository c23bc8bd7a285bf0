"""Results of `map` calls, and their order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

__all__ = ["InOrder", "MapResult", "WorkerError"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class MapResult(Generic[R]):
    """The result of one input of `workflows.map` or `completions.map`.

    Example:
        >>> MapResult(0, {"q": "tea"}, reply="A drink.").unwrap()
        'A drink.'
    """

    index: int
    """Position of the input, from 0."""
    inputs: Mapping[str, Any] = field(repr=False)
    """Inputs as passed to the call; empty for None."""
    reply: R | None = None
    """Run or reply. None if the call failed. A run that was stopped or is paused has not failed: see its `status`."""
    error: Exception | None = None
    """Exception of the call. None if it succeeded."""

    def unwrap(self) -> R:
        """Return the run or reply; raise the error if the call failed.

        Example:
            >>> MapResult(0, {"q": "tea"}, error=ValueError("no tea")).unwrap()
            Traceback (most recent call last):
                ...
            ValueError: no tea
        """
        if self.error is not None:
            raise self.error
        assert self.reply is not None  # a result has one of the two
        return self.reply


@dataclass(frozen=True, slots=True)
class WorkerError:
    """The exception that ended a worker, to be raised by the consumer."""

    error: BaseException


class InOrder(Generic[R]):
    """A buffer that releases results in the order of their inputs.

    Example:
        >>> order = InOrder()
        >>> [result.index for result in order.add(MapResult(1, {}))]
        []
        >>> [result.index for result in order.add(MapResult(0, {}))]
        [0, 1]
    """

    def __init__(self) -> None:
        self._waiting: dict[int, MapResult[R]] = {}
        self._next = 0

    def add(self, result: MapResult[R]) -> list[MapResult[R]]:
        """Add a result, and return those that can be delivered now."""
        self._waiting[result.index] = result
        ready: list[MapResult[R]] = []
        while self._next in self._waiting:
            ready.append(self._waiting.pop(self._next))
            self._next += 1
        return ready
