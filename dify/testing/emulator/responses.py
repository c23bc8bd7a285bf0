"""How the API words its answers, whatever the route."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from .answers import EmulatorError

__all__ = [
    "BAD_REQUEST",
    "NOT_JSON",
    "UNAVAILABLE",
    "WRONG_APP",
    "Unhandled",
    "WireError",
    "error_answer",
    "generation_json",
    "html_not_found",
    "json_answer",
    "no_content",
    "shown",
    "success",
    "unhandled",
]


WRONG_APP = "Please check if your app mode matches the right API route."
UNAVAILABLE = "App unavailable, please check your app configurations."
NOT_JSON = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
BAD_REQUEST = "The browser (or proxy) sent a request that this server could not understand."

_NOT_FOUND_PAGE = (
    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    "<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and "
    "try again.</p>\n"
)


class WireError(EmulatorError):
    """An error that a route answers; `message` may be empty, as Dify's often is."""


class Unhandled(Exception):
    """Raised for what the server does not expect, and answers with a 500."""


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer as nearly all routes give it: compact, ASCII, slashes escaped."""
    text = json.dumps(body, separators=(",", ":")).replace("/", "\\/") + "\n"
    return Response(text, status, headers, media_type="application/json")


def generation_json(body: Any) -> Response:
    """An answer as the blocking mode gives it, which says its charset."""
    return Response(json.dumps(body), 200, media_type="application/json; charset=utf-8")


def shown(model: BaseModel) -> Any:
    """The wire form of a model: the members that were given, no others."""
    return model.model_dump(mode="json", exclude_unset=True)


def success() -> Response:
    """The answer of calls that have nothing to tell."""
    return json_answer({"result": "success"})


def no_content() -> Response:
    """The answer of deletions and the like, which names a type all the same."""
    return Response(b"", 204, media_type="application/json")


def html_not_found() -> Response:
    """The web framework's own page, for what no route takes."""
    return Response(_NOT_FOUND_PAGE, 404, media_type="text/html")


def error_answer(error: EmulatorError, headers: Mapping[str, str] | None = None) -> Response:
    """The body of an error."""
    if error.status == 401:
        headers = {**(headers or {}), "WWW-Authenticate": 'Bearer realm="api"'}
    return json_answer(
        {"code": error.code, "message": error.message, "status": error.status}, status=error.status, headers=headers
    )


def unhandled() -> Response:
    """What Dify answers to what nobody thought of, such as an id that is none."""
    return json_answer({"message": "Internal Server Error", "code": "unknown", "status": 500}, status=500)
