"""Pages of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, cast

from .operations import Pagination

__all__ = ["page_of"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_USUAL_LIMIT = 20


def page_of(items: Sequence[Any], params: Mapping[str, str], pagination: Pagination) -> dict[str, Any]:
    """Return the page that a query requests.

    Example:
        >>> page_of(["a", "b", "c"], {"limit": "2", "page": "2"}, "page")
        {'page': 2, 'limit': 2, 'total': 3, 'has_more': False, 'data': ['c']}
    """
    limit = int(params.get("limit") or _USUAL_LIMIT)
    if pagination not in ("first_id", "last_id"):
        number = int(params.get("page") or 1)
        start = (number - 1) * limit
        shown = list(items[start : start + limit])
        counted = {"page": number, "limit": limit, "total": len(items)}
        more = {"has_more": start + limit < len(items)}
        match pagination:
            case "data":
                return {"data": shown}
            case "total_pages":
                return {**counted, "total_pages": ceil(len(items) / limit), "data": shown}
            case "segments":
                return {**counted, **more, "doc_form": "text_model", "data": shown}
            case _:
                return {**counted, **more, "data": shown}
    at = _place(items, params.get(pagination))
    if pagination == "last_id":
        start = 0 if at is None else at + 1
        return {"limit": limit, "has_more": start + limit < len(items), "data": list(items[start : start + limit])}
    # Messages: the newest page first, each page oldest first.
    end = len(items) if at is None else at
    return {"limit": limit, "has_more": end > limit, "data": list(items[max(0, end - limit) : end])}


def _place(items: Sequence[Any], id: str | None) -> int | None:
    return next((place for place, item in enumerate(items) if id and _id(item) == id), None)


def _id(item: Any) -> str | None:
    return cast("Mapping[str, Any]", item).get("id") if isinstance(item, Mapping) else getattr(item, "id", None)
