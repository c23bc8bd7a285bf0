"""The meaning of a response: a model, or the exception to raise. No I/O."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from .._net import exceptions as _net, http as _http
from .._readable import printable
from ..errors import APIConnectionError, APITimeoutError, DifyError, ResponseValidationError
from ..types._base import ResponseModel, attach
from ..types.http import HTTPInfo
from .error_mapping import is_error_body, status_error_from_body
from .json import loads, mended

__all__ = [
    "Acknowledgement",
    "body_error",
    "error_with_success",
    "link_address",
    "media_type",
    "not_json",
    "parse_response",
    "too_large",
]

T = TypeVar("T")
_BODY_SHOWN = 2048
_MAX_ERROR_SIZE = 1 << 16
"""Dify's error bodies are shorter; larger bodies are not searched for an error."""


class Acknowledgement:
    """The response type of operations that return nothing but a confirmation."""


_ACKNOWLEDGEMENTS: tuple[Any, ...] = ({"result": "success"}, {}, 204)
"""Bodies of most operations, of a submitted form, and of deletes in servers from 1.9 to 1.12."""


def media_type(info: HTTPInfo) -> str:
    """Return the media type of a response, lower-case and without parameters.

    Example:
        >>> media_type(HTTPInfo(200, {"content-type": "Text/Event-Stream ; charset=utf-8"}))
        'text/event-stream'
    """
    return info.headers.get("content-type", "").partition(";")[0].strip().lower()


@cache
def _adapter(cast_to: Any) -> TypeAdapter[Any]:
    return TypeAdapter(cast_to)


def parse_response(body: bytes, cast_to: type[T], info: HTTPInfo) -> T:
    """Return the body of a successful response as `cast_to`.

    Args:
        body: The body.
        cast_to: A type that pydantic validates. None ignores the body unless it is an error or a web page;
            `Acknowledgement` requires a confirmation. Both return None.
        info: The exchange.

    Raises:
        ResponseValidationError: The body is not valid for `cast_to`.
        APIStatusError: The body is an error of Dify in spite of its status.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if cast_to in (None, NoneType, Acknowledgement):
        return cast(T, _check_confirmation(body, info, required=cast_to is Acknowledgement))
    # A response without content confirms that the operation is done; a type that allows None becomes None.
    empty = not body and (info.status in (204, 205) or info.method == "HEAD")
    try:
        response = _adapter(cast("Hashable", cast_to)).validate_json(b"null" if empty else body)
    except ValidationError as error:
        repaired = mended(body.decode("utf-8", "replace"))
        if repaired is not None:
            return parse_response(repaired.encode(), cast_to, info)
        raise _validation_error(body, error, cast_to, info) from None
    error = error_with_success(body, info)
    if error is not None:
        raise error
    if isinstance(response, ResponseModel):
        # Nearly all fields are optional because servers differ, so the object of another service would validate, too.
        if response.model_fields_set.isdisjoint(type(response).model_fields):
            raise _invalid(body, cast_to, info, "it has none of the fields")
        attach(response, info)
    return cast(T, response)


def error_with_success(body: bytes, info: HTTPInfo) -> DifyError | None:
    """Return the error in a body with a status of success, which some gateways send.

    None for all other bodies.
    """
    if len(body) > _MAX_ERROR_SIZE or not all(name in body for name in (b'"code"', b'"message"', b'"status"')):
        return None
    try:
        decoded = loads(body.decode("utf-8", "replace"))
    except ValueError:
        return None
    return _error_in(decoded, body, info) if is_error_body(decoded) and isinstance(decoded.get("code"), str) else None


def _check_confirmation(body: bytes, info: HTTPInfo, *, required: bool) -> None:
    """Raise the error that a body without data stands for.

    `required` accepts known confirmations only.
    """
    if required and info.status in (204, 205):
        return
    body = body.strip()
    if "html" in media_type(info) or (required and not body):
        raise not_json(body, info)
    try:
        decoded = loads(body.decode("utf-8", "replace"))
    except ValueError:
        if not required:
            return
        raise not_json(body, info) from None
    if is_error_body(decoded):
        raise _error_in(decoded, body, info)
    if isinstance(decoded, dict) and "result" in decoded:
        decoded = {"result": cast("dict[str, Any]", decoded)["result"]}  # newer servers may add fields
    if required and decoded not in _ACKNOWLEDGEMENTS:
        text = body.decode("utf-8", "replace")
        raise ResponseValidationError(
            f"{_request(info)} returned HTTP {info.status} without a confirmation; the body begins with "
            f"{printable(text, 200)!r}",
            http=info,
            body=text[:_BODY_SHOWN],
            hint="check the base URL, and gateways in front of the server",
        )


def _request(info: HTTPInfo) -> str:
    """Return the method and path of an exchange; the query may hold a signature."""
    return f"{info.method} {urlsplit(info.url).path}".strip() or "the server"


def _validation_error(body: bytes, error: ValidationError, cast_to: Any, info: HTTPInfo) -> DifyError:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if problem["type"] == "json_invalid":
        return not_json(body, info)
    try:
        decoded = loads(body.decode("utf-8", "replace"))
    except ValueError:
        return not_json(body, info)
    if is_error_body(decoded):
        return _error_in(decoded, body, info)
    field = ".".join(str(part) for part in problem["loc"])
    return _invalid(body, cast_to, info, f"{field}: {problem['msg']}" if field else problem["msg"])


def _invalid(body: bytes, cast_to: Any, info: HTTPInfo, problem: str) -> ResponseValidationError:
    text = body.decode("utf-8", "replace")
    return ResponseValidationError(
        f"{_request(info)} returned a body that is not a valid {getattr(cast_to, '__name__', cast_to)}: {problem}; "
        f"the body begins with {printable(text, 200)!r}",
        http=info,
        body=text[:_BODY_SHOWN],
    )


def _error_in(decoded: Any, body: bytes, info: HTTPInfo) -> DifyError:
    text = body.decode("utf-8", "replace")[:_BODY_SHOWN]
    return status_error_from_body(decoded, status=decoded["status"], http=info, text=text)


def not_json(body: bytes, info: HTTPInfo) -> ResponseValidationError:
    """Return the error for a body that should be JSON and is not."""
    text = body.decode("utf-8", "replace")
    content_type = media_type(info) or "no Content-Type"
    reason: Literal["empty", "html", "not_json"]
    hint = None
    if not body:
        reason, problem = "empty", "an empty body"
    elif "html" in content_type or text.lstrip()[:1] == "<":
        reason, problem = "html", "a web page instead of JSON"
        hint = "check the base URL (it ends in /v1), and gateways in front of the server"
    else:
        reason, problem = "not_json", f"a body that is not JSON ({content_type})"
    start = f"; the body begins with {printable(text, 200)!r}" if text else ""
    return ResponseValidationError(
        f"{_request(info)} returned {problem} (HTTP {info.status}){start}",
        http=info,
        body=text[:_BODY_SHOWN],
        reason=reason,
        hint=hint,
    )


def link_address(link: str, base_url: str, info: HTTPInfo | None = None) -> str:
    """Return the absolute URL of a link in a response.

    A link without a host belongs to the server's root.

    Raises:
        ResponseValidationError: It is not an http(s) link.

    Example:
        >>> link_address("/files/f-1/file-preview?sign=x%3D", "https://dify.example.com/v1")
        'https://dify.example.com/files/f-1/file-preview?sign=x%3D'
        >>> link_address("https://files.example.com/f-1?sign=x", "https://dify.example.com/v1")
        'https://files.example.com/f-1?sign=x'
    """
    address = _http.join_address(base_url, link) if link and link.isprintable() and "\\" not in link else None
    if address is None:
        raise ResponseValidationError(
            f"the server sent a link that is not an http URL: {printable(link, 200)!r}", http=info
        )
    return address


def too_large(message: str, limit: str, http: HTTPInfo | None = None) -> ResponseValidationError:
    """Return the error for a response that exceeds a limit of `ResponseLimits`."""
    return ResponseValidationError(
        message, http=http, param="limits", reason="too_large", hint=f"raise `ResponseLimits({limit}=)`"
    )


def body_error(cause: Exception, operation: str) -> APIConnectionError:
    """Return the error for a response body that did not arrive completely."""
    if isinstance(cause, (_net.TimeoutException, TimeoutError)):
        return APITimeoutError("the rest of the response did not arrive in time", sent=True, param="timeout")
    detail = printable(str(cause), 300) or type(cause).__name__
    return APIConnectionError(f"the response of {operation} broke off: {detail}", sent=True)
