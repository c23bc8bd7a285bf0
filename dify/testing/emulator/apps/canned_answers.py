"""Answers that no model makes: those of annotations, and what moderation says to a question that it stops."""

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
    """The annotation that answers a question: the one that is most like it, if that is enough."""
    settings = app.annotation_reply
    if not settings.get("enabled"):
        return None
    likely = [(_likeness(each.question, query), each) for each in [*app.annotations.values()]]
    likeness, best = max(likely, key=lambda each: each[0], default=(0.0, None))
    return best if best is not None and likeness >= max(float(settings["score_threshold"]), 1e-9) else None


def _likeness(one: str, other: str) -> float:
    """The share of words that two questions have in common: 1.0 for the same words."""
    words, others = set(one.lower().split()), set(other.lower().split())
    return len(words & others) / len(words | others) if words | others else 0.0


def annotation_reply(app: AppState, annotation: StoredAnnotation) -> AnnotationReply:
    """How a reply names the annotation that answered."""
    return AnnotationReply(id=annotation.id, account=AnnotationAccount(id=app.knowledge.account_id, name=ACCOUNT))


async def canned_answer_frames(
    mode: Mode, message: Message, task_id: str, text: str, annotation: AnnotationReply | None
) -> AsyncGenerator[Frame]:
    """The stream of an answer that is there from the start: chat apps spell it out, chatflows say it at once."""
    started = time.perf_counter()
    message.answer = text
    ids: dict[str, Any] = {"message_id": message.id, "created_at": at(message.created_at), "task_id": task_id}
    if message.conversation is not None:
        ids = {"conversation_id": message.conversation.id, **ids}
    flow = mode == "advanced-chat"
    if flow:
        yield PingEvent()
    for piece in [text] if flow else text:
        yield MessageEvent(**ids, id=message.id, answer=piece, from_variable_selector=None)
    shown = metadata(NOTHING.model_copy(update={"latency": time.perf_counter() - started}), (), annotation)
    if flow and annotation is not None:
        shown = shown.model_copy()
        shown.model_fields_set.discard("annotation_reply")  # chatflows leave the annotation out when one has answered
    yield MessageEndEvent(**ids, id=message.id, metadata=shown, files=[] if flow else None)
