"""Annotations that answer questions in place of the model."""

from __future__ import annotations

from dify.types.replies import AnnotationAccount, AnnotationReply

from ..knowledge.models import ACCOUNT
from ..state import AppState
from .models import StoredAnnotation

__all__ = ["annotation_reply", "find_annotation"]


def find_annotation(app: AppState, query: str) -> StoredAnnotation | None:
    """Return the annotation with the most similar question above the threshold."""
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
