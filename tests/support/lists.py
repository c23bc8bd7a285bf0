"""A model of the server's lists: the same conditions, orders and limits as its database queries, on rows in memory."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CursorList", "NumberedList", "Row"]


@dataclass
class Row:
    """An item. Times are in seconds; the server stores fractions, and sends whole seconds."""

    id: str
    created_at: float
    updated_at: float = 0.0

    def wire(self) -> dict[str, Any]:
        return {"id": self.id, "created_at": int(self.created_at), "updated_at": int(self.updated_at)}


@dataclass
class CursorList:
    """A list with a cursor that compares times strictly.

    Attributes:
        rows: The items.
        cursor: The name of the parameter.
        sort_by: The order, such as "-created_at".
        counts_ties: `has_more` is known from one row more; else from the rows beyond the time of the last one.
        shuffle: Orders the rows of one time anew for every request.
        asked: The queries received.
    """

    rows: list[Row]
    cursor: str = "last_id"
    sort_by: str = "created_at"
    counts_ties: bool = True
    shuffle: random.Random | None = None
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def __call__(self, query: dict[str, str]) -> dict[str, Any] | None:
        """Return the page, or None where the item at the cursor does not exist."""
        self.asked.append(query)
        limit = int(query.get("limit", 20))
        sort_by = query.get("sort_by", self.sort_by)
        name, descending = sort_by.lstrip("-"), sort_by.startswith("-")
        rows = ordered(self.rows, name, descending, self.shuffle)
        if cursor := query.get(self.cursor):
            at = next((getattr(row, name) for row in self.rows if row.id == cursor), None)
            if at is None:
                return None
            rows = [row for row in rows if (getattr(row, name) < at if descending else getattr(row, name) > at)]
        page, rest = rows[:limit], rows[limit:]
        more = bool(rest)
        if not self.counts_ties:
            more = len(page) == limit and any(getattr(row, name) != getattr(page[-1], name) for row in rest)
        if self.cursor == "first_id":
            page.reverse()
        return {"limit": limit, "has_more": more, "data": [row.wire() for row in page]}


@dataclass
class NumberedList:
    """A list with page numbers, newest first; the order inside one time depends on offset and limit, as a top-N sort's does."""

    rows: list[Row]
    shuffle: random.Random | None = None
    total: bool = True
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def __call__(self, query: dict[str, str]) -> dict[str, Any]:
        self.asked.append(query)
        page, limit = int(query.get("page", 1)), min(int(query.get("limit", 20)), 100)
        rows = ordered(self.rows, "created_at", True, self.shuffle)
        data = rows[(page - 1) * limit : page * limit]
        body: dict[str, Any] = {"page": page, "limit": limit, "data": [row.wire() for row in data]}
        if self.total:
            body |= {"total": len(rows), "has_more": page * limit < len(rows)}
        return body


def ordered(rows: Iterable[Row], name: str, descending: bool, shuffle: random.Random | None) -> list[Row]:
    """Return the rows in order of a time; those with the same time in no fixed order, where `shuffle` is set."""
    copy = list(rows)
    if shuffle is not None:
        shuffle.shuffle(copy)
    return sorted(copy, key=lambda row: getattr(row, name), reverse=descending)
