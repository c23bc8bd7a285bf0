"""Bytes of an event stream to typed events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from json import JSONDecoder
from typing import Any, Literal, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from .._protocol.json import loads, mended
from .._protocol.responses import too_large
from ..errors import ResponseValidationError, printable
from ..types import events as t
from .sse import FrameTooLarge, SSEParser

__all__ = ["EventDecoder", "StreamName", "decoder_of"]

StreamName = Literal["chat", "completion", "workflow", "datasource"]

_KNOWN: dict[StreamName, Any] = {
    "chat": t.KnownChatEvent,
    "completion": t.KnownCompletionEvent,
    "workflow": t.KnownWorkflowEvent,
    "datasource": t.KnownDatasourceEvent,
}

LARGE = 1500
"""Bytes from which a frame is parsed before it is validated. The validator copies all that it parses itself: for the frame of
a node
that takes an eighth longer than parsing to Python and validating that; for a delta of text it takes a third less
(tests/bench)."""


class EventDecoder:
    """Decodes one response body, cut anywhere, to typed events.

    Example:
        >>> decoder = EventDecoder("chat", 1 << 20)
        >>> list(decoder.feed(b'data: {"event": "ping"}\\n\\ndata: {"event": "ne'))
        [PingEvent(event='ping')]
        >>> [event.name for event in decoder.feed(b'w"}\\n\\n')]
        ['new']
    """

    def __init__(self, kind: StreamName, limit: int) -> None:
        self._parser = SSEParser(limit)
        self._decode = decoder_of(kind)

    @property
    def idle(self) -> bool:
        """True after a chunk of nothing but comments and blank lines."""
        return self._parser.idle

    def feed(self, chunk: bytes) -> Iterator[Any]:
        """Return the events that a chunk completes.

        Each is decoded when it is taken, so that those before a broken one come first.

        Raises:
            ResponseValidationError: An event is larger than the limit, or, while iterating, does not validate.
        """
        try:
            frames = self._parser.feed(chunk)
        except FrameTooLarge as error:
            raise too_large(f"the rest of the stream cannot be read: {error}", "frame") from None
        events = filter(None, map(self._decode, frames))
        if self._parser.pings:
            pings, self._parser.pings = self._parser.pings, 0
            return chain(events, [t.PingEvent()] * pings)
        return events

    def finish(self) -> list[Any]:
        """Return the complete event at the end of the stream whose blank line is missing.

        Raises:
            ResponseValidationError: The event does not validate.

        Example:
            >>> decoder = EventDecoder("chat", 1 << 20)
            >>> list(decoder.feed(b'data: {"event": "new"}')), [event.name for event in decoder.finish()]
            ([], ['new'])
            >>> list(decoder.feed(b'data: {"event": "ne')), decoder.finish()
            ([], [])
        """
        return [self._decode(data) for data in self._parser.finish() if _is_whole(data)]


def _is_whole(data: bytes) -> bool:
    """Return True for data that begins with a complete object of JSON.

    Such data was not cut.
    """
    return _after_object(data.decode("utf-8", "replace")) is not None


def _after_object(text: str) -> str | None:
    """Return the text after the object of JSON at its start, or None."""
    try:
        value, end = JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return text[end:].lstrip() if isinstance(value, dict) else None


@cache
def decoder_of(kind: StreamName) -> Callable[[bytes | str], Any]:
    """Return the function from a frame's data to its event, for streams of one kind.

    Built on first use.

    An event with an unknown name becomes an `UnknownEvent`. Known events that do not validate, and data that is not an event,
    raise `ResponseValidationError` with the frame. Empty data and `[DONE]`, which gateways add, become None.
    """
    # The validator itself selects the model by the field `event`. Unknown names fail there, and only those are read again:
    # a malformed known event cannot pass as an unknown one.
    adapter = TypeAdapter[Any](_KNOWN[kind])
    adapter.rebuild()
    # The core's own method: the adapter's wrapper doubles the cost of a small frame.
    validate = cast("Callable[[bytes | str], Any]", adapter.validator.validate_json)
    validate_parsed = cast("Callable[[Any], Any]", adapter.validator.validate_python)

    def decode(data: bytes | str) -> Any:
        try:
            if len(data) < LARGE:
                return validate(data)
            try:
                parsed = from_json(data)
            except ValueError:
                return validate(data)  # not JSON: the validator's error says why
            return validate_parsed(parsed)
        except ValidationError as error:
            problem = _first(error)
        # Not in the handler: the exception of pydantic, whose text has parts of the frame, would be the context of ours.
        return decode_again(data, problem)

    def decode_again(data: bytes | str, problem: ErrorDetails) -> Any:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        if text.strip() in ("", "[DONE]"):
            return None
        if isinstance(data, bytes) and "\ufffd" in text:
            return decode(text)  # invalid UTF-8 is replaced, as the standard of event streams requires
        if problem["type"] == "json_invalid" and (repaired := mended(text)) is not None:
            return decode(repaired)
        if problem["type"] == "union_tag_invalid" and (unknown := _unknown(text)) is not None:
            return unknown
        if problem["type"] == "json_invalid" and (_after_object(text) or "").startswith(("{", "data:")):
            raise ResponseValidationError(
                "the stream has `data:` lines without a blank line between them, which makes them one event: end each event "
                f"with a blank line, as in 'data: {{...}}\\n\\n'; frame: {printable(text, 300)}",
                body=text,
            )
        location = ".".join(str(part) for part in problem["loc"])
        reason = f"{location}: {problem['msg']}" if location else problem["msg"]
        raise ResponseValidationError(
            f"the stream has a frame that is not a valid event: {reason}; frame: {printable(text, 300)}", body=text
        )

    return decode


def _first(error: ValidationError) -> ErrorDetails:
    return error.errors(include_url=False, include_context=False, include_input=False)[0]


def _unknown(text: str) -> t.UnknownEvent | None:
    try:
        frame = loads(text)
    except ValueError:
        return None
    name = frame.get("event")
    return t.UnknownEvent(name=name, data=frame) if isinstance(name, str) else None
