"""From an error response, or an `error` event of a stream, to its exception.

No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import BaseModel

from .. import errors as e
from .._log import redact
from .._operations import missing_route
from .._readable import readable
from ..types.http import HTTPInfo
from .json import loads
from .retry import parse_retry_after

__all__ = ["is_error_body", "masked", "status_error", "status_error_from_body"]

DifyErrorT = TypeVar("DifyErrorT", bound=e.DifyError)

_BY_STATUS: dict[int, type[e.APIStatusError]] = {
    400: e.BadRequestError,
    401: e.AuthenticationError,
    403: e.PermissionDeniedError,
    404: e.NotFoundError,
    409: e.ConflictError,
    413: e.PayloadTooLargeError,
    415: e.UnsupportedMediaTypeError,
    429: e.RateLimitError,
}

_BY_CODE: dict[str, type[e.APIStatusError]] = {
    "app_unavailable": e.AppUnavailableError,
    "not_chat_app": e.NotThisAppTypeError,
    "not_workflow_app": e.NotThisAppTypeError,
    "not_completion_app": e.NotThisAppTypeError,
    "provider_not_initialize": e.ProviderNotInitializedError,
    "provider_quota_exceeded": e.ProviderQuotaExceededError,
    "model_currently_not_support": e.ModelNotSupportedError,
    "completion_request_error": e.CompletionRequestError,
    "file_too_large": e.FileTooLargeError,
    "audio_too_large": e.FileTooLargeError,
    "unsupported_file_type": e.UnsupportedFileTypeError,
    "unsupported_audio_type": e.UnsupportedFileTypeError,
    "rate_limit_error": e.RateLimitError,
    "too_many_requests": e.RateLimitError,
    "agent_run_limit_exceeded": e.AgentRunLimitError,
    "plugin_runtime_error": e.PluginRuntimeError,
    "service_unavailable": e.ServiceUnavailableError,
}

_HINTS: dict[str, str] = {
    "unauthorized": "check the key: app resources require the app's key, client.knowledge a knowledge key",
    "not_chat_app": "the key belongs to another kind of app: use client.workflows or client.completions, or a chat app's key",
    "not_workflow_app": "the key belongs to another kind of app: use client.chat or client.completions, or a workflow's key",
    "not_completion_app": "the key does not belong to a completion app",
    "app_unavailable": "publish the app, and check that it is of the kind that this call is for",
    "unsupported_file_type": "the server decides by the extension of the file name: convert the file, or correct its name",
    "unsupported_audio_type": "Dify accepts mp3, m4a, wav, amr and mpga: convert other formats, such as the webm of browsers "
    "and the ogg of messengers",
    "file_too_large": "the file exceeds a limit of the server; the parameters of the app list its limits",
    "audio_too_large": "Dify accepts 30 MB of audio: split the recording, or use a format that compresses it",
    "too_many_requests": "the app limits concurrent requests: send fewer at a time, or raise the limit in Dify",
    "provider_quota_exceeded": "the quota that Dify includes is used up: add credentials of your own for the model provider, "
    "or change the plan",
    "model_currently_not_support": "select another model in the app, or change the plan",
    "provider_not_initialize": "set the model provider's credentials in Dify's settings",
    "rate_limit_error": "a quota is used up: a short delay does not help",
    "human_input_form_expired": "the form has expired; its run has continued along the timeout branch",
    "trigger_workflow_service_mode_unavailable": "the workflow starts with a trigger, and only the trigger can start it. For "
    "calls through the API, let it start with a user input node",
    "agent_run_limit_exceeded": "the agent reached its limit of time or of model requests: make the task smaller, or raise "
    "the limits of the server",
    "plugin_runtime_error": "a plugin failed: its log, and the details of this error, help the server's operator",
    "app_not_found": "the app of this key no longer exists: use the key of another app",
    "app_abnormal_status": "the app's status is not normal: check it in Dify",
    "app_api_disabled": "enable the app's API in Dify",
    "workspace_not_found": "the workspace of this key no longer exists",
    "workspace_archived": "the workspace is archived: its owner has to restore it",
    "app_suggested_questions_after_answer_disabled": "enable suggested questions in the app",
    "agent_version_not_found_error": "the agent's published version no longer exists: publish the agent again",
    "service_unavailable": "the server cannot process the request at the moment: try again later",
    "human_input_form_submitted": "the form has been submitted already",
}


def _class_of(status: int, code: str | None, message: str) -> type[e.APIStatusError]:
    if status == 400 and code == "invalid_param" and message.startswith("Too many requests"):
        return (
            e.RateLimitError
        )  # Dify's limit of concurrent requests: a 429 by nature, which Dify has sent as 400 since about 1.9
    if status == 403 and "rate limit" in message.lower():
        return e.RateLimitError  # the knowledge rate limit of Dify Cloud; only its text differs
    if status == 404 and code == "not_found" and message.startswith("Conversation Not Exists"):
        return e.ConversationNotFoundError
    known = _BY_CODE.get(code or "")
    if known is not None:
        return known
    return _BY_STATUS.get(status, e.ServerError if status >= 500 else e.APIStatusError)


_NEEDS_TLS = "the server expects TLS on this port: write https:// in base_url"

_SIGNS_OF_TLS = (
    "plain HTTP request was sent to HTTPS port",  # nginx
    "sent an HTTP request to an HTTPS server",  # Go: Caddy, Traefik
    "speaking plain HTTP to an SSL-enabled server",  # Apache
)
"""Parts of the pages of servers that received plain http where they expect TLS."""

_HINTS_BY_TEXT: tuple[tuple[str, str], ...] = (
    ("does not support blocking mode", "agents support streaming only: leave response_mode at its default"),
    ("Invalid upload file", "a file belongs to one app and one user: upload it with the key and the user of this call"),
    (
        " in input form must be a file",
        "pass the result of files.upload or InputFile.from_url(...), not a path, a text or the content",
    ),
    (" in input form must be a list of files", "pass a list of files, also for a single one"),
    *((sign, _NEEDS_TLS) for sign in _SIGNS_OF_TLS),
    ("maximum concurrent requests", _HINTS["too_many_requests"]),
)
"""Parts of messages that share a code with others, and their hints."""

_NEEDS_TECHNIQUE = 'the first document of a knowledge base needs an indexing_technique: "high_quality" or "economy"'
_NEEDS_RULE = 'the first document of a knowledge base needs a process_rule, such as {"mode": "automatic"}'


def _reason_for(status: int, code: str | None, message: str, path: str) -> e.ErrorReason | None:
    """Return the cause of an error that Dify names only in its message."""
    if 300 <= status < 400:
        return "redirect"
    if status == 400 and "user must be provided" in message:
        return "user_required"
    if status == 400 and "process_rule is required" in message:
        return "process_rule_required"
    if status == 400 and re.search(r"\bindexing_technique\b(?: is required|\s+Field required)", message):
        return "indexing_technique_required"
    if status == 500 and code == "unknown" and path.endswith("/document/create-by-text"):
        return "process_rule_required"  # some servers fail on a first text that has no rule
    return None


def _hint_for(status: int, code: str | None, message: str, url: str = "") -> str | None:
    for text, hint in _HINTS_BY_TEXT:
        if text in message:
            return hint
    if status == 404 and message.startswith("Conversation Not Exists"):
        return "only the user who started a conversation can continue it"
    path = url.partition("?")[0]
    reason = _reason_for(status, code, message, path)
    if reason == "user_required":
        return "pass user=, or give the client a default user"
    if reason == "process_rule_required":
        return _NEEDS_RULE if status == 400 else f"on some servers {_NEEDS_RULE}"
    if reason == "indexing_technique_required":
        return _NEEDS_TECHNIQUE
    if status == 403 and "rate limit" in message.lower():
        return "the plan limits the knowledge requests of a minute: wait a minute, and send fewer at a time"
    if status == 401 and urlsplit(url).hostname == "api.dify.ai":
        return f"{_HINTS['unauthorized']}. It was sent to Dify Cloud: if you host Dify, set base_url= or DIFY_BASE_URL"
    if status == 400 and not message and path.endswith(("/create-by-file", "/file-upload")):
        return "the server names no reason; for this route it is a file that is too large or of an unsupported type"
    return _HINTS.get(code or "")


def status_error_from_body(
    body: Mapping[str, Any],
    *,
    status: int,
    http: HTTPInfo | None = None,
    text: str | None = None,
    hint: str | None = None,
    **facts: Any,
) -> e.APIStatusError:
    """Return the error for a decoded body in any of Dify's shapes.

    Args:
        body: The decoded body.
        status: HTTP status, or the status of an error event.
        http: The exchange.
        text: The body as text.
        hint: Advice for a body that has none of its own.
        **facts: Ids and the partial reply of a stream.
    """
    code = body.get("code")
    code = code if isinstance(code, str) and code else None
    message = readable(_message_in(body), described=True)
    if not message and text and code is None and "message" not in body:
        message = text.strip()
    params, details = body.get("params"), body.get("details")
    return _class_of(status, code, message)(
        message,
        status_code=status,
        code=code,
        reason=_reason_for(status, code, message, http.url.partition("?")[0] if http else ""),
        params=params if isinstance(params, str) else None,
        details=cast("dict[str, Any]", details) if isinstance(details, dict) else None,
        http=http,
        body=text,
        retry_after=parse_retry_after(http.headers.get("retry-after")) if http else None,
        hint=_hint_for(status, code, message, http.url if http else "") or hint,
        **facts,
    )


_TEXT_MEMBERS = ("message", "Message", "msg", "title", "detail", "error_description", "faultstring", "reason")
"""Members whose text describes an error: those of Dify, FastAPI, problem details (RFC 9457), OAuth and gateways."""

_NESTED_MEMBERS = ("error", "detail", "fault", "errors")
"""Members that hold a description as an object or a list. Also `error` as text, in Dify's errors of segments."""


def _message_in(body: Mapping[str, Any]) -> str:
    """Return the message in an error body, with the names of its fields.

    The body is Dify's or a gateway's.

    Example:
        >>> _message_in({"code": "invalid_param", "message": "bad", "status": 400})
        'bad'
        >>> _message_in({"detail": [{"loc": ["body", "query"], "msg": "Field required", "type": "missing"}]})
        'body.query: Field required'
        >>> _message_in({"error": {"message": "No such model", "type": "invalid_request_error"}})
        'No such model'
        >>> _message_in({"message": "Input payload validation failed", "errors": {"name": "too long"}})
        'Input payload validation failed; name: too long'
    """
    # Equal texts, such as a title that is repeated in the details, appear once.
    return "; ".join(dict.fromkeys(part for part in _messages(body, 4) if part.strip()))


def _messages(value: Any, depth: int, field: str = "") -> Iterator[str]:
    """Yield the descriptions in a part of an error body."""
    match value:
        case str():
            yield f"{field}: {value}" if field else value
        case list() if depth:
            for item in cast("list[Any]", value)[:20]:
                yield from _messages(item, depth - 1, field)
        case dict() if depth:
            yield from _messages_of(cast("dict[str, Any]", value), depth, field)
        case _:
            pass


def _messages_of(members: dict[str, Any], depth: int, field: str) -> Iterator[str]:
    field = _field_of(members) or field
    texts = [text for name in _TEXT_MEMBERS if isinstance(text := members.get(name), str) and text.strip()]
    for text in texts:
        yield f"{field}: {text}" if field else text
    for name in _NESTED_MEMBERS:
        nested = members.get(name)
        if name == "errors" and isinstance(nested, dict):
            for key, problem in list(cast("dict[str, Any]", nested).items())[:20]:
                yield from _messages(problem, depth - 1, key)
        elif not isinstance(nested, str) or (name == "error" and not texts):
            yield from _messages(nested, depth - 1, field)


def _field_of(members: Mapping[str, Any]) -> str:
    """Return the name of the field in an item of a list of errors; "" if none."""
    location = members.get("loc", members.get("path"))
    if isinstance(location, list):
        return ".".join(str(part) for part in cast("list[Any]", location) if isinstance(part, (str, int)))
    source = members.get("source")  # JSON:API
    pointer = cast("dict[str, Any]", source).get("pointer") if isinstance(source, dict) else None
    names = (members.get("field"), members.get("param"), pointer)
    return next((name for name in names if isinstance(name, str) and name), "")


def masked(error: DifyErrorT, secrets: tuple[str, ...]) -> DifyErrorT:
    """Return the error with every secret masked that the server repeated.

    Secrets are masked in its text, its attributes and its causes.
    """
    for name, value in vars(error).items():
        setattr(error, name, _masked_value(value, secrets))
    cause: BaseException | None = error
    for _ in range(_MAX_CAUSES):  # the chain of an exception that is raised again may be a circle
        if cause is None:
            break
        cause.args = tuple(redact(part, secrets) if isinstance(part, str) else part for part in cause.args)
        cause = cause.__cause__ or cause.__context__
    return error


_MAX_CAUSES = 5


def _masked_value(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {name: _masked_value(item, secrets) for name, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list):
        return [_masked_value(item, secrets) for item in cast("list[Any]", value)]
    if isinstance(value, BaseModel):  # a partial reply or a run, whose messages of errors may repeat a key, too
        changed = {
            name: item
            for name, old in [*vars(value).items(), *(value.model_extra or {}).items()]
            if (item := _masked_value(old, secrets)) != old
        }
        return value.model_copy(update=changed) if changed else value
    return value


def is_error_body(body: Any) -> bool:
    """Return True if decoded JSON is an error body of Dify with a success status."""
    if not isinstance(body, dict):
        return False
    members = cast("dict[str, Any]", body)
    status, message = members.get("status"), members.get("message")
    return (
        isinstance(status, int)
        and status >= 400
        and (message is None or isinstance(message, str))
        and "message" in members
    )


def status_error(http: HTTPInfo, body: bytes, operation: str = "") -> e.APIStatusError:
    """Return the error for a response with an error status.

    The body may be JSON in any shape, HTML, empty or garbage.

    Args:
        http: The exchange.
        body: The start of the body, without the API keys.
        operation: Name of the operation, to look up the version in which servers received its route.
    """
    text = body.decode("utf-8", "replace")
    try:
        decoded = loads(text)
    except ValueError:
        decoded = None
    if isinstance(decoded, list) and decoded and isinstance(decoded[0], dict):
        decoded = {"errors": cast("list[Any]", decoded)}
    if isinstance(decoded, dict) and decoded:
        return status_error_from_body(cast("dict[str, Any]", decoded), status=http.status, http=http, text=text)
    message, hint, reason = _describe(http, text, operation)
    return _class_of(http.status, None, message)(
        message,
        status_code=http.status,
        http=http,
        body=text,
        retry_after=parse_retry_after(http.headers.get("retry-after")),
        hint=hint,
        reason=reason,
    )


def _describe(http: HTTPInfo, text: str, operation: str) -> tuple[str, str | None, e.ErrorReason | None]:
    """Return the message, the hint and the reason for a body that is not JSON."""
    if 300 <= http.status < 400:
        target = http.headers.get("location") or "an unnamed address"
        hint = "redirects are not followed: set the base URL to the final address"
        return f"the server redirects to {target}", hint, "redirect"
    if any(sign in text for sign in _SIGNS_OF_TLS):
        return "the request was sent in plain http to a port for https", _NEEDS_TLS, None
    heading = re.search(r"<(?:title|h1)[^>]*>([^<]{1,200})", text, re.IGNORECASE)
    if not heading and "<html" not in text[:512].lower():
        return text.strip(), None, None
    message = " ".join(unescape(heading.group(1)).split()) if heading else ""
    if http.status == 404:
        unknown = "this server has no such route; check the base URL and the server's version"
        return message, missing_route(operation, http.server_version) or unknown, "unknown_route"
    hint = "the response is a web page of a gateway or web server, not of Dify's API"
    if http.status in (504, 524):
        hint += ". It stopped waiting, and the server may still be processing; the default response_mode avoids this timeout"
    return message, hint, None
