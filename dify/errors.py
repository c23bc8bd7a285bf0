"""The exceptions of this client, all of them also exported from `dify`.

    DifyError
    ├── ConfigurationError            the client lacks a key or a user, or a setting is invalid; nothing was sent
    │   └── InvalidArgumentError      an argument cannot be sent (also a ValueError)
    ├── MisuseError                   a stream, pager or client was used in a way that cannot work (also a TypeError)
    ├── APIConnectionError            no response: connection refused, reset or lost, TLS, DNS
    │   └── APITimeoutError
    ├── APIStatusError                the response has an error status, or a stream carried an error
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
    │   ├── RateLimitError            429, and the 400 and 403 responses that Dify uses for its limits
    │   ├── AgentRunLimitError        agent_run_limit_exceeded, in streams
    │   └── ServerError               5xx
    │       ├── PluginRuntimeError            plugin_runtime_error
    │       └── ServiceUnavailableError       service_unavailable
    ├── StreamInterruptedError        a stream ended before its terminal event
    │   └── StreamTimeoutError        the server sent nothing within the read timeout (also an APITimeoutError)
    ├── WorkflowFailedError           a run ended with status "failed"
    ├── ResponseValidationError       the response is not valid for the operation
    ├── IncompleteListError           the server's paging cannot give every item
    ├── DocumentExistsError           the knowledge base has a document of that name; raised on request
    ├── IndexingFailedError           indexing of a document failed or is paused
    └── IndexingTimeoutError          indexing of a document took longer than the timeout

Every exception has the same machine-readable attributes, see `DifyError`; those that do not apply are None. No program needs to
match on the text. All exceptions can be pickled, and none holds an API key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from ._readable import printable, readable, without_routes
from .types.http import HTTPInfo

if TYPE_CHECKING:
    from typing_extensions import Unpack

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


ErrorReason: TypeAlias = Literal[
    "certificate",
    "closed",
    "event_loop",
    "empty",
    "html",
    "indexing_technique_required",
    "not_dify",
    "not_json",
    "pool",
    "process_rule_required",
    "proxy",
    "redirect",
    "too_large",
    "unknown_route",
    "user_required",
]


class ErrorFacts(TypedDict, total=False):
    """The attributes that every `DifyError` takes as keyword arguments; see there."""

    hint: str | None
    code: str | None
    param: str | None
    reason: ErrorReason | None
    sent: bool
    retry_after: float | None
    task_id: str | None
    message_id: str | None
    conversation_id: str | None
    workflow_run_id: str | None
    partial: Any


class DifyError(Exception):
    """Base class of every exception of this client.

    Its text is the message, followed by the hint.

    Attributes:
        message: Description of what happened.
        hint: Advice on what to do, in terms of this package's arguments. None if there is none.
        code: Dify's error code, such as "invalid_param". None if the server sent none.
        param: Name of the argument to change, such as "base_url". None if no single argument is the cause.
        reason: Cause of the error, where the class and `code` leave several:

            - "certificate": the server's TLS certificate is not trusted.
            - "closed": the client is closed.
            - "event_loop": the HTTP client belongs to another event loop.
            - "pool": all `max_connections` connections were in use.
            - "proxy": a proxy could not be reached, refused the request, or may have sent the response.
            - "redirect": the server redirects; redirects are not followed.
            - "unknown_route": the server does not have the route.
            - "user_required": the request names no end user.
            - "indexing_technique_required": the first document of a knowledge base needs an `indexing_technique`.
            - "process_rule_required": the first document of a knowledge base needs a `process_rule`.
            - "too_large": the response exceeds a limit of `ResponseLimits`.
            - "empty", "html", "not_json": the response has no body, or a body that is not JSON.
            - "not_dify": the server is not Dify's API.
        sent: True if the request may have reached the server, which may then be processing it.
        retry_after: Number of seconds to wait before the next request, as the server asked for. None if it did not ask.
        task_id: Task to stop, for the stop methods. None if unknown, like the following ids.
        message_id: Message that was being generated.
        conversation_id: Conversation of the message.
        workflow_run_id: Run, for `workflows.get` and `workflows.events`.
        partial: Reply received so far, for an error inside a stream. None otherwise.
    """

    # Class attributes are the defaults. Default pickling (class, message, __dict__) then restores every exception,
    # provided that subclasses take all arguments but the message by keyword.
    hint: str | None = None
    code: str | None = None
    param: str | None = None
    reason: ErrorReason | None = None
    sent: bool = True
    retry_after: float | None = None
    task_id: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    workflow_run_id: str | None = None
    partial: Any = None

    def __init__(self, message: str = "", **facts: Unpack[ErrorFacts]) -> None:
        unknown = facts.keys() - ErrorFacts.__annotations__.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no attribute {sorted(unknown)[0]!r}")
        super().__init__(message)
        self.message = message
        vars(self).update(facts)

    @property
    def summary(self) -> str:
        """Text of the error without the hint, for programs that give advice of their own."""
        return self.message

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class ConfigurationError(DifyError):
    """The client is not set up for this call; nothing was sent.

    A key or the user is missing, or a setting is invalid.

    `param` names the argument to change, such as "base_url" or "filename"; None where no single argument is the cause.
    """

    sent = False


class InvalidArgumentError(ConfigurationError, ValueError):
    """An argument cannot be sent; nothing was sent.

    Examples are an id that is not one path segment, a control character, and NaN.
    """


class MisuseError(DifyError, TypeError):
    """A stream, pager or client was used in a way that cannot work.

    The message says what to write instead.
    """

    sent = False


class APIConnectionError(DifyError):
    """No complete response arrived: connection refused, reset or lost, TLS, DNS.

    `sent` is True if the request may have reached the server, which may then be processing it.
    """

    sent = False


class APITimeoutError(APIConnectionError):
    """No complete response arrived in time.

    If `sent` is True, the server may still be processing the request.
    """


class APIStatusError(DifyError):
    """The response has an error status, or a stream carried an `error` event.

    The text is for people: status, code, the server's message, the hint, and the server's version. It leaves out the list of
    similar routes that Dify appends to the message of a 404; `message` and `body` have it.

    Attributes:
        status_code: HTTP status, or the `status` of the error event.
        message: The server's message, unescaped; may be empty. Where a model provider or plugin sent an error as JSON, its
            description; `body` has the JSON.
        params: Request field that is invalid, where an old server names it.
        details: Details of the error, where the server sends an object of them; its members depend on the code.
        http: The exchange; None for an error built by hand.
        body: Start of the response body as text.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status_code: int = 0,
        params: str | None = None,
        details: dict[str, Any] | None = None,
        http: HTTPInfo | None = None,
        body: str | None = None,
        **facts: Unpack[ErrorFacts],
    ) -> None:
        super().__init__(message, **facts)
        self.status_code = status_code
        self.params = params
        self.details = details
        self.http = http
        self.body = body

    def _parts(self) -> tuple[str, str]:
        head = " ".join(str(part) for part in (self.status_code or None, self.code) if part)
        return head, without_routes(self.message) if self.status_code == 404 else readable(self.message)

    @property
    def summary(self) -> str:
        """Status, code and the server's message, without the hint.

        The routes that Dify appends to a 404 are left out, too.
        """
        return ": ".join(part for part in self._parts() if part.strip())

    @property
    def server_version(self) -> str | None:
        """Version of the Dify server.

        None if the response does not name it, as those of gateways.
        """
        return self.http.server_version if self.http else None

    def __str__(self) -> str:
        head, message = self._parts()
        text = ": ".join(part for part in (printable(head, 200), printable(message)) if part)
        version = f" [Dify {printable(self.server_version, 40)}]" if self.server_version else ""
        return (f"{text} ({self.hint})" if self.hint else text) + version


class BadRequestError(APIStatusError):
    """400: the server rejected the request; `code` names the reason."""


class AppUnavailableError(BadRequestError):
    """The app is not configured or published, or has another kind (completions)."""


class NotThisAppTypeError(BadRequestError):
    """The key belongs to an app of another kind than the call is for."""


class ProviderNotInitializedError(BadRequestError):
    """The model provider has no valid credentials."""


class ProviderQuotaExceededError(BadRequestError):
    """The hosted quota of the model provider is used up."""


class ModelNotSupportedError(BadRequestError):
    """The model is not available to this workspace."""


class CompletionRequestError(BadRequestError):
    """The model provider rejected the request or failed."""


class AuthenticationError(APIStatusError):
    """401: the key is missing, unknown or of the other kind."""


class PermissionDeniedError(APIStatusError):
    """403: this key has no access to the app, its API or the knowledge base."""


class NotFoundError(APIStatusError):
    """404: no such object for this key and user, or no such route.

    Without the route, `reason` is "unknown_route".
    """


class ConversationNotFoundError(NotFoundError):
    """The conversation does not exist for this `user`.

    A conversation belongs to the user who started it.
    """


class ConflictError(APIStatusError):
    """409: a knowledge base of that name exists, or is in use."""


class PayloadTooLargeError(APIStatusError):
    """413: the request is too large."""


class FileTooLargeError(PayloadTooLargeError):
    """The file is larger than the server accepts; `app.parameters()` has the limits."""


class UnsupportedMediaTypeError(APIStatusError):
    """415: the server does not accept this content type."""


class UnsupportedFileTypeError(UnsupportedMediaTypeError):
    """The server does not accept files of this type."""


class RateLimitError(APIStatusError):
    """Too many requests.

    This is HTTP 429, Dify's limit of concurrent requests (400) or its knowledge rate limit (403).
    """


class ServerError(APIStatusError):
    """5xx: the server, or a gateway in front of it, failed."""


class PluginRuntimeError(ServerError):
    """502 `plugin_runtime_error`: a plugin of the app could not be run.

    Sent by servers from 1.17.
    """

    @property
    def request_id(self) -> str | None:
        """The id of the plugin's request in the server's logs.

        None if the server sends none.
        """
        value = (self.details or {}).get("request_id")
        return value if isinstance(value, str) else None


class ServiceUnavailableError(ServerError):
    """503 `service_unavailable`: Dify cannot process the request at the moment.

    Sent by servers from 1.17.

    For calls that create or change documents and chunks, the server has not started any work, and the call is retried.
    """


class AgentRunLimitError(APIStatusError):
    """`agent_run_limit_exceeded` in a stream: an agent exceeded its limits.

    It ran too long or requested its model too often. Sent by servers from 1.17.

    The default limits are one hour and 500 requests to the model; `partial` holds the reply received so far.
    """


class StreamInterruptedError(DifyError):
    """A stream ended before its terminal event.

    `partial` holds the reply received so far.
    """


class StreamTimeoutError(StreamInterruptedError, APITimeoutError):
    """The server sent nothing within the read timeout before the terminal event."""

    sent = True


class WorkflowFailedError(DifyError):
    """A run ended with status "failed".

    Attributes:
        run: The run (`WorkflowRun`), with its status, error and the outputs that it has.
        partial: For a chatflow, the reply received so far.
    """

    def __init__(self, message: str = "", *, run: Any = None, **facts: Unpack[ErrorFacts]) -> None:
        super().__init__(message, **facts)
        self.run = run
        self.workflow_run_id = self.workflow_run_id or getattr(run, "workflow_run_id", None)


class ResponseValidationError(DifyError):
    """The response is not valid for the operation.

    Examples are HTML with status 200, an empty body, and JSON of another shape.

    Attributes:
        http: The exchange. None if unknown.
        body: Start of the response body, or the whole event of a stream.
        reason: "empty" (no body), "html" (a web page), "not_json", "not_dify" (the server is not Dify's API), "too_large"
            (more than `ResponseLimits` allow); None for JSON of another shape.
    """

    def __init__(
        self, message: str = "", *, http: HTTPInfo | None = None, body: str | None = None, **facts: Unpack[ErrorFacts]
    ) -> None:
        super().__init__(message, **facts)
        self.http = http
        self.body = body


class DocumentExistsError(DifyError):
    """The knowledge base has a document of that name; nothing was created.

    The call was made with `if_exists="error"`.

    Attributes:
        name: Name of the document.
        documents: Existing documents of that name (a list of `Document`).
    """

    sent = False

    def __init__(
        self, message: str = "", *, name: str | None = None, documents: Any = None, **facts: Unpack[ErrorFacts]
    ) -> None:
        super().__init__(message, **facts)
        self.name = name
        self.documents = documents


class IncompleteListError(DifyError):
    """The server has more items than its pages return.

    Too many items share a second, or the list changes too fast.

    Attributes:
        items: Items that the iteration yielded before the error; empty for `pages()` and `next_page()`, whose pages hold them.
    """

    def __init__(self, message: str = "", *, items: Sequence[Any] = (), **facts: Unpack[ErrorFacts]) -> None:
        super().__init__(message, **facts)
        self.items: list[Any] = list(items)


class IndexingFailedError(DifyError):
    """Indexing of a document failed or is paused.

    Attributes:
        error: Dify's error message. None if it sends none.
        documents: Indexing states of the batch.
    """

    def __init__(
        self, message: str = "", *, error: str | None = None, documents: Any = None, **facts: Unpack[ErrorFacts]
    ) -> None:
        super().__init__(message, **facts)
        self.error = error
        self.documents = documents


class IndexingTimeoutError(DifyError, TimeoutError):
    """Indexing took longer than the timeout; it continues on the server.

    Attributes:
        documents: Indexing states that the server sent last.
    """

    def __init__(self, message: str = "", *, documents: Any = None, **facts: Unpack[ErrorFacts]) -> None:
        super().__init__(message, **facts)
        self.documents = documents
