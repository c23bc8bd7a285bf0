"""Streams that end too early: what a connection that broke took away, and what an `error` frame raises. Pure."""

from __future__ import annotations

from typing import Any

from .._net import http as _http
from .._protocol.error_mapping import status_error_from_body
from ..errors import DifyError, StreamInterruptedError
from ..types.events import ErrorEvent
from ..types.http import HTTPInfo
from .folds import Fold
from .kinds import interrupted

__all__ = ["cut_by", "error_in"]


def cut_by(
    cause: Exception, fold: Fold[Any], *, read_limit: float | None, heard: bool, closed: bool
) -> StreamInterruptedError | None:
    """The error for a connection that broke, or None where it took nothing away.

    A server that ends a stream, or says no more, has said what it had to say, once there is enough for a reply. A connection
    that breaks proves no such thing: there, only the last event that must come makes the stream whole.

    Args:
        cause: How it broke.
        fold: What has come.
        read_limit: The read timeout, in seconds.
        heard: Whether somebody listens to the events of speech, and not to the text alone.
        closed: Whether the client has been closed meanwhile, which is how it broke then, whatever the socket says.
    """
    timeout = _http.failure_of(cause) == "timeout"
    whole = fold.complete if timeout else fold.settled
    if whole and (timeout or not fold.speech.broken_off(heard=heard)):
        return None
    why = "the client was closed" if closed else str(cause) or type(cause).__name__
    if timeout:
        gap = "" if read_limit is None else f" of {read_limit:g} s"
        why = f"no byte came within the read timeout{gap} (`timeout=` sets it)"
    cut = interrupted(why, fold, timeout=timeout)
    cut.__cause__ = _http.bare(cause)
    return cut


def error_in(event: ErrorEvent, fold: Fold[Any], info: HTTPInfo) -> DifyError:
    """The exception for an `error` frame: that of its status and code, with what had come."""
    return status_error_from_body(
        event.model_dump(),
        status=event.status or 500,
        http=info,
        text=event.model_dump_json(exclude_unset=True),
        hint=None if event.code else "the server calls every error before a run begins a 500; its words tell more",
        task_id=fold.task_id or event.task_id,
        message_id=fold.message_id or event.message_id,
        conversation_id=fold.conversation_id or event.conversation_id,
        workflow_run_id=fold.workflow_run_id or event.workflow_run_id,
        partial=fold.snapshot(),
    )
