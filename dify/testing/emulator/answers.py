"""The answer function: its argument, its results, and the errors that it raises."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from anyio import to_thread

from ..request_fields import RequestFields
from ..script.blocks import InputBlocked, Part

__all__ = [
    "Answer",
    "AnswerFunction",
    "EmulatorError",
    "EmulatorFile",
    "EmulatorRequest",
    "EmulatorTurn",
    "ReadDocument",
    "RecordedRequest",
    "RunFailed",
    "Transcribe",
    "check_function",
    "echo",
    "text_of",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


@dataclass(frozen=True, slots=True)
class EmulatorFile:
    """A file in the `files` of a request."""

    type: str
    """Kind that the caller declared: "image", "document", "audio", "video" or "custom"."""
    transfer_method: str
    """Source of the file: "local_file" for an upload, "remote_url" for a URL."""
    url: str | None = None
    """URL of a remote file, which the emulator never downloads. None for uploads."""
    upload_file_id: str | None = None
    """Id of the upload. None for remote files."""
    name: str | None = None
    """File name; of a remote file the last part of the URL's path, or None."""
    mime_type: str | None = None
    """MIME type; of a remote file the usual one of its name, or None."""
    content: bytes | None = field(default=None, repr=False)
    """Bytes of the upload. None for remote files."""


@dataclass(frozen=True, slots=True)
class EmulatorTurn:
    """A question in a conversation, with the app's answer."""

    query: str
    """Question of the end user."""
    answer: str
    """Answer of the app."""


@dataclass(frozen=True, slots=True)
class EmulatorRequest:
    """A request to an app, the argument of an answer function."""

    kind: Literal["chat", "completion", "workflow"]
    """Kind of request: "chat" (also for agents and chatflows), "completion" or "workflow"."""
    query: str
    """The user's message; empty for workflows."""
    inputs: Mapping[str, Any]
    """Values of the app's inputs, as sent."""
    files: tuple[EmulatorFile, ...]
    """Files next to the inputs, with their bytes if they were uploaded."""
    user: str
    """End user, as the call names them."""
    conversation_id: str | None = None
    """UUID of the conversation, new on its first message. None unless `kind` is "chat"."""
    workflow_id: str | None = None
    """UUID of the workflow version that the caller requested. None for the latest."""
    history: tuple[EmulatorTurn, ...] = ()
    """Earlier messages of the conversation, oldest first."""
    response_mode: Literal["streaming", "blocking"] = "blocking"
    """Mode that the caller requested. The emulator implements it; answer functions can ignore it."""


@dataclass(frozen=True, slots=True)
class RecordedRequest(RequestFields):
    """A request that the emulator received, for assertions.

    It has the fields of the body, as a `MockCall` has.

    Example:
        >>> request = RecordedRequest("POST", "/chat-messages", json={"query": "Hi", "inputs": {"lang": "en"}})
        >>> request.query, request.inputs, request.files, request.conversation_id
        ('Hi', {'lang': 'en'}, [], None)
    """

    method: str
    """HTTP method."""
    path: str
    """Path without `/v1`, such as "/chat-messages"."""
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters; the last value of repeated ones."""
    json: Any = None
    """JSON body. None if there is none."""
    form: Mapping[str, str] | None = None
    """Fields of a multipart body, without its files. None if there is none."""
    user: str | None = None
    """End user in the body or the query. None if there is none."""
    app: str | None = field(default=None, compare=False)
    """Name of the app whose key was used. None for a knowledge key or an unknown key."""
    path_params: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)
    """Ids in the path, by name."""


class EmulatorError(Exception):
    """An error that an answer function raises to make the emulator respond with it.

    Raised by a plain function, it is the HTTP response: this status and `{"code", "message", "status"}`. Raised by a
    generator, it is an error after the stream has started: an `error` frame, or a failed run of a chatflow or workflow.
    In blocking mode the response is Dify's for such an error.

    Args:
        status: HTTP status, such as 429.
        code: Dify's code, such as "provider_quota_exceeded".
        message: Error message; Dify's own is often empty.

    Example:
        >>> def answer(request):
        ...     raise EmulatorError(400, "provider_quota_exceeded", "No quota left.")
    """

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


class RunFailed(EmulatorError):
    """A failure of the model or of a node, which an answer function raises.

    It is never the HTTP response of a stream.

    A streamed chat or completion gets an `error` frame, a chatflow or workflow a failed run.

    Args:
        message: Error message.

    Example:
        >>> def answer(request):
        ...     raise RunFailed("connection refused")
    """

    def __init__(self, message: str) -> None:
        super().__init__(400, "completion_request_error", message)

    def __reduce__(self) -> tuple[type[RunFailed], tuple[str]]:
        return type(self), (self.message,)


Answer: TypeAlias = Part | Iterable[Part] | AsyncIterable[Part] | InputBlocked
"""Result of an answer function: a text, its deltas, (workflows only) a mapping of outputs, or other parts."""

AnswerFunction: TypeAlias = Callable[[EmulatorRequest], Answer | Awaitable[Answer]]

Transcribe: TypeAlias = Callable[[EmulatorFile], str | Awaitable[str]]
"""Function for speech to text: gets an audio file and returns its text."""

ReadDocument: TypeAlias = Callable[[EmulatorFile], str | Awaitable[str]]
"""Function that reads a document: gets its file and returns its text, or raises to make its indexing fail."""


async def text_of(function: Transcribe | ReadDocument, file: EmulatorFile) -> str:
    """Return the result of a user's function for a file.

    It is called in a thread, because it may block.
    """
    text = await to_thread.run_sync(function, file)
    return await text if isinstance(text, Awaitable) else text


def check_function(name: str, function: object) -> None:
    """Check that an argument of the emulator is a function or None.

    Raises:
        TypeError: It is not.
    """
    if function is None or callable(function):
        return
    hint = ""
    if name == "answer" and isinstance(function, str):
        hint = f"; for a constant answer pass lambda request: {function!r}, for a kind of app pass mode=..."
    raise TypeError(f"{name} must be a function, got {function!r}{hint}")


def echo(request: EmulatorRequest) -> str:
    """Return the question or the inputs: the default answer function.

    Example:
        >>> echo(EmulatorRequest(kind="chat", query="hi", inputs={}, files=(), user="u"))
        'Echo: hi'
    """
    if request.query:
        return f"Echo: {request.query}"
    values = request.inputs.values()
    texts = (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values)
    return f"Echo: {' '.join(texts)}"
