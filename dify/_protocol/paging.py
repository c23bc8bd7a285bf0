"""Paging: queries, the new items of each response, and the end of the list.

Pure.

The server's times have whole seconds. A cursor stands for all items of its second, and their order is not fixed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

from ..errors import IncompleteListError
from ..types._base import ResponseModel

__all__ = [
    "LARGEST",
    "MESSAGES",
    "NUMBERED",
    "VARIABLES",
    "ListOrder",
    "PageBody",
    "PageRequest",
    "PageResult",
    "Paging",
    "SeenItems",
    "conversations_order",
    "first_request",
    "page_size",
    "split_times",
]

T = TypeVar("T")

Paging = Literal["first_id", "last_id", "page"]
"""The query parameter that selects a page: the id before its first item, the id after its last item, or a number."""

LARGEST = 100
"""Items of the largest page that servers send, whatever the limit."""


@dataclass(frozen=True, slots=True)
class ListOrder:
    """Order and paging of a list on the server.

    Attributes:
        paging: The query parameter that selects a page.
        time: The field that orders the items.
        skips_ties: `has_more` ignores items of the second in which a full page ends.
        moves: Changing an item moves it to the front of the list.
    """

    paging: Paging
    time: str = "created_at"
    skips_ties: bool = False
    moves: bool = False


NUMBERED = ListOrder("page")
MESSAGES = ListOrder("first_id")
VARIABLES = ListOrder("last_id")


def conversations_order(sort_by: str | None) -> ListOrder:
    """Return the order of a list of conversations.

    Example:
        >>> conversations_order("created_at").time, conversations_order(None).moves
        ('created_at', True)
    """
    chosen = sort_by or "-updated_at"
    return ListOrder("last_id", chosen.lstrip("-"), skips_ties=True, moves=chosen == "-updated_at")


class PageBody(ResponseModel, Generic[T]):
    """The body of a page. Its optional fields depend on the list."""

    data: list[T]
    has_more: bool | None = None
    limit: int | None = None
    total: int | None = None
    page: int | None = None
    total_pages: int | None = None


class SeenItems:
    """The ids received so far, each with the number of the page that had it first.

    A page that is requested again has the same new items again.
    """

    def __init__(self) -> None:
        self._pages: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def add(self, items: Iterable[T], page: int) -> list[T]:
        """Add the items of a page, and return those that no earlier page had.

        Each id once.
        """
        new: list[T] = []
        on_page = set[object]()
        for item in items:
            key: object = getattr(item, "id", None)
            if key is None:
                key = object()  # an item without id cannot be recognized
            if key not in on_page and self._pages.get(key, page) >= page:
                self._pages[key] = page
                new.append(item)
            on_page.add(key)
        return new


@dataclass(frozen=True, slots=True)
class PageResult(Generic[T]):
    """The new items of one page, and how to continue.

    Attributes:
        items: The items that no earlier page had, in the page's order.
        next: The request for the next page, or None at the end.
        error: The error to raise instead of requesting a next page, or None.
    """

    items: list[T]
    next: PageRequest | None = None
    error: IncompleteListError | None = None


class PageRequest(ABC):
    """The request for one page, with what is known from the pages before it."""

    index: int
    """Number of pages requested before this one."""

    @property
    @abstractmethod
    def query(self) -> dict[str, Any]:
        """The query of the request."""

    @abstractmethod
    def read(self, body: PageBody[T]) -> PageResult[T]:
        """Return the new items of the response and the next request."""

    def without_cursor(self) -> PageRequest | None:
        """Return the request to send if the item at the cursor was deleted, or None."""
        return None


def first_request(order: ListOrder, query: Mapping[str, Any], *, walk: bool = False) -> PageRequest:
    """Return the request for the first page.

    Args:
        order: The order of the list.
        query: The query of the call.
        walk: All pages will be read: request the largest ones, unless the query sets their size or a page number.

    Example:
        >>> first_request(MESSAGES, {"user": "alice"}, walk=True).query
        {'user': 'alice', 'limit': 100}
    """
    base = dict(query)
    if walk and base.get("limit") is None and base.get("page") is None:
        base["limit"] = LARGEST
    return NumberedRequest(base, order) if order.paging == "page" else CursorRequest(base, order)


def page_size(query: Mapping[str, Any], body: PageBody[Any]) -> int:
    """Return the number of items of a full page."""
    return min(int(query.get("limit") or body.limit or 20), LARGEST)


# ------------------------------------------------------------------------------------------------- lists with a cursor
# A cursor excludes all items of its own second. The cursor is therefore an item of the second before the last one received.
# The next page repeats the items of that last second, including those that the page before cut off. Known ids are left out.
_RESTARTS = 5
"""Number of consecutive restarts without a new item, after which reading the list fails."""


@dataclass(frozen=True)
class CursorRequest(PageRequest):
    """The request for one page of a list with a cursor.

    Attributes:
        base: The query of the call, including its own cursor, if any.
        order: The order of the list.
        seen: The ids received so far.
        index: Number of pages requested before.
        size: Number of new items that a page should have; None before the first page.
        cursor: Id of the item before the page; None for the start of the list.
        limit: The limit to send instead of the call's.
        tail: The known ids of the second in which the last page ended, and in which this page should start.
        tail_time: The time of that second.
        newest: The time of the first item of the first page.
        rechecking: The list was read to its end; this page looks for items that moved to the front meanwhile.
        found_new: A page since the last restart had new items.
        restarts: Number of consecutive restarts without a new item.
    """

    base: Mapping[str, Any]
    order: ListOrder
    seen: SeenItems = field(default_factory=SeenItems)
    index: int = 0
    size: int | None = None
    cursor: str | None = None
    limit: int | None = None
    tail: frozenset[str] = frozenset()
    tail_time: Any = None
    newest: Any = None
    rechecking: bool = False
    found_new: bool = False
    restarts: int = 0

    @property
    def query(self) -> dict[str, Any]:
        query = dict(self.base)
        if self.cursor is not None:
            query[self.order.paging] = self.cursor
        if self.limit is not None:
            query["limit"] = self.limit
        return query

    def read(self, body: PageBody[T]) -> PageResult[T]:
        new = self.seen.add(body.data, self.index)
        items: list[Any] = list(body.data)  # in the order in which the pages continue
        if self.order.paging == "first_id":
            items.reverse()
        after = replace(
            self,
            index=self.index + 1,
            size=self.size or page_size(self.query, body),
            newest=self._time(items[0]) if items and not self.index else self.newest,
            found_new=self.found_new or bool(new),
        )
        if not items and body.has_more:
            return PageResult(new, error=self._incomplete("the server announces more items after an empty page"))
        if self.tail and not any(self._time(item) == self.tail_time for item in items):
            # The items around the cursor were changed or deleted: its position in the list is not reliable any more.
            restart = after.restarted()
            return PageResult(new, restart, None if restart else self._incomplete("the list changes while it is read"))
        if self.rechecking and self._reaches_known(items):
            return PageResult(new)
        is_full = len(items) >= page_size(self.query, body)
        has_hidden = self.order.skips_ties and is_full and self._time(items[-1]) is not None
        if not (body.has_more or has_hidden):
            return PageResult(new, after._recheck())
        following = after._advanced(items)
        if following.query == self.query:
            return PageResult(new, error=self._incomplete(_no_progress(items, self.order.time)))
        return PageResult(new, following)

    def without_cursor(self) -> PageRequest | None:
        return None if self.cursor is None else replace(self, index=self.index + 1).restarted()

    def restarted(self) -> CursorRequest | None:
        """Return the request for the start of the list.

        None after too many restarts without a new item.
        """
        restarts = 1 if self.found_new else self.restarts + 1
        if restarts > _RESTARTS:
            return None
        return replace(
            self, cursor=None, limit=None, tail=frozenset[str](), tail_time=None, found_new=False, restarts=restarts
        )

    def _advanced(self, items: Sequence[Any]) -> CursorRequest:
        """Return the request for the page after these items."""
        last, time = items[-1], self._time(items[-1])
        if time is None:  # without times, the last item is the only possible cursor
            return replace(self, cursor=getattr(last, "id", None), tail=frozenset[str](), tail_time=None)
        tail = frozenset(str(item.id) for item in items if self._time(item) == time)
        before = next((item for item in reversed(items) if self._time(item) != time), None)
        if before is None and self.tail_time == time:
            tail |= self.tail
        return replace(
            self,
            cursor=self.cursor if before is None else before.id,
            limit=min(LARGEST, (self.size or LARGEST) + len(tail)),
            tail=tail,
            tail_time=time,
        )

    def _recheck(self) -> CursorRequest | None:
        """Return the request for the front of a list after several pages.

        The list moves changed items to its front.
        """
        if self.rechecking or not self.order.moves or self.index < 2:
            return None
        if self.newest is None or self.base.get(self.order.paging) is not None:
            return None
        return replace(
            self, cursor=None, limit=LARGEST, size=LARGEST, tail=frozenset[str](), tail_time=None, rechecking=True
        )

    def _reaches_known(self, items: Sequence[Any]) -> bool:
        """Return True for a page with an item older than the newest of the first page."""
        times = [self._time(item) for item in items]
        return not times or any(time is None or time < self.newest for time in times)

    def _time(self, item: Any) -> Any:
        return getattr(item, self.order.time, None)

    def _incomplete(self, reason: str) -> IncompleteListError:
        return IncompleteListError(f"the list cannot be read to its end after {len(self.seen)} items: {reason}")


def _no_progress(items: Sequence[Any], name: str) -> str:
    time = getattr(items[-1], name, None)
    if time is None:
        return f"the cursor {getattr(items[-1], 'id', None)!r} returns the same page again"
    return (
        f"{len(items)} items or more have the {name} {time.isoformat()}, and the server's cursors cannot select among the "
        "items of one second"
    )


# --------------------------------------------------------------------------------------------- lists with page numbers
# The order of items with the same time may differ from one page to the next, which repeats some items and leaves out others.
# If fewer items are received than the server counts, the list is read again with another page size, so that pages end
# elsewhere.
_SMALLEST = 40
"""Items of the smallest page with which a list is read again."""

_PASSES = 5
"""Number of consecutive passes without a new item, after which reading the list fails."""


@dataclass(frozen=True)
class NumberedRequest(PageRequest):
    """The request for one page of a list with page numbers.

    Attributes:
        base: The query of the call, including its own page number, if any.
        order: The order of the list.
        seen: The ids received so far.
        index: Number of pages requested before.
        number: The page number; None for the call's.
        limit: The limit to send instead of the call's.
        skipped: Number of items before the page at which the call starts.
        counted: The ids received since items were last removed from the list.
        in_pass: The ids received in this pass.
        times: The times of all items of this pass, by position.
        position: Number of items of this pass before the page.
        total: The server's count at the start of the pass.
        last_total: The server's count with the page before.
        split: The times whose items were on two pages in every pass; items of these may be missing.
        tried: The page sizes of the passes before.
        found_new: A page since the start of the pass had new items.
        fruitless: Number of consecutive passes without a new item.
    """

    base: Mapping[str, Any]
    order: ListOrder
    seen: SeenItems = field(default_factory=SeenItems)
    index: int = 0
    number: int | None = None
    limit: int | None = None
    skipped: int | None = None
    counted: SeenItems = field(default_factory=SeenItems)
    in_pass: SeenItems = field(default_factory=SeenItems)
    times: list[Any] = field(default_factory=list[Any])
    position: int = 0
    total: int | None = None
    last_total: int | None = None
    split: frozenset[Any] | None = None
    tried: tuple[int, ...] = ()
    found_new: bool = False
    fruitless: int = 0

    @property
    def query(self) -> dict[str, Any]:
        query = dict(self.base)
        if self.number is not None:
            query["page"] = self.number
        if self.limit is not None:
            query["limit"] = self.limit
        return query

    def read(self, body: PageBody[T]) -> PageResult[T]:
        query = self.query
        size, number = page_size(query, body), int(query.get("page") or 1)
        new = self.seen.add(body.data, self.index)
        advances = bool(self.in_pass.add(body.data, self.index))
        self.counted.add(body.data, self.index)
        del self.times[self.position :]
        self.times.extend(getattr(item, self.order.time, None) for item in body.data)
        after = replace(
            self,
            index=self.index + 1,
            number=number,
            skipped=(number - 1) * size if self.skipped is None else self.skipped,
            position=self.position + len(body.data),
            total=body.total if self.total is None else self.total,
            last_total=body.total,
            found_new=self.found_new or bool(new),
        )
        if self.last_total is not None and body.total is not None and body.total < self.last_total:
            return self._result(new, after._after_removal(), body)
        more = _more_follow(body, size, number)
        if more and advances and not (self.tried and after._complete()):
            return PageResult(new, replace(after, number=number + 1))
        if after.total is None:
            return self._result(new, None, body) if more or (body.has_more and not body.data) else PageResult(new)
        return PageResult(new) if after._complete() else self._result(new, after._next_pass(size), body)

    def _complete(self) -> bool:
        return self.total is not None and len(self.counted) >= self.total - (self.skipped or 0)

    def _next_pass(self, size: int) -> NumberedRequest | None:
        """Return the first request of another pass.

        None after too many passes without a new item.
        """
        split = split_times(self.times, size)
        risky = split if self.split is None else self.split & split
        tried = (*self.tried, size)
        # If the list has another order, equal times may not be neighbours; that makes the choice worse, not wrong.
        sizes = [other for other in range(LARGEST, _SMALLEST - 1, -1) if other not in tried]
        best = min(sizes, key=lambda other: (len(risky & split_times(self.times, other)), -other), default=LARGEST)
        return self._pass(limit=best, split=risky, tried=tried)

    def _after_removal(self) -> NumberedRequest | None:
        """Return the first request of a new pass after items were removed.

        Later items have moved to earlier pages.
        """
        return self._pass(limit=self.limit, split=None, tried=(), counted=SeenItems())

    def _pass(self, *, limit: int | None, **changes: Any) -> NumberedRequest | None:
        fruitless = 1 if self.found_new else self.fruitless + 1
        if fruitless > _PASSES:
            return None
        size = limit or int(self.base.get("limit") or 20)
        return replace(
            self,
            number=(self.skipped or 0) // min(size, LARGEST) + 1,
            limit=limit,
            in_pass=SeenItems(),
            times=[],
            position=0,
            total=None,
            last_total=None,
            found_new=False,
            fruitless=fruitless,
            **changes,
        )

    def _result(self, new: list[T], following: NumberedRequest | None, body: PageBody[T]) -> PageResult[T]:
        if following is not None:
            return PageResult(new, following)
        if body.total is None:
            reason = "the server announces more items after a page without a new one"
        else:
            reason = f"the server counts {body.total}; the list changes while it is read, or too many items have the same time"
        return PageResult(
            new,
            error=IncompleteListError(f"the list cannot be read to its end after {len(self.seen)} items: {reason}"),
        )


def _more_follow(body: PageBody[Any], size: int, number: int) -> bool:
    if not body.data:
        return False
    if body.has_more:
        return True
    if body.total_pages is not None:
        return number < body.total_pages
    if body.total is not None:
        # has_more is wrong for limits over 100: the server compares with the limit, but sends 100 items.
        return (number - 1) * size + len(body.data) < body.total
    return body.has_more is None and len(body.data) >= size  # without any count, a short page is the last


def split_times(times: Sequence[Any], size: int) -> frozenset[Any]:
    """Return the times that are on both sides of the end of a page.

    Example:
        >>> sorted(split_times([9, 8, 8, 7, 6, 6], 2))
        [8]
    """
    ends = range(size, len(times), size)
    return frozenset(times[end] for end in ends if times[end] is not None and times[end] == times[end - 1])
