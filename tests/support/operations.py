"""Every public method of a client, found by looking at it, with arguments that fit; so that later ones are covered too."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import BaseModel

from .signatures import parameters_of

MARK = "mark-me"

# Arguments that their annotation alone does not tell.
_VALUES: dict[str, Any] = {
    "file": ("notes.txt", b"hello"),
    "files": [],
    "options": None,
    "base_url": None,
}

# Arguments that are optional one by one, of which a call needs some all the same.
_ALSO: dict[str, dict[str, Any]] = {
    "audio.synthesize": {"text": "some-text"},
    "conversations.rename": {"name": "some-text"},
    "knowledge.documents.update_from_text": {"name": "some-text", "text": "some-text"},
    "knowledge.segments.update": {"content": "some-text"},
}

# Methods that make the calls of another one and keep what each of them raises.
_MADE_OF_OTHERS = {"files.upload_many"}


@dataclass(frozen=True)
class Operation:
    """One public method: where it is, and what it takes."""

    path: str
    """Such as "knowledge.documents.get"."""
    names: tuple[str, ...]
    required: tuple[str, ...]
    texts: tuple[str, ...]
    """The parameters that take text."""
    hints: dict[str, Any]

    def call(self, client: Any, **given: Any) -> Any:
        """Call it with fitting arguments, and with those given in their place."""
        target = client
        for part in self.path.split("."):
            target = getattr(target, part)
        arguments = {name: value_for(name, self.hints.get(name)) for name in self.required}
        return target(**(arguments | _ALSO.get(self.path, {}) | given))


@cache
def _options(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def value_for(name: str, hint: Any) -> Any:
    """Some value that a parameter takes."""
    if name in _VALUES:
        return _VALUES[name]
    choice = next((one for one in _options(hint) if one is not type(None)), str)
    origin = typing.get_origin(choice) or choice
    if origin is typing.Literal:
        return typing.get_args(choice)[0]
    if origin in (collections.abc.Mapping, dict):
        return {}
    if origin in (collections.abc.Sequence, list, collections.abc.Iterable, collections.abc.AsyncIterable):
        inner = typing.get_args(choice)
        return [value_for(name, inner[0])] if inner else []
    if isinstance(origin, type) and issubclass(origin, bool):
        return True
    if isinstance(origin, type) and issubclass(origin, (int, float)):
        return 1
    if isinstance(origin, type) and issubclass(origin, datetime):
        return datetime(2026, 1, 1, tzinfo=UTC)
    if isinstance(origin, type) and issubclass(origin, BaseModel):
        needed = {key: field for key, field in origin.model_fields.items() if field.is_required()}
        return origin.model_construct(**{key: value_for(key, field.annotation) for key, field in needed.items()})
    return "some-text"


def _hints(method: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(method)
    except NameError:  # a name that only type checkers import
        return {}


def _takes_text(name: str, hint: Any) -> bool:
    return name not in _VALUES and any(one is str or typing.get_origin(one) is typing.Literal for one in _options(hint))


def operations(client: Any, prefix: str = "") -> Iterator[Operation]:
    """All public methods of the client's resources, at any depth."""
    for name in sorted(vars(type(client)).keys() | dir(type(client))):
        if name.startswith("_"):
            continue
        member = inspect.getattr_static(type(client), name)
        if inspect.isfunction(member):
            if prefix and f"{prefix}{name}" not in _MADE_OF_OTHERS:  # the client's own methods are not operations
                yield _operation(f"{prefix}{name}", member)
        elif type(member).__name__ in ("cached_property", "property"):
            value = getattr(client, name)
            if ".resources." in type(value).__module__:
                yield from operations(value, f"{prefix}{name}.")


def _operation(path: str, method: Callable[..., Any]) -> Operation:
    taken = {one.name: one for one in parameters_of(method)}
    hints = {
        **_hints(method),
        **{name: one.annotation for name, one in taken.items() if not isinstance(one.annotation, str)},
    }
    return Operation(
        path=path,
        names=tuple(taken),
        required=tuple(name for name, one in taken.items() if one.default is inspect.Parameter.empty),
        texts=tuple(name for name in taken if _takes_text(name, hints.get(name, str))),
        hints=hints,
    )
