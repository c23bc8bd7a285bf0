"""Dify's errors, by their code, with the bodies that a server sends.

    from dify.testing import error_replies

    error_replies.error_reply("provider_quota_exceeded")   # any code of the table
    error_replies.too_many_requests()                      # what has no code of its own

They are what `mock.chat.refuses(...)` takes, and `events.error(...)`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from ..emulator.runs.generation import INTERNAL_ERROR

__all__ = [
    "CODES",
    "ErrorReply",
    "bad_gateway",
    "conversation_not_found",
    "error_reply",
    "gateway_timeout",
    "invalid_segment",
    "knowledge_rate_limit",
    "missing_route",
    "missing_user",
    "too_many_requests",
    "unhandled",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_WRONG_APP = "Please check if your app mode matches the right API route."

CODES: MappingProxyType[str, tuple[int, str]] = MappingProxyType(
    {
        # what the caller did
        "invalid_param": (400, "Arg user must be provided."),
        "bad_request": (400, "The browser (or proxy) sent a request that this server could not understand."),
        "app_unavailable": (400, "App unavailable, please check your app configurations."),
        "not_chat_app": (400, _WRONG_APP),
        "not_workflow_app": (400, _WRONG_APP),
        "not_completion_app": (400, ""),
        "conversation_completed": (400, "The conversation has ended. Please start a new conversation."),
        "invalid_action": (400, "Invalid action."),
        "invalid_metadata": (400, "Invalid metadata value."),
        "invalid_form_data": (400, "Invalid action."),
        "no_file_uploaded": (400, "Please upload your file."),
        "too_many_files": (400, "Only one file is allowed."),
        "filename_not_exists_error": (400, "The specified filename does not exist."),
        "bad_request_key_error": (400, ""),
        "no_audio_uploaded": (400, ""),
        "document_indexing": (400, ""),
        "dataset_not_initialized": (400, "The dataset is still being initialized or indexing. Please wait a moment."),
        # the models
        "provider_not_initialize": (
            400,
            "No valid model provider credentials found. "
            "Please go to Settings -> Model Provider to complete your provider credentials.",
        ),
        "provider_quota_exceeded": (
            400,
            "Your quota for Dify Hosted Model Provider has been exhausted. "
            "Please go to Settings -> Model Provider to complete your own provider credentials.",
        ),
        "model_currently_not_support": (400, "Dify Hosted OpenAI trial currently not support the GPT-4 model."),
        "completion_request_error": (400, "Completion request failed."),
        "provider_not_support_speech_to_text": (400, "Provider not support speech to text."),
        "speech_to_text_disabled": (400, "Speech to text is disabled."),
        "agent_not_published": (400, "Agent has not been published. Please publish the Agent before using the API."),
        # keys and rights
        "unauthorized": (401, "Access token is invalid"),
        "forbidden": (403, "The app's API service has been disabled."),
        "file_access_denied": (403, "File access denied: not owned by requesting app"),
        "archived_document_immutable": (403, "The archived document is not editable."),
        "workflow_version_execution_not_allowed": (
            403,
            "Workflow version execution is not available on your current plan. Please upgrade to a paid plan.",
        ),
        "trigger_workflow_service_mode_unavailable": (
            403,
            "This workflow uses a trigger entry and cannot be invoked through Web App, Service API, OpenAPI, or MCP.",
        ),
        "app_not_found": (403, "App not found."),
        "app_abnormal_status": (403, "The app's status is abnormal."),
        "app_api_disabled": (403, "The app's API service has been disabled."),
        "workspace_not_found": (403, "Workspace not found."),
        "workspace_archived": (403, "The workspace's status is archived."),
        "app_suggested_questions_after_answer_disabled": (403, ""),
        # what is not there, or is there already
        "not_found": (404, "Dataset not found."),
        "file_not_found": (404, "File not found in message context"),
        "end_user_not_found": (404, "End user not found."),
        "agent_version_not_found_error": (404, "Agent config version not found."),
        "method_not_allowed": (405, "The method is not allowed for the requested URL."),
        "dataset_name_duplicate": (409, "The dataset name already exists. Please modify your dataset name."),
        "dataset_in_use": (409, ""),
        "human_input_form_submitted": (412, "This form has already been submitted by another user"),
        "human_input_form_expired": (412, "This form has expired"),
        # files
        "file_too_large": (413, ""),
        "audio_too_large": (413, "Audio size larger than 30 mb"),
        "unsupported_file_type": (415, "File type not allowed."),
        "unsupported_audio_type": (415, "Audio type not allowed."),
        "unsupported_media_type": (
            415,
            "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
        ),
        # limits, and the server
        "too_many_requests": (429, "Too many requests. Please try again later."),
        "rate_limit_error": (429, "Rate Limit Error"),
        "pipeline_run_error": (500, ""),
        "internal_server_error": (500, INTERNAL_ERROR),
        "agent_run_limit_exceeded": (500, "The agent run exceeded its limit."),
        "plugin_runtime_error": (502, "The plugin could not be run."),
        "service_unavailable": (503, "Service is temporarily unavailable. Please try again later."),
    }
)
"""Every code that the API is known to answer with, its status, and a text that goes with it. Texts differ by release."""


@dataclass(frozen=True, slots=True)
class ErrorReply:
    r"""An error response.

    Example:
        >>> ErrorReply(400, "invalid_param", "nope").body
        b'{"code":"invalid_param","message":"nope","status":400}\n'
    """

    status: int
    """HTTP status code."""
    code: str | None = None
    """Error code of Dify. None for a body without a code."""
    message: str = ""
    """Message of the error, which Dify often leaves empty."""
    retry_after: float | None = None
    """Seconds for the header `Retry-After`, which gateways send and Dify does not. None for no header."""
    content: bytes | None = None
    """Body to send instead of Dify's usual JSON. None for the usual one."""
    content_type: str = "application/json"
    """Content type of the body."""
    details: dict[str, Any] | None = None
    """Additional fields of the error, as `plugin_runtime_error` has them. None for a body without them."""

    @property
    def body(self) -> bytes:
        """The body's bytes."""
        if self.content is not None:
            return self.content
        told: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.details is not None:
            told["details"] = self.details
        return (json.dumps(told, separators=(",", ":")) + "\n").encode()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        headers = {"content-type": self.content_type}
        if self.status == 401:
            headers["www-authenticate"] = 'Bearer realm="api"'
        if self.retry_after is not None:
            headers["retry-after"] = f"{self.retry_after:g}"
        return headers


def error_reply(
    code: str | ErrorReply,
    *,
    message: str | None = None,
    status: int | None = None,
    retry_after: float | None = None,
    details: dict[str, Any] | None = None,
) -> ErrorReply:
    """Build the error with a code.

    Args:
        code: A code of `CODES`, any other code with a `status`, or an error to change.
        message: Message; by default that of the code.
        status: Status; by default that of the code.
        retry_after: Seconds for the header `Retry-After`.
        details: Further fields of the error, such as the `request_id` of `plugin_runtime_error`.

    Raises:
        TypeError: It is no code. Of a status alone, the error names the codes that have it.
        ValueError: The code is unknown and `status` is missing, or the status is not that of an error.

    Example:
        >>> error_reply("dataset_name_duplicate").status
        409
    """
    if isinstance(code, ErrorReply):
        known = code
    elif not isinstance(code, str):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
        raise TypeError(_no_code(code))
    elif code in CODES:
        known = ErrorReply(CODES[code][0], code, CODES[code][1])
    elif status is not None:
        known = ErrorReply(status, code)
    else:
        raise ValueError(f"{code!r} is not a known code of Dify: pass its status as well{suggestion(code)}")
    if not 400 <= known.status <= 599 or (status is not None and not 400 <= status <= 599):
        raise ValueError("the status of an error is from 400 to 599")
    if message is not None:
        known = replace(known, message=message, content=None)
    if status is not None:
        known = replace(known, status=status)
    if details is not None:
        known = replace(known, details=details)
    return known if retry_after is None else replace(known, retry_after=retry_after)


def suggestion(code: str) -> str:
    """Return a question with the codes most like an unknown one, or a list of all.

    Example:
        >>> suggestion("provider_quota_exceded")
        ". Did you mean 'provider_quota_exceeded'?"
    """
    similar = get_close_matches(code.lower().replace("-", "_").replace(" ", "_"), CODES, n=3, cutoff=0.6)
    if similar:
        return f". Did you mean {' or '.join(map(repr, similar))}?"
    return f"; the codes are {', '.join(CODES)}"


def _no_code(given: object) -> str:
    if not isinstance(given, int):
        return f"an error is one of Dify's codes, or made by dify.testing.error_replies, and not {given!r}"
    having = [repr(code) for code, (status, _) in CODES.items() if status == given]
    if having:
        return f"{given} is a status, and what clients look at is the code: name one of {', '.join(having)}"
    pages = "error_replies.bad_gateway() and error_replies.gateway_timeout() are the pages of gateways; for another, "
    return f"{given} is a status, and no code of Dify's has it: {pages}name a code beside it, with status={given}"


def too_many_requests(*, retry_after: float | None = None) -> ErrorReply:
    """Build the error of an app's concurrency limit.

    Servers since about 1.9 send it with status 400.

    Example:
        >>> too_many_requests().status
        400
    """
    text = (
        "Too many requests. Please try again later. The current maximum concurrent requests allowed for the app is 1."
    )
    return ErrorReply(400, "invalid_param", text, retry_after)


def knowledge_rate_limit() -> ErrorReply:
    """Build the error of Dify Cloud's rate limit for knowledge requests.

    It is a 403 that only its text identifies.

    Example:
        >>> knowledge_rate_limit().status
        403
    """
    text = "Sorry, you have reached the knowledge base request rate limit of your subscription."
    return ErrorReply(403, "forbidden", text)


def conversation_not_found() -> ErrorReply:
    """Build the error of a conversation that the user does not have.

    Example:
        >>> conversation_not_found().message
        'Conversation Not Exists.'
    """
    return ErrorReply(404, "not_found", "Conversation Not Exists.")


def missing_user() -> ErrorReply:
    """Build the error of a call without the required `user`.

    Example:
        >>> missing_user().code
        'invalid_param'
    """
    return error_reply("invalid_param")


def invalid_segment(text: str = "Content is empty") -> ErrorReply:
    """Build the error of `segments.create`, whose body has the field `error` only.

    Example:
        >>> invalid_segment("no").body
        b'{"error":"no"}\\n'
    """
    return ErrorReply(400, content=(json.dumps({"error": text}, separators=(",", ":")) + "\n").encode())


def unhandled() -> ErrorReply:
    """Build the error of an unhandled exception.

    Example:
        >>> unhandled().code
        'unknown'
    """
    return ErrorReply(500, "unknown", "Internal Server Error")


def missing_route() -> ErrorReply:
    """Build the page of a missing route: an old server, or an id that is not a UUID.

    Example:
        >>> missing_route().content_type
        'text/html; charset=utf-8'
    """
    return _page(404, "Not Found", "The requested URL was not found on the server.")


def bad_gateway() -> ErrorReply:
    """Build the page of a gateway that cannot reach the server.

    Example:
        >>> bad_gateway().status
        502
    """
    return _page(502, "Bad Gateway", "nginx")


def gateway_timeout() -> ErrorReply:
    """Build the page of a gateway whose timeout expired during a blocking call.

    Example:
        >>> gateway_timeout().status
        504
    """
    return _page(504, "Gateway Time-out", "nginx")


def _page(status: int, title: str, text: str) -> ErrorReply:
    page = f"<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n"
    return ErrorReply(status, None, title, content=page.encode(), content_type="text/html; charset=utf-8")
