"""Resuming a run whose stream was cut: the calls, and which events are new.

Pure.

The events endpoint has no cursor. Asked for a state snapshot, it first sends what is stored of the run (nodes in a reduced
form, the answer so far), then continues live, and may send an event twice. `RunFollower` delivers each event once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .._protocol.arguments import flag
from .._protocol.request import Call
from ..types import events as t
from ..types.event_data import ContainerExecution
from ..types.http import HTTPInfo
from ..types.workflows import NodeExecution, WorkflowRunData, WorkflowRunDetail
from .folds import Fold
from .interruptions import error_of
from .text import RECONNECTED

__all__ = ["ReconnectSettings", "RunFollower", "begins_with_replay", "ending_of", "run_detail_call", "run_events_call"]


# -------------------------------------------------------------------------------------------------------------- the calls
def run_events_call(
    workflow_run_id: str, *, user: str, include_state_snapshot: bool | None, continue_on_pause: bool | None
) -> Call:
    """Return the call for the events of a run."""
    return Call.of(
        "streamWorkflowEvents",
        workflow_run_id=workflow_run_id,
        query={
            "user": user,
            "include_state_snapshot": flag(include_state_snapshot),
            "continue_on_pause": flag(continue_on_pause),
        },
    )


def begins_with_replay(call: Call) -> bool:
    """Return True for a call whose events begin with a replay.

    Live events may repeat those of the replay.
    """
    return call.query.get("include_state_snapshot") is not None


def run_detail_call(workflow_run_id: str) -> Call:
    """Return the call for a run as stored."""
    return Call.of("getWorkflowRunDetail", workflow_run_id=workflow_run_id)


class ReconnectSettings:
    """The settings with which the stream of a run is resumed."""

    def __init__(self, *, user: str, continue_on_pause: bool = False) -> None:
        self._user = user
        self._continue_on_pause = continue_on_pause

    def events(self, workflow_run_id: str) -> Call:
        """Return the call for the rest of a run."""
        return run_events_call(
            workflow_run_id,
            user=self._user,
            include_state_snapshot=True,
            continue_on_pause=self._continue_on_pause,
        )


_ENDED = frozenset({"succeeded", "failed", "stopped", "partial-succeeded"})


def ending_of(detail: WorkflowRunDetail, *, task_id: str | None) -> t.WorkflowFinishedEvent | None:
    """Return the last event of a stored run, for a replay without one.

    None while the run has not ended.
    """
    if detail.status not in _ENDED:
        return None
    shared = set(WorkflowRunDetail.model_fields) & set(WorkflowRunData.model_fields)
    data = WorkflowRunData(**{name: getattr(detail, name) for name in shared})
    return t.WorkflowFinishedEvent(task_id=task_id or detail.id, workflow_run_id=detail.id, data=data)


# ----------------------------------------------------------------------------------------------------------- the follower
def _by_id(event: Any) -> tuple[object, ...]:
    return event.event, event.data.id


_KEYS: dict[type, Callable[[Any], tuple[object, ...]]] = {
    t.NodeStartedEvent: _by_id,
    t.NodeFinishedEvent: _by_id,
    t.NodeRetryEvent: lambda e: (e.event, e.data.id, e.data.retry_index),
    t.IterationStartedEvent: _by_id,
    t.IterationNextEvent: lambda e: (e.event, e.data.id, e.data.index),
    t.IterationCompletedEvent: _by_id,
    t.LoopStartedEvent: _by_id,
    t.LoopNextEvent: lambda e: (e.event, e.data.id, e.data.index),
    t.LoopCompletedEvent: _by_id,
    t.AgentLogEvent: lambda e: (e.event, e.data.id, e.data.status),
    t.HumanInputRequiredEvent: lambda e: (e.event, e.data.form_id),
    t.HumanInputFormFilledEvent: lambda e: (e.event, e.data.node_id, e.data.rendered_content),
    t.HumanInputFormTimeoutEvent: lambda e: (e.event, e.data.node_id, e.data.expiration_time),
    t.MessageEndEvent: lambda e: (e.event,),
    t.WorkflowFinishedEvent: lambda e: (e.event,),
}
"""The identity of each event that a replay may repeat. Deltas of text have none: the text itself shows what is new."""

_NOT_FOLDED = frozenset({t.PingEvent, t.ErrorEvent})
_NOT_PLAIN = _NOT_FOLDED | {*_KEYS, t.WorkflowStartedEvent, t.WorkflowPausedEvent, t.MessageReplaceEvent}


class RunFollower:
    """The delivery of a run's events over any number of connections.

    Each event is delivered once, in order, and all of them are fed to the fold.

    Args:
        fold: The fold of the events; it also holds the number of reconnects and the text delivered so far.
        replay: The first connection already begins with events of the past.
        pings: Deliver pings, too.
    """

    def __init__(self, fold: Fold[Any], *, replay: bool = False, pings: bool = False) -> None:
        self.fold = fold
        self._pings = pings
        self._replay = replay
        self._seen: set[tuple[object, ...]] = set()
        self._started = False
        self._moderated = False  # moderation replaced the answer; the run's stored outputs still hold the old one
        self._current_pause: tuple[object, ...] | None = None
        self._pauses_replayed = 0
        self._known_at_cut: object = None
        self._fruitless = 0
        self._containers = _StoredContainers()

    def deliver(self, events: Iterable[Any], info: HTTPInfo) -> Iterator[Any]:
        """Yield the new events, up to the end of the stream.

        Args:
            events: The events of a connection as they arrive.
            info: The exchange, for the exception of an `error` event.

        Raises:
            DifyError: The exception for an `error` event.
        """
        fold, feed = self.fold, self.fold.feed
        for event in self._replayed(events) if self._replay else events:
            plain = event.__class__ not in _NOT_PLAIN  # one look-up for deltas of text, nearly all events of a stream
            if not plain:
                if event.__class__ is t.PingEvent:
                    if self._pings:
                        yield event
                    continue
                if event.__class__ is t.ErrorEvent:
                    raise error_of(event, fold, info)
            if feed(event):
                if not plain:
                    self._note(event)
                yield event
            if fold.over:
                return

    def _replayed(self, events: Iterable[Any]) -> Iterator[Any]:
        """Yield the new events, each judged after those before it were delivered."""
        for event in events:
            yield from (event,) if event.__class__ in _NOT_FOLDED else self._new_events(event)

    def reconnect(self, max_retries: int) -> bool:
        """Prepare for a new connection, which begins with a replay.

        Return False if the run cannot be followed further.

        Args:
            max_retries: The number of connections in a row that may end without anything new. A replay that shows the run still
                waiting for a person counts as new: people take longer than servers keep a silent stream open.
        """
        fold = self.fold
        known = (len(self._seen), self._started, len(str(fold.text)), self._pauses_replayed)
        self._fruitless = self._fruitless + 1 if known == self._known_at_cut else 0
        self._known_at_cut = known
        # A run that has ended can only lack speech, and no replay holds speech.
        if fold.workflow_run_id is None or fold.settled or self._fruitless > max_retries:
            return False
        fold.reconnects += 1
        self._replay = True
        return True

    def _note(self, event: Any) -> None:
        """Note an event before it is delivered, to recognize it in a replay."""
        key = _KEYS.get(event.__class__)
        if key is not None:
            if not _is_unfinished(event):
                self._seen.add(key(event))
        elif isinstance(event, t.MessageReplaceEvent):
            # A snapshot gives no reason for its replacement, moderation does.
            self._moderated = self._moderated or (bool(event.reason) and event.reason != RECONNECTED)
        elif isinstance(event, t.WorkflowPausedEvent):
            self._current_pause = pause = _pause_key(event)
            if any(pause[1:]):
                self._seen.add(pause)  # each form pauses a run once
        elif isinstance(event, t.WorkflowStartedEvent):
            self._started, self._current_pause = True, None
            if event.data.reason == "resumption":
                self._forget_waiting_nodes()

    def _forget_waiting_nodes(self) -> None:
        """Forget what a resumed run repeats.

        The node that waited starts again under its id, and its form is filled.
        """
        finished = {key[1] for key in self._seen if key[0] == "node_finished"}
        repeated = ("human_input_form_filled", "human_input_form_timeout")
        self._seen = {
            key for key in self._seen if key[0] not in repeated and (key[0] != "node_started" or key[1] in finished)
        }

    def _new_events(self, event: Any) -> tuple[Any, ...]:
        """Return the new part of a replayed event.

        This is nothing, the event, or the event after those that were lost before it.
        """
        return tuple(
            new
            for live in self._containers.live_events(event)
            for known in self._unseen(live)
            for new in self._with_lost_before(known)
        )

    def _with_lost_before(self, event: Any) -> tuple[Any, ...]:
        text = self._lost_text(event)
        if text is not None:
            return text, event
        # Events between the server's reading of the snapshot and its first live event are lost, such as the start of a node.
        start = _start_of(event)
        return (event,) if start is None or _by_id(start) in self._seen else (start, event)

    def _unseen(self, event: Any) -> tuple[Any, ...]:
        """Return the event, or the part of its text that is new, if any."""
        fold = self.fold
        key = _KEYS.get(event.__class__)
        match event:
            case _ if key is not None:
                from_snapshot = fold.reconnects and _is_unfinished(event)
                known = from_snapshot or key(event) in self._seen
            case t.WorkflowPausedEvent():
                self._pauses_replayed += 1
                pause = _pause_key(event)
                known = pause == self._current_pause or pause in self._seen
            case t.WorkflowStartedEvent():
                known = self._started and event.data.reason != "resumption"
            case t.MessageReplaceEvent() if self._moderated:
                # The stored text may still be the old one; and the snapshot may repeat the moderated one.
                known = not event.reason or event.answer == str(fold.text)
            case t.MessageReplaceEvent() if not event.reason and fold.reconnects:
                rest = _rest_of(event, str(fold.text))
                return () if rest is None else (rest,)
            case _:
                known = False
        return () if known else (event,)

    def _lost_text(self, event: Any) -> t.MessageReplaceEvent | t.MessageEvent | None:
        """Return the text of an answer that was lost between a cut and the replay.

        The end of a chatflow's run contains its answer.

        The end of a run that is replayed has no message ids; those of earlier events are used.
        """
        fold = self.fold
        if not isinstance(event, t.WorkflowFinishedEvent) or fold.message_id is None or self._moderated:
            return None
        shown = str(fold.text)
        answer = (event.data.outputs or {}).get("answer")
        if not isinstance(answer, str) or answer == shown:
            return None
        whole = t.MessageReplaceEvent(
            task_id=event.task_id,
            message_id=fold.message_id,
            conversation_id=fold.conversation_id,
            created_at=event.created_at,
            answer=answer,
            reason=RECONNECTED,
        )
        message_ended = ("message_end",) in self._seen  # after which no delta is delivered
        return whole if message_ended or not answer.startswith(shown) else _rest_of(whole, shown)


def _pause_key(event: t.WorkflowPausedEvent) -> tuple[object, ...]:
    return event.event, *(reason.form_id for reason in event.data.reasons)


def _rest_of(event: t.MessageReplaceEvent, shown: str) -> t.MessageReplaceEvent | t.MessageEvent | None:
    """Return the delta from the text shown to a whole answer.

    It is the replacement if they differ, and None if nothing is new.
    """
    if shown.startswith(event.answer):
        return None
    if not event.answer.startswith(shown):
        return event
    ids = {name: getattr(event, name) for name in ("task_id", "message_id", "conversation_id", "created_at")}
    return t.MessageEvent(**ids, id=event.message_id, answer=event.answer[len(shown) :])


# --------------------------------------------------------------------------------------------- stored nodes as live events
# A live stream shows an iteration or loop as `iteration_started` … `iteration_completed`. A state snapshot has the stored node
# of the container instead: `node_started`, directly followed by `node_finished` if the container has ended, and only then the
# nodes inside it.
_UNFINISHED = frozenset({"paused", "running", "pending", "retry"})
_STARTED: dict[str, type[Any]] = {"iteration": t.IterationStartedEvent, "loop": t.LoopStartedEvent}
_COMPLETED: dict[str, type[Any]] = {"iteration": t.IterationCompletedEvent, "loop": t.LoopCompletedEvent}


def _is_unfinished(event: Any) -> bool:
    """Return True for a replayed `node_finished` of a node that has not ended.

    The node is still running, waiting or retried.
    """
    return isinstance(event, t.NodeFinishedEvent) and event.data.status in _UNFINISHED


def _start_of(event: Any) -> Any:
    """Return the start of the node or container that an event retries or ends.

    None for other events.
    """
    match event:
        case t.NodeFinishedEvent() | t.NodeRetryEvent():
            names = {"id", "node_id", "node_type", "title", "index", "created_at", "extras", "iteration_id", "loop_id"}
            return _converted(event, t.NodeStartedEvent, NodeExecution, names)
        case t.IterationCompletedEvent() | t.LoopCompletedEvent():
            cls = t.IterationStartedEvent if isinstance(event, t.IterationCompletedEvent) else t.LoopStartedEvent
            names = {"id", "node_id", "node_type", "title", "created_at", "extras", "inputs", "inputs_truncated"}
            return _converted(event, cls, ContainerExecution, names)
        case _:
            return None


@dataclass
class _CompletedContainer:
    """A container that has ended, whose nodes may still follow in the snapshot."""

    event: Any
    finished_at: Any
    has_nodes: bool = False

    def precedes(self, node: NodeExecution) -> bool:
        """Return True if a node outside the container started after its end.

        Times are whole seconds.
        """
        if self.finished_at is None or node.created_at is None or node.created_at == self.finished_at:
            return self.has_nodes
        return node.created_at > self.finished_at


class _StoredContainers:
    """The conversion of stored nodes of containers to events of containers.

    It delays an end until the nodes inside the container.
    """

    def __init__(self) -> None:
        self._completed: dict[str, _CompletedContainer] = {}

    def live_events(self, event: Any) -> tuple[Any, ...]:
        """Return the live events for an event of a replay, in order."""
        if not isinstance(event, (t.NodeStartedEvent, t.NodeFinishedEvent)):
            return (*self._release(), event) if self._completed else (event,)
        node = event.data
        released = self._release(before=node) if self._completed else ()
        kind = node.node_type or ""
        if kind not in _STARTED:
            return (*released, event)
        if isinstance(event, t.NodeStartedEvent):
            return (*released, _container_event(_STARTED[kind], event))
        if not _is_unfinished(event):
            end = _container_event(_COMPLETED[kind], event)
            self._completed[node.node_id] = _CompletedContainer(end, node.finished_at)
        return released

    def _release(self, before: NodeExecution | None = None) -> tuple[Any, ...]:
        """Remove and return the ends of containers before a node, or of all containers."""
        released: list[Any] = []
        for node_id, container in tuple(self._completed.items()):
            if before is not None and node_id in (before.iteration_id, before.loop_id):
                container.has_nodes = True
            elif before is None or before.inputs_truncated is not None or container.precedes(before):
                # Only live events have `inputs_truncated`: there the snapshot has ended.
                released.append(container.event)
                del self._completed[node_id]
        return tuple(released)


def _container_event(cls: type[Any], event: t.NodeStartedEvent | t.NodeFinishedEvent) -> Any:
    names = {"node_id", "node_type", "title", "created_at", "extras"}
    if isinstance(event, t.NodeFinishedEvent):
        names |= {"status", "elapsed_time", "finished_at"}
    return _converted(event, cls, ContainerExecution, names, id=event.data.node_id)


def _converted(event: Any, cls: type[Any], data: type[Any], names: set[str], **more: Any) -> Any:
    """Return an event of class `cls` with the ids of `event` and some of its data."""
    ids = event.model_dump(exclude={"event", "data"}, exclude_unset=True)
    known = {name: getattr(event.data, name) for name in names & event.data.model_fields_set}
    return cls(**ids, data=data(**known, **more))
