"""Errors at the end of a stream.

They are interrupted streams, `error` events and failed runs. Pure.
"""

from __future__ import annotations

from typing import Any

from .._net import exceptions as _net
from .._protocol.error_mapping import status_error_from_body
from ..errors import (
    DifyError,
    StreamInterruptedError,
    StreamTimeoutError,
    WorkflowFailedError,
    printable,
    readable,
)
from ..types.events import ErrorEvent
from ..types.http import HTTPInfo
from ..types.workflows import WorkflowRun
from .folds import Fold

__all__ = ["check_outcome", "error_of", "interrupted", "interruption"]


def interruption(
    fold: Fold[Any],
    cause: Exception | None,
    *,
    events_read: bool = False,
    read_timeout: float | None = None,
    client_closed: bool = False,
) -> StreamInterruptedError | None:
    """Return the error for a response that ended, or None if the reply is complete.

    A server that ends a response, or falls silent, has sent all it had, once the reply is complete. A connection that breaks
    does not prove that: then the last event that must come decides.

    Args:
        fold: The events so far.
        cause: The exception that ended the response, a `TimeoutError` for a response without any event for too long, or None
            if the server ended it.
        events_read: The caller reads the events and not only the text: speech that is cut off is missing there.
        read_timeout: The read timeout in seconds, for the message.
        client_closed: The client was closed meanwhile. That broke the connection, whatever the socket reports.
    """
    if cause is None:
        return None if fold.complete else interrupted(fold, "the server ended the response")
    silent = isinstance(cause, TimeoutError)
    timeout = silent or isinstance(cause, _net.TimeoutException)
    complete = fold.complete if timeout else fold.settled and not fold.speech.is_cut_off(events_read=events_read)
    if complete:
        return None
    reason = "the client was closed" if client_closed else str(cause) or type(cause).__name__
    if timeout and not silent:
        limit = "" if read_timeout is None else f" of {read_timeout:g} s"
        reason = f"no byte arrived within the read timeout{limit} (set it with `timeout=`)"
    error = interrupted(fold, reason, timeout=timeout)
    error.__cause__ = _net.bare(cause)
    return error


def interrupted(fold: Fold[Any], reason: str, *, timeout: bool = False) -> StreamInterruptedError:
    """Return the error for a stream that ended early, with the reply so far."""
    ids: dict[str, Any] = {
        name: getattr(fold, name) for name in ("task_id", "message_id", "conversation_id", "workflow_run_id")
    }
    text = f"the stream was interrupted: {reason}"
    if ids["workflow_run_id"]:
        text += f"; run {ids['workflow_run_id']} may still be running: see workflows.get and workflows.events"
    error = StreamTimeoutError if timeout else StreamInterruptedError
    return error(text, partial=fold.snapshot(), **ids)


def error_of(event: ErrorEvent, fold: Fold[Any], info: HTTPInfo) -> DifyError:
    """Return the exception for an `error` event, with the reply so far.

    Its class depends on the status and code of the event.
    """
    return status_error_from_body(
        event.model_dump(),
        status=event.status or 500,
        http=info,
        text=event.model_dump_json(exclude_unset=True),
        hint=None if event.code else "the server sends status 500 for every error before a run starts; see the message",
        task_id=fold.task_id or event.task_id,
        message_id=fold.message_id or event.message_id,
        conversation_id=fold.conversation_id or event.conversation_id,
        workflow_run_id=fold.workflow_run_id or event.workflow_run_id,
        partial=fold.snapshot(),
    )


def check_outcome(reply: Any) -> None:
    """Raise `WorkflowFailedError` if the run of a reply failed."""
    run = reply if isinstance(reply, WorkflowRun) else getattr(reply, "workflow_run", None)
    if run is not None and run.status == "failed":
        partial = None if reply is run else reply
        reason = readable(run.error or "the server gives no reason")
        ids: dict[str, Any] = {
            name: getattr(reply, name, None) or None for name in ("task_id", "message_id", "conversation_id")
        }
        raise WorkflowFailedError(
            f"run {run.workflow_run_id} failed: {printable(reason, 500)}",
            run=run,
            partial=partial,
            workflow_run_id=run.workflow_run_id,
            **ids,
        )
