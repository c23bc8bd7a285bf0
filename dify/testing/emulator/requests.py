"""Requests to the API: reading and validation of bodies, parameters and users."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, ImmutableMultiDict, UploadFile
from starlette.requests import Request

from .responses import ApiError, UnhandledError
from .state import AppState

__all__ = [
    "BAD_REQUEST",
    "ApiRequest",
    "is_uuid",
    "read_form",
    "read_json",
    "record_id",
    "user_of",
    "validate",
]

Schema = TypeVar("Schema", bound=BaseModel)


@dataclass(frozen=True)
class ApiRequest:
    """An authorized request, with its body read.

    Attributes:
        app: App of the API key.
        http: The HTTP request.
        body: JSON body, or an empty mapping if the body is not an object.
        form: Multipart body. None for other requests.
        user: Name of the end user; `DEFAULT-USER` if the request names none.
        owner: Id of the end user, to whom new conversations, messages and files belong.
        json: JSON body of any type. None if it is empty or null.
    """

    app: AppState
    http: Request
    body: dict[str, Any]
    form: FormData | None
    user: str
    owner: str = ""
    json: Any = None

    @property
    def origin(self) -> str:
        """Scheme and host of the request's URL."""
        return str(self.http.base_url).rstrip("/")

    def path(self, name: str) -> str:
        """Return a path parameter as text."""
        return str(self.http.path_params[name])

    def payload(self, schema: type[Schema]) -> Schema:
        """Return the validated JSON body.

        Raises:
            ApiError: The body does not fit the schema.
        """
        if self.json is not None and not isinstance(self.json, dict):
            return validate(schema, self.json)
        # The id of the trace session has a check of its own.
        return validate(schema, {name: value for name, value in self.body.items() if name != "trace_session_id"})

    def query(self, schema: type[Schema], *, repeated: str = "", lenient_paging: bool = False) -> Schema:
        """Return the validated query. Of a repeated parameter the first value counts.

        Args:
            schema: Schema of the query.
            repeated: Parameter that is a list of all its values.
            lenient_paging: Ignore a `page` or `limit` that is not an integer, instead of refusing it.

        Raises:
            ApiError: The query does not fit the schema.
        """
        parameters = self.http.query_params
        values = _first_values(parameters)
        if repeated in values:
            values[repeated] = parameters.getlist(repeated)
        if lenient_paging:
            values = {
                name: value for name, value in values.items() if name not in ("page", "limit") or _is_integer(value)
            }
        return validate(schema, values)

    def text(self, name: str) -> str:
        """Return a query parameter, or an empty text."""
        return self.http.query_params.get(name, "")


def validate(schema: type[Schema], values: Mapping[str, Any]) -> Schema:
    """Return the values as an instance of the schema.

    Raises:
        ApiError: They do not fit. The message is pydantic's, because Dify uses pydantic and sends its message.
    """
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise ApiError(400, "invalid_param", str(error)) from None


def is_uuid(text: str) -> bool:
    """Return True if a text is a UUID."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def record_id(value: Any) -> str:
    """Return the id of a database record, which must be a UUID.

    Other values make the server fail.

    Raises:
        UnhandledError: The value is not a UUID.
    """
    if not isinstance(value, str) or not is_uuid(value):
        raise UnhandledError
    return str(UUID(value))


def _is_integer(text: str) -> bool:
    """Return True if a text is an integer."""
    try:
        int(text)
    except ValueError:
        return False
    return True


_NOT_JSON = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
BAD_REQUEST = "The browser (or proxy) sent a request that this server could not understand."


async def read_json(request: Request) -> Any:
    """Return the JSON body.

    Raises:
        ApiError: The body is not JSON.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not re.fullmatch(r"application/.*\+json", media_type):
        raise ApiError(415, "unsupported_media_type", _NOT_JSON)
    try:
        return json.loads(await request.body(), parse_constant=_refuse_constant)
    except ValueError:
        raise ApiError(400, "bad_request", BAD_REQUEST) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


async def read_form(request: Request) -> FormData:
    """Return the multipart body, which is empty for other media types."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        await request.body()
        return FormData()
    return await request.form()


def user_of(request: Request, body: Any, form: FormData | None) -> str | None:
    """Return the `user` in the form, the JSON body or the query, in this order.

    None if there is none.
    """
    if form is not None:
        value: Any = next(iter(form.getlist("user")), None)
        return None if isinstance(value, UploadFile) else value or None
    source = cast("dict[str, Any]", body) if isinstance(body, dict) else _first_values(request.query_params)
    value = source.get("user")
    return str(value) if value else None


def _first_values(parameters: ImmutableMultiDict[str, Any]) -> dict[str, Any]:
    """Return each parameter with its first value, as the server's framework does."""
    return dict(reversed(parameters.multi_items()))
