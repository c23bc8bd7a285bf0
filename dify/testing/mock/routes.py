"""The kinds of routes: by what their operation answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, Self, TypeAlias, TypeVar

from dify import UploadedFile

from ..builders import replies
from ..builders.pieces import Piece, pieces_of
from ..builders.wire import Frame, Wire
from ..script.ids import Ids
from .answers import Answered, Owner, Route
from .calls import MockCall
from .operations import MockedOperation, Pagination
from .pages import page_of
from .reply_types import Fits

__all__ = [
    "BytesRoute",
    "EmptyRoute",
    "ItemsRoute",
    "JSONRoute",
    "PageRoute",
    "StreamEffect",
    "StreamRoute",
    "Streamed",
    "UploadRoute",
]

M = TypeVar("M")


class JSONRoute(Route, Generic[M]):
    """An operation that answers one reply."""

    _verb = "returns(...)"

    def __init__(self, owner: Owner, operation: MockedOperation, usual: Callable[[], M]) -> None:
        super().__init__(owner, operation)
        self._usual = usual

    def returns(self, reply: M | Mapping[str, Any] | None = None) -> Self:
        """Answer with a reply.

        Args:
            reply: A model from `dify.testing.replies`, or the JSON object itself; by default the usual reply.

        Raises:
            TypeError: It is what another operation answers, or no reply at all.
        """
        known: Any = self._usual() if reply is None else Fits(self.operation, self._usual).reply(reply)
        return self._plan(lambda _: known)


class ItemsRoute(Route, Generic[M]):
    """An operation that answers a whole list, which is not in pages."""

    _verb = "returns([...])"

    def __init__(self, owner: Owner, operation: MockedOperation, of: Callable[[], M]) -> None:
        super().__init__(owner, operation)
        self._of = of

    def returns(self, items: Sequence[M | Mapping[str, Any]] = ()) -> Self:
        """Answer with these items.

        Raises:
            TypeError: One of them is of another operation's.
        """
        known = Fits(self.operation, self._of).items(items)
        return self._plan(lambda _: known)


class EmptyRoute(Route):
    """An operation that has nothing to tell."""

    _verb = "succeeds()"

    def __init__(self, owner: Owner, operation: MockedOperation, body: Mapping[str, Any] | None) -> None:
        super().__init__(owner, operation)
        self._body = body

    def succeeds(self) -> Self:
        """Answer that it is done."""
        return self._plan(lambda _: self._body)


class PageRoute(Route, Generic[M]):
    """An operation that answers a list in pages."""

    _verb = "lists([...])"

    def __init__(self, owner: Owner, operation: MockedOperation, pagination: Pagination, of: Callable[[], M]) -> None:
        super().__init__(owner, operation)
        self._of = of
        self._pagination: Pagination = pagination

    def lists(self, items: Sequence[M | Mapping[str, Any]] = ()) -> Self:
        """Answer with these items, in pages as they are asked for: `limit`, `page` and ids of items are heeded.

        Raises:
            TypeError: One of them is of another operation's.
        """
        known = Fits(self.operation, self._of).items(items)
        return self._plan(lambda call: page_of(known, call.params, self._pagination))

    def returns(self, page: Mapping[str, Any]) -> Self:
        """Answer with this page, whichever is asked for.

        Args:
            page: The JSON object itself.
        """
        return self._plan(lambda _: page)


class BytesRoute(Route):
    """An operation that answers a file."""

    _verb = 'sends(b"...")'

    def sends(
        self, content: bytes, *, content_type: str = "application/octet-stream", filename: str | None = None
    ) -> Self:
        """Answer with a file.

        Args:
            content: Its bytes.
            content_type: What they are, such as "audio/mpeg".
            filename: The name that the answer suggests.
        """
        from ..builders import responses

        return self._plan(lambda _: responses.binary(content, content_type=content_type, filename=filename))


class UploadRoute(JSONRoute[UploadedFile]):
    """An operation that takes a file."""

    _verb = "uploads()"

    def uploads(self, *, id: str | None = None) -> Self:
        """Take the file, and tell its own name, size and type.

        Args:
            id: The id that it gets; by default one that its name decides.
        """

        def taken(call: MockCall) -> Answered:
            if not call.uploads:
                from ..builders.error_replies import error_reply

                return error_reply("no_file_uploaded")
            file = call.uploads[0]
            return replies.uploaded_file(file.filename, id=id, size=len(file.content), mime_type=file.mime_type)

        return self._plan(taken)


StreamBuilder: TypeAlias = Callable[[Sequence[str] | str, Ids], Sequence[Frame]]

Streamed: TypeAlias = str | Sequence[str] | Sequence[Piece] | Wire
"""What can be streamed: text, its deltas, events (or the dicts of recorded ones), or a `Wire`."""

_Made: TypeAlias = Answered | Streamed | Iterator[str] | Iterator[Piece]

StreamEffect: TypeAlias = Callable[[MockCall], _Made | Awaitable[_Made] | AsyncIterator[str] | AsyncIterator[Piece]]
"""A function that answers with a stream, or with anything else that an answer is made of."""


def _stream_of(answer: Any) -> str | list[str] | Wire:
    """What is to be streamed, checked."""
    if isinstance(answer, str | Wire):
        return answer
    pieces = pieces_of(answer)
    return pieces if pieces and all(isinstance(piece, str) for piece in pieces) else Wire(pieces)


class StreamRoute(Route, Generic[M]):
    """An operation that answers with an event stream, or with a reply where one is wanted."""

    _verb = 'streams("...")'

    def __init__(
        self, owner: Owner, operation: MockedOperation, ids: Ids, build: StreamBuilder, reply: Callable[[], M]
    ) -> None:
        super().__init__(owner, operation)
        self._reply = reply
        self._ids = ids
        self._build = build

    def streams(self, answer: Streamed = "Hello there") -> Self:
        """Answer with an event stream.

        Args:
            answer: What the app says, as text or as its deltas; or the events, from `chat_stream(...)` and its like, or as
                the dicts of a recorded stream; or a `Wire`, which says what happens to them on the way. With text alone, the
                stream has the conversation that the call names. An empty list is a stream without events, which breaks off;
                an answer without words is `streams("")`.

        Raises:
            TypeError: It is none of these.
            ValueError: A dict is no frame that the client can read.
        """
        known = _stream_of(answer)
        return self._plan(lambda call: self._wire(known, call))

    def answers(self, function: StreamEffect) -> Self:
        """Let a function answer, as of any route; text, deltas and events that it returns or yields are streamed.

        Args:
            function: Is given the `MockCall`, and returns what `streams` takes, a reply, an `ErrorReply`, an httpx answer, or
                an exception to raise. It may be a coroutine function where the async client calls.
        """
        return self._plan(function, self._streamed)

    def _streamed(self, answered: Any, call: MockCall) -> Answered:
        if isinstance(answered, str | list | tuple | Iterator):
            return self._wire(_stream_of(answered), call)
        return answered

    def _wire(self, known: str | list[str] | Wire, call: MockCall) -> Wire:
        return known if isinstance(known, Wire) else Wire(self._build(known, self._ids_for(call)))

    def replies(self, reply: M | Mapping[str, Any]) -> Self:
        """Answer with a reply as the blocking mode gives it. The client takes it also where it asked for a stream.

        Args:
            reply: A model from `dify.testing.replies`, or the JSON object itself.

        Raises:
            TypeError: It is what another operation answers, or no reply at all.
        """
        known = Fits(self.operation, self._reply).reply(reply)
        return self._plan(lambda _: known)

    def _ids_for(self, call: MockCall) -> Ids:
        ids = self._ids
        if call.user:
            ids = replace(ids, user=call.user)
        if call.conversation_id and ids.conversation_id:
            ids = replace(ids, conversation_id=call.conversation_id)
        return ids
