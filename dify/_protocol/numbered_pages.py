"""Lists with page numbers: logs, annotations, feedback, and all lists of knowledge bases. Pure.

The order of items with the same time may differ from one page to the next, which repeats some items and leaves out others. If
fewer items are received than the server counts, the list is read again with another page size, so that pages end elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..errors import IncompleteListError
from .paging import LARGEST, ListOrder, PageBody, PageRequest, PageResult, Seen, page_size

__all__ = ["NumberedRequest", "split_times"]

T = TypeVar("T")

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
    seen: Seen = field(default_factory=Seen)
    index: int = 0
    number: int | None = None
    limit: int | None = None
    skipped: int | None = None
    counted: Seen = field(default_factory=Seen)
    in_pass: Seen = field(default_factory=Seen)
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
        """Return the first request of another pass; None after too many passes without a new item."""
        split = split_times(self.times, size)
        risky = split if self.split is None else self.split & split
        tried = (*self.tried, size)
        # If the list has another order, equal times may not be neighbours; that makes the choice worse, not wrong.
        sizes = [other for other in range(LARGEST, _SMALLEST - 1, -1) if other not in tried]
        best = min(sizes, key=lambda other: (len(risky & split_times(self.times, other)), -other), default=LARGEST)
        return self._pass(limit=best, split=risky, tried=tried)

    def _after_removal(self) -> NumberedRequest | None:
        """Return the first request of a new pass: items were removed, and later ones moved to earlier pages."""
        return self._pass(limit=self.limit, split=None, tried=(), counted=Seen())

    def _pass(self, *, limit: int | None, **changes: Any) -> NumberedRequest | None:
        fruitless = 1 if self.found_new else self.fruitless + 1
        if fruitless > _PASSES:
            return None
        size = limit or int(self.base.get("limit") or 20)
        return replace(
            self,
            number=(self.skipped or 0) // min(size, LARGEST) + 1,
            limit=limit,
            in_pass=Seen(),
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
