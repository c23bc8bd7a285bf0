"""Checks of replies against their operation.

The line that sets a wrong reply raises the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from .operations import MockedOperation

__all__ = ["ReplyType"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


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
            ValueError: The client cannot parse the object, because fields are missing or invalid.
        """
        if isinstance(reply, self._kind):
            return reply
        if isinstance(reply, Mapping):
            self._check_fields(cast("Mapping[str, Any]", reply))
            return cast("Any", reply)
        raise TypeError(
            f"{self._operation.call} answers {_a(self._kind)} ({self._builder}(...)) or a dict, and not {_a(type(reply))}"
        )

    def _check_fields(self, reply: Mapping[str, Any]) -> None:
        if not issubclass(self._kind, BaseModel):
            return
        try:
            model = self._kind.model_validate(reply)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in details[:5]]
        else:
            if not model.model_fields_set.isdisjoint(self._kind.model_fields):
                return
            problems = [f"it has no field of {_a(self._kind)}"]
        raise ValueError(
            f"{self._operation.call}: the client cannot parse this reply: {'; '.join(problems)}. Use {self._builder}(...), "
            "which returns a complete reply, and pass it the fields that matter"
        )

    @property
    def _builder(self) -> str:
        return f"replies.{getattr(self._usual, '__name__', '')}"

    def check_items(self, items: object) -> list[Any]:
        """Check the items of a list.

        Raises:
            TypeError: An item has another type, or `items` is not a list.
            ValueError: The client cannot parse an item.
        """
        if isinstance(items, str | Mapping) or not isinstance(items, Iterable):
            raise TypeError(f"{self._operation.call} answers a list, and not {_a(type(cast('object', items)))}")
        return [self.check(item) for item in cast("Iterable[object]", items)]


def _a(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOaeio' else 'a'} {kind.__name__}"
