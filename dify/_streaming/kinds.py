"""The kinds of event streams: which events they yield, how they fold, and what a plain JSON answer stands for. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ..errors import StreamInterruptedError, StreamTimeoutError, WorkflowFailedError, printable, readable
from ..types import events as t
from ..types.event_data import RunPause
from ..types.replies import ChatResponse, CompletionResponse
from ..types.workflows import WorkflowRun
from .decode import Reader, StreamKind, reader_for
from .folds import Fold
from .message_folds import ChatFold, CompletionFold
from .run_folds import DatasourceFold, WorkflowFold

__all__ = ["CHAT", "COMPLETION", "DATASOURCE", "WORKFLOW", "Kind", "check_outcome", "interrupted"]

R = TypeVar("R")


class Kind(Generic[R]):
    """One kind of stream; `reply` is the model that it folds to and that the blocking mode answers."""

    def __init__(
        self, name: StreamKind, reply: type[R], fold: Callable[..., Fold[R]], replay: Callable[[R], list[Any]]
    ):
        self._name = name
        self.reply = reply
        self.fold = fold
        self.events_of = replay

    def reader(self) -> Reader:
        """The function from a frame's data to its event."""
        return reader_for(self._name)


def _message_events(reply: CompletionResponse) -> list[Any]:
    """The events that a stream would have sent for a reply that came as plain JSON."""
    ids: dict[str, Any] = {
        "task_id": reply.task_id,
        "message_id": reply.message_id,
        "conversation_id": getattr(reply, "conversation_id", None),
        "created_at": reply.created_at,
    }
    if isinstance(reply, ChatResponse) and reply.data is not None:
        pause = RunPause.model_validate(reply.data.model_dump(by_alias=True) | {"outputs": None})
        return [t.WorkflowPausedEvent(**ids, workflow_run_id=reply.workflow_run_id, data=pause)]
    end = t.MessageEndEvent(**ids, id=reply.id, metadata=reply.metadata)
    return [t.MessageEvent(**ids, id=reply.id, answer=reply.answer), end]


def _run_events(run: WorkflowRun) -> list[Any]:
    ids: dict[str, Any] = {"task_id": run.task_id, "workflow_run_id": run.workflow_run_id}
    if run.paused:
        data = run.data.model_dump(by_alias=True) | {"workflow_run_id": run.workflow_run_id}
        return [t.WorkflowPausedEvent(**ids, data=RunPause.model_validate(data))]
    return [t.WorkflowFinishedEvent(**ids, data=run.data)]


CHAT: Kind[ChatResponse] = Kind("chat", ChatResponse, ChatFold, _message_events)
COMPLETION: Kind[CompletionResponse] = Kind("completion", CompletionResponse, CompletionFold, _message_events)
WORKFLOW: Kind[WorkflowRun] = Kind("workflow", WorkflowRun, WorkflowFold, _run_events)

DatasourceResults = list[t.DatasourceCompletedEvent | t.DatasourceErrorEvent]
DATASOURCE: Kind[DatasourceResults] = Kind("datasource", DatasourceResults, DatasourceFold, list)


def check_outcome(reply: Any) -> None:
    """Raise `WorkflowFailedError` for a reply whose run ended failed."""
    run = reply if isinstance(reply, WorkflowRun) else getattr(reply, "workflow_run", None)
    if run is not None and run.status == "failed":
        partial = None if reply is run else reply
        words = readable(run.error or "the server gives no reason")
        ids = {name: getattr(reply, name, None) or None for name in ("task_id", "message_id", "conversation_id")}
        raise WorkflowFailedError(
            f"run {run.workflow_run_id} failed: {printable(words, 500)}",
            run=run,
            partial=partial,
            workflow_run_id=run.workflow_run_id,
            **ids,
        )


def interrupted(why: str, fold: Fold[Any], *, timeout: bool = False) -> StreamInterruptedError:
    """The error for a stream that ended too early, with all that is known of it."""
    ids: dict[str, Any] = {
        name: getattr(fold, name) for name in ("task_id", "message_id", "conversation_id", "workflow_run_id")
    }
    words = f"the stream ended before its end: {why}"
    if ids["workflow_run_id"]:
        words += f"; run {ids['workflow_run_id']} may go on at the server: see workflows.get and workflows.events"
    error = StreamTimeoutError if timeout else StreamInterruptedError
    return error(words, partial=fold.snapshot(), **ids)
