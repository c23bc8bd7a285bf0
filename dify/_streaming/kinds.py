"""The kinds of event streams: their events, fold, and events of a JSON reply.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ..types import events as t
from ..types.event_data import RunPause
from ..types.replies import ChatResponse, CompletionResponse
from ..types.workflows import WorkflowRun
from .decode import EventDecoder, StreamName
from .folds import ChatFold, CompletionFold, DatasourceFold, Fold, WorkflowFold

__all__ = ["CHAT", "COMPLETION", "DATASOURCE", "WORKFLOW", "DatasourceResults", "StreamKind"]

R = TypeVar("R")


class StreamKind(Generic[R]):
    """One kind of stream.

    Attributes:
        reply: The model of the folded reply, which is also that of a blocking reply.
        fold: Makes a new fold.
        events_of: The events that a stream would have sent for a reply.
    """

    def __init__(
        self, name: StreamName, reply: type[R], fold: Callable[..., Fold[R]], events_of: Callable[[R], list[Any]]
    ):
        self._name: StreamName = name
        self.reply = reply
        self.fold = fold
        self.events_of = events_of

    def decoder(self, limit: int) -> EventDecoder:
        """Return a decoder for one response.

        `limit` is the size in bytes that an event may have.
        """
        return EventDecoder(self._name, limit)


def _message_events(reply: CompletionResponse) -> list[Any]:
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


CHAT: StreamKind[ChatResponse] = StreamKind("chat", ChatResponse, ChatFold, _message_events)
COMPLETION: StreamKind[CompletionResponse] = StreamKind(
    "completion", CompletionResponse, CompletionFold, _message_events
)
WORKFLOW: StreamKind[WorkflowRun] = StreamKind("workflow", WorkflowRun, WorkflowFold, _run_events)

DatasourceResults = list[t.DatasourceCompletedEvent | t.DatasourceErrorEvent]
DATASOURCE: StreamKind[DatasourceResults] = StreamKind("datasource", DatasourceResults, DatasourceFold, list)
