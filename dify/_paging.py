"""Dify's three families of paging, as one pure question: which query brings the next page, if any?"""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

from .types._base import Answer

__all__ = ["PageBody", "Paging", "next_query"]

T = TypeVar("T")

Paging = Literal["first_id", "last_id", "page"]
"""How a list goes on: before its first item, after its last item, or by number."""

_ROWS = 100
"""The most rows that any list returns, whatever limit is asked for."""


class PageBody(Answer, Generic[T]):
    """A page as it is on the wire; which members are there depends on the list."""

    data: list[T]
    has_more: bool | None = None
    limit: int | None = None
    total: int | None = None
    page: int | None = None
    total_pages: int | None = None


def next_query(paging: Paging, body: PageBody[Any], query: Mapping[str, Any]) -> dict[str, Any] | None:
    """The query of the page after this one, or None where this was the last.

    Example:
        >>> next_query("page", PageBody[int](data=[1, 2], has_more=True), {"limit": 2})
        {'limit': 2, 'page': 2}
        >>> next_query("page", PageBody[int](data=[3], has_more=False), {"limit": 2, "page": 2}) is None
        True
    """
    if not body.data:
        return None
    if paging == "page":
        number = int(query.get("page") or 1)
        return {**query, "page": number + 1} if _more_numbered(body, query, number) else None
    if not body.has_more:
        return None
    edge = body.data[0] if paging == "first_id" else body.data[-1]
    cursor = getattr(edge, "id", None)
    return None if cursor is None or cursor == query.get(paging) else {**query, paging: cursor}


def _more_numbered(body: PageBody[Any], query: Mapping[str, Any], number: int) -> bool:
    if body.has_more:
        return True
    if body.total_pages is not None:
        return number < body.total_pages
    rows = min(int(query.get("limit") or body.limit or 20), _ROWS)
    if body.total is not None:
        # has_more is wrong where more than 100 rows were asked for: the server compares with the limit, and sends 100.
        return (number - 1) * rows + len(body.data) < body.total
    return body.has_more is None and len(body.data) >= rows  # nothing is told: a short page is the last
