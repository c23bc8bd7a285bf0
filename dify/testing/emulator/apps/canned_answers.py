"""Answers without a model: those of annotations, and of moderation that blocks a question."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from typing import Any

from dify.types.events import MessageEndEvent, MessageEvent, PingEvent
from dify.types.replies import AnnotationAccount, AnnotationReply

from ...script.frames import NOTHING, Frame, at, metadata
from ..knowledge.models import ACCOUNT
from ..state import AppState
from .features import Mode
from .models import Message, StoredAnnotation

__all__ = ["annotation_reply", "canned_answer_frames", "find_annotation"]


def find_annotation(app: AppState, query: str) -> StoredAnnotation | None:
    """Return the annotation with the most similar question, if it reaches the score threshold."""
    settings = app.annotation_reply
    if not settings.get("enabled"):
        return None
    scores = [(_similarity(item.question, query), item) for item in [*app.annotations.values()]]
    score, best = max(scores, key=lambda pair: pair[0], default=(0.0, None))
    return best if best is not None and score >= max(float(settings["score_threshold"]), 1e-9) else None


def _similarity(question: str, other: str) -> float:
    """Return the share of words that two questions have in common, from 0 to 1."""
    words, others = set(question.lower().split()), set(other.lower().split())
    return len(words & others) / len(words | others) if words | others else 0.0


def annotation_reply(app: AppState, annotation: StoredAnnotation) -> AnnotationReply:
    """Return the reference to an annotation in the metadata of its reply."""
    return AnnotationReply(id=annotation.id, account=AnnotationAccount(id=app.knowledge.account_id, name=ACCOUNT))


async def canned_answer_frames(
    mode: Mode, message: Message, task_id: str, text: str, annotation: AnnotationReply | None
) -> AsyncGenerator[Frame]:
    """Yield the events of a canned answer. Chat apps send it character by character, chatflows at once."""
    started = time.perf_counter()
    message.answer = text
    ids: dict[str, Any] = {"message_id": message.id, "created_at": at(message.created_at), "task_id": task_id}
    if message.conversation is not None:
        ids = {"conversation_id": message.conversation.id, **ids}
    is_chatflow = mode == "advanced-chat"
    if is_chatflow:
        yield PingEvent()
    for delta in [text] if is_chatflow else text:
        yield MessageEvent(**ids, id=message.id, answer=delta, from_variable_selector=None)
    end_metadata = metadata(NOTHING.model_copy(update={"latency": time.perf_counter() - started}), (), annotation)
    if is_chatflow and annotation is not None:
        end_metadata = end_metadata.model_copy()
        end_metadata.model_fields_set.discard("annotation_reply")  # a chatflow omits the annotation
    yield MessageEndEvent(**ids, id=message.id, metadata=end_metadata, files=[] if is_chatflow else None)
