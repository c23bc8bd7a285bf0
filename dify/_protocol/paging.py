"""Paging: the query of each page, the new items of each response, and the end of the list. Pure.

The server's times have whole seconds. A cursor stands for all items of its second, and their order is not fixed.
The two kinds of list have a module each: `cursor_pages` and `numbered_pages`.
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
    "PageRequest",
    "PageResult",
    "Paging",
    "Seen",
    "conversations_order",
    "first_request",
    "page_size",
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


class PageBody(Answer, Generic[T]):
    """The body of a page. Its optional fields depend on the list."""

    data: list[T]
    has_more: bool | None = None
    limit: int | None = None
    total: int | None = None
    page: int | None = None
    total_pages: int | None = None


class Seen:
    """The ids received so far, each with the number of the page that had it first.

    A page that is requested again has the same new items again.
    """

    def __init__(self) -> None:
        self._pages: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def add(self, items: Iterable[T], page: int) -> list[T]:
        """Add the items of a page, and return those that no earlier page had; each id once."""
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
    from .cursor_pages import CursorRequest
    from .numbered_pages import NumberedRequest

    base = dict(query)
    if walk and base.get("limit") is None and base.get("page") is None:
        base["limit"] = LARGEST
    return NumberedRequest(base, order) if order.paging == "page" else CursorRequest(base, order)


def page_size(query: Mapping[str, Any], body: PageBody[Any]) -> int:
    """Return the number of items of a full page."""
    return min(int(query.get("limit") or body.limit or 20), LARGEST)
