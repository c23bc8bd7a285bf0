"""Lists that come in pages: await the first page, or walk every item of every page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from .._config import RequestOptions
from .._protocol.paging import ListOrder, PageBody, Reading, Step, first_step
from .._protocol.pickling import Connected
from .._protocol.request import Call
from ..errors import IncompleteListError, NotFoundError
from ..types.http import HTTPInfo
from ._io import AsyncFirstPage, AsyncGuard
from .transport import AsyncTransport

__all__ = ["AsyncPage", "AsyncPager"]

T = TypeVar("T")


class AsyncPage(Connected, Generic[T]):
    """One page of a list.

    Attributes:
        data: The items, in the server's order, without those of earlier pages.
        has_more: Whether more items may follow; `next_page` finds out.
        total: The number of items in all, where the server counts them.
        key: Identifies the page among those of its list.
        extra: What the page has beside its items and numbers, such as the `doc_form` of a list of segments.
        http: The exchange that brought it.
    """

    _instead: ClassVar[str] = "pickle its data"

    def __init__(
        self, pager: AsyncPager[T], body: PageBody[T], reading: Reading[T], step: Step, info: HTTPInfo
    ) -> None:
        self._pager = pager
        self._reading = reading
        self.key = repr(sorted(step.query.items()))
        self.data: list[T] = reading.items
        self.has_more: bool = reading.next is not None or reading.error is not None
        self.total: int | None = body.total
        self.extra: dict[str, Any] = dict(body.model_extra or {})
        self.http = info

    async def next_page(self) -> AsyncPage[T] | None:
        """The page with the items after those of this page, or None after the last.

        It holds no item of an earlier page. Its size may differ from `limit`: where items have the same time, or the list
        changes, a page is requested with a larger limit, or the list is read again.

        Raises:
            IncompleteListError: More items exist, and no request selects them.

        Example:
            ```python
            page = await client.workflows.logs(limit=5)
            following = await page.next_page()
            ```
        """
        return await self._pager._following(self._reading)  # pyright: ignore[reportPrivateUsage]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.data)} items, has_more={self.has_more}, total={self.total})"


class AsyncPager(AsyncGuard, AsyncFirstPage[T], Connected):
    """A list on the server. `await` gives its first page, `async for` every item of every page.

    A walk yields every item once, in pages of 100 unless the call sets `limit`. Where the server's paging cannot give all
    items, it raises `IncompleteListError`, whose `items` are those that it yielded; for this, a walk keeps its items in
    memory until it ends. `pages()` keeps only their ids.

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
        page, _ = await self._read(first_step(self._order, query))
        return page

    async def _read(self, step: Step) -> tuple[AsyncPage[T], Reading[T]]:
        exchange = await self._transport.open(replace(self._call, query=step.query), self._options)
        body = await self._transport.read_as(exchange, PageBody[self._item])  # type: ignore[name-defined]
        reading: Reading[T] = step.read(body)
        return AsyncPage(self, body, reading, step, exchange.info), reading

    async def _following(self, reading: Reading[T]) -> AsyncPage[T] | None:
        """The next page that has new items, or None where none has."""
        while (step := reading.next) is not None:
            try:
                page, reading = await self._read(step)
            except NotFoundError:
                again = step.without_cursor()  # the item at the cursor was deleted
                if again is None:
                    raise
                reading = Reading([], again)
                continue
            if page.data:
                return page
        if reading.error is not None:
            raise IncompleteListError(str(reading.error))
        return None

    async def pages(self) -> AsyncGenerator[AsyncPage[T]]:
        """Every page, one after the other, of 100 items unless the call sets `limit`.

        Raises:
            IncompleteListError: More items exist, and no request selects them.

        Example:
            ```python
            async for page in client.workflows.logs(limit=50).pages():
                print(len(page.data))
            ```
        """
        page: AsyncPage[T] | None
        page, _ = await self._read(first_step(self._order, self._call.query, walk=True))
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

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items()
