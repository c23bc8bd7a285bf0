"""Responses of the API: JSON bodies, pages of lists, and errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .answers import EmulatorError
from .asgi import RESET_EXTENSION

__all__ = [
    "ApiError",
    "ConnectionReset",
    "UnhandledError",
    "blocking_response",
    "dump",
    "error_response",
    "html_not_found",
    "json_response",
    "no_content",
    "page_body",
    "page_items",
    "success",
    "unhandled_response",
]

T = TypeVar("T")

_NOT_FOUND_PAGE = (
    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    "<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and "
    "try again.</p>\n"
)


class ApiError(EmulatorError):
    """An error that the emulator itself responds with.

    Its message may be empty, as Dify's often is.
    """


class ConnectionReset(Response):
    """A reset of the connection instead of a response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"][RESET_EXTENSION]()


class UnhandledError(Exception):
    """A request that makes the server fail with a 500.

    An example is an id that is not a UUID.
    """


def json_response(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response as most routes format it.

    It is compact and ASCII, with escaped slashes.
    """
    text = json.dumps(body, separators=(",", ":")).replace("/", "\\/") + "\n"
    return Response(text, status, headers, media_type="application/json")


def blocking_response(body: Any) -> Response:
    """Return a JSON response as the blocking mode formats it, with a charset."""
    return Response(json.dumps(body), 200, media_type="application/json; charset=utf-8")


def dump(model: BaseModel) -> Any:
    """Return the JSON form of a model, with only the fields that were set."""
    return model.model_dump(mode="json", exclude_unset=True)


def success() -> Response:
    """Return the response of operations without a result."""
    return json_response({"result": "success"})


def no_content() -> Response:
    """Return the response of deletions: a media type without a body."""
    return Response(b"", 204, media_type="application/json")


def page_items(items: Sequence[T], page: int, limit: int) -> Sequence[T]:
    """Return the items of a page, at most 100.

    A limit below 1 counts as 20, a page below 1 as the first.
    """
    size = 20 if limit < 1 else min(limit, 100)
    start = (max(page, 1) - 1) * size
    return items[start : start + size]


def page_body(items: Sequence[T], page: int, limit: int, serialize: Callable[[T], Any]) -> dict[str, Any]:
    """Return the body of a page.

    The server reports more items whenever a page has as many items as requested.
    """
    data = [serialize(item) for item in page_items(items, page, limit)]
    return {"data": data, "has_more": len(data) == limit, "limit": limit, "total": len(items), "page": page}


def html_not_found() -> Response:
    """Return the web framework's own page for a path without a route."""
    return Response(_NOT_FOUND_PAGE, 404, media_type="text/html")


def error_response(error: EmulatorError, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as Dify formats it."""
    if error.status == 401:
        headers = {**(headers or {}), "WWW-Authenticate": 'Bearer realm="api"'}
    return json_response(
        {"code": error.code, "message": error.message, "status": error.status}, status=error.status, headers=headers
    )


def unhandled_response() -> Response:
    """Return Dify's response to an exception that none of its routes handles."""
    return json_response({"message": "Internal Server Error", "code": "unknown", "status": 500}, status=500)
