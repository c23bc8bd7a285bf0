"""Checks of replies against their operation.

The line that sets a wrong reply raises the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, cast

from .operations import MockedOperation

__all__ = ["ReplyType"]


class ReplyType:
    """The type of an operation's replies, derived from its default reply."""

    def __init__(self, operation: MockedOperation, usual: Callable[[], Any]) -> None:
        self._operation = operation
        self._usual = usual

    @cached_property
    def _kind(self) -> type[Any]:
        return cast("type[Any]", type(self._usual()))

    def check(self, reply: object) -> Any:
        """Check a reply: a model of the operation, or a JSON object.

        Raises:
            TypeError: It is neither.
        """
        if isinstance(reply, self._kind | Mapping):
            return cast("Any", reply)
        name = getattr(self._usual, "__name__", "")
        raise TypeError(
            f"{self._operation.call} answers {_a(self._kind)} (replies.{name}(...)) or a dict, and not {_a(type(reply))}"
        )

    def check_items(self, items: object) -> list[Any]:
        """Check the items of a list.

        Raises:
            TypeError: An item has another type, or `items` is not a list.
        """
        if isinstance(items, str | Mapping) or not isinstance(items, Iterable):
            raise TypeError(f"{self._operation.call} answers a list, and not {_a(type(cast('object', items)))}")
        return [self.check(item) for item in cast("Iterable[object]", items)]


def _a(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOaeio' else 'a'} {kind.__name__}"
