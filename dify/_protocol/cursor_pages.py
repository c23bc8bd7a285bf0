"""Lists with a cursor: messages, conversations and their variables.

A cursor excludes all items of its own second. The cursor is therefore an item of an earlier second than the last one that came,
so that the next page repeats the items of that second, among those that the page before cut off. Known ids are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..errors import IncompleteListError
from .paging import LARGEST, ListOrder, PageBody, Reading, Seen, Step, page_size

__all__ = ["CursorStep"]

T = TypeVar("T")

_RESTARTS = 5
"""The number of restarts in a row that bring nothing new, after which a walk gives up."""


@dataclass(frozen=True)
class CursorStep(Step):
    """The request for one page of a list with a cursor.

    Attributes:
        base: The query of the call, with its own cursor, if any.
        order: The order of the list.
        seen: The ids that came.
        at: The number of pages requested before.
        size: The number of new items that a page should bring; None until the first page tells.
        cursor: The item after which the page begins; None for the beginning of the list.
        limit: The limit to send in place of that of the call.
        tail: The known ids of the second in which the last page ended; the page should begin in that second.
        tail_time: The time of these.
        newest: The time of the first item of the first page.
        rechecking: The walk is over, and looks for items that moved to the front meanwhile.
        fresh: Something new came since the last restart.
        restarts: The number of restarts in a row that brought nothing new.
    """

    base: Mapping[str, Any]
    order: ListOrder
    seen: Seen = field(default_factory=Seen)
    at: int = 0
    size: int | None = None
    cursor: str | None = None
    limit: int | None = None
    tail: frozenset[str] = frozenset()
    tail_time: Any = None
    newest: Any = None
    rechecking: bool = False
    fresh: bool = False
    restarts: int = 0

    @property
    def query(self) -> dict[str, Any]:
        query = dict(self.base)
        if self.cursor is not None:
            query[self.order.paging] = self.cursor
        if self.limit is not None:
            query["limit"] = self.limit
        return query

    def read(self, body: PageBody[T]) -> Reading[T]:
        fresh = self.seen.unseen(body.data, self.at)
        line: list[Any] = list(body.data)
        if self.order.paging == "first_id":
            line.reverse()  # from the newest to the oldest, as the list goes on
        after = replace(
            self,
            at=self.at + 1,
            size=self.size or page_size(self.query, body),
            newest=self._time(line[0]) if line and not self.at else self.newest,
            fresh=self.fresh or bool(fresh),
        )
        if not line and body.has_more:
            return Reading(fresh, error=self._incomplete("the server announces more items after an empty page"))
        if self.tail and not any(self._time(item) == self.tail_time for item in line):
            # The items around the cursor were changed or deleted: its place in the list is not reliable any more.
            again = after.restarted()
            return Reading(fresh, again, None if again else self._incomplete("the list changes while it is read"))
        if self.rechecking and self._reaches_back(line):
            return Reading(fresh)
        cut = self.order.skips_ties and len(line) >= page_size(self.query, body) and self._time(line[-1]) is not None
        if not (body.has_more or cut):
            return Reading(fresh, after._recheck())
        following = after._advanced(line)
        if following.query == self.query:
            return Reading(fresh, error=self._incomplete(_crowded(line, self.order.time)))
        return Reading(fresh, following)

    def without_cursor(self) -> Step | None:
        return None if self.cursor is None else replace(self, at=self.at + 1).restarted()

    def restarted(self) -> CursorStep | None:
        """Return the request for the beginning of the list; None when restarts bring nothing new."""
        restarts = 1 if self.fresh else self.restarts + 1
        if restarts > _RESTARTS:
            return None
        return replace(
            self, cursor=None, limit=None, tail=frozenset[str](), tail_time=None, fresh=False, restarts=restarts
        )

    def _advanced(self, line: Sequence[Any]) -> CursorStep:
        last, time = line[-1], self._time(line[-1])
        if time is None:  # without times, a cursor at the last item is all there is
            return replace(self, cursor=getattr(last, "id", None), tail=frozenset[str](), tail_time=None)
        tail = frozenset(str(item.id) for item in line if self._time(item) == time)
        before = next((item for item in reversed(line) if self._time(item) != time), None)
        if before is None and self.tail_time == time:
            tail |= self.tail
        return replace(
            self,
            cursor=self.cursor if before is None else before.id,
            limit=min(LARGEST, (self.size or LARGEST) + len(tail)),
            tail=tail,
            tail_time=time,
        )

    def _recheck(self) -> CursorStep | None:
        """Return the request for the front of a list whose items move there, where a walk took several pages."""
        if self.rechecking or not self.order.moves or self.at < 2:
            return None
        if self.newest is None or self.base.get(self.order.paging) is not None:
            return None
        return replace(
            self, cursor=None, limit=LARGEST, size=LARGEST, tail=frozenset[str](), tail_time=None, rechecking=True
        )

    def _reaches_back(self, line: Sequence[Any]) -> bool:
        """Return True for a page with an item that is older than the newest one of the first page."""
        times = [self._time(item) for item in line]
        return not times or any(time is None or time < self.newest for time in times)

    def _time(self, item: Any) -> Any:
        return getattr(item, self.order.time, None)

    def _incomplete(self, reason: str) -> IncompleteListError:
        return IncompleteListError(f"the list cannot be read to its end after {len(self.seen)} items: {reason}")


def _crowded(line: Sequence[Any], name: str) -> str:
    time = getattr(line[-1], name, None)
    if time is None:
        return f"the cursor {getattr(line[-1], 'id', None)!r} brings the same page again"
    return (
        f"{len(line)} items or more have the {name} {time.isoformat()}, and the server's cursors cannot select among the items "
        "of one second"
    )
