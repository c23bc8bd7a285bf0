"""The ASGI app: the routes, the server's own error pages, and the headers that every answer carries."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .apps.routes import annotations, app, audio, chat, completions, conversations, end_users, feedback, files
from .endpoints import record
from .faults import met
from .file_links import routes as link_routes
from .knowledge.routes import child_chunks, datasets, documents, metadata, models, pipelines, segments, tags
from .responses import WireError, error_answer, html_not_found
from .runs import event_routes as run_events, form_routes as human_input, workflow_routes as workflows
from .runs.generation import INTERNAL_ERROR
from .state import Core

__all__ = ["all_routes", "make_app"]


_NOT_ALLOWED = "The method is not allowed for the requested URL."


def make_app(core: Core) -> ASGIApp:
    """The app of one emulator."""

    async def no_route(request: Request, error: Exception) -> Response:
        record(core, request)
        fault = await met(core.workspace.faults, request)
        if fault is not None:
            return fault
        if isinstance(error, HTTPException) and error.status_code == 404:
            return html_not_found()
        if isinstance(error, HTTPException) and error.status_code == 405:
            return error_answer(WireError(405, "method_not_allowed", _NOT_ALLOWED))
        return error_answer(WireError(400, "bad_request", str(error)))

    async def broken(request: Request, error: Exception) -> Response:
        del request, error  # Starlette raises it again once this is sent
        return error_answer(WireError(500, "internal_server_error", INTERNAL_ERROR))

    app = Starlette(routes=all_routes(core), exception_handlers={HTTPException: no_route, Exception: broken})
    # Dify answers a path with a slash at its end with 404 and never redirects.
    app.router.redirect_slashes = False
    return _Headers(app, core.workspace.server_version)


class _Headers:
    """Every answer names the server's version."""

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


def all_routes(core: Core) -> list[Route]:
    """Every route of the API."""
    of_apps = (app, chat, completions, workflows, run_events, human_input, conversations, feedback, files, audio)
    of_knowledge = (tags, pipelines, datasets, documents, segments, child_chunks, metadata, models)
    nouns = (*of_apps, annotations, end_users, *of_knowledge)
    return [*(route for noun in nouns for route in noun.routes(core)), *link_routes(core)]
