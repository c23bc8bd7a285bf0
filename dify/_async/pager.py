"""Paged lists: the first page, all pages, or all items of all pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from .._config import RequestOptions
from .._protocol.paging import ListOrder, PageBody, PageRequest, PageResult, first_request
from .._protocol.pickling import NotPicklable
from .._protocol.request import Call
from ..errors import IncompleteListError, NotFoundError
from ..types.http import HTTPInfo
from ._io import AsyncFirstPage
from .item_iterator import AsyncItemIterator
from .transport import AsyncTransport

__all__ = ["AsyncPage", "AsyncPager"]

T = TypeVar("T")


class AsyncPage(NotPicklable, Generic[T]):
    """One page of a list.

    Attributes:
        data: The items, in the server's order, without those of earlier pages.
        has_more: True if more items may follow; `next_page` finds out.
        total: Number of items in the list, or None if the server does not count them.
        key: Identifies the page among those of its list.
        extra: Other fields of the page, such as the `doc_form` of a list of segments.
        http: Status, headers and server version of the response.
    """

    _instead: ClassVar[str] = "pickle its data"

    def __init__(
        self, pager: AsyncPager[T], body: PageBody[T], result: PageResult[T], request: PageRequest, info: HTTPInfo
    ) -> None:
        self._pager = pager
        self._result = result
        self.key = repr(sorted(request.query.items()))
        self.data: list[T] = result.items
        self.has_more: bool = result.next is not None or result.error is not None
        self.total: int | None = body.total
        self.extra: dict[str, Any] = dict(body.model_extra or {})
        self.http = info

    async def next_page(self) -> AsyncPage[T] | None:
        """Request the next page, and return it; None after the last page.

        It has no item of an earlier page. Its size may differ from `limit`: if items have the same time, or the list changes
        meanwhile, a larger page is requested, or the list is read again.

        Raises:
            IncompleteListError: The server's paging cannot return all items of the list.

        Example:
            ```python
            page = await client.workflows.logs(limit=5)
            following = await page.next_page()
            ```
        """
        return await self._pager._following(self._result)  # pyright: ignore[reportPrivateUsage]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.data)} items, has_more={self.has_more}, total={self.total})"


class AsyncPager(AsyncFirstPage[T, AsyncPage[T]], NotPicklable):
    """A list on the server.

    `await` gives its first page, `async for` every item of every page.

    The iteration yields every item once, and requests pages of 100 items unless the call sets `limit`. If the server's paging
    cannot return all items, it raises `IncompleteListError`, whose `items` are those that were yielded. They are therefore held
    in memory until the iteration ends; `pages()` holds only their ids.

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
        order: ListOrder,
        options: RequestOptions | None = None,
    ) -> None:
        self._transport = transport
        self._call = call
        self._item = item
        self._options = options
        self._order = order

    async def first(self) -> AsyncPage[T]:
        """Request the first page.

        Example:
            ```python
            page = await client.workflows.logs(limit=5).first()
            ```
        """
        return await self.page(self._call.query)

    async def page(self, query: Mapping[str, Any]) -> AsyncPage[T]:
        """Request the page of a query.

        `AsyncPage.next_page` is the usual way to get a page.

        Args:
            query: Query parameters, named as in Dify's API.

        Example:
            ```python
            page = await client.workflows.logs().page({"page": 2, "limit": 5})
            ```
        """
        page, _ = await self._read(first_request(self._order, query))
        return page

    async def _read(self, request: PageRequest) -> tuple[AsyncPage[T], PageResult[T]]:
        exchange = await self._transport.open(replace(self._call, query=request.query), self._options)
        body = await self._transport.read_as(exchange, PageBody[self._item])  # type: ignore[name-defined]
        result: PageResult[T] = request.read(body)
        return AsyncPage(self, body, result, request, exchange.info), result

    async def _following(self, result: PageResult[T]) -> AsyncPage[T] | None:
        """Return the next page with new items, or None at the end of the list."""
        while (request := result.next) is not None:
            try:
                page, result = await self._read(request)
            except NotFoundError:
                restart = request.without_cursor()
                if restart is None:
                    raise
                result = PageResult([], restart)
                continue
            if page.data:
                return page
        if result.error is not None:
            raise IncompleteListError(str(result.error))
        return None

    async def pages(self) -> AsyncGenerator[AsyncPage[T]]:
        """Yield every page, of 100 items unless the call sets `limit`.

        Raises:
            IncompleteListError: The server's paging cannot return all items of the list.

        Example:
            ```python
            async for page in client.workflows.logs(limit=50).pages():
                print(len(page.data))
            ```
        """
        page: AsyncPage[T] | None
        page, _ = await self._read(first_request(self._order, self._call.query, walk=True))
        while page is not None:
            yield page
            page = await page.next_page()

    async def _items(self) -> AsyncGenerator[T]:
        items: list[T] = []
        try:
            async for page in self.pages():
                for item in page.data:
                    items.append(item)
                    yield item
        except IncompleteListError as error:
            error.items = list(items)
            raise

    def __aiter__(self) -> AsyncItemIterator[T]:
        return AsyncItemIterator(self._items())
