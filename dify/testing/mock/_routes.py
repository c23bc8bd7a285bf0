"""The kinds of routes: by what their operation answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar

from dify import UploadedFile

from .. import replies
from ..ids import Ids
from ..wire import Frame, Wire
from ._calls import MockCall
from ._operations import Operation, Paging
from ._pages import page_of
from ._plans import Answered, Owner, Route

__all__ = [
    "BytesRoute",
    "EmptyRoute",
    "ItemsRoute",
    "JSONRoute",
    "PageRoute",
    "StreamRoute",
    "UploadRoute",
]

M = TypeVar("M")


class JSONRoute(Route, Generic[M]):
    """An operation that answers one reply."""

    def __init__(self, owner: Owner, operation: Operation, usual: Callable[[], M]) -> None:
        super().__init__(owner, operation)
        self._usual = usual

    def returns(self, reply: M | Mapping[str, Any] | None = None) -> Self:
        """Answer with a reply.

        Args:
            reply: A model from `dify.testing.replies`, or the JSON object itself; by default the usual reply.
        """
        known: Any = self._usual() if reply is None else reply
        return self._plan(lambda _: known)


class ItemsRoute(Route, Generic[M]):
    """An operation that answers a whole list, which is not in pages."""

    def returns(self, items: Sequence[M] = ()) -> Self:
        """Answer with these items."""
        known: list[Any] = list(items)
        return self._plan(lambda _: known)


class EmptyRoute(Route):
    """An operation that has nothing to tell."""

    def __init__(self, owner: Owner, operation: Operation, body: Mapping[str, Any] | None) -> None:
        super().__init__(owner, operation)
        self._body = body

    def succeeds(self) -> Self:
        """Answer that it is done."""
        return self._plan(lambda _: self._body)


class PageRoute(Route, Generic[M]):
    """An operation that answers a list in pages."""

    def __init__(self, owner: Owner, operation: Operation, paging: Paging) -> None:
        super().__init__(owner, operation)
        self._paging: Paging = paging

    def lists(self, items: Sequence[M] = ()) -> Self:
        """Answer with these items, in pages as they are asked for: `limit`, `page` and ids of items are heeded."""
        known = list(items)
        return self._plan(lambda call: page_of(known, call.params, self._paging))

    def returns(self, page: Mapping[str, Any]) -> Self:
        """Answer with this page, whichever is asked for.

        Args:
            page: The JSON object itself.
        """
        return self._plan(lambda _: page)


class BytesRoute(Route):
    """An operation that answers a file."""

    def sends(
        self, content: bytes, *, content_type: str = "application/octet-stream", filename: str | None = None
    ) -> Self:
        """Answer with a file.

        Args:
            content: Its bytes.
            content_type: What they are, such as "audio/mpeg".
            filename: The name that the answer suggests.
        """
        from .. import responses

        return self._plan(lambda _: responses.binary(content, content_type=content_type, filename=filename))


class UploadRoute(JSONRoute[UploadedFile]):
    """An operation that takes a file."""

    def uploads(self, *, id: str | None = None) -> Self:
        """Take the file, and tell its own name, size and type.

        Args:
            id: The id that it gets; by default one that its name decides.
        """

        def taken(call: MockCall) -> Answered:
            if not call.uploads:
                from ..errors import error_reply

                return error_reply("no_file_uploaded")
            file = call.uploads[0]
            return replies.uploaded_file(file.filename, id=id, size=len(file.content), mime_type=file.mime_type)

        return self._plan(taken)


Make = Callable[[Sequence[str] | str, Ids], Sequence[Frame]]


class StreamRoute(Route, Generic[M]):
    """An operation that answers with an event stream, or with a reply where one is wanted."""

    def __init__(self, owner: Owner, operation: Operation, ids: Ids, make: Make) -> None:
        super().__init__(owner, operation)
        self._ids = ids
        self._make = make

    def streams(self, answer: str | Sequence[str] | Sequence[Frame] | Wire = "Hello there") -> Self:
        """Answer with an event stream.

        Args:
            answer: What the app says, as text or as its deltas; or the events, from `chat_stream(...)` and its like; or a
                `Wire`, which says what happens to them on the way. With text alone, the stream has the conversation that the
                call names.
        """
        if isinstance(answer, Wire):
            return self._plan(lambda _: answer)
        if isinstance(answer, str) or all(isinstance(piece, str) for piece in answer):
            text: Any = answer
            return self._plan(lambda call: Wire(self._make(text, self._ids_for(call))))
        frames: Any = answer
        return self._plan(lambda _: Wire(frames))

    def replies(self, reply: M | Mapping[str, Any]) -> Self:
        """Answer with a reply as the blocking mode gives it. The client takes it also where it asked for a stream.

        Args:
            reply: A model from `dify.testing.replies`, or the JSON object itself.
        """
        known: Any = reply
        return self._plan(lambda _: known)

    def _ids_for(self, call: MockCall) -> Ids:
        ids = self._ids
        if call.user:
            ids = replace(ids, user=call.user)
        if call.conversation_id and ids.conversation_id:
            ids = replace(ids, conversation_id=call.conversation_id)
        return ids
