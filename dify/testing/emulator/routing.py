"""Routes of the API: handlers by operation id, and the steps before each handler."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..._operations import OPERATIONS, SERVER_ONLY, TEXT_PARAMETERS, KeyKind, Operation
from .answers import EmulatorError, RecordedRequest
from .apps.features import Mode
from .auth import api_key_of, authorize
from .faults import StreamFault, api_path, apply_faults
from .not_found_hints import add_hint
from .requests import ApiRequest, read_form, read_json, user_of
from .responses import ApiError, UnhandledError, error_response, unhandled_response
from .sse import EventStream
from .state import DEFAULT_USER, AppState, Workspace

__all__ = ["Handler", "Router", "record", "workspace_of"]

Handler: TypeAlias = Callable[[ApiRequest], Awaitable[Response]]

_MAX_USER_LENGTH = 255
"""Characters of a user's name. The server's database refuses longer ones, which is a 500."""

_WRONG_MODE = "Please check if your app mode matches the right API route."
_UNAVAILABLE = "App unavailable, please check your app configurations."


class Router:
    """Routes of one noun.

    Method and path of a handler come from the table of operations.

    Attributes:
        routes: The routes, in the order of their registration.

    Example:
        >>> router = Router()
        >>> @router.operation("getChatAppMeta", user="ignored")
        ... async def get_meta(request: ApiRequest) -> Response:
        ...     return Response("{}")
        >>> router.routes[0].path
        '/v1/meta'
    """

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def operation(
        self,
        id: str,
        *,
        body: Literal["json", "form"] | None = None,
        user: Literal["ignored", "optional", "required"] = "optional",
        modes: frozenset[Mode] | None = None,
        wrong_mode: str = "not_chat_app",
    ) -> Callable[[Handler], Handler]:
        """Register the decorated handler for an operation and its deprecated paths.

        Args:
            id: Id of the operation.
            body: Kind of the request body. None if there is none.
            user: Use of the parameter `user`. Routes that look it up fail with a 500 if a JSON body is not an object.
                Operations on knowledge always ignore it.
            modes: Modes of the apps that have this route. None for all.
            wrong_mode: Error code for apps of other modes.
        """
        operation = OPERATIONS[id]

        def register(handler: Handler) -> Handler:
            reads_user = operation.key == "app" and user != "ignored"
            endpoint = _Endpoint(handler, operation.key, body, reads_user, user == "required", modes, wrong_mode)
            for path in (operation.path, *_deprecated_paths(operation)):
                self.routes.append(Route(f"/v1{_with_converters(path)}", endpoint.respond, methods=[operation.method]))
            return handler

        return register


@dataclass(frozen=True)
class _Endpoint:
    """A handler with the steps before it.

    They record the request, apply faults, authorize, and identify the user.
    """

    handler: Handler
    key: KeyKind
    body: Literal["json", "form"] | None
    reads_user: bool
    requires_user: bool
    modes: frozenset[Mode] | None
    wrong_mode: str

    async def respond(self, request: Request) -> Response:
        """Return the response to a request, an error included."""
        form = await read_form(request) if self.body == "form" else None
        try:
            return await self._respond(workspace_of(request), request, form)
        except UnhandledError:
            return unhandled_response()
        except ApiError as error:
            if error.status == 404:
                error.message = add_hint(error.message, request.url.path)
            return error_response(error)
        except EmulatorError as error:
            return error_response(error)
        finally:
            if form is not None:
                await form.close()

    async def _respond(self, workspace: Workspace, request: Request, form: FormData | None) -> Response:
        content: Any = None
        body_error: ApiError | None = None
        if self.body == "json":
            try:
                content = await read_json(request)
            except ApiError as error:
                body_error = error
        user = user_of(request, content, form)
        record(request, content, form, user)
        fault_response = await apply_faults(workspace.faults, request)
        if fault_response is not None:
            return fault_response
        app = authorize(workspace, request, self.key)
        if body_error is not None:
            raise body_error
        owner = await self._identify(app, user, content) if self.reads_user else ""
        if self.modes is not None and app.mode is not None and app.mode not in self.modes:
            message = _UNAVAILABLE if self.wrong_mode == "app_unavailable" else _WRONG_MODE
            raise ApiError(400, self.wrong_mode, message)
        fields = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
        response = await self.handler(
            ApiRequest(app, request, fields, form, user or DEFAULT_USER, owner, content or None)
        )
        if isinstance(response, EventStream):
            response.ping_interval = workspace.ping_interval
            response.fault = workspace.faults.take(StreamFault, request.method, api_path(request))
        return response

    async def _identify(self, app: AppState, user: str | None, content: Any) -> str:
        """Return the id of the end user.

        Raises:
            ApiError: The name is missing although it is required, or contains NUL.
            UnhandledError: The name is too long, or the JSON body is not an object.
        """
        if self.body == "json" and not isinstance(content, dict):
            raise UnhandledError
        if self.requires_user and not user:
            raise ApiError(400, "invalid_param", "Arg user must be provided.")
        if user is not None and "\0" in user:
            raise ApiError(400, "invalid_param", "A string literal cannot contain NUL (0x00) characters.")
        if user is not None and len(user) > _MAX_USER_LENGTH:
            raise UnhandledError
        return (await app.identify(user or DEFAULT_USER)).id


def _deprecated_paths(operation: Operation) -> list[str]:
    """Return the older paths of an operation, which differ in the last segment."""
    head, _, last = operation.path.rpartition("/")
    older = {"retrieve": "hit-testing"}.get(last, last.replace("-", "_"))
    return [route.path for route in SERVER_ONLY if (route.method, route.path) == (operation.method, f"{head}/{older}")]


def _with_converters(path: str) -> str:
    """Return a path for Starlette.

    Like Dify's, it matches only UUIDs where a parameter is the id of a record.
    """
    return re.sub(r"{(\w+)}", lambda name: name[0] if name[1] in TEXT_PARAMETERS else f"{{{name[1]}:uuid}}", path)


def workspace_of(request: Request) -> Workspace:
    """Return the workspace of the emulator that received a request."""
    return request.app.state.workspace


def record(request: Request, body: Any = None, form: FormData | None = None, user: str | None = None) -> None:
    """Append a request to `Emulator.requests`."""
    workspace, key = workspace_of(request), api_key_of(request)
    app = None if key is None else workspace.app_of(key)
    workspace.requests.append(
        RecordedRequest(
            method=request.method,
            path=api_path(request),
            params=dict(request.query_params),
            json=body,
            form=None if form is None else {name: value for name, value in form.items() if isinstance(value, str)},
            user=user,
            app=None if app is None else app.name,
            path_params={name: str(value) for name, value in request.path_params.items()},
        )
    )
