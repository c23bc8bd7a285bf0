"""Annotations: fixed answers to known questions, and the job that switches them on or off."""

from typing import Literal

from ._base import Answer, Timestamp

__all__ = ["Annotation", "AnnotationAction", "AnnotationJobStatus", "AnnotationReplyJob"]

AnnotationAction = Literal["enable", "disable"]
"""What a job does with annotation replies."""

AnnotationJobStatus = Literal["waiting", "processing", "completed", "error"] | str
"""How far the job that switches annotation replies is."""


class Annotation(Answer):
    """A question and the answer that the app gives to it in place of the model's."""

    id: str
    question: str | None = None
    answer: str | None = None
    hit_count: int | None = None
    created_at: Timestamp | None = None


class AnnotationReplyJob(Answer):
    """The job that switches annotation replies on or off; `annotations.reply_status` says how far it is.

    `error_msg` is only sent when the status is asked for, and empty unless `job_status` is "error".
    """

    job_id: str
    job_status: AnnotationJobStatus
    error_msg: str | None = None
