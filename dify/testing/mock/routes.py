"""Kinds of routes, by the response of their operation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, Self, TypeAlias, TypeVar

from dify import UploadedFile

from ..builders import replies
from ..builders.pieces import Piece, pieces_of
from ..builders.wire import Frame, Wire
from ..script.ids import Ids
from .calls import MockCall
from .operations import MockedOperation, Pagination
from .pages import page_of
from .planned_responses import MockedResponse, Owner, Route
from .reply_types import ReplyType

__all__ = [
    "BytesRoute",
    "EmptyRoute",
    "ItemsRoute",
    "JSONRoute",
    "PageRoute",
    "StreamFunction",
    "StreamRoute",
    "Streamed",
    "UploadRoute",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

M = TypeVar("M")


class JSONRoute(Route, Generic[M]):
    """An operation with one reply."""

    _verb = "returns(...)"

    def __init__(self, owner: Owner, operation: MockedOperation, usual: Callable[[], M]) -> None:
        super().__init__(owner, operation)
        self._usual = usual

    def returns(self, reply: M | Mapping[str, Any] | None = None) -> Self:
        """Respond with a reply.

        Args:
            reply: A model from `dify.testing.replies`, or a JSON object; by default a default reply.

        Raises:
            TypeError: The value is not a reply of the operation.
            ValueError: The client cannot parse it, because fields are missing or invalid.
        """
        known: Any = self._usual() if reply is None else ReplyType(self.operation, self._usual).check(reply)
        return self._plan(lambda _: known)


class ItemsRoute(Route, Generic[M]):
    """An operation with a list without pages."""

    _verb = "returns([...])"

    def __init__(self, owner: Owner, operation: MockedOperation, of: Callable[[], M]) -> None:
        super().__init__(owner, operation)
        self._of = of

    def returns(self, items: Sequence[M | Mapping[str, Any]] = ()) -> Self:
        """Respond with these items.

        Raises:
            TypeError: An item is not of the operation.
            ValueError: The client cannot parse an item.
        """
        known = ReplyType(self.operation, self._of).check_items(items)
        return self._plan(lambda _: known)


class EmptyRoute(Route):
    """An operation without a reply."""

    _verb = "succeeds()"

    def __init__(self, owner: Owner, operation: MockedOperation, body: Mapping[str, Any] | None) -> None:
        super().__init__(owner, operation)
        self._body = body

    def succeeds(self) -> Self:
        """Respond with a success."""
        return self._plan(lambda _: self._body)


class PageRoute(Route, Generic[M]):
    """An operation with a list in pages."""

    _verb = "lists([...])"

    def __init__(self, owner: Owner, operation: MockedOperation, pagination: Pagination, of: Callable[[], M]) -> None:
        super().__init__(owner, operation)
        self._of = of
        self._pagination: Pagination = pagination

    def lists(self, items: Sequence[M | Mapping[str, Any]] = ()) -> Self:
        """Respond with these items in pages.

        `limit`, `page` and the cursors of the request select the page.

        Raises:
            TypeError: An item is not of the operation.
            ValueError: The client cannot parse an item.
        """
        known = ReplyType(self.operation, self._of).check_items(items)
        return self._plan(lambda call: page_of(known, call.params, self._pagination))

    def returns(self, page: Mapping[str, Any]) -> Self:
        """Respond with this page, whichever is requested.

        Args:
            page: The page as a JSON object.
        """
        return self._plan(lambda _: page)


class BytesRoute(Route):
    """An operation that downloads a file."""

    _verb = 'sends(b"...")'

    def sends(
        self, content: bytes, *, content_type: str = "application/octet-stream", filename: str | None = None
    ) -> Self:
        """Respond with a file.

        Args:
            content: Bytes of the file.
            content_type: MIME type, such as "audio/mpeg".
            filename: File name in the response.
        """
        from ..builders import responses

        return self._plan(lambda _: responses.binary(content, content_type=content_type, filename=filename))


class UploadRoute(JSONRoute[UploadedFile]):
    """An operation that uploads a file."""

    _verb = "uploads()"

    def uploads(self, *, id: str | None = None) -> Self:
        """Respond with the name, size and type of the uploaded file.

        Args:
            id: Id of the file; by default derived from its name.
        """

        def taken(call: MockCall) -> MockedResponse:
            if not call.uploads:
                from ..builders.error_replies import error_reply

                return error_reply("no_file_uploaded")
            file = call.uploads[0]
            return replies.uploaded_file(file.filename, id=id, size=len(file.content), mime_type=file.mime_type)

        return self._plan(taken)


StreamBuilder: TypeAlias = Callable[[Sequence[str] | str, Ids], Sequence[Frame]]

Streamed: TypeAlias = str | Sequence[str] | Sequence[Piece] | Wire
"""A stream: text, deltas, events (or dicts of recorded events), or a `Wire`."""

_Made: TypeAlias = MockedResponse | Streamed | Iterator[str] | Iterator[Piece]

StreamFunction: TypeAlias = Callable[[MockCall], _Made | Awaitable[_Made] | AsyncIterator[str] | AsyncIterator[Piece]]
"""A function that returns a stream or any other response."""


def _stream_of(answer: Any) -> str | list[str] | Wire:
    """Check and return the stream of an answer."""
    if isinstance(answer, str | Wire):
        return answer
    pieces = pieces_of(answer)
    return pieces if pieces and all(isinstance(piece, str) for piece in pieces) else Wire(pieces)


class StreamRoute(Route, Generic[M]):
    """An operation with an event stream, or with a reply in blocking mode."""

    _verb = 'streams("...")'

    def __init__(
        self, owner: Owner, operation: MockedOperation, ids: Ids, build: StreamBuilder, reply: Callable[[], M]
    ) -> None:
        super().__init__(owner, operation)
        self._reply = reply
        self._ids = ids
        self._build = build

    def streams(self, answer: Streamed = "Hello there") -> Self:
        """Respond with an event stream.

        Args:
            answer: What the app says, as text or as its deltas; or the events, from `chat_stream(...)` and its like, or as
                the dicts of a recorded stream; or a `Wire`, which says what happens to them on the way. With text alone, the
                stream has the conversation that the call names. An empty list is a stream without events, which breaks off;
                an answer without words is `streams("")`.

        Raises:
            TypeError: `answer` is none of these.
            ValueError: The client cannot parse a dict.
        """
        known = _stream_of(answer)
        return self._plan(lambda call: self._wire(known, call))

    def answers(self, function: StreamFunction) -> Self:
        """Respond with the result of a function.

        Text, deltas and events that it returns or yields are streamed.

        Args:
            function: Called with the `MockCall`; returns what `streams` takes, a reply, an `ErrorReply`, an httpx answer, or
                an exception to raise. With the async client it may be a coroutine function.
        """
        return self._plan(function, self._streamed)

    def _streamed(self, response: Any, call: MockCall) -> MockedResponse:
        if isinstance(response, str | list | tuple | Iterator):
            return self._wire(_stream_of(response), call)
        return response

    def _wire(self, known: str | list[str] | Wire, call: MockCall) -> Wire:
        return known if isinstance(known, Wire) else Wire(self._build(known, self._ids_for(call)))

    def replies(self, reply: M | Mapping[str, Any]) -> Self:
        """Respond with a blocking reply.

        The client accepts it even if it requested a stream.

        Args:
            reply: A model from `dify.testing.replies`, or a JSON object.

        Raises:
            TypeError: The value is not a reply of the operation.
            ValueError: The client cannot parse it, because fields are missing or invalid.
        """
        known = ReplyType(self.operation, self._reply).check(reply)
        return self._plan(lambda _: known)

    def _ids_for(self, call: MockCall) -> Ids:
        ids = self._ids
        if call.user:
            ids = replace(ids, user=call.user)
        if call.conversation_id and ids.conversation_id:
            ids = replace(ids, conversation_id=call.conversation_id)
        return ids
