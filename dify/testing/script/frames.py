"""Frames of event streams: how they are written, and the parts that every kind of app shares."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from dify.types.events import (
    ChatEvent,
    CompletionEvent,
    DatasourceEvent,
    ErrorEvent,
    PingEvent,
    TTSMessageEvent,
    UnknownEvent,
    WorkflowEvent,
)
from dify.types.files import FileObject, MessageFileSummary
from dify.types.replies import AnnotationReply, CitationResource, ReplyMetadata, Usage

from ..emulator.answers import EmulatorFile
from ..emulator.references import reference_of
from ..emulator.silence import SILENCE

__all__ = [
    "NOTHING",
    "Frame",
    "at",
    "dump",
    "encode",
    "file_object",
    "file_summary",
    "metadata",
    "spoken",
    "tokens",
    "total",
    "usage",
]

Frame: TypeAlias = ChatEvent | CompletionEvent | WorkflowEvent | DatasourceEvent | ErrorEvent | PingEvent

_UNIT = Decimal("0.001")
_INPUT_PRICE, _OUTPUT_PRICE = Decimal("0.001"), Decimal("0.002")
_STEP = Decimal("0.0000001")
_ZERO = Decimal("0.0")


def dump(frame: Frame) -> dict[str, Any]:
    """A frame's wire form: what was set and nothing else, for Dify leaves out and sends null with a difference."""
    if isinstance(frame, UnknownEvent):
        return {"event": frame.name, **frame.data}
    return {"event": frame.event, **frame.model_dump(mode="json", exclude_unset=True, by_alias=True)}


def encode(frame: Frame, *, spaced: bool = False) -> bytes:
    """A frame's bytes. Only the replay of a finished run is `spaced` (and escapes all that is not ASCII)."""
    if isinstance(frame, PingEvent):
        return b"event: ping\n\n"
    body = dump(frame)
    text = json.dumps(body) if spaced else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text}\n\n".encode()


def at(seconds: int) -> datetime:
    """A time of the wire as the models hold it."""
    return datetime.fromtimestamp(seconds, UTC)


def tokens(text: str) -> int:
    """How many tokens a text costs here: its words."""
    return len(text.split())


def usage(prompt: int, completion: int, *, latency: float, stopped: bool = False) -> Usage:
    """What an answer cost. One that was stopped counts as nothing, and has no times."""
    if stopped:
        prompt = completion = 0
    prompt_price = (prompt * _INPUT_PRICE * _UNIT).quantize(_STEP)
    completion_price = (completion * _OUTPUT_PRICE * _UNIT).quantize(_STEP)
    return Usage(
        prompt_tokens=prompt,
        prompt_unit_price=_INPUT_PRICE,
        prompt_price_unit=_UNIT,
        prompt_price=prompt_price,
        completion_tokens=completion,
        completion_unit_price=_OUTPUT_PRICE,
        completion_price_unit=_UNIT,
        completion_price=completion_price,
        total_tokens=prompt + completion,
        total_price=prompt_price + completion_price,
        currency="USD",
        latency=latency,
        time_to_first_token=None if stopped else 0.01,
        time_to_generate=None if stopped else latency,
    )


NOTHING = Usage(
    prompt_tokens=0,
    prompt_unit_price=_ZERO,
    prompt_price_unit=_ZERO,
    prompt_price=_ZERO,
    completion_tokens=0,
    completion_unit_price=_ZERO,
    completion_price_unit=_ZERO,
    completion_price=_ZERO,
    total_tokens=0,
    total_price=_ZERO,
    currency="USD",
    latency=0.0,
    time_to_first_token=None,
    time_to_generate=None,
)
"""What an answer cost that no model made."""


def total(costs: Sequence[Usage]) -> Usage:
    """What several models cost together."""
    if len(costs) < 2:
        return costs[0] if costs else NOTHING
    prompt, completion = (sum(getattr(cost, f"{kind}_tokens") for cost in costs) for kind in ("prompt", "completion"))
    return usage(prompt, completion, latency=round(sum(cost.latency or 0.0 for cost in costs), 3))


def metadata(
    cost: Usage, citations: Sequence[CitationResource] = (), annotation: AnnotationReply | None = None
) -> ReplyMetadata:
    """What a reply carries beside its text."""
    return ReplyMetadata(annotation_reply=annotation, retriever_resources=list(citations), usage=cost)


def spoken(ids: dict[str, Any]) -> TTSMessageEvent:
    """A piece of the answer said aloud."""
    return TTSMessageEvent(**ids, audio=b64encode(SILENCE).decode())


def file_summary(file: EmulatorFile, *, message_file_id: str, url: str) -> MessageFileSummary:
    """An uploaded file as chat apps show it at the end of a reply."""
    return MessageFileSummary(
        related_id=message_file_id,
        extension=_extension(file),
        filename=file.name,
        size=len(file.content or b""),
        mime_type=file.mime_type,
        transfer_method=file.transfer_method,
        type=file.type,
        url=url,
        upload_file_id=file.upload_file_id,
        remote_url="",
    )


def file_object(file: EmulatorFile, *, url: str) -> FileObject:
    """A file as chatflows and workflows show it."""
    uploaded = file.upload_file_id is not None
    return FileObject(
        dify_model_identity="__dify__file__",
        id=None,
        type=file.type,
        transfer_method=file.transfer_method,
        remote_url="" if uploaded else file.url,
        reference=None if file.upload_file_id is None else reference_of(file.upload_file_id),
        filename=file.name,
        extension=_extension(file),
        mime_type=file.mime_type,
        size=len(file.content) if file.content is not None else -1,
        related_id=file.upload_file_id,
        url=url if uploaded else file.url,
    )


def _extension(file: EmulatorFile) -> str:
    return f".{file.name.rpartition('.')[2]}" if file.name and "." in file.name else ""
