"""The Starlette app of an emulator: routes, error pages and response headers."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .apps.routes import annotations, app, audio, chat, completions, conversations, end_users, feedback, files
from .faults import apply_faults
from .file_links import FILE_ROUTE
from .knowledge.routes import child_chunks, datasets, documents, metadata, models, pipelines, segments, tags
from .responses import ApiError, error_response, html_not_found
from .routing import record
from .runs.generation import INTERNAL_ERROR
from .runs.routes import events, forms, workflows
from .state import Workspace

__all__ = ["ROUTES", "make_app"]

_APPS = (app, chat, completions, conversations, feedback, files, audio, annotations, end_users)
_RUNS = (workflows, events, forms)
_KNOWLEDGE = (tags, pipelines, datasets, documents, segments, child_chunks, metadata, models)

ROUTES = [FILE_ROUTE, *(route for module in (*_APPS, *_RUNS, *_KNOWLEDGE) for route in module.router.routes)]
"""Every route of the API. The first one that matches a request is used."""

_METHOD_NOT_ALLOWED = "The method is not allowed for the requested URL."


def make_app(workspace: Workspace) -> ASGIApp:
    """Return the ASGI app of an emulator."""

    async def handle_no_route(request: Request, error: Exception) -> Response:
        record(request, user=request.query_params.get("user"))
        fault_response = await apply_faults(workspace.faults, request)
        if fault_response is not None:
            return fault_response
        if isinstance(error, HTTPException) and error.status_code == 404:
            return html_not_found()
        if isinstance(error, HTTPException) and error.status_code == 405:
            return error_response(ApiError(405, "method_not_allowed", _METHOD_NOT_ALLOWED))
        return error_response(ApiError(400, "bad_request", str(error)))

    async def handle_exception(request: Request, error: Exception) -> Response:
        del request, error  # Starlette raises the exception again after the response
        return error_response(ApiError(500, "internal_server_error", INTERNAL_ERROR))

    handlers = {HTTPException: handle_no_route, Exception: handle_exception}
    starlette = Starlette(routes=ROUTES, exception_handlers=handlers)
    starlette.state.workspace = workspace
    # Dify responds to a path with a trailing slash with 404 and never redirects.
    starlette.router.redirect_slashes = False
    return _ServerHeaders(starlette, workspace.server_version)


class _ServerHeaders:
    """Middleware that adds the server's version and its CORS headers."""

    def __init__(self, app: ASGIApp, version: str) -> None:
        self._app = app
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = "X-Env, X-Trace-Id, X-Version"
                headers["X-Version"] = self._version
                headers["X-Env"] = "PRODUCTION"
            await send(message)

        await self._app(scope, receive, send_with_headers)
