"""The stored nodes at the start of a replay, in the order and with the events of a live stream. Pure.

A live stream shows an iteration or loop as `iteration_started` … `iteration_completed`. A state snapshot has the stored node
of the container instead: `node_started`, directly followed by `node_finished` where the container has ended, and only then the
nodes inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..types import events as t
from ..types.event_data import ContainerExecution
from ..types.workflows import NodeExecution

__all__ = ["StoredNodes", "has_not_ended", "start_of"]

_UNENDED = frozenset({"paused", "running", "pending", "retry"})
_STARTED: dict[str, type[Any]] = {"iteration": t.IterationStartedEvent, "loop": t.LoopStartedEvent}
_COMPLETED: dict[str, type[Any]] = {"iteration": t.IterationCompletedEvent, "loop": t.LoopCompletedEvent}


def has_not_ended(event: Any) -> bool:
    """Return whether a `node_finished` of a snapshot is about a node that still runs, waits or is tried again."""
    return isinstance(event, t.NodeFinishedEvent) and event.data.status in _UNENDED


def start_of(event: Any) -> Any:
    """Return the start of the node or container that an event retries or ends, or None for other events."""
    match event:
        case t.NodeFinishedEvent() | t.NodeRetryEvent():
            names = {"id", "node_id", "node_type", "title", "index", "created_at", "extras", "iteration_id", "loop_id"}
            return _of(t.NodeStartedEvent, event, NodeExecution, names)
        case t.IterationCompletedEvent() | t.LoopCompletedEvent():
            cls = t.IterationStartedEvent if isinstance(event, t.IterationCompletedEvent) else t.LoopStartedEvent
            names = {"id", "node_id", "node_type", "title", "created_at", "extras", "inputs", "inputs_truncated"}
            return _of(cls, event, ContainerExecution, names)
        case _:
            return None


@dataclass
class _Ended:
    """A container that has ended, whose nodes may still follow in the snapshot."""

    event: Any
    finished_at: Any
    has_nodes: bool = False

    def precedes(self, node: NodeExecution) -> bool:
        """Return whether a node outside the container started after the container had ended. Times are whole seconds."""
        if self.finished_at is None or node.created_at is None or node.created_at == self.finished_at:
            return self.has_nodes
        return node.created_at > self.finished_at


class StoredNodes:
    """Turns the stored nodes of containers into the events of containers, and delays an end until the nodes inside it."""

    def __init__(self) -> None:
        self._ended: dict[str, _Ended] = {}

    def events_of(self, event: Any) -> tuple[Any, ...]:
        """Return the events to deliver for an event of a replay, in their order."""
        if not isinstance(event, (t.NodeStartedEvent, t.NodeFinishedEvent)):
            return (*self._release(), event) if self._ended else (event,)
        node = event.data
        ready = self._release(before=node) if self._ended else ()
        kind = node.node_type or ""
        if kind not in _STARTED:
            return (*ready, event)
        if isinstance(event, t.NodeStartedEvent):
            return (*ready, _container_event(_STARTED[kind], event))
        if not has_not_ended(event):
            self._ended[node.node_id] = _Ended(_container_event(_COMPLETED[kind], event), node.finished_at)
        return ready

    def _release(self, before: NodeExecution | None = None) -> tuple[Any, ...]:
        """Return the ends of the containers that come before a node, or of all, and forget them."""
        ready: list[Any] = []
        for node_id, ended in tuple(self._ended.items()):
            if before is not None and node_id in (before.iteration_id, before.loop_id):
                ended.has_nodes = True
            elif before is None or before.inputs_truncated is not None or ended.precedes(before):
                # Only live events have `inputs_truncated`: the snapshot is over.
                ready.append(ended.event)
                del self._ended[node_id]
        return tuple(ready)


def _container_event(cls: type[Any], event: t.NodeStartedEvent | t.NodeFinishedEvent) -> Any:
    names = {"node_id", "node_type", "title", "created_at", "extras"}
    if isinstance(event, t.NodeFinishedEvent):
        names |= {"status", "elapsed_time", "finished_at"}
    return _of(cls, event, ContainerExecution, names, id=event.data.node_id)


def _of(cls: type[Any], event: Any, kind: type[Any], names: set[str], **more: Any) -> Any:
    """Return an event of another class with the ids of this one and these members of its data."""
    ids = event.model_dump(exclude={"event", "data"}, exclude_unset=True)
    known = {name: getattr(event.data, name) for name in names & event.data.model_fields_set}
    return cls(**ids, data=kind(**known, **more))
