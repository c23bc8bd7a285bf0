"""Frames of event streams as bytes, and texts as deltas."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, TypeAlias

from dify.types.events import (
    ChatEvent,
    CompletionEvent,
    DatasourceEvent,
    ErrorEvent,
    PingEvent,
    UnknownEvent,
    WorkflowEvent,
)

__all__ = ["Frame", "at", "dump", "encode", "split"]

Frame: TypeAlias = ChatEvent | CompletionEvent | WorkflowEvent | DatasourceEvent | ErrorEvent | PingEvent
"""An event of any stream."""


def dump(frame: Frame) -> dict[str, Any]:
    """Return the JSON object of a frame, with the fields that were set.

    Dify distinguishes null from a missing field.
    """
    if isinstance(frame, UnknownEvent):
        return {"event": frame.name, **frame.data}
    return {"event": frame.event, **frame.model_dump(mode="json", exclude_unset=True, by_alias=True)}


def encode(frame: Frame, *, spaced: bool = False) -> bytes:
    """Return the bytes of a frame.

    Only the replay of a finished run is `spaced` and escapes all but ASCII.
    """
    if isinstance(frame, PingEvent):
        return b"event: ping\n\n"
    body = dump(frame)
    text = json.dumps(body) if spaced else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text}\n\n".encode()


def at(seconds: int) -> datetime:
    """Return the time that a number of seconds since the epoch stands for."""
    return datetime.fromtimestamp(seconds, UTC)


def split(text: str) -> list[str]:
    """Return the deltas of a streamed text: words, each with the space before it.

    Example:
        >>> split("Echo: hello  there")
        ['Echo:', ' hello', '  there']
    """
    return re.findall(r"\s*\S+|\s+\Z", text)
