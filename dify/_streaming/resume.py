"""Picking a cut stream up again: what to ask for, and which of the events that come then are new. Pure.

The events endpoint has no cursor. Asked for a snapshot it begins with what is stored of the run (nodes in a reduced shape, the
answer so far), then goes on live, and may say a thing twice. What was delivered before must not be delivered again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._protocol.arguments import flag
from .._protocol.request import Call, segment
from ..types import events as t
from ..types.workflows import WorkflowRunData, WorkflowRunDetail
from .folds import Fold
from .replay import StoredNodes, has_not_ended, start_of

__all__ = ["Delivered", "Pickup", "begins_with_replay", "ending_of", "run_detail_call", "run_events_call"]

OVER = frozenset({"succeeded", "failed", "stopped", "partial-succeeded"})
_PUT_RIGHT = "reconnected"


def run_events_call(
    workflow_run_id: str, *, user: str, include_state_snapshot: bool | None, continue_on_pause: bool | None
) -> Call:
    """The call that follows a run."""
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
    """Whether a call's stream first tells what has happened, which the live events behind it may tell again."""
    return call.query.get("include_state_snapshot") is not None


def run_detail_call(workflow_run_id: str) -> Call:
    """The call that reads a run as stored."""
    f"/workflows/run/{segment(workflow_run_id, 'workflow_run_id')}"
    return Call.of("getWorkflowRunDetail", workflow_run_id=workflow_run_id)


class Pickup:
    """How a stream of one user's run is picked up."""

    def __init__(self, *, user: str, continue_on_pause: bool = False) -> None:
        self._user = user
        self._continue = continue_on_pause

    def events(self, workflow_run_id: str) -> Call:
        """The rest of the run."""
        return run_events_call(
            workflow_run_id,
            user=self._user,
            include_state_snapshot=True,
            continue_on_pause=self._continue,
        )


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


class Delivered:
    """What has been delivered of a run, and what of a replay is therefore new."""

    kinds = frozenset({*_KEYS, t.WorkflowStartedEvent, t.WorkflowPausedEvent})
    """The events that a replay may repeat; deltas of text are told apart by the text itself."""
    noted = kinds | {t.MessageReplaceEvent}
    """The events that `note` is to be told of."""

    def __init__(self) -> None:
        self._seen: set[tuple[object, ...]] = set()
        self._started = False
        self._taken_back = False  # by moderation: what was said is not the run's answer any more
        self._waits_for: tuple[object, ...] | None = None
        self._times_it_waits = 0
        self._known_at_cut: object = None
        self._idle_cuts = 0
        self._stored = StoredNodes()

    def note(self, event: Any) -> None:
        """An event is about to be delivered; only those of `noted` need be told."""
        key = _KEYS.get(event.__class__)
        if key is not None:
            if not has_not_ended(event):
                self._seen.add(key(event))
        elif isinstance(event, t.MessageReplaceEvent):
            self._taken_back = self._taken_back or _takes_back(event)
        elif isinstance(event, t.WorkflowPausedEvent):
            self._waits_for = key = _pause(event)
            if any(key[1:]):
                self._seen.add(key)  # a form is asked once, so its pause is never news again
        elif isinstance(event, t.WorkflowStartedEvent):
            self._started, self._waits_for = True, None
            if event.data.reason == "resumption":
                # The node that waited starts once more, under the id that it had; a form may be filled as one before it was.
                ended = {key[1] for key in self._seen if key[0] == "node_finished"}
                again = ("human_input_form_filled", "human_input_form_timeout")
                self._seen = {
                    key for key in self._seen if key[0] not in again and (key[0] != "node_started" or key[1] in ended)
                }

    def idle_cuts(self, shown: str) -> int:
        """The stream has been cut: how often so in a row, with nothing new between.

        That a run still waits for a person is news each time: people take longer than any server lets a stream be silent.
        """
        known = (len(self._seen), self._started, len(shown), self._times_it_waits)
        self._idle_cuts = self._idle_cuts + 1 if known == self._known_at_cut else 0
        self._known_at_cut = known
        return self._idle_cuts

    def new_of(self, event: Any, fold: Fold[Any]) -> tuple[Any, ...]:
        """What to deliver for an event of a replay: nothing, itself or what of it is new, after text that was missed.

        Args:
            event: The event.
            fold: What has been delivered so far. Its text is put together only for the few events that say it whole.
        """
        events = self._stored.events_of(event)
        return tuple(new for one in events for new in self._new_of(one, fold))

    def _new_of(self, event: Any, fold: Fold[Any]) -> tuple[Any, ...]:
        event = self._fresh(event, fold)
        if event is None:
            return ()
        # The outputs of a run still hold what moderation took back: they are not what a person is to read.
        missing = None if self._taken_back else _missing_text(event, fold, ended=("message_end",) in self._seen)
        if missing is not None:
            return missing, event
        # Between what the server read for the snapshot and its first live event, a start can be lost.
        start = start_of(event)
        return (event,) if start is None or _by_id(start) in self._seen else (start, event)

    def _fresh(self, event: Any, fold: Fold[Any]) -> Any:
        key = _KEYS.get(event.__class__)
        if key is not None:
            unheard_of = fold.reconnects and has_not_ended(event)  # a stream that was never cut has no such event
            return None if unheard_of or key(event) in self._seen else event
        if isinstance(event, t.WorkflowPausedEvent):
            self._times_it_waits += 1
            told = _pause(event)
            return None if told == self._waits_for or told in self._seen else event
        if isinstance(event, t.WorkflowStartedEvent):
            return None if self._started and event.data.reason != "resumption" else event
        if isinstance(event, t.MessageReplaceEvent) and self._taken_back:
            # What is stored may still be the old text; and moderation's own may be told by the snapshot and by the stream.
            return None if not event.reason or event.answer == str(fold.text) else event
        if isinstance(event, t.MessageReplaceEvent) and not event.reason and fold.reconnects:
            return _rest_of(event, str(fold.text))
        return event


def _pause(event: t.WorkflowPausedEvent) -> tuple[object, ...]:
    return event.event, *(reason.form_id for reason in event.data.reasons)


def _takes_back(event: t.MessageReplaceEvent) -> bool:
    """Whether the server replaced a text for a reason; a snapshot replaces without one, and we say so where we put it right."""
    return bool(event.reason) and event.reason != _PUT_RIGHT


def _rest_of(event: t.MessageReplaceEvent, shown: str) -> t.MessageReplaceEvent | t.MessageEvent | None:
    """What of a whole answer was not shown yet: the delta that was missed, or all of it where it goes on otherwise."""
    if shown.startswith(event.answer):
        return None
    if not event.answer.startswith(shown):
        return event
    ids = {name: getattr(event, name) for name in ("task_id", "message_id", "conversation_id", "created_at")}
    return t.MessageEvent(**ids, id=event.message_id, answer=event.answer[len(shown) :])


def _missing_text(event: Any, fold: Fold[Any], *, ended: bool) -> t.MessageReplaceEvent | t.MessageEvent | None:
    """What was lost of a chatflow's answer between a cut and the replay, as the end of its run tells it.

    A run that has ended is replayed without the ids of its message, so those that are known count. After the message's own end
    (`ended`) no delta counts any more.
    """
    message_id = fold.message_id
    if not isinstance(event, t.WorkflowFinishedEvent) or message_id is None:
        return None
    shown = str(fold.text)
    answer = (event.data.outputs or {}).get("answer")
    if not isinstance(answer, str) or answer == shown:
        return None
    whole = t.MessageReplaceEvent(
        task_id=event.task_id,
        message_id=message_id,
        conversation_id=fold.conversation_id,
        created_at=event.created_at,
        answer=answer,
        reason=_PUT_RIGHT,
    )
    return whole if ended or not answer.startswith(shown) else _rest_of(whole, shown)


def ending_of(detail: WorkflowRunDetail, *, task_id: str | None) -> t.WorkflowFinishedEvent | None:
    """The end of a run as its detail tells it, for a replay that brought none; None while the run goes on."""
    if detail.status not in OVER:
        return None
    shared = set(WorkflowRunDetail.model_fields) & set(WorkflowRunData.model_fields)
    data = WorkflowRunData(**{name: getattr(detail, name) for name in shared})
    return t.WorkflowFinishedEvent(task_id=task_id or detail.id, workflow_run_id=detail.id, data=data)
