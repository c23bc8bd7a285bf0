"""Lists that come in pages: await the first page, or walk every item of every page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from .._config import RequestOptions
from .._connected import Connected
from .._paging import PageBody, Paging, next_query
from .._request import Call
from ..types.http import HTTPInfo
from ._io import AsyncFirstPage, AsyncGuard
from .transport import AsyncTransport

__all__ = ["AsyncPage", "AsyncPager"]

T = TypeVar("T")


class AsyncPage(Connected, Generic[T]):
    """One page of a list.

    Attributes:
        data: The items, in the server's order.
        has_more: Whether another page follows.
        total: How many items there are in all, where the wire says so.
        key: What tells this page from the others of its list.
        extra: What the page has beside its items and numbers, such as the `doc_form` of a list of segments.
        http: The exchange that brought it.
    """

    _instead: ClassVar[str] = "pickle its data"

    def __init__(self, pager: AsyncPager[T], body: PageBody[T], query: Mapping[str, Any], info: HTTPInfo) -> None:
        self._pager = pager
        self._next = next_query(pager.paging, body, query)
        self.key = repr(sorted(query.items()))
        self.data: list[T] = body.data
        self.has_more: bool = self._next is not None
        self.total: int | None = body.total
        self.extra: dict[str, Any] = dict(body.model_extra or {})
        self.http = info

    async def next_page(self) -> AsyncPage[T] | None:
        """The page after this one, or None after the last.

        Example:
            ```python
            page = await client.workflows.logs(limit=5)
            following = await page.next_page()
            ```
        """
        return None if self._next is None else await self._pager.page(self._next)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.data)} items, has_more={self.has_more}, total={self.total})"


class AsyncPager(AsyncGuard, AsyncFirstPage[T], Connected):
    """A list on the server. `await` gives its first page, `async for` every item of every page.

    A walk always ends: a page that repeats one before it stops it.

    Example:
        ```python
        page = await client.workflows.logs(limit=5)
        async for log in client.workflows.logs(status="failed"):
            print(log.created_at)
        ```
    """

    def __init__(
        self,
        transport: AsyncTransport,
        call: Call,
        item: type[T],
        *,
        paging: Paging,
        options: RequestOptions | None = None,
    ) -> None:
        self._transport = transport
        self._call = call
        self._item = item
        self._options = options
        self.paging: Paging = paging

    async def first(self) -> AsyncPage[T]:
        """The first page.

        Example:
            ```python
            page = await client.workflows.logs(limit=5).first()
            ```
        """
        return await self.page(self._call.query)

    async def page(self, query: Mapping[str, Any]) -> AsyncPage[T]:
        """The page that this query asks for; `AsyncPage.next_page` is the usual way here.

        Args:
            query: The query parameters, in the wire's spelling.

        Example:
            ```python
            page = await client.workflows.logs().page({"page": 2, "limit": 5})
            ```
        """
        exchange = await self._transport.open(replace(self._call, query=query), self._options)
        body = await self._transport.read_as(exchange, PageBody[self._item])  # type: ignore[name-defined]
        return AsyncPage(self, body, query, exchange.info)

    async def pages(self) -> AsyncGenerator[AsyncPage[T]]:
        """Every page, one after the other; ends when a page repeats the one before it.

        Example:
            ```python
            async for page in client.workflows.logs(limit=50).pages():
                print(len(page.data))
            ```
        """
        page = await self.first()
        seen = {page.key}
        while True:
            yield page
            following = await page.next_page()
            if following is None or following.data == page.data or following.key in seen:
                return
            seen.add(following.key)
            page = following

    async def _items(self) -> AsyncGenerator[T]:
        async for page in self.pages():
            for item in page.data:
                yield item

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items()
