"""Paging without I/O: the query of each page, the items that have not come before, and the end of a walk.

The server's times have whole seconds. A cursor stands for all items of its second, and the order inside a second is not fixed.
`cursor_pages` and `numbered_pages` hold the rules for the two kinds of list.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from ..errors import IncompleteListError
from ..types._base import Answer

__all__ = [
    "LARGEST",
    "MESSAGES",
    "NUMBERED",
    "VARIABLES",
    "ListOrder",
    "PageBody",
    "Paging",
    "Reading",
    "Seen",
    "Step",
    "conversations_order",
    "first_step",
    "page_size",
]

T = TypeVar("T")

Paging = Literal["first_id", "last_id", "page"]
"""The parameter that selects a page: a cursor before its first item, a cursor after its last item, or a number."""

LARGEST = 100
"""The largest page of any list, whatever limit is sent."""


@dataclass(frozen=True, slots=True)
class ListOrder:
    """Order and paging of a list on the server.

    Attributes:
        paging: The parameter that selects a page.
        time: The field of the items by which the list is ordered.
        skips_ties: `has_more` does not count items of the second in which a full page ends.
        moves: An item that changes moves to the front of the list.
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


class PageBody(Answer, Generic[T]):
    """A page as it is on the wire; which members are there depends on the list."""

    data: list[T]
    has_more: bool | None = None
    limit: int | None = None
    total: int | None = None
    page: int | None = None
    total_pages: int | None = None


class Seen:
    """The ids that came, each with the number of the page that brought it first.

    A page that is requested a second time brings the same new items again.
    """

    def __init__(self) -> None:
        self._pages: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def unseen(self, items: Iterable[T], page: int) -> list[T]:
        """Note the items of a page, and return those that no earlier page brought; each id once."""
        fresh: list[T] = []
        here = set[object]()
        for item in items:
            key: object = getattr(item, "id", None)
            if key is None:
                key = object()  # an item without id cannot be recognized
            if key not in here and self._pages.get(key, page) >= page:
                self._pages[key] = page
                fresh.append(item)
            here.add(key)
        return fresh


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """The outcome of one page.

    Attributes:
        items: The items that no earlier page brought, in the page's order.
        next: The request for the next page, or None at the end.
        error: The error to raise in place of a next page, or None.
    """

    items: list[T]
    next: Step | None = None
    error: IncompleteListError | None = None


class Step(ABC):
    """The request for one page, with the memory of the pages before it."""

    at: int
    """The number of pages requested before this one."""

    @property
    @abstractmethod
    def query(self) -> dict[str, Any]:
        """The query of the request."""

    @abstractmethod
    def read(self, body: PageBody[T]) -> Reading[T]:
        """Return the new items of the response, and the next request."""

    def without_cursor(self) -> Step | None:
        """Return the request to send when the cursor does not exist any more, or None."""
        return None


def first_step(order: ListOrder, query: Mapping[str, Any], *, walk: bool = False) -> Step:
    """Return the request for the first page.

    Args:
        order: The order of the list.
        query: The query of the call.
        walk: All pages are wanted: ask for the largest ones, unless the query sets their size or a page number.

    Example:
        >>> first_step(MESSAGES, {"user": "alice"}, walk=True).query
        {'user': 'alice', 'limit': 100}
    """
    from .cursor_pages import CursorStep
    from .numbered_pages import NumberedStep

    base = dict(query)
    if walk and base.get("limit") is None and base.get("page") is None:
        base["limit"] = LARGEST
    return NumberedStep(base, order) if order.paging == "page" else CursorStep(base, order)


def page_size(query: Mapping[str, Any], body: PageBody[Any]) -> int:
    """Return the number of items of a full page."""
    return min(int(query.get("limit") or body.limit or 20), LARGEST)
