"""Annotations: fixed answers to known questions, and the job that enables them."""

from typing import Literal

from ._base import ResponseModel, Timestamp

__all__ = ["Annotation", "AnnotationAction", "AnnotationJobStatus", "AnnotationReplyJob"]

AnnotationAction = Literal["enable", "disable"]
"""Action of the job that switches annotation replies on or off."""

AnnotationJobStatus = Literal["waiting", "processing", "completed", "error"] | str
"""Progress of the job that switches annotation replies; it ends at "completed" or "error"."""


class Annotation(ResponseModel):
    """A question with the fixed answer that the app gives in place of the model's."""

    id: str
    """UUID of the annotation; pass it to `annotations.update` and `annotations.delete`."""
    question: str | None = None
    """Question that the annotation answers. Questions close enough in meaning match too."""
    answer: str | None = None
    """Text that the app replies with."""
    hit_count: int | None = None
    """Number of times that this annotation was used as the answer."""
    created_at: Timestamp | None = None
    """Time the annotation was created."""


class AnnotationReplyJob(ResponseModel):
    """A job that switches annotation replies on or off.

    Poll it with `annotations.reply_status`.
    """

    job_id: str
    """UUID of the job; pass it to `annotations.reply_status`."""
    job_status: AnnotationJobStatus
    """Progress of the job; "waiting" or "processing" in the reply that starts it."""
    error_msg: str | None = None
    """Reason for the failure, "" if there is none. None in the reply that starts the job."""
