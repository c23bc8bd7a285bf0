"""What becomes of the items of a `map` call, and the order in which they are told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

__all__ = ["InOrder", "MapResult", "Raised"]

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
        """The run or reply; raises the error where there is none.

        Example:
            >>> MapResult(0, {"q": "tea"}, error=ValueError("no tea")).unwrap()
            Traceback (most recent call last):
                ...
            ValueError: no tea
        """
        if self.error is not None:
            raise self.error
        assert self.reply is not None  # one of the two is always there
        return self.reply


@dataclass(frozen=True, slots=True)
class Raised:
    """What a worker ended with, for the caller to raise."""

    error: BaseException


class InOrder(Generic[R]):
    """Holds results back until those before them have come.

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
        """Take a result in; gives those whose turn it is now."""
        self._waiting[result.index] = result
        ready: list[MapResult[R]] = []
        while self._next in self._waiting:
            ready.append(self._waiting.pop(self._next))
            self._next += 1
        return ready
