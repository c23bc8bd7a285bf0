"""Events folded into replies, and who ends a stream. Pure: no I/O, no clock.

A fold is fed every event in order. It says when the stream is over, what is known so far, and which text an event adds to
what a person reads.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from ._text import Speech, Text
from .types import events as t
from .types.event_data import RunPause, RunStart
from .types.replies import AgentThought, ChatPause, ChatResponse, CompletionResponse, ReplyFile, ReplyMetadata
from .types.workflows import NodeExecution, WorkflowRun, WorkflowRunData

_OF_MESSAGES = (
    t.MessageEvent,
    t.MessageFileEvent,
    t.MessageReplaceEvent,
    t.MessageEndEvent,
    t.TTSMessageEvent,
    t.TTSMessageEndEvent,
)

__all__ = ["ChatFold", "CompletionFold", "DatasourceFold", "Fold", "WorkflowFold"]

R_co = TypeVar("R_co", covariant=True)

# How long to wait for what may still follow when the stream could be over, in seconds.
SHORT_GRACE = 0.5
"""After an end that nothing needs to follow: a second `message_end`, speech, or the server's own end of the stream."""
LONG_GRACE = 5.0
"""After one of the two ends of a chatflow's run, and while speech that was asked for is still coming."""


class Fold(Protocol[R_co]):
    """What a stream needs of a fold."""

    grace: float | None
    """Seconds to wait for more; None while the stream must go on."""
    over: bool
    """Whether the stream is over for good."""
    reconnects: int
    """How often the stream was picked up again; the stream counts."""
    text: Text
    """What stands on the screen."""
    speech: Speech
    """What is heard."""

    @property
    def complete(self) -> bool:
        """Whether enough has come for a whole reply, should the server end the stream here."""
        ...

    @property
    def settled(self) -> bool:
        """Whether all but speech has come, so that a connection that breaks here takes nothing away."""
        ...

    task_id: str | None
    message_id: str | None
    conversation_id: str | None
    workflow_run_id: str | None

    def feed(self, event: Any) -> bool:
        """Take an event in; False where it comes after the end and is not to be delivered."""
        ...

    def text_of(self, event: Any) -> str | None:
        """The text that the event fed last adds (a `TextReplaced` where it replaces all), or None."""
        ...

    def snapshot(self) -> R_co | None:
        """The reply as far as it is known; None before the first ids have come."""
        ...


def _task_of(event: Any, known: str | None) -> str | None:
    """The task after an event. Replayed frames carry the run's id in its place, until a live one brings the real one."""
    task: str | None = getattr(event, "task_id", None)
    if known is None or (task is not None and known == getattr(event, "workflow_run_id", None)):
        return task
    return known


class _MessageFold:
    """What chat and completion streams have in common: ids, text, files and the end."""

    def __init__(self, *, collect_audio: bool = False) -> None:
        self.grace: float | None = None
        self.over = False
        self.reconnects = 0
        self.task_id: str | None = None
        self.message_id: str | None = None
        self.conversation_id: str | None = None
        self.workflow_run_id: str | None = None
        self.text = Text()
        self.speech = Speech(collect_audio)
        self.created_at: Any = None
        self._plain = False
        self._replaced = False
        self.ended: t.MessageEndEvent | None = None
        self.files: list[ReplyFile] = []

    @property
    def complete(self) -> bool:
        return self.ended is not None

    @property
    def settled(self) -> bool:
        return self.complete

    def feed(self, event: Any) -> bool:
        if event.__class__ is t.MessageEvent and self._plain:
            self.text.add(event.answer)  # nearly all events of a stream are this one, and need nothing else
            return True
        self.text.last = None
        if self.ended is not None and not self._may_follow(event):
            self.over = True
            return False
        match event:
            case t.MessageEvent() | t.AgentMessageEvent():
                self.text.add(event.answer)
            case t.MessageFileEvent():
                self._file(event)
            case t.MessageReplaceEvent():
                self._replaced = self._replaced or bool(event.reason)
                self.text.replace(event.answer)
            case t.MessageEndEvent():
                self.ended = event
            case t.TTSMessageEvent() | t.TTSMessageEndEvent():
                self.speech.feed(event)
            case _:
                pass
        self._ids(event)
        self._settle()
        self._plain = self.task_id is not None and self.message_id is not None and self.ended is None
        return True

    def _may_follow(self, event: Any) -> bool:
        """What may come after `message_end`: a second one, a replacement before it, speech."""
        return isinstance(
            event, (t.MessageEndEvent, t.MessageReplaceEvent, t.TTSMessageEvent, t.TTSMessageEndEvent, t.UnknownEvent)
        )

    def _settle(self) -> None:
        if self.ended is not None:
            self.grace = LONG_GRACE if self.speech.awaited else SHORT_GRACE

    def _ids(self, event: Any) -> None:
        self.task_id = _task_of(event, self.task_id)
        if self.message_id is None:
            self.message_id = getattr(event, "message_id", None)
            self.created_at = getattr(event, "created_at", None)
        if self.conversation_id is None:
            self.conversation_id = getattr(event, "conversation_id", None)

    def _file(self, event: t.MessageFileEvent) -> None:
        if event.answer is not None:
            self.text.add(event.answer)  # once a reply owns a file, some servers name its text deltas so too
        elif event.id is not None:
            self.files.append(ReplyFile.model_validate(event.model_dump(include={"id", "type", "belongs_to", "url"})))

    def text_of(self, event: Any) -> str | None:
        return self.text.last

    def _members(self) -> dict[str, Any]:
        """The members that replies of both kinds have."""
        end = self.ended
        return {
            "task_id": self.task_id or "",
            "id": self.message_id or "",
            "message_id": self.message_id or "",
            "answer": str(self.text),
            "metadata": end.metadata if end is not None else ReplyMetadata(),
            "created_at": self.created_at,
            "files": end.files if end is not None else None,
            "message_files": list(self.files) or None,
            "audio": self.speech.audio,
        }


class CompletionFold(_MessageFold):
    """The stream of a completion app."""

    def snapshot(self) -> CompletionResponse | None:
        return CompletionResponse(**self._members()) if self.message_id else None


class ChatFold(_MessageFold):
    """The stream of a chat app, an agent or a chatflow; which of them it is shows only as events come."""

    def __init__(self, *, collect_audio: bool = False, continue_on_pause: bool = False) -> None:
        super().__init__(collect_audio=collect_audio)
        self._thoughts: dict[str, AgentThought] = {}
        self._agent_spoke = False
        self._run = WorkflowFold(continue_on_pause=continue_on_pause)

    @property
    def complete(self) -> bool:
        return self.ended is not None or self._run.complete

    @property
    def settled(self) -> bool:
        return self.ended is not None if self._run.workflow_run_id is None else self._run.complete

    def feed(self, event: Any) -> bool:
        if event.__class__ is t.MessageEvent and self._plain and not self._agent_spoke:
            self.text.add(event.answer)
            return True
        if isinstance(event, t.MessageEvent) and self._agent_spoke and self.ended is None:
            return self._closing_message(event)
        if isinstance(event, t.AgentMessageEvent):
            self._agent_spoke = True
        elif isinstance(event, t.AgentThoughtEvent):
            self._thoughts[event.id] = event
        elif not isinstance(event, _OF_MESSAGES):
            self._run.feed(event)
        return super().feed(event)

    def _closing_message(self, event: t.MessageEvent) -> bool:
        """A new agent sends its whole answer once more at the end: it replaces the deltas and does not double them."""
        self.text.last = None
        shown = str(self.text)
        if event.answer.startswith(shown):
            self.text.add(event.answer[len(shown) :])
        else:
            self.text.replace(event.answer)
        self._ids(event)
        return True

    def _may_follow(self, event: Any) -> bool:
        # Servers up to 1.12 send a chatflow's workflow_finished first, later ones message_end: the other may follow.
        return super()._may_follow(event) or (self._run.started and not isinstance(event, t.MessageEvent))

    def _settle(self) -> None:
        run = self._run
        self.workflow_run_id = run.workflow_run_id
        if run.finished is not None:
            self.over = (self.ended is not None or run.finished.status == "failed") and not self.speech.awaited
            self.grace = LONG_GRACE if self.speech.awaited else SHORT_GRACE
        elif self.ended is not None:
            self.grace = LONG_GRACE if run.started or self.speech.awaited else SHORT_GRACE
        else:
            self.over = run.over  # a pause, unless the stream was asked to go on
            self.grace = None

    def snapshot(self) -> ChatResponse | None:
        if self.task_id is None:
            return None
        run = self._run.snapshot()
        members: dict[str, Any] = self._members() | {"conversation_id": self.conversation_id or ""}
        if self._thoughts:
            members["agent_thoughts"] = [_plain_thought(thought) for thought in self._thoughts.values()]
        if run is not None:
            members |= {"reconnects": self.reconnects, "workflow_run": run, "workflow_run_id": run.workflow_run_id}
            if not members["answer"] and not self._replaced and isinstance(run.outputs.get("answer"), str):
                members["answer"] = run.outputs["answer"]  # the replay of a finished run holds nothing but its outputs
        if self._run.pause is not None:
            members |= {"event": "workflow_paused", "data": self._chat_pause(self._run.pause, members)}
        return ChatResponse(**members)

    def _chat_pause(self, pause: RunPause, members: dict[str, Any]) -> ChatPause:
        shared = ("id", "message_id", "conversation_id", "workflow_run_id", "answer", "metadata", "created_at")
        return ChatPause(
            **{name: members[name] for name in shared},
            paused_nodes=pause.paused_nodes,
            reasons=pause.reasons,
            status=pause.status,
            elapsed_time=pause.elapsed_time,
            total_tokens=pause.total_tokens,
            total_steps=pause.total_steps,
        )


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
        self.task_id = _task_of(event, self.task_id)
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
            nodes=list(self._nodes.values()),
            reconnects=self.reconnects,
            audio=self.speech.audio,
        )

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


def _plain_thought(thought: AgentThought) -> AgentThought:
    """A thought without the envelope of the event that brought it."""
    return AgentThought.model_validate({name: getattr(thought, name) for name in AgentThought.model_fields})


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
