"""The folds of runs: of a workflow, alone or inside a chatflow, and of a datasource node. Pure."""

from __future__ import annotations

from typing import Any

from ..types import events as t
from ..types.event_data import RunPause, RunStart
from ..types.workflows import NodeExecution, WorkflowRun, WorkflowRunData
from .folds import LONG_GRACE, task_of
from .text import Speech, Text

__all__ = ["DatasourceFold", "WorkflowFold"]


class WorkflowFold:
    """The stream of a workflow run, or of the run inside a chatflow."""

    def __init__(self, *, collect_audio: bool = False, continue_on_pause: bool = False) -> None:
        self.grace: float | None = None
        self.over = False
        self.reconnects = 0
        self.started = False
        self.task_id: str | None = None
        self.message_id: str | None = None
        self.conversation_id: str | None = None
        self.workflow_run_id: str | None = None
        self.finished: WorkflowRunData | None = None
        self.pause: RunPause | None = None
        self.text = Text()
        self.speech = Speech(collect_audio)
        self._go_on = continue_on_pause
        self._start: RunStart | None = None
        self._nodes: dict[str, NodeExecution] = {}
        self._started: dict[str, NodeExecution] = {}

    @property
    def complete(self) -> bool:
        return self.finished is not None or (self.pause is not None and not self._go_on)

    @property
    def settled(self) -> bool:
        return self.complete

    def feed(self, event: Any) -> bool:
        self.text.last = None
        match event:
            case t.TTSMessageEvent() | t.TTSMessageEndEvent():
                self.speech.feed(event)
            case _ if self.finished is not None:
                self.over = True
                return False
            case t.TextChunkEvent():
                self.text.add(event.data.text)
            case t.NodeFinishedEvent():
                self._nodes[event.data.id] = event.data
            case t.NodeStartedEvent():
                self._started.setdefault(event.data.id, event.data)
            case t.WorkflowStartedEvent():
                self.started = True
                self.pause = None
                self._start = self._start or event.data
                self.workflow_run_id = self.workflow_run_id or event.data.id
            case t.WorkflowFinishedEvent():
                self.finished = event.data
                self.pause = None
            case t.WorkflowPausedEvent():
                self.pause = event.data
            case t.MessageEvent() | t.MessageFileEvent() if event.answer is not None:
                self.text.add(event.answer)
            case t.MessageReplaceEvent():
                self.text.replace(event.answer)
            case t.TextReplaceEvent():
                self.text.replace(event.data.text)
            case _:
                pass
        self.task_id = task_of(event, self.task_id)
        self.workflow_run_id = self.workflow_run_id or getattr(event, "workflow_run_id", None)
        self._settle()
        return True

    def _settle(self) -> None:
        if self.finished is not None:
            # Servers up to 1.12 may still send speech; later ones end the stream here.
            self.over = not self.speech.awaited
            self.grace = LONG_GRACE
        elif self.pause is not None:
            self.over = not self._go_on
            self.grace = None
        else:
            self.grace = None

    def text_of(self, event: Any) -> str | None:
        return self.text.last

    def snapshot(self) -> WorkflowRun | None:
        if self.workflow_run_id is None:
            return None
        return WorkflowRun(
            task_id=self.task_id or "",
            workflow_run_id=self.workflow_run_id,
            data=self._data(self.workflow_run_id),
            nodes=self._ended_nodes(),
            reconnects=self.reconnects,
            audio=self.speech.audio,
        )

    def _ended_nodes(self) -> list[NodeExecution]:
        """The nodes in the order in which they ended; those whose end was lost to a cut come before later ones.

        All nodes that started have ended in a run that succeeded, those outside of containers successfully where no exception
        was counted.
        """
        nodes = list(self._nodes.values())
        status = None if self.finished is None else self.finished.status
        if not self.reconnects or status not in ("succeeded", "partial-succeeded"):
            return nodes
        places = {id: place for place, id in enumerate(self._started)}
        for id, node in self._started.items():
            if id not in self._nodes:
                outside = node.iteration_id is None and node.loop_id is None
                ended = node.model_copy(update={"status": status if outside and status == "succeeded" else None})
                later = (at for at, other in enumerate(nodes) if places.get(other.id, -1) > places[id])
                nodes.insert(next(later, len(nodes)), ended)
        return nodes

    def _data(self, run_id: str) -> WorkflowRunData:
        if self.finished is not None:
            return self.finished
        start, pause = self._start, self.pause
        known: dict[str, Any] = {"id": run_id, "workflow_id": start.workflow_id if start else None}
        if start is not None:
            known["created_at"] = start.created_at
        if pause is None:
            return WorkflowRunData(**known, status="running")
        known["created_at"] = pause.created_at or known.get("created_at")
        return WorkflowRunData(
            **known,
            status=pause.status or "paused",
            outputs=pause.outputs,
            elapsed_time=pause.elapsed_time,
            total_tokens=pause.total_tokens,
            total_steps=pause.total_steps,
            paused_nodes=pause.paused_nodes,
            reasons=pause.reasons,
        )


class DatasourceFold:
    """The run of a datasource node: no ids, no terminal event; its end is the server's."""

    grace: float | None = None
    settled = False
    task_id: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    workflow_run_id: str | None = None

    def __init__(self) -> None:
        self.over = False
        self.reconnects = 0
        self.text = Text()
        self.speech = Speech(False)
        self._events: list[t.DatasourceCompletedEvent | t.DatasourceErrorEvent] = []

    @property
    def complete(self) -> bool:
        return bool(self._events)

    def feed(self, event: Any) -> bool:
        if isinstance(event, (t.DatasourceCompletedEvent, t.DatasourceErrorEvent)):
            self._events.append(event)
        return True

    def text_of(self, event: Any) -> str | None:
        return None

    def snapshot(self) -> list[t.DatasourceCompletedEvent | t.DatasourceErrorEvent]:
        return list(self._events)
