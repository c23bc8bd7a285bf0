"""The errors of this client, all of them also exported from `dify`.

    DifyError
    ├── ConfigurationError            a missing key, user or a bad base URL; raised before anything is sent
    │   └── InvalidArgumentError      an argument that must not go out (also a ValueError)
    ├── MisuseError                    a stream, pager or client used in a way that cannot work (also a TypeError)
    ├── APIConnectionError            no answer: refused, reset, TLS, DNS
    │   └── APITimeoutError
    ├── APIStatusError                the server answered with an error, or a stream carried one
    │   ├── BadRequestError           400
    │   │   ├── AppUnavailableError           app_unavailable
    │   │   ├── NotThisAppTypeError           not_chat_app, not_workflow_app, not_completion_app
    │   │   ├── ProviderNotInitializedError   provider_not_initialize
    │   │   ├── ProviderQuotaExceededError    provider_quota_exceeded
    │   │   ├── ModelNotSupportedError        model_currently_not_support
    │   │   └── CompletionRequestError        completion_request_error
    │   ├── AuthenticationError       401
    │   ├── PermissionDeniedError     403
    │   ├── NotFoundError             404
    │   │   └── ConversationNotFoundError
    │   ├── ConflictError             409
    │   ├── PayloadTooLargeError      413
    │   │   └── FileTooLargeError             file_too_large, audio_too_large
    │   ├── UnsupportedMediaTypeError 415
    │   │   └── UnsupportedFileTypeError      unsupported_file_type, unsupported_audio_type
    │   ├── RateLimitError            429, and the 400 and 403 bodies that Dify uses for its limits
    │   ├── AgentRunLimitError        agent_run_limit_exceeded, in streams
    │   └── ServerError               5xx
    │       ├── PluginRuntimeError            plugin_runtime_error
    │       └── ServiceUnavailableError       service_unavailable
    ├── StreamInterruptedError        a stream ended before its terminal event
    │   └── StreamTimeoutError        … because the server went silent (also an APITimeoutError)
    ├── WorkflowFailedError           a run that ended failed
    ├── ResponseValidationError       the answer was not what it should be
    ├── IncompleteListError           a list that the server's paging cannot give whole
    ├── DocumentExistsError           the knowledge base has a document of that name; raised on request
    ├── IndexingFailedError                a document could not be indexed, or its indexing is paused
    └── IndexingTimeoutError               a document was not indexed in the time given

All of them survive pickling, none holds an API key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ._protocol.readable import printable, readable, without_routes
from .types.http import HTTPInfo

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AgentRunLimitError",
    "AppUnavailableError",
    "AuthenticationError",
    "BadRequestError",
    "CompletionRequestError",
    "ConfigurationError",
    "ConflictError",
    "ConversationNotFoundError",
    "DifyError",
    "DocumentExistsError",
    "FileTooLargeError",
    "IncompleteListError",
    "IndexingFailedError",
    "IndexingTimeoutError",
    "InvalidArgumentError",
    "MisuseError",
    "ModelNotSupportedError",
    "NotFoundError",
    "NotThisAppTypeError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "PluginRuntimeError",
    "ProviderNotInitializedError",
    "ProviderQuotaExceededError",
    "RateLimitError",
    "ResponseValidationError",
    "ServerError",
    "ServiceUnavailableError",
    "StreamInterruptedError",
    "StreamTimeoutError",
    "UnsupportedFileTypeError",
    "UnsupportedMediaTypeError",
    "WorkflowFailedError",
]


class DifyError(Exception):
    """Base of every error that this client raises. As a text it is the message and the hint.

    Attributes:
        message: What happened.
        hint: What to do, in terms of this package's arguments; None where that is not known.
        workflow_run_id: The run that it is about, which `workflows.get` and `workflows.events` take; None where there is none.
        partial: The reply as far as it had come, or None.
    """

    # Every subclass takes its message first and all else by keyword with a default. The default pickling of
    # exceptions (class, message, __dict__) then rebuilds them whole.
    workflow_run_id: str | None = None
    partial: Any = None

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def summary(self) -> str:
        """The text of the error without the hint, for programs that give advice of their own."""
        return self.message

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class ConfigurationError(DifyError):
    """The client is not set up for this call: a missing key or user, a bad base URL. Nothing was sent.

    Attributes:
        param: The argument at fault, such as "base_url" or "filename"; None where no single argument is.
    """

    def __init__(self, message: str = "", *, param: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.param = param


class InvalidArgumentError(ConfigurationError, ValueError):
    """An argument that must not go out: an id that is no single path segment, a control character, a NaN. Nothing was sent."""


class MisuseError(DifyError, TypeError):
    """A stream, pager or client was used in a way that cannot work; the message says what to write instead."""


class APIConnectionError(DifyError):
    """No (whole) answer arrived: refused, reset, cut, TLS, DNS.

    Attributes:
        sent: Whether the request had left; the server may then be working on it.
    """

    def __init__(self, message: str = "", *, sent: bool = False, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.sent = sent


class APITimeoutError(APIConnectionError):
    """No (whole) answer arrived in time. A call that had been sent may still be at work on the server."""


class APIStatusError(DifyError):
    """The server answered with an error status, or a stream carried an `error` frame.

    As a text it is for people: status, code, the server's words, and the hint. The list of similar routes that Dify appends to
    the words of a 404 is left out there; `message` and `body` have it.

    Attributes:
        status_code: HTTP status, or the `status` of the error frame.
        code: Dify's code, such as "invalid_param"; None where the answer has none.
        reason: The cause, where Dify's code is shared by several: "user_required" (the request names no end user),
            "process_rule_required" (the first document of a knowledge base needs a `process_rule`); else None.
        message: The server's words, unescaped; may be empty. Of an error that a model provider or plugin sent as JSON, its
            description; `body` has the JSON.
        params: The field at fault, where an old server names it.
        details: More about the error, where the server sends an object of it; its members depend on the code.
        http: The exchange; None for an error built by hand.
        body: The start of the answer as text.
        retry_after: Seconds to wait that the server asked for.
        hint: What to do next, where that is known.
        task_id: Task of the stream that carried the error, where known; likewise the other ids.
        partial: The reply as far as it had come, for an error inside a stream.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status_code: int = 0,
        code: str | None = None,
        reason: Literal["user_required", "process_rule_required"] | None = None,
        params: str | None = None,
        details: dict[str, Any] | None = None,
        http: HTTPInfo | None = None,
        body: str | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
        task_id: str | None = None,
        message_id: str | None = None,
        conversation_id: str | None = None,
        workflow_run_id: str | None = None,
        partial: Any = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status_code = status_code
        self.code = code
        self.reason = reason
        self.params = params
        self.details = details
        self.http = http
        self.body = body
        self.retry_after = retry_after
        self.task_id = task_id
        self.message_id = message_id
        self.conversation_id = conversation_id
        self.workflow_run_id = workflow_run_id
        self.partial = partial

    def _parts(self) -> tuple[str, str]:
        head = " ".join(str(part) for part in (self.status_code or None, self.code) if part)
        return head, without_routes(self.message) if self.status_code == 404 else readable(self.message)

    @property
    def summary(self) -> str:
        """Status, code and the server's message, without the hint and without the routes that Dify appends to a 404."""
        return ": ".join(part for part in self._parts() if part.strip())

    def __str__(self) -> str:
        head, message = self._parts()
        text = ": ".join(part for part in (printable(head, 200), printable(message)) if part)
        return f"{text} ({self.hint})" if self.hint else text


class BadRequestError(APIStatusError):
    """400: the request does not fit; `code` says how."""


class AppUnavailableError(BadRequestError):
    """The app is not configured or published, or (completion routes) is of another kind."""


class NotThisAppTypeError(BadRequestError):
    """The key's app is of another kind than the call is for."""


class ProviderNotInitializedError(BadRequestError):
    """The model provider has no valid credentials."""


class ProviderQuotaExceededError(BadRequestError):
    """The hosted quota of the model provider is used up."""


class ModelNotSupportedError(BadRequestError):
    """The model is not available to this workspace."""


class CompletionRequestError(BadRequestError):
    """The model's provider refused or failed."""


class AuthenticationError(APIStatusError):
    """401: the key is missing, unknown or of the other kind."""


class PermissionDeniedError(APIStatusError):
    """403: the app, its API or the knowledge base is not open to this key."""


class NotFoundError(APIStatusError):
    """404: no such object for this key and user, or no such route."""


class ConversationNotFoundError(NotFoundError):
    """No such conversation for this `user`; conversations belong to the user who began them."""


class ConflictError(APIStatusError):
    """409: a knowledge base of that name exists, or is in use."""


class PayloadTooLargeError(APIStatusError):
    """413: the request is too large."""


class FileTooLargeError(PayloadTooLargeError):
    """The file is larger than the server takes; `app.parameters()` shows the limits."""


class UnsupportedMediaTypeError(APIStatusError):
    """415: the server does not take this type of content."""


class UnsupportedFileTypeError(UnsupportedMediaTypeError):
    """The server does not take files of this type."""


class RateLimitError(APIStatusError):
    """Too many requests: HTTP 429, Dify's limit of concurrent requests (400) or its knowledge rate limit (403)."""


class ServerError(APIStatusError):
    """5xx: the server or a gateway before it failed."""


class PluginRuntimeError(ServerError):
    """502 `plugin_runtime_error`: a plugin that the app uses could not be run (servers from 1.17)."""

    @property
    def request_id(self) -> str | None:
        """The id of the plugin's request in the server's logs; None where the server sends none."""
        value = (self.details or {}).get("request_id")
        return value if isinstance(value, str) else None


class ServiceUnavailableError(ServerError):
    """503 `service_unavailable`: Dify cannot process the request at the moment (servers from 1.17).

    For calls that create or change documents and chunks it means that no work has begun, and they are retried.
    """


class AgentRunLimitError(APIStatusError):
    """`agent_run_limit_exceeded` in a stream: the agent ran for too long or asked its model too often (servers from 1.17).

    By default one hour and 500 requests to the model; `partial` holds the reply received so far.
    """


class StreamInterruptedError(DifyError):
    """A stream ended before its terminal event; what had come is in `partial`.

    Attributes:
        partial: The reply as far as it had come, or None.
        task_id: What the stop calls take, where known.
        message_id: The message, where known.
        conversation_id: The conversation, where known.
        workflow_run_id: What `workflows.get` and `workflows.events` take, where known.
    """

    def __init__(
        self,
        message: str = "",
        *,
        partial: Any = None,
        task_id: str | None = None,
        message_id: str | None = None,
        conversation_id: str | None = None,
        workflow_run_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.partial = partial
        self.task_id = task_id
        self.message_id = message_id
        self.conversation_id = conversation_id
        self.workflow_run_id = workflow_run_id


class StreamTimeoutError(StreamInterruptedError, APITimeoutError):
    """A stream went silent for longer than the read timeout before its terminal event; `sent` is True, as of all streams."""

    def __init__(
        self,
        message: str = "",
        *,
        partial: Any = None,
        task_id: str | None = None,
        message_id: str | None = None,
        conversation_id: str | None = None,
        workflow_run_id: str | None = None,
    ) -> None:
        super().__init__(
            message,
            partial=partial,
            task_id=task_id,
            message_id=message_id,
            conversation_id=conversation_id,
            workflow_run_id=workflow_run_id,
        )
        self.sent = True  # after the base for connections has said that nothing was


class WorkflowFailedError(DifyError):
    """A run ended failed.

    Attributes:
        run: The run (`WorkflowRun`), with its status, error and whatever outputs it has.
        partial: For a chatflow, the reply as far as it had come.
        workflow_run_id: The id of the run, which `workflows.get` takes.
        task_id: The task that ran it, where known.
        message_id: For a chatflow, the message, where known.
        conversation_id: For a chatflow, the conversation, where known.
    """

    def __init__(
        self,
        message: str = "",
        *,
        run: Any = None,
        partial: Any = None,
        workflow_run_id: str | None = None,
        task_id: str | None = None,
        message_id: str | None = None,
        conversation_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.run = run
        self.partial = partial
        self.workflow_run_id = workflow_run_id or getattr(run, "workflow_run_id", None)
        self.task_id = task_id
        self.message_id = message_id
        self.conversation_id = conversation_id


class ResponseValidationError(DifyError):
    """The answer is not what it should be: HTML with status 200, an empty body, JSON of another shape.

    Attributes:
        http: The exchange, where known.
        body: The start of the answer, or the whole frame of a stream.
        reason: "empty" (no body), "html" (a web page), "not_json", "not_dify" (the server is not Dify's API); None for JSON of
            another shape.
    """

    def __init__(
        self,
        message: str = "",
        *,
        http: HTTPInfo | None = None,
        body: str | None = None,
        reason: Literal["empty", "html", "not_json", "not_dify"] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.http = http
        self.body = body


class DocumentExistsError(DifyError):
    """The knowledge base has a document of that name, and the call was made with `if_exists="error"`. Nothing was created.

    Attributes:
        name: The name.
        documents: The documents of that name (a list of `Document`).
    """

    def __init__(self, message: str = "", *, name: str | None = None, documents: Any = None) -> None:
        super().__init__(message)
        self.name = name
        self.documents = documents


class IncompleteListError(DifyError):
    """The server has more items than its pages give: too many share a second, or the list changes too fast.

    Attributes:
        items: The items that a walk yielded before; empty for `pages()` and `next_page()`, whose pages hold them.
    """

    def __init__(self, message: str = "", *, items: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.items: list[Any] = list(items)


class IndexingFailedError(DifyError):
    """A document could not be indexed, or its indexing is paused.

    Attributes:
        error: Dify's reason as sent; None where it gives none.
        documents: The states of the batch.
    """

    def __init__(self, message: str = "", *, error: str | None = None, documents: Any = None) -> None:
        super().__init__(message)
        self.error = error
        self.documents = documents


class IndexingTimeoutError(DifyError, TimeoutError):
    """Indexing went on past the timeout given; it still goes on at the server. `documents` are the last states seen."""

    def __init__(self, message: str = "", *, documents: Any = None) -> None:
        super().__init__(message)
        self.documents = documents
