"""Streams and downloads of routes for which the client has no method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from .._config import RequestOptions
from .._protocol.request import Call
from ..errors import InvalidArgumentError
from .byte_stream import AsyncByteStream
from .transport import AsyncTransport

__all__ = ["is_stream", "stream_of"]

T = TypeVar("T")


def is_stream(cast_to: object) -> bool:
    """Return True for the classes of streams and downloads."""
    from .event_stream import AsyncEventStream

    return isinstance(cast_to, type) and issubclass(cast_to, (AsyncByteStream, AsyncEventStream))


def stream_of(transport: AsyncTransport, call: Call, cast_to: type[T], options: RequestOptions | None) -> T:
    """Return the stream or download of a call; nothing is sent yet.

    Raises:
        InvalidArgumentError: There is no such stream of a route.
    """
    from .app_streams import AsyncChatStream, AsyncCompletionStream, AsyncWorkflowStream
    from .resources.chat import AsyncChat
    from .resources.completions import AsyncCompletions
    from .resources.workflows import AsyncWorkflows

    transport.settings.with_options(options)
    if cast_to is AsyncByteStream:
        name = call.path.rpartition("/")[2] or "download"
        return cast("T", AsyncByteStream(transport, replace(call, accept="bytes"), fallback_name=name, options=options))
    resources: dict[object, Any] = {
        AsyncChatStream: AsyncChat,
        AsyncCompletionStream: AsyncCompletions,
        AsyncWorkflowStream: AsyncWorkflows,
    }
    resource = resources.get(cast_to)
    if resource is None:
        raise InvalidArgumentError(
            f"cast_to is {cast_to.__name__}: streams of a route are AsyncChatStream, AsyncCompletionStream, "
            "AsyncWorkflowStream and AsyncByteStream",
            param="cast_to",
        )
    body: object = call.json
    user = cast("Mapping[str, Any]", body).get("user") if isinstance(body, Mapping) else None
    return cast("T", resource(transport)._open(replace(call, accept="stream"), user, options, user is not None))
