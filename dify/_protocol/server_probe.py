"""Recognition of Dify servers and their version by requests without a key. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from ..errors import APIStatusError, RateLimitError, ResponseValidationError, ServerError
from ..types._base import attach
from ..types.http import HTTPInfo
from ..types.server import ServerInfo
from .json import loads
from .request import Call
from .responses import media_type

__all__ = ["INDEX", "KEYLESS", "is_final", "not_dify", "refuses_like_dify", "server_from"]

INDEX = Call("index", "GET", "/", key="none", repeatable=True)
"""The root of the API. Most releases respond with a 404 page, whose headers still name the version."""

KEYLESS = replace(Call.of("getChatAppInfo"), key="none")
"""A route that Dify refuses in its own words when the key is missing, for servers whose headers name no version."""


def server_from(info: HTTPInfo, body: str) -> ServerInfo | None:
    """Return the server's name and version from a response with any status.

    None if nothing in the response is Dify's.

    Example:
        >>> server_from(HTTPInfo(404, {"x-version": "1.14.2"}), "<h1>Not Found</h1>").server_version
        '1.14.2'
        >>> server_from(HTTPInfo(200), '{"status": "up"}') is None
        True
    """
    members = _members(body) if 200 <= info.status < 300 else {}
    known = {name: members.get(name) for name in ServerInfo.model_fields if isinstance(members.get(name), str)}
    version = known.setdefault("server_version", info.server_version)
    if not version and "welcome" not in known:
        return None
    return attach(ServerInfo(**known), info)


def is_final(error: APIStatusError) -> bool:
    """Return True for a response that does not identify the server.

    Such responses are redirects, rate limits and server errors.
    """
    return 300 <= error.status_code < 400 or isinstance(error, (RateLimitError, ServerError))


def refuses_like_dify(error: APIStatusError) -> bool:
    """Return True if the response to a request without a key is Dify's JSON error."""
    return error.status_code == 401 and error.code == "unauthorized" and _members(error.body).get("status") == 401


def not_dify(base_url: str, info: HTTPInfo, body: str | None) -> ResponseValidationError:
    """Return the error for a server that does not respond like Dify's Service API."""
    response = f"HTTP {info.status}, {media_type(info) or 'no Content-Type'}"
    return ResponseValidationError(
        f"{base_url} is not Dify's Service API: no response has the X-Version header, and GET /info without a key returned "
        f"{response} and not Dify's JSON error 401",
        hint="check the base URL (it ends in /v1), and gateways in front of the server",
        reason="not_dify",
        http=info,
        body=body,
    )


def _members(body: str | None) -> dict[str, Any]:
    try:
        decoded = loads(body or "")
    except ValueError:
        return {}
    return cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}
