"""What the user's answer function is given, what it may return, and how it says that something went wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from anyio import to_thread

from ._parts import InputBlocked, Part

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


@dataclass(frozen=True, slots=True)
class EmulatorFile:
    """A file of a request's `files`.

    Attributes:
        type: What the caller calls it: image, document, audio, video or custom.
        transfer_method: "local_file" (uploaded before) or "remote_url".
        url: Where it is, for "remote_url"; the emulator never fetches it.
        upload_file_id: The id of its upload, for "local_file".
        name: Its file name, when uploaded.
        mime_type: Its MIME type, when uploaded.
        content: Its bytes, when uploaded.
    """

    type: str
    transfer_method: str
    url: str | None = None
    upload_file_id: str | None = None
    name: str | None = None
    mime_type: str | None = None
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EmulatorTurn:
    """A question of a conversation, and what the app said to it."""

    query: str
    answer: str


@dataclass(frozen=True, slots=True)
class EmulatorRequest:
    """What an app is asked; the one argument of an answer function.

    Attributes:
        kind: "chat" (also for agents and chatflows), "completion" or "workflow".
        query: What the user says; empty for workflows.
        inputs: The values of the app's input form, as sent.
        files: The files sent beside the inputs, with their bytes where they were uploaded.
        user: The end user.
        conversation_id: The conversation that this belongs to (its new id, on its first message); None unless chat.
        workflow_id: The version of the workflow that the caller asks for, if any.
        history: The conversation so far, oldest first.
        response_mode: How the caller wants the answer. The emulator sees to it, an answer function need not.
    """

    kind: Literal["chat", "completion", "workflow"]
    query: str
    inputs: Mapping[str, Any]
    files: tuple[EmulatorFile, ...]
    user: str
    conversation_id: str | None = None
    workflow_id: str | None = None
    history: tuple[EmulatorTurn, ...] = ()
    response_mode: Literal["streaming", "blocking"] = "blocking"


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that the emulator got, for assertions.

    Attributes:
        method: HTTP method.
        path: Path without `/v1`, such as "/chat-messages".
        query: Query parameters; of a repeated one, the last.
        json: The JSON body, or None.
        form: The fields of a multipart body without its files, or None.
        user: The end user named in the body or the query, or None.
        app: The name of the app whose key was used, or None for a knowledge key or none that is known.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    json: Any = None
    form: Mapping[str, str] | None = None
    user: str | None = None
    app: str | None = field(default=None, compare=False)


class EmulatorError(Exception):
    """Raise it in an answer function to make the emulator answer as Dify does when it refuses or fails.

    Raised by the function itself, it is the HTTP answer: this status and `{"code", "message", "status"}`. Raised while
    parts are being taken (so, by a generator at any point), it is what a server says once a stream has begun: an
    `error` frame, or for chatflows and workflows a run that ends failed. A blocking call gets what Dify answers then.

    Args:
        status: HTTP status, such as 429.
        code: Dify's code, such as "provider_quota_exceeded".
        message: The text for people; Dify's own is often empty.

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
    """Raise it in an answer function when the model, or a node of the run, fails: never the HTTP answer of a stream.

    A streamed chat or completion gets an `error` frame, a chatflow or workflow a run that ends failed.

    Example:
        >>> def answer(request):
        ...     raise RunFailed("connection refused")
    """

    def __init__(self, message: str) -> None:
        super().__init__(400, "completion_request_error", message)

    def __reduce__(self) -> tuple[type[RunFailed], tuple[str]]:
        return type(self), (self.message,)


Answer: TypeAlias = Part | Iterable[Part] | AsyncIterable[Part] | InputBlocked
"""What an answer function returns: the text, its deltas, (workflows only) a mapping of the outputs, or other parts."""

AnswerFunction: TypeAlias = Callable[[EmulatorRequest], Answer | Awaitable[Answer]]

Transcribe: TypeAlias = Callable[[EmulatorFile], str | Awaitable[str]]
"""What hears an audio file: returns what is said in it."""

ReadDocument: TypeAlias = Callable[[EmulatorFile], str | Awaitable[str]]
"""What reads the file of a document: returns its text, or raises what its indexing then fails with."""


async def text_of(function: Transcribe | ReadDocument, file: EmulatorFile) -> str:
    """Call a function of the user's that makes text of a file; a plain one may block, so a thread calls it."""
    text = await to_thread.run_sync(function, file)
    return await text if isinstance(text, Awaitable) else text


def check_function(name: str, function: object) -> None:
    """Refuse what is no function, before a request finds out.

    Raises:
        TypeError: It is none.
    """
    if function is None or callable(function):
        return
    hint = ""
    if name == "answer" and isinstance(function, str):
        hint = f": for a fixed answer, lambda request: {function!r}; for the kind of app, mode=..."
    raise TypeError(f"{name} is a function, and not {function!r}{hint}")


def echo(request: EmulatorRequest) -> str:
    """The answer of an emulator that was given none: what was asked, said again.

    Example:
        >>> echo(EmulatorRequest(kind="chat", query="hi", inputs={}, files=(), user="u"))
        'Echo: hi'
    """
    if request.query:
        return f"Echo: {request.query}"
    values = request.inputs.values()
    said = (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values)
    return f"Echo: {' '.join(said)}"
