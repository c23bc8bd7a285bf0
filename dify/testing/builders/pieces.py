"""Parts of streams, as callers pass them: checked, and parsed into events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeAlias, cast, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from dify.types.events import KnownChatEvent, KnownDatasourceEvent, UnknownEvent

from ..script.frames import Frame, dump

__all__ = ["Piece", "deltas_checked", "frames_of", "pieces_of"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

Piece: TypeAlias = Frame | bytes | Mapping[str, Any]
"""A part of a stream: an event, a frame as JSON has it (of a recorded stream, say), or bytes that go out as they are."""

_EVENTS: tuple[type, ...] = get_args(Frame)
_WANTED = "text, deltas, events (from chat_stream(...) and its like, or dicts of recorded frames), or a Wire"


def pieces_of(given: Any) -> list[Any]:
    """Return the parts of a stream as a list.

    Raises:
        TypeError: The value is not a stream.
    """
    # Models and texts can be iterated too, and bytes are a sequence of numbers: none of them is a stream.
    single = isinstance(given, str | bytes | Mapping | BaseModel)
    if single or not isinstance(given, Iterable):
        hint = f"; put it in a list: [{_shown(given)}]" if single and not isinstance(given, str) else ""
        raise TypeError(f"a stream is {_WANTED}, and not {_shown(given)}{hint}")
    return list(cast("Iterable[Any]", given))


def frames_of(given: object) -> list[Frame | bytes]:
    """Return the events of a stream.

    A dict becomes the event that the client parses, or bytes if that event differs from it.

    Raises:
        TypeError: A part is not an event, a dict or bytes.
        ValueError: The client cannot parse a dict.
    """
    return [_frame(piece, number) for number, piece in enumerate(pieces_of(given))]


def deltas_checked(given: str | Sequence[str]) -> list[str]:
    """Return the deltas of a text.

    Raises:
        TypeError: A delta is not text.
    """
    pieces = pieces_of(given)
    for number, piece in enumerate(pieces):
        if not isinstance(piece, str):
            raise TypeError(f"piece {number} of a text is a str, and not {_shown(piece)}")
    return pieces


def _frame(piece: object, number: int) -> Frame | bytes:
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, _EVENTS):
        return cast("Frame", piece)
    if isinstance(piece, Mapping):
        return _event(cast("Mapping[str, Any]", piece), number)
    if isinstance(piece, str):
        raise TypeError(
            f"part {number} of the stream is the text {piece!r}: a stream is all text or all events; "
            "events.message(...) is the event of a piece of text"
        )
    raise TypeError(f"part {number} of the stream is no event, but {_shown(piece)}: a stream is {_WANTED}")


def _event(frame: Mapping[str, Any], number: int) -> Frame | bytes:
    name = frame.get("event")
    if not isinstance(name, str):
        raise ValueError(f"part {number} of the stream is no frame of Dify's, for it has no `event`: {_shown(frame)}")
    try:
        event: Frame = _adapter().validate_python(dict(frame))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if problem["type"] == "union_tag_invalid":
            return UnknownEvent(name=name, data=dict(frame))
        where = ".".join(str(part) for part in problem["loc"])
        raise ValueError(
            f"part {number} of the stream is no event that the client can read: {where}: {problem['msg']}. "
            "To send it all the same, give its bytes: b'data: {...}\\n\\n'"
        ) from None
    if dump(event) == frame:
        return event
    try:  # an id that is a number, say: the client reads it, and what is sent is to be what was given
        return f"data: {json.dumps(dict(frame), ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
    except TypeError:  # times and amounts as Python has them
        return event


@cache
def _adapter() -> TypeAdapter[Any]:
    # One for streams of all kinds: a name means the same event in each of them.
    return TypeAdapter(Annotated[KnownChatEvent | KnownDatasourceEvent, Field(discriminator="event")])


def _shown(given: Any) -> str:
    text = f"{type(given).__name__} {given!r}"
    return text if len(text) < 120 else f"{text[:117]}..."
