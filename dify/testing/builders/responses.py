"""httpx responses, for tests with a mock transport of their own.

Examples are `httpx.MockTransport`, respx and pytest-httpx.

from dify.testing import chat_stream, responses

httpx.MockTransport(lambda request: responses.stream(chat_stream("Hello there")))
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

import anyio
import httpx
from pydantic import BaseModel

from .error_replies import ErrorReply, error_reply
from .pieces import Piece
from .wire import Wire

__all__ = ["binary", "error", "reply", "stream"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

Request: TypeAlias = httpx.Request
Response: TypeAlias = httpx.Response
AsyncClient: TypeAlias = httpx.AsyncClient
Client: TypeAlias = httpx.Client

_SERVER = {"x-version": "1.14.2", "x-env": "PRODUCTION"}


class WireStream(httpx.AsyncByteStream, httpx.SyncByteStream):
    """The body of a streamed response, for both clients. It can be read once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for number, chunk in enumerate(self._wire):
            if number and self._wire.delay:
                time.sleep(self._wire.delay)
            yield chunk
        self._break()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number, chunk in enumerate(self._wire):
            if number and self._wire.delay:
                await anyio.sleep(self._wire.delay)
            yield chunk
        self._break()

    def _break(self) -> None:
        match self._wire.breaks:
            case "reset":
                raise httpx.ReadError("the connection was reset")
            case "timeout":
                raise httpx.ReadTimeout("the read timeout expired")
            case None:
                pass

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def stream(frames: Wire | Sequence[Piece]) -> httpx.Response:
    """Build a response with an event stream.

    Args:
        frames: Events, from `chat_stream(...)` for example, or a `Wire` with faults.

    Example:
        >>> from dify.testing import chat_stream
        >>> stream(chat_stream("Hello")).headers["content-type"]
        'text/event-stream; charset=utf-8'
    """
    wire = frames if isinstance(frames, Wire) else Wire(frames)
    headers = {"content-type": "text/event-stream; charset=utf-8", **_SERVER}
    return httpx.Response(200, headers=headers, stream=WireStream(wire))


def reply(body: Any = None, *, status: int = 200) -> httpx.Response:
    """Build a response with JSON, or without content.

    Args:
        body: A model from `dify.testing.replies`, a list of such, or anything that JSON can hold. None with status 204
            is no content.
        status: HTTP status.

    Example:
        >>> from dify.testing import replies
        >>> reply(replies.dataset("Handbook")).json()["name"]
        'Handbook'
    """
    content = b"" if status == 204 else json.dumps(plain(body)).encode()
    return httpx.Response(status, headers={"content-type": "application/json", **_SERVER}, content=content)


def error(code: str | ErrorReply, *, message: str | None = None, status: int | None = None) -> httpx.Response:
    """Build an error response.

    Args:
        code: Code of Dify, or an error from `dify.testing.error_replies`.
        message: Message; by default that of the code.
        status: Status; by default that of the code. Required for unknown codes.

    Example:
        >>> error("dataset_name_duplicate").status_code
        409
    """
    known = error_reply(code, message=message, status=status)
    return httpx.Response(known.status, headers={**known.headers, **_SERVER}, content=known.body)


def binary(
    content: bytes, *, content_type: str = "application/octet-stream", filename: str | None = None
) -> httpx.Response:
    """Build a response with a file.

    Args:
        content: Bytes of the file.
        content_type: MIME type.
        filename: File name in the response.

    Example:
        >>> binary(b"abc", content_type="audio/mpeg").content
        b'abc'
    """
    headers = {"content-type": content_type, **_SERVER}
    if filename is not None:
        headers["content-disposition"] = f'attachment; filename="{filename}"'
    return httpx.Response(200, headers=headers, content=content)


def plain(body: Any) -> Any:
    """Return JSON values for models and containers of models.

    They have the fields that were set.
    """
    if isinstance(body, BaseModel):
        return body.model_dump(mode="json", exclude_unset=True)
    if isinstance(body, Mapping):
        return {name: plain(value) for name, value in cast("Mapping[str, Any]", body).items()}
    if isinstance(body, (list, tuple)):
        return [plain(value) for value in cast("Sequence[Any]", body)]
    return body


def read_timeout() -> Exception:
    """Return the error of a response timeout."""
    return httpx.ReadTimeout("the read timeout expired")


def connect_timeout() -> Exception:
    """Return the error of a connect timeout."""
    return httpx.ConnectTimeout("could not connect in time")


def refused() -> Exception:
    """Return the error of a refused connection."""
    return httpx.ConnectError("connection refused")


def reset() -> Exception:
    """Return the error of a connection that breaks before the response."""
    return httpx.ReadError("the connection was reset")


def async_client(handler: Any) -> httpx.AsyncClient:
    """Return an async httpx client with a handler."""
    return httpx.AsyncClient(transport=httpx.MockTransport(handler), trust_env=False)


def sync_client(handler: Any) -> httpx.Client:
    """Return a sync httpx client with a handler."""
    return httpx.Client(transport=httpx.MockTransport(handler), trust_env=False)
