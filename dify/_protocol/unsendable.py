"""The value in a request that JSON cannot represent, and its place. Pure.

The error names both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

__all__ = ["UnsendableValue", "unsendable_value"]

_DEEPEST = 200
"""Levels of nesting that are searched; Python's encoder fails at about 1,000."""


class UnsendableValue(NamedTuple):
    """A value that JSON cannot represent.

    Attributes:
        path: Place in the body, such as `inputs['score']`.
        problem: Description of the value, a predicate.
    """

    path: tuple[object, ...]
    problem: str

    @property
    def argument(self) -> str | None:
        """Name of the argument that contains the value.

        None for a body that is not an object.
        """
        return self.path[0] if self.path and isinstance(self.path[0], str) else None

    def __str__(self) -> str:
        first, *rest = self.path or ("json",)
        if not isinstance(first, str):
            first, rest = "json", list(self.path)
        return f"{first}{''.join(f'[{repr(step)[:80]}]' for step in rest[:6])} {self.problem}"


def unsendable_value(body: object, convert: Callable[[Any], Any]) -> UnsendableValue | None:
    """Return the first value of a body that JSON cannot represent, or None.

    Args:
        body: The body.
        convert: The encoder's function for values of other types; raises `TypeError` for those that it does not know.

    Example:
        >>> print(unsendable_value({"query": "Hi", "inputs": {"score": float("nan")}}, convert=str))
        inputs['score'] is nan, a number that JSON does not have
    """
    return next(_problems(body, (), convert), None)


def _problems(value: Any, path: tuple[object, ...], convert: Callable[[Any], Any]) -> Iterator[UnsendableValue]:
    if len(path) > _DEEPEST:
        yield UnsendableValue(path[:2], "is nested too deeply for JSON, or contains itself")
        return
    match value:
        case str():
            problem = _surrogate_in(value)
            if problem:
                yield UnsendableValue(path, problem)
        case None | bool() | int():
            pass
        case float():
            if not math.isfinite(value):
                yield UnsendableValue(path, f"is {value}, a number that JSON does not have")
        case dict():
            for key, item in cast("dict[Any, Any]", value).items():
                yield from _key_problems(key, path)
                yield from _problems(item, (*path, key), convert)
        case list() | tuple():
            for index, item in enumerate(cast("list[Any]", value)):
                yield from _problems(item, (*path, index), convert)
        case _:
            try:
                plain = convert(value)
            except (TypeError, ValueError) as error:
                known = "; pass a list" if isinstance(value, (set, frozenset)) else ""
                kind = type(cast(object, value)).__name__
                problem = f"is of type {kind}, which JSON cannot represent{known}"
                yield UnsendableValue(path, problem if isinstance(error, TypeError) else f"is of type {kind}: {error}")
                return
            yield from _problems(plain, path, convert)


def _key_problems(key: object, path: tuple[object, ...]) -> Iterator[UnsendableValue]:
    if isinstance(key, str):
        problem = _surrogate_in(key)
        if problem:
            yield UnsendableValue((*path, key), f"has a name that {problem}")
    elif not (key is None or isinstance(key, int) or (isinstance(key, float) and math.isfinite(key))):
        yield UnsendableValue(path, f"has the key {repr(key)[:80]}; the keys of JSON objects are texts")


def _surrogate_in(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = f"\\u{ord(text[error.start]):04x}"
        return f"contains a lone surrogate ({code}, at position {error.start}), which JSON in UTF-8 cannot represent"
    return None
