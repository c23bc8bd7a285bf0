"""How the API reads requests and words its answers, whatever the route."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ._answers import EmulatorError, RecordedRequest
from ._core import DEFAULT_USER, Core, Mode

__all__ = [
    "Call",
    "Handler",
    "KeyKind",
    "WireError",
    "checked",
    "endpoint",
    "error_answer",
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


def error_answer(error: EmulatorError) -> Response:
    """The body of an error."""
    headers = {"WWW-Authenticate": 'Bearer realm="api"'} if error.status == 401 else None
    return json_answer(
        {"code": error.code, "message": error.message, "status": error.status}, status=error.status, headers=headers
    )


@dataclass(frozen=True)
class Call:
    """A request that was let in, with its body read.

    Attributes:
        core: The app.
        request: The request itself.
        body: The JSON body, or an empty object.
        form: The multipart body, if there is one.
        user: The end user; Dify's shared one where none was named and none is needed.
    """

    core: Core
    request: Request
    body: dict[str, Any]
    form: FormData | None
    user: str

    @property
    def origin(self) -> str:
        """Scheme and host that the caller used."""
        return str(self.request.base_url).rstrip("/")

    def path(self, name: str) -> str:
        """A path parameter, as text."""
        return str(self.request.path_params[name])

    def payload(self, model: type[Payload]) -> Payload:
        """The JSON body, checked."""
        return checked(model, self.body)

    def query(self, model: type[Payload]) -> Payload:
        """The query, checked."""
        return checked(model, dict(self.request.query_params))

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
    user_required: bool = False,
    modes: frozenset[Mode] | None = None,
    wrong_mode: str = "not_chat_app",
) -> Route:
    """A route under `/v1`, whose requests are recorded, let in by key, read, and checked for the kind of app.

    Args:
        core: The app.
        method: HTTP method.
        path: Path without `/v1`. A `{name:uuid}` in it makes anything else the HTML 404; a `{name}` takes any text.
        handler: What answers.
        key: Which of the two kinds of key lets in.
        body: What the route reads; None for none.
        user_required: Whether a missing `user` is an error.
        modes: The kinds of app that have this route; None for all.
        wrong_mode: Dify's code for any other kind of app.
    """

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
            _let_in(request, key)
            if problem is not None:
                raise problem
            if isinstance(sent, list):
                return _unhandled()
            if user_required and not named:
                raise WireError(400, "invalid_param", "Arg user must be provided.")
            if modes is not None and core.mode is not None and core.mode not in modes:
                raise WireError(400, wrong_mode, UNAVAILABLE if wrong_mode == "app_unavailable" else WRONG_APP)
            call = Call(core, request, cast("dict[str, Any]", sent or {}), form, named or DEFAULT_USER)
            return await handler(call)
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
    core.requests.append(
        RecordedRequest(
            method=request.method,
            path=request.url.path.removeprefix("/v1"),
            query=dict(request.query_params),
            json=sent,
            form=fields,
            user=user,
        )
    )


def record(core: Core, request: Request) -> None:
    """Keep a request that no route takes."""
    _record(core, request, None, None, request.query_params.get("user"))


def unhandled() -> Response:
    """What Dify answers to what nobody thought of, such as an id that is none."""
    return _unhandled()


def _unhandled() -> Response:
    return json_answer({"message": "Internal Server Error", "code": "unknown", "status": 500}, status=500)


def _let_in(request: Request, kind: KeyKind) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise WireError(401, "unauthorized", "Authorization header must be provided and start with 'Bearer'")
    if not key.strip().startswith(f"{kind}-"):
        raise WireError(401, "unauthorized", "Access token is invalid")


async def _read_json(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise WireError(415, "unsupported_media_type", NOT_JSON)
    try:
        sent: Any = json.loads(await request.body())
    except ValueError:
        raise WireError(400, "bad_request", BAD_REQUEST) from None
    if not isinstance(sent, dict | list):
        raise WireError(400, "bad_request", BAD_REQUEST)
    return cast("Any", sent)


async def _form(request: Request) -> FormData:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        await request.body()
        return FormData()
    return await request.form()


def _user(request: Request, sent: Any, form: FormData | None) -> str | None:
    if form is not None:
        named: Any = form.get("user")
        return None if isinstance(named, UploadFile) else named or None
    source = cast("dict[str, Any]", sent) if isinstance(sent, dict) else request.query_params
    named = source.get("user")
    return str(named) if named else None


def checked(model: type[Payload], values: Mapping[str, Any]) -> Payload:
    """What was sent, as a model; what does not fit is Dify's 400."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # Dify shows the validator's own text, and it is the same validator.
        raise WireError(400, "invalid_param", str(error)) from None
