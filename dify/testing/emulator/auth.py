"""Authorization: API keys, and the app that each of them opens."""

from __future__ import annotations

from starlette.requests import Request

from ..._operations import KeyKind
from .responses import ApiError
from .state import AppState, Workspace

__all__ = ["api_key_of", "authorize"]

_NO_KEY = "Authorization header must be provided and start with 'Bearer'"
_OTHER_SCHEME = "Authorization scheme must be 'Bearer'"


def api_key_of(request: Request) -> str | None:
    """Return the bearer token of a request. None if there is none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def authorize(workspace: Workspace, request: Request, kind: KeyKind) -> AppState:
    """Return the app of a request's API key.

    For a knowledge key it is the first app, whose data is not used.

    Raises:
        ApiError: The key is missing, unknown or of the other kind.
    """
    key = api_key_of(request)
    if key is None:
        has_scheme = " " in request.headers.get("authorization", "").strip()
        raise ApiError(401, "unauthorized", _OTHER_SCHEME if has_scheme else _NO_KEY)
    app = workspace.app_of(key) if kind == "app" else workspace.first
    if app is None or (kind == "knowledge" and not workspace.opens_knowledge(key)):
        raise ApiError(401, "unauthorized", "Access token is invalid")
    return app
