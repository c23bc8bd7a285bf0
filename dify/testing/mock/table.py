"""Rows of the tables of operations: attributes that return an operation's route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from dify._operations import OPERATIONS

from ..script.ids import AppKind, Ids
from .operations import MockedOperation, Pagination
from .planned_responses import Owner, Route
from .routes import BytesRoute, EmptyRoute, ItemsRoute, JSONRoute, PageRoute, StreamBuilder, StreamRoute, UploadRoute

__all__ = ["Bytes", "Empty", "Items", "Json", "Pages", "Resource", "Row", "Stream", "Upload", "operations_of"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

M = TypeVar("M")
R = TypeVar("R", bound=Route, covariant=True)


class Resource:
    """The operations of a resource, with the names of the client."""

    prefix: str = ""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def __repr__(self) -> str:
        return f"<mock of client.{self.prefix}>"


class Row(Protocol[R]):
    """A row: an operation, and its route."""

    operation: MockedOperation

    def route(self, owner: Owner) -> R:
        """Return the route of a mock."""
        ...


class _Row(Generic[R]):
    def __init__(self, id: str) -> None:
        self._id = id

    def __set_name__(self, owner: type[Resource], name: str) -> None:
        self.operation = MockedOperation.of(self._id, f"{owner.prefix}.{name}")

    def route(self, owner: Owner) -> R:
        raise NotImplementedError

    def __get__(self, resource: Resource, owner: type[Resource] | None = None) -> R:
        return self.route(resource._owner)  # pyright: ignore[reportPrivateUsage]


class Json(_Row[JSONRoute[M]]):
    """An operation with one reply."""

    def __init__(self, id: str, default: Callable[[], M]) -> None:
        super().__init__(id)
        self._default = default

    def route(self, owner: Owner) -> JSONRoute[M]:
        return JSONRoute(owner, self.operation, self._default)


class Upload(_Row[UploadRoute]):
    """An operation that uploads a file."""

    def __init__(self, id: str, default: Callable[[], Any]) -> None:
        super().__init__(id)
        self._default = default

    def route(self, owner: Owner) -> UploadRoute:
        return UploadRoute(owner, self.operation, self._default)


class Items(_Row[ItemsRoute[M]]):
    """An operation with a whole list of items of a builder."""

    def __init__(self, id: str, item: Callable[..., M]) -> None:
        super().__init__(id)
        self.item = item

    def route(self, owner: Owner) -> ItemsRoute[M]:
        return ItemsRoute(owner, self.operation, self.item)


class Pages(_Row[PageRoute[M]]):
    """An operation with pages of items of a builder."""

    def __init__(self, id: str, item: Callable[..., M], pagination: Pagination | None = None) -> None:
        super().__init__(id)
        self._pagination: Pagination = pagination or OPERATIONS[id].paging or "page"
        self.item = item

    def route(self, owner: Owner) -> PageRoute[M]:
        return PageRoute(owner, self.operation, self._pagination, self.item)


SUCCESS: Mapping[str, Any] = {"result": "success"}
EMPTY: Mapping[str, Any] = {}


class Empty(_Row[EmptyRoute]):
    """An operation whose success has no content, or a body without information."""

    def __init__(self, id: str, body: Mapping[str, Any] = SUCCESS) -> None:
        super().__init__(id)
        self._body = body

    def route(self, owner: Owner) -> EmptyRoute:
        return EmptyRoute(owner, self.operation, None if self.operation.status == 204 else self._body)


class Bytes(_Row[BytesRoute]):
    """An operation that downloads a file."""

    def route(self, owner: Owner) -> BytesRoute:
        return BytesRoute(owner, self.operation)


class Stream(_Row[StreamRoute[M]]):
    """An operation with an event stream, or with a reply in blocking mode."""

    def __init__(self, id: str, kind: AppKind, build: StreamBuilder, reply: Callable[..., M]) -> None:
        super().__init__(id)
        self._ids = Ids.of(kind)
        self._build = build
        self.reply = reply

    def route(self, owner: Owner) -> StreamRoute[M]:
        return StreamRoute(owner, self.operation, self._ids, self._build, self.reply)


def operations_of(resources: type[Resource]) -> list[Row[Route]]:
    """Return the rows of a table."""
    return [row for row in vars(resources).values() if isinstance(row, _Row)]
