"""The data of one frame to one typed event."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from .._protocol.json import loads, mended
from ..errors import ResponseValidationError, printable
from ..types import events as t

__all__ = ["StreamKind", "reader_for"]

StreamKind = Literal["chat", "completion", "workflow", "datasource"]

_KNOWN: dict[StreamKind, Any] = {
    "chat": t.KnownChatEvent,
    "completion": t.KnownCompletionEvent,
    "workflow": t.KnownWorkflowEvent,
    "datasource": t.KnownDatasourceEvent,
}

LARGE = 1500
"""Bytes from which on a frame is parsed first. The validator copies all that it parses by itself: for a node's frame that costs
an eighth more than parsing it to Python and validating that; for a delta of text it costs a third less (tests/bench)."""

Reader = Callable[[bytes | str], Any]


@cache
def reader_for(kind: StreamKind) -> Reader:
    """A function from a frame's data to its event, for streams of one kind; built once, on first use.

    An unknown name gives an `UnknownEvent`. A known event that does not validate, and data that is no event at all, raise
    `ResponseValidationError` with the frame: nothing is dropped.
    """
    # The union is told apart by its field, in the validator itself. Names that it does not know fail there, and only they
    # are looked at again: so a malformed known event cannot pass as an unknown one.
    adapter = TypeAdapter[Any](_KNOWN[kind])
    adapter.rebuild()
    # The core's own method: the adapter's adds as much again to a small frame.
    validate = cast("Callable[[bytes | str], Any]", adapter.validator.validate_json)
    validate_parsed = cast("Callable[[Any], Any]", adapter.validator.validate_python)

    def read(data: bytes | str) -> Any:
        try:
            if len(data) < LARGE:
                return validate(data)
            try:
                parsed = from_json(data)
            except ValueError:
                return validate(data)  # no JSON; the validator's words for it are looked at below
            return validate_parsed(parsed)
        except ValidationError as error:
            return _second_look(data, _first(error))

    def _second_look(data: bytes | str, problem: ErrorDetails) -> Any:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        if isinstance(data, bytes) and "\ufffd" in text:
            return read(text)  # invalid UTF-8 is replaced, as the standard asks
        if problem["type"] == "json_invalid" and (whole := mended(text)) is not None:
            return read(whole)
        if problem["type"] == "union_tag_invalid" and (unknown := _unknown(text)) is not None:
            return unknown
        where = ".".join(str(part) for part in problem["loc"])
        reason = f"{where}: {problem['msg']}" if where else problem["msg"]
        raise ResponseValidationError(
            f"a frame of the stream is no event that this client can read: {reason}; frame: {printable(text, 300)}",
            body=text,
        )

    return read


def _first(error: ValidationError) -> ErrorDetails:
    return error.errors(include_url=False, include_context=False, include_input=False)[0]


def _unknown(text: str) -> t.UnknownEvent | None:
    try:
        frame = loads(text)
    except ValueError:
        return None
    name = frame.get("event")
    return t.UnknownEvent(name=name, data=frame) if isinstance(name, str) else None
