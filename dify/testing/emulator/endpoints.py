"""How the API reads requests, and lets them in."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, ImmutableMultiDict, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import EmulatorError, RecordedRequest
from .apps.features import Mode
from .faults import Cut, below, met
from .not_found_hints import with_hint
from .responses import (
    BAD_REQUEST,
    NOT_JSON,
    UNAVAILABLE,
    WRONG_APP,
    Unhandled,
    WireError,
    error_answer,
    generation_json,
    html_not_found,
    json_answer,
    no_content,
    shown,
    success,
    unhandled,
)
from .sse import EventStream
from .state import DEFAULT_USER, Core, Workspace

__all__ = [
    "BAD_REQUEST",
    "Call",
    "Handler",
    "KeyKind",
    "WireError",
    "checked",
    "endpoint",
    "error_answer",
    "first_values",
    "generation_json",
    "html_not_found",
    "json_answer",
    "no_content",
    "record",
    "shown",
    "success",
    "unhandled",
]

KeyKind: TypeAlias = Literal["app", "dataset"]
"""Which key a route wants, by how such keys begin."""

Payload = TypeVar("Payload", bound=BaseModel)

_LONGEST_USER = 255
"""Characters that a user's name may have; the server's database refuses longer ones, which is a 500."""

_NO_KEY = "Authorization header must be provided and start with 'Bearer'"
_OTHER_SCHEME = "Authorization scheme must be 'Bearer'"


@dataclass(frozen=True)
class Call:
    """A request that was let in, with its body read.

    Attributes:
        core: The app that the key is for.
        request: The request itself.
        body: The JSON body, or an empty object.
        form: The multipart body, if there is one.
        user: The end user's name; Dify's shared one where none was named and none is needed.
        owner: The id of the end user, which decides who may see what.
        sent: The JSON body as the server checks it: an object, or a value of another type that is not empty.
    """

    core: Core
    request: Request
    body: dict[str, Any]
    form: FormData | None
    user: str
    owner: str = ""
    sent: Any = None

    @property
    def origin(self) -> str:
        """Scheme and host that the caller used."""
        return str(self.request.base_url).rstrip("/")

    def path(self, name: str) -> str:
        """A path parameter, as text."""
        return str(self.request.path_params[name])

    def payload(self, model: type[Payload]) -> Payload:
        """The JSON body, checked."""
        if self.sent is not None and not isinstance(self.sent, dict):
            return checked(model, self.sent)
        # The trace session's id is checked elsewhere.
        return checked(model, {name: value for name, value in self.body.items() if name != "trace_session_id"})

    def query(self, model: type[Payload]) -> Payload:
        """The query, checked; of a repeated parameter the first value counts."""
        return checked(model, first_values(self.request.query_params))

    def number(self, name: str, default: int) -> int:
        """A number of the query on routes that do not check it: what is none counts as not given."""
        try:
            return int(self.request.query_params[name])
        except (KeyError, ValueError):
            return default

    def text(self, name: str) -> str:
        """A text of the query, or an empty one."""
        return self.request.query_params.get(name, "")

    def several(self, name: str) -> list[str]:
        """Every value of a repeated query parameter."""
        return self.request.query_params.getlist(name)


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]


def endpoint(
    core: Core,
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
    path: str,
    handler: Handler,
    *,
    key: KeyKind = "app",
    body: Literal["json", "form"] | None = None,
    reads_user: bool = True,
    user_required: bool = False,
    modes: frozenset[Mode] | None = None,
    wrong_mode: str = "not_chat_app",
) -> Route:
    """A route under `/v1`, whose requests are recorded, let in by key, read, and checked for the kind of app.

    Args:
        core: Any app of the workspace; the key of a request says which one it is for.
        method: HTTP method.
        path: Path without `/v1`. A `{name:uuid}` in it makes anything else the HTML 404; a `{name}` takes any text.
        handler: What answers.
        key: Which of the two kinds of key lets in.
        body: What the route reads; None for none.
        reads_user: Whether the route looks up the end user. If so, a JSON body that is no object breaks the server.
        user_required: Whether a missing `user` is an error.
        modes: The kinds of app that have this route; None for all.
        wrong_mode: Dify's code for any other kind of app.
    """

    workspace = core.workspace

    async def answer(request: Request) -> Response:
        form = await _form(request) if body == "form" else None
        try:
            sent = await _read_json(request) if body == "json" else None
            problem = None
        except WireError as error:
            sent, problem = None, error
        named = _user(request, sent, form)
        _record(core, request, sent, form, named)
        try:
            fault = await met(workspace.faults, request)
            if fault is not None:
                return fault
            app = _let_in(workspace, request, key)
            if problem is not None:
                raise problem
            owner = ""
            if reads_user and key == "app":
                if body == "json" and not isinstance(sent, dict):
                    return unhandled()
                if user_required and not named:
                    raise WireError(400, "invalid_param", "Arg user must be provided.")
                if named is not None and "\0" in named:
                    raise WireError(400, "invalid_param", "A string literal cannot contain NUL (0x00) characters.")
                if named is not None and len(named) > _LONGEST_USER:
                    return unhandled()
                owner = (await app.identify(named or DEFAULT_USER)).id
            if modes is not None and app.mode is not None and app.mode not in modes:
                raise WireError(400, wrong_mode, UNAVAILABLE if wrong_mode == "app_unavailable" else WRONG_APP)
            fields = cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
            call = Call(app, request, fields, form, named or DEFAULT_USER, owner, sent or None)
            response = await handler(call)
            if isinstance(response, EventStream):
                response.ping_interval = workspace.ping_interval
                response.cut = workspace.faults.take(Cut, request.method, below(request))
            return response
        except Unhandled:
            return unhandled()
        except WireError as error:
            if error.status == 404:
                error.message = with_hint(error.message, request.url.path)
            return error_answer(error)
        except EmulatorError as error:
            return error_answer(error)
        finally:
            if form is not None:
                await form.close()

    return Route(f"/v1{path}", answer, methods=[method])


def _record(core: Core, request: Request, sent: Any, form: FormData | None, user: str | None) -> None:
    fields = None
    if form is not None:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    key = _key_of(request)
    app = core.workspace.app_of(key) if key is not None else None
    core.workspace.requests.append(
        RecordedRequest(
            method=request.method,
            path=below(request),
            query=dict(request.query_params),
            json=sent,
            form=fields,
            user=user,
            app=None if app is None else app.name,
        )
    )


def record(core: Core, request: Request) -> None:
    """Keep a request that no route takes."""
    _record(core, request, None, None, request.query_params.get("user"))


def _key_of(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def _let_in(workspace: Workspace, request: Request, kind: KeyKind) -> Core:
    """The app that the key is for; for a knowledge key the first one, which then plays no part."""
    key = _key_of(request)
    if key is None:
        with_scheme = " " in request.headers.get("authorization", "").strip()
        raise WireError(401, "unauthorized", _OTHER_SCHEME if with_scheme else _NO_KEY)
    app = workspace.app_of(key) if kind == "app" else workspace.first if workspace.opens_knowledge(key) else None
    if app is None:
        raise WireError(401, "unauthorized", "Access token is invalid")
    return app


async def _read_json(request: Request) -> Any:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not re.fullmatch(r"application/.*\+json", media_type):
        raise WireError(415, "unsupported_media_type", NOT_JSON)
    try:
        return json.loads(await request.body(), parse_constant=_no_constant)
    except ValueError:
        raise WireError(400, "bad_request", BAD_REQUEST) from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


async def _form(request: Request) -> FormData:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        await request.body()
        return FormData()
    return await request.form()


def _user(request: Request, sent: Any, form: FormData | None) -> str | None:
    if form is not None:
        named: Any = next(iter(form.getlist("user")), None)
        return None if isinstance(named, UploadFile) else named or None
    source = cast("dict[str, Any]", sent) if isinstance(sent, dict) else first_values(request.query_params)
    named = source.get("user")
    return str(named) if named else None


def first_values(values: ImmutableMultiDict[str, Any]) -> dict[str, Any]:
    """Each parameter with the first of its values, as the server's framework picks them."""
    return dict(reversed(values.multi_items()))


def checked(model: type[Payload], values: Mapping[str, Any]) -> Payload:
    """What was sent, as a model; what does not fit is Dify's 400."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # Dify shows the validator's own text, and it is the same validator.
        raise WireError(400, "invalid_param", str(error)) from None
