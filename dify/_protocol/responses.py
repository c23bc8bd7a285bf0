"""What an answer means: a model, or the error to raise and whether another attempt might help. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from .._log import redact
from .._net import http as _http
from ..errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigurationError,
    DifyError,
    InvalidArgumentError,
    RateLimitError,
    ResponseValidationError,
    ServiceUnavailableError,
    printable,
)
from ..types._base import Answer, attach
from ..types.http import HTTPInfo
from .error_mapping import is_error_body, status_error, status_error_from_body
from .json import loads, mended
from .request import Call
from .retry import Failure

__all__ = [
    "AttemptFailed",
    "acknowledged",
    "answer_from",
    "cut_error",
    "error_with_success",
    "failed_answer",
    "failed_exchange",
    "link_address",
    "media_type",
    "not_json",
]

T = TypeVar("T")
_BODY_SHOWN = 2048
_ERROR_SIZE = 1 << 16
"""No error of Dify's is longer; larger answers are not looked through for one."""


class AttemptFailed(Exception):
    """One attempt failed; `failure` says whether another may be made (None: never), `error` what to raise otherwise."""

    def __init__(self, failure: Failure | None, error: DifyError, cause: Exception | None = None) -> None:
        super().__init__(str(error))
        self.failure = failure
        self.error = error
        self.cause = None if cause is None else _http.bare(cause)


def media_type(info: HTTPInfo) -> str:
    """The answer's media type, lower-case and without parameters.

    Example:
        >>> media_type(HTTPInfo(200, {"content-type": "Text/Event-Stream ; charset=utf-8"}))
        'text/event-stream'
    """
    return info.headers.get("content-type", "").partition(";")[0].strip().lower()


@cache
def _adapter(cast_to: Any) -> TypeAdapter[Any]:
    return TypeAdapter(cast_to)


def answer_from(body: bytes, cast_to: type[T], info: HTTPInfo) -> T:
    """The body of a successful answer as a model; None where that is what is asked for, or where there is no content.

    Raises:
        ResponseValidationError: It is not what it should be.
        APIStatusError: It is an error in spite of its status.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if cast_to in (None, NoneType):
        return cast(T, _nothing(body, info))
    # Where there can be no content, what was asked for is done: no error where the type has a place for None.
    empty = not body and (info.status in (204, 205) or info.method == "HEAD")
    try:
        answer = _adapter(cast("Hashable", cast_to)).validate_json(b"null" if empty else body)
    except ValidationError as error:
        whole = mended(body.decode("utf-8", "replace"))
        if whole is not None:
            return answer_from(whole.encode(), cast_to, info)
        raise _misfit(body, error, cast_to, info) from None
    error = error_with_success(body, info)
    if error is not None:
        raise error
    if isinstance(answer, Answer):
        # Nearly all members are optional, as servers differ; another service's object has none of them.
        if answer.model_fields_set.isdisjoint(type(answer).model_fields):
            raise _no_such(cast_to, body, info, "it has none of its members")
        attach(answer, info)
    return cast(T, answer)


def error_with_success(body: bytes, info: HTTPInfo) -> DifyError | None:
    """Return the error that a body is in spite of its status, as some gateways send it; None for all other bodies."""
    if len(body) > _ERROR_SIZE or not all(name in body for name in (b'"code"', b'"message"', b'"status"')):
        return None
    try:
        decoded = loads(body.decode("utf-8", "replace"))
    except ValueError:
        return None
    return _error_in(decoded, body, info) if is_error_body(decoded) and isinstance(decoded.get("code"), str) else None


_ACKNOWLEDGEMENTS: tuple[Any, ...] = ({"result": "success"}, {}, 204)
"""The bodies that acknowledge: of most operations, of a submitted form, and of deletes in servers from 1.9 to 1.12."""


def acknowledged(body: bytes, info: HTTPInfo, operation: str) -> None:
    """Check the answer of an operation that returns nothing: an empty 204, or a body that says that it was done.

    Raises:
        ResponseValidationError: It is another answer: a web page, nothing where a body is due, JSON of another kind.
        APIStatusError: It is an error in spite of its status.
    """
    if info.status in (204, 205):
        return
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body or "html" in media_type(info):
        raise not_json(body, info)
    try:
        decoded = loads(body.decode("utf-8", "replace"))
    except ValueError:
        raise not_json(body, info) from None
    if is_error_body(decoded):
        raise _error_in(decoded, body, info)
    said: Any = decoded
    if isinstance(decoded, dict) and "result" in decoded:
        said = {"result": cast("dict[str, Any]", decoded)["result"]}  # whatever newer servers may add
    if said not in _ACKNOWLEDGEMENTS:
        text = body.decode("utf-8", "replace")
        raise ResponseValidationError(
            f"the answer of {operation} does not say that it was done (HTTP {info.status}); it begins "
            f"{printable(text, 200)!r}: check the base URL, and gateways on the way",
            http=info,
            body=text[:_BODY_SHOWN],
        )


def _nothing(body: bytes, info: HTTPInfo) -> None:
    """Any body will do but one that says that nothing was done: an error, or the page of another server."""
    if "html" in media_type(info):
        raise not_json(body, info)
    try:
        decoded = loads(body.decode("utf-8", "replace"))
    except ValueError:
        return
    if is_error_body(decoded):
        raise _error_in(decoded, body, info)


def _misfit(body: bytes, error: ValidationError, cast_to: Any, info: HTTPInfo) -> DifyError:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if problem["type"] == "json_invalid":
        return not_json(body, info)
    try:
        decoded = loads(body.decode("utf-8", "replace"))
    except ValueError:
        return not_json(body, info)
    if is_error_body(decoded):
        return _error_in(decoded, body, info)
    where = ".".join(str(part) for part in problem["loc"])
    return _no_such(cast_to, body, info, f"{where or 'it'}: {problem['msg']}")


def _no_such(cast_to: Any, body: bytes, info: HTTPInfo, why: str) -> ResponseValidationError:
    text = body.decode("utf-8", "replace")
    return ResponseValidationError(
        f"the answer of {info.method} is no {getattr(cast_to, '__name__', cast_to)}: {why}; it begins {printable(text, 200)!r}",
        http=info,
        body=text[:_BODY_SHOWN],
    )


def _error_in(decoded: Any, body: bytes, info: HTTPInfo) -> DifyError:
    text = body.decode("utf-8", "replace")[:_BODY_SHOWN]
    return status_error_from_body(decoded, status=decoded["status"], http=info, text=text)


def not_json(body: bytes, info: HTTPInfo) -> ResponseValidationError:
    """The error for an answer that should be JSON and is HTML, empty or garbage."""
    text = body.decode("utf-8", "replace")
    kind = media_type(info) or "no Content-Type"
    reason: Literal["empty", "html", "not_json"]
    if not body:
        reason, what = "empty", "the answer is empty"
    elif "html" in kind or text.lstrip()[:1] == "<":
        reason = "html"
        what = (
            "the answer is a web page and not Dify's API: check the base URL (it ends in /v1), and gateways on the way"
        )
    else:
        reason, what = "not_json", f"the answer cannot be read as JSON ({kind})"
    shown = f"; it begins {printable(text, 200)!r}" if text else ""
    return ResponseValidationError(
        f"{what} (HTTP {info.status}){shown}", http=info, body=text[:_BODY_SHOWN], reason=reason
    )


def link_address(link: str, base_url: str, info: HTTPInfo | None = None) -> str:
    """The whole address of a link that the server gave; one without a host belongs to the server's root.

    Raises:
        ResponseValidationError: It is no link that may be followed.

    Example:
        >>> link_address("/files/f-1/file-preview?sign=x%3D", "https://dify.example.com/v1")
        'https://dify.example.com/files/f-1/file-preview?sign=x%3D'
        >>> link_address("https://files.example.com/f-1?sign=x", "https://dify.example.com/v1")
        'https://files.example.com/f-1?sign=x'
    """
    address = _http.join_address(base_url, link) if link and link.isprintable() and "\\" not in link else None
    if address is None:
        raise ResponseValidationError(
            f"the server gave a link that is no http address: {printable(link, 200)!r}", http=info
        )
    return address


def failed_answer(info: HTTPInfo, body: bytes, secrets: tuple[str, ...], operation: str = "") -> AttemptFailed:
    """What an answer with an error status means; keys that the server repeats are masked."""
    text = redact(body.decode("utf-8", "replace"), secrets)
    error = status_error(info, text.encode("utf-8", "replace"), operation)
    limit = isinstance(error, RateLimitError) and info.status == 400
    refused = False
    if isinstance(error, ServiceUnavailableError):
        from .._operations import refuses_before_work  # the table is for those who need it

        refused = refuses_before_work(operation)
    return AttemptFailed(Failure("status", info.status, error.code, limit, refused, error.retry_after), error)


def failed_exchange(cause: Exception, call: Call, base_url: str) -> AttemptFailed:
    """What an exception of the HTTP library means, before any answer."""
    reason = printable(str(cause), 300) or type(cause).__name__
    failure: Failure | None = None
    error: DifyError
    match _http.failure_of(cause):
        case "connect":
            error = APIConnectionError(f"cannot connect to {base_url}: {reason}")
            if "CERTIFICATE_VERIFY_FAILED" not in reason:  # a certificate does not get better by asking again
                failure = Failure("connect")
        case "timeout-connect":
            error, failure = APITimeoutError(f"connecting to {base_url} took too long"), Failure("connect")
        case "timeout-pool":
            words = "no connection came free within the pool timeout: calls and open streams hold all of them"
            error = APITimeoutError(f"{words} (raise `max_connections=`, or the limits of your own http_client)")
            failure = Failure("connect")
        case "timeout":
            error, failure = (
                APITimeoutError("no answer in time", sent=True, hint=_not_sent_again(call)),
                Failure("lost"),
            )
        case "address" if "too long" in reason:
            error = InvalidArgumentError("the request cannot be sent: with this text in it, its address is too long")
        case "address":
            error = ConfigurationError(f"the address {base_url} cannot be used: {reason}")
        case "refused":
            error = InvalidArgumentError(f"the request cannot be sent: {reason}")
        case _:
            words = f"the connection was lost before the answer came: {reason}"
            error, failure = APIConnectionError(words, sent=True, hint=_not_sent_again(call)), Failure("lost")
    return AttemptFailed(failure, error, cause)


def overdue(seconds: float | None, call: Call, server: str, *, unsent: bool) -> AttemptFailed:
    """The answer's headers did not come within the overall deadline; `unsent`: nor was there a connection to send it on."""
    if unsent:
        return AttemptFailed(Failure("connect"), APITimeoutError(f"connecting to {server} took too long"))
    words = f"no answer within {seconds:g} s" if seconds else "no answer in time"
    return AttemptFailed(Failure("lost"), APITimeoutError(words, sent=True, hint=_not_sent_again(call)))


def _not_sent_again(call: Call) -> str | None:
    """Return the hint for a request that reached the server, or None for one that can be sent again."""
    if call.repeatable:
        return None
    return f"the server may still be at work on {call.operation}, so it was not sent again"


def cut_error(cause: Exception, method: str) -> APIConnectionError:
    """An answer whose body broke off."""
    reason = printable(str(cause), 300) or type(cause).__name__
    if _http.failure_of(cause) == "timeout":
        return APITimeoutError("the rest of the answer did not come in time", sent=True)
    return APIConnectionError(f"the answer of {method} broke off: {reason}", sent=True)
