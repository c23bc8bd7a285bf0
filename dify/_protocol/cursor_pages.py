"""Lists with a cursor: messages, conversations and their variables. Pure.

A cursor excludes all items of its own second. The cursor is therefore an item of the second before the last one received. The
next page repeats the items of that last second, including those that the page before cut off. Known ids are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..errors import IncompleteListError
from .paging import LARGEST, ListOrder, PageBody, PageRequest, PageResult, Seen, page_size

__all__ = ["CursorRequest"]

T = TypeVar("T")

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
    seen: Seen = field(default_factory=Seen)
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
        """Return the request for the start of the list; None after too many restarts without a new item."""
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
        """Return the request for the front of a list whose items move there, if reading it took several pages."""
        if self.rechecking or not self.order.moves or self.index < 2:
            return None
        if self.newest is None or self.base.get(self.order.paging) is not None:
            return None
        return replace(
            self, cursor=None, limit=LARGEST, size=LARGEST, tail=frozenset[str](), tail_time=None, rechecking=True
        )

    def _reaches_known(self, items: Sequence[Any]) -> bool:
        """Return True for a page with an item older than the newest one of the first page."""
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
