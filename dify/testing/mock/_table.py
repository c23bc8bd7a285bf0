"""The rows of the tables of operations: class attributes that give the route of an operation, typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from ..script.ids import AppKind, Ids
from ._operations import Operation, Paging
from ._plans import Owner, Route
from ._routes import BytesRoute, EmptyRoute, ItemsRoute, JSONRoute, Make, PageRoute, StreamRoute, UploadRoute

__all__ = ["Bytes", "Empty", "Items", "Json", "Pages", "Resource", "Row", "Stream", "Upload", "operations_of"]

M = TypeVar("M")
R = TypeVar("R", bound=Route, covariant=True)


class Resource:
    """The operations of one noun, as the client has them."""

    prefix: str = ""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def __repr__(self) -> str:
        return f"<mock of client.{self.prefix}>"


class Row(Protocol[R]):
    """A row: an operation, and how to make the route that stands for it."""

    operation: Operation

    def route(self, owner: Owner) -> R:
        """The route of a mock."""
        ...


class _Row(Generic[R]):
    status = 200

    def __init__(self, id: str, method: str, path: str, *, status: int | None = None, based: bool = True) -> None:
        self._known = (id, method, path, status or self.status, based)

    def __set_name__(self, owner: type[Resource], name: str) -> None:
        id, method, path, status, based = self._known
        self.operation = Operation(id, method, path, f"{owner.prefix}.{name}", status, based)

    def route(self, owner: Owner) -> R:
        raise NotImplementedError

    def __get__(self, resource: Resource, owner: type[Resource] | None = None) -> R:
        return self.route(resource._owner)  # pyright: ignore[reportPrivateUsage]


class Json(_Row[JSONRoute[M]]):
    """One reply."""

    def __init__(self, id: str, method: str, path: str, usual: Callable[[], M], *, status: int = 200) -> None:
        super().__init__(id, method, path, status=status)
        self._usual = usual

    def route(self, owner: Owner) -> JSONRoute[M]:
        return JSONRoute(owner, self.operation, self._usual)


class Upload(_Row[UploadRoute]):
    """A reply about a file that was sent."""

    status = 201

    def __init__(self, id: str, path: str, usual: Callable[[], Any]) -> None:
        super().__init__(id, "POST", path)
        self._usual = usual

    def route(self, owner: Owner) -> UploadRoute:
        return UploadRoute(owner, self.operation, self._usual)


class Items(_Row[ItemsRoute[M]]):
    """A whole list of what a builder makes."""

    def __init__(self, id: str, path: str, of: Callable[..., M]) -> None:
        super().__init__(id, "GET", path)
        self.of = of

    def route(self, owner: Owner) -> ItemsRoute[M]:
        return ItemsRoute(owner, self.operation, self.of)


class Pages(_Row[PageRoute[M]]):
    """A list, in pages, of what a builder makes."""

    def __init__(self, id: str, path: str, paging: Paging, of: Callable[..., M]) -> None:
        super().__init__(id, "GET", path)
        self._paging: Paging = paging
        self.of = of

    def route(self, owner: Owner) -> PageRoute[M]:
        return PageRoute(owner, self.operation, self._paging, self.of)


SUCCESS: Mapping[str, Any] = {"result": "success"}
NOTHING: Mapping[str, Any] = {}


class Empty(_Row[EmptyRoute]):
    """Nothing to tell: no content, or a body that says no more than that it is done."""

    def __init__(self, id: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(id, method, path, status=204 if body is None else 200)
        self._body = body

    def route(self, owner: Owner) -> EmptyRoute:
        return EmptyRoute(owner, self.operation, self._body)


class Bytes(_Row[BytesRoute]):
    """A file."""

    def route(self, owner: Owner) -> BytesRoute:
        return BytesRoute(owner, self.operation)


class Stream(_Row[StreamRoute[M]]):
    """An event stream, or the reply that it comes to."""

    def __init__(self, id: str, method: str, path: str, kind: AppKind, make: Make, reply: Callable[..., M]) -> None:
        super().__init__(id, method, path)
        self._ids = Ids.of(kind)
        self._make = make
        self.reply = reply

    def route(self, owner: Owner) -> StreamRoute[M]:
        return StreamRoute(owner, self.operation, self._ids, self._make, self.reply)


def operations_of(resources: type[Resource]) -> list[Row[Route]]:
    """The rows of a table."""
    return [row for row in vars(resources).values() if isinstance(row, _Row)]
