"""What a client's methods take and give, and what of a schema they do not."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from dify import AsyncByteStream, AsyncDify, AsyncPager
from dify._protocol.paging import PageBody
from dify.streams import AsyncEventStream
from tests.support.signatures import parameters_of

from .openapi import Schema, resolve


def method_of(call: str) -> Callable[..., Any] | None:
    """The method that a dotted call names, or None where there is none."""
    found: Any = AsyncDify("app-x", knowledge_api_key="dataset-x", user="alice", base_url="https://dify.test")
    for name in call.split("."):
        found = getattr(found, name, None)
    return found


def taken_by(method: Callable[..., Any]) -> dict[str, Any]:
    """Return the parameters of a method with their types, unpacked keywords included."""
    hints = typing.get_type_hints(method)
    return {one.name: hints.get(one.name, one.annotation) for one in parameters_of(method)}


def given_by(method: Callable[..., Any]) -> Any:
    """What a method gives in the end: a model, a list, None, or the class of a stream; for a pager, its page."""
    hint = typing.get_type_hints(method)["return"]
    return PageBody[typing.get_args(hint)[0]] if typing.get_origin(hint) is AsyncPager else hint


def is_stream(hint: Any) -> bool:
    """Whether it is a stream of events or bytes, which is no JSON."""
    return isinstance(hint, type) and issubclass(hint, (AsyncByteStream, AsyncEventStream))


def alternatives(hint: Any) -> list[Any]:
    """What a union offers."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return alternatives(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return [one for part in typing.get_args(hint) for one in alternatives(part)]
    return [hint]


def models_in(hint: Any) -> list[type[BaseModel]]:
    """The models that a value of this type may be."""
    return [one for one in alternatives(hint) if isinstance(one, type) and issubclass(one, BaseModel)]


def items_in(hint: Any, *origins: Any) -> list[Any]:
    """What containers of these kinds hold, among the alternatives."""
    return [typing.get_args(one)[-1] for one in alternatives(hint) if typing.get_origin(one) in origins]


def undeclared(schema: Schema, hint: Any, where: str = "") -> Iterator[str]:
    """The properties of a schema, at any depth, that no model of this type declares."""
    schema = resolve(schema)
    for keyword in ("oneOf", "anyOf", "allOf"):
        for one in schema.get(keyword, []):
            yield from undeclared(one, hint, where)
    if "items" in schema:
        held = items_in(hint, list, Sequence)
        if not held and resolve(schema["items"]).get("properties"):
            yield f"{where}[]"
        for one in held:
            yield from undeclared(schema["items"], one, f"{where}[]")
    for name, property_ in schema.get("properties", {}).items():
        path = f"{where}.{name}" if where else name
        fields = [
            field.annotation
            for model in models_in(hint)
            for attribute, field in model.model_fields.items()
            if name == (field.alias or attribute)
        ]
        # A map of names to models declares every name.
        fields += [one for one in items_in(hint, dict, Mapping) if models_in(one)]
        if fields:
            yield from undeclared(property_, typing.Union[tuple(fields)], path)  # noqa: UP007 - made at run time
        else:
            yield path
