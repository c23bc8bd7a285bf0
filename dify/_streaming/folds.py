"""Folds: the events of a stream, put together to the reply.

Pure: no I/O, no clock.

A fold receives every event in order. It knows the reply so far, the text on the screen, and when the stream is over. There is
one for each kind of app: `ChatFold` (chat, agent, chatflow), `CompletionFold`, `WorkflowFold` and `DatasourceFold`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol, TypeVar

from ..types import events as t
from ..types.event_data import HumanInputRequest, RunPause, RunStart
from ..types.human_input import PauseReason
from ..types.replies import AgentThought, ChatPause, ChatResponse, CompletionResponse, ReplyFile, ReplyMetadata
from ..types.workflows import NodeExecution, WorkflowRun, WorkflowRunData
from .text import RECONNECTED, Speech, Text

__all__ = ["LONG_GRACE", "SHORT_GRACE", "ChatFold", "CompletionFold", "DatasourceFold", "Fold", "WorkflowFold"]

R_co = TypeVar("R_co", covariant=True)

SHORT_GRACE = 0.5
"""Seconds to wait for optional events after the last required one: a second `message_end`, speech, the end of the response."""
LONG_GRACE = 5.0
"""Seconds to wait for the second of the two last events of a chatflow, and for speech that is still being sent."""


class Fold(Protocol[R_co]):
    """The interface between a stream and the fold of its events.

    Attributes:
        grace: Seconds to wait for another event; None while more events must come.
        over: The stream is over, whatever the server still sends.
        reconnects: The number of reconnects; set from outside.
        text: The text on the screen.
        speech: The spoken answer.
        task_id: The task, None before it is known. The other ids likewise.
    """

    grace: float | None
    over: bool
    reconnects: int
    text: Text
    speech: Speech
    task_id: str | None
    message_id: str | None
    conversation_id: str | None
    workflow_run_id: str | None

    @property
    def complete(self) -> bool:
        """True once the reply is complete if the server ends the stream in good order."""
        ...

    @property
    def settled(self) -> bool:
        """True once nothing but speech can be missing, even if the connection breaks."""
        ...

    def feed(self, event: Any) -> bool:
        """Add an event; return False if it comes after the end and must not be delivered."""
        ...

    def text_of(self, event: Any) -> str | None:
        """Return the text that the last event added, or None.

        It is a `TextReplaced` if it replaced all text.
        """
        ...

    def snapshot(self) -> R_co | None:
        """Return the reply so far, or None before the first ids are known."""
        ...


def _reason_of(form: HumanInputRequest) -> PauseReason:
    """Return a form as the reason of the pause that follows."""
    names = PauseReason.model_fields.keys() & form.model_fields_set
    return PauseReason(type="human_input_required", **{name: getattr(form, name) for name in names})


def _task_of(event: Any, known: str | None) -> str | None:
    """Return the task id after an event.

    Replayed events carry the run's id as task id; the first live event corrects it.
    """
    task: str | None = getattr(event, "task_id", None)
    if known is None or (task is not None and known == getattr(event, "workflow_run_id", None)):
        return task
    return known


# --------------------------------------------------------------------------------------------------------------- workflows
class WorkflowFold:
    """The fold of a workflow run, also of the run inside a chatflow."""

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
        self._continue_on_pause = continue_on_pause
        self._start: RunStart | None = None
        self._forms: list[PauseReason] = []  # that wait for a person
        self._started_nodes: dict[str, NodeExecution] = {}
        self._finished_nodes: dict[str, NodeExecution] = {}

    @property
    def complete(self) -> bool:
        return self.finished is not None or (self.pause is not None and not self._continue_on_pause)

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
                self._finished_nodes[event.data.id] = event.data
            case t.NodeStartedEvent():
                self._started_nodes.setdefault(event.data.id, event.data)
            case t.WorkflowStartedEvent():
                self.started = True
                self.pause = None
                self._forms = []
                self._start = self._start or event.data
                self.workflow_run_id = self.workflow_run_id or event.data.id
            case t.WorkflowFinishedEvent():
                self.finished = event.data
                self.pause = None
            case t.HumanInputRequiredEvent():
                self._forms.append(_reason_of(event.data))
            case t.HumanInputFormFilledEvent() | t.HumanInputFormTimeoutEvent():
                self._forms = [form for form in self._forms if form.node_id != event.data.node_id]
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
            # Servers up to 1.12 may still send speech; later ones close the stream after `workflow_finished`.
            self.over = not self.speech.awaited
            self.grace = LONG_GRACE
        else:
            self.over = self.pause is not None and not self._continue_on_pause
            self.grace = None

    def text_of(self, event: Any) -> str | None:
        return self.text.last

    @property
    def waiting(self) -> RunPause | None:
        """The pause of the run. None if the run does not wait.

        A form that waits is a pause, also before the server announces it.
        """
        if self.pause is not None or self.finished is not None or not self._forms:
            return self.pause
        nodes = [form.node_id for form in self._forms if form.node_id is not None]
        return RunPause(
            workflow_run_id=self.workflow_run_id, paused_nodes=nodes, reasons=list(self._forms), status="paused"
        )

    def snapshot(self) -> WorkflowRun | None:
        if self.workflow_run_id is None:
            return None
        return WorkflowRun(
            task_id=self.task_id or "",
            workflow_run_id=self.workflow_run_id,
            data=self._data(self.workflow_run_id),
            nodes=self._nodes(),
            reconnects=self.reconnects,
            audio=self.speech.audio,
        )

    def _nodes(self) -> list[NodeExecution]:
        """Return the finished nodes in the order of their ends.

        Those whose end was lost to a cut precede later ones.

        In a run that succeeded, all nodes that started have finished; those outside of containers succeeded, unless the run
        counts exceptions.
        """
        nodes = list(self._finished_nodes.values())
        status = None if self.finished is None else self.finished.status
        if not self.reconnects or status not in ("succeeded", "partial-succeeded"):
            return nodes
        positions = {id: position for position, id in enumerate(self._started_nodes)}
        for id, node in self._started_nodes.items():
            if id not in self._finished_nodes:
                in_container = node.iteration_id is not None or node.loop_id is not None
                known = None if in_container or status != "succeeded" else status
                later = (at for at, other in enumerate(nodes) if positions.get(other.id, -1) > positions[id])
                nodes.insert(next(later, len(nodes)), node.model_copy(update={"status": known}))
        return nodes

    def _data(self, run_id: str) -> WorkflowRunData:
        if self.finished is not None:
            return self.finished
        start, pause = self._start, self.waiting
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


# ---------------------------------------------------------------------------------------------------------------- messages
_MESSAGE_EVENTS = (
    t.MessageEvent,
    t.MessageFileEvent,
    t.MessageReplaceEvent,
    t.MessageEndEvent,
    t.TTSMessageEvent,
    t.TTSMessageEndEvent,
)
"""The events that the run inside a chatflow ignores."""


class _MessageFold:
    """The part that chat and completion streams share: ids, text, files and the end."""

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
        self._end: t.MessageEndEvent | None = None
        self._created_at: datetime | None = None
        self._files: list[ReplyFile] = []
        self._moderated = False
        self._replacement: t.MessageReplaceEvent | None = None
        self._ids_known = False  # and the message has not ended: a delta of text changes nothing but the text

    @property
    def complete(self) -> bool:
        return self._end is not None

    @property
    def settled(self) -> bool:
        return self.complete

    def feed(self, event: Any) -> bool:
        if event.__class__ is t.MessageEvent and self._ids_known:
            self.text.add(
                event.answer
            )  # nearly all events of a stream; the rest of this method would double their cost
            return True
        self.text.last = None
        if self._end is not None and not self._may_follow(event):
            self.over = True
            return False
        match event:
            case t.MessageEvent() | t.AgentMessageEvent():
                self.text.add(event.answer)
            case t.MessageFileEvent():
                self._add_file(event)
            case t.MessageReplaceEvent():
                self._moderated = self._moderated or bool(event.reason)
                # The replacements of replays have the reason "".
                if event.reason not in ("", RECONNECTED):
                    self._replacement = event
                self.text.replace(event.answer)
            case t.MessageEndEvent():
                self._end = event
            case t.TTSMessageEvent() | t.TTSMessageEndEvent():
                self.speech.feed(event)
            case _:
                pass
        self._note_ids(event)
        self._settle()
        return True

    def _may_follow(self, event: Any) -> bool:
        """Return True for the events that may come after `message_end`.

        These are another `message_end`, a replacement before it, and speech.
        """
        return isinstance(
            event, (t.MessageEndEvent, t.MessageReplaceEvent, t.TTSMessageEvent, t.TTSMessageEndEvent, t.UnknownEvent)
        )

    def _settle(self) -> None:
        if self._end is not None:
            self.grace = LONG_GRACE if self.speech.awaited else SHORT_GRACE

    def _note_ids(self, event: Any) -> None:
        self.task_id = _task_of(event, self.task_id)
        if self.message_id is None:
            self.message_id = getattr(event, "message_id", None)
            self._created_at = getattr(event, "created_at", None)
        if self.conversation_id is None:
            self.conversation_id = getattr(event, "conversation_id", None)
        self._ids_known = self.message_id is not None and self._end is None  # every event has a task id

    def _add_file(self, event: t.MessageFileEvent) -> None:
        if event.answer is not None:
            self.text.add(
                event.answer
            )  # once a reply has a file, some servers send its text deltas as message_file, too
        elif event.id is not None:
            self._files.append(ReplyFile.model_validate(event.model_dump(include={"id", "type", "belongs_to", "url"})))

    def text_of(self, event: Any) -> str | None:
        return self.text.last

    def _fields(self) -> dict[str, Any]:
        """Return the fields that replies of both kinds have."""
        end = self._end
        return {
            "task_id": self.task_id or "",
            "id": self.message_id or "",
            "message_id": self.message_id or "",
            "answer": str(self.text),
            "metadata": end.metadata if end is not None else ReplyMetadata(),
            "created_at": self._created_at,
            "files": end.files if end is not None else None,
            "message_files": list(self._files) or None,
            "audio": self.speech.audio,
            "replaced": self._replacement is not None,
            "replace_reason": None if self._replacement is None else self._replacement.reason,
        }


class CompletionFold(_MessageFold):
    """The fold of a completion app's stream."""

    def snapshot(self) -> CompletionResponse | None:
        return CompletionResponse(**self._fields()) if self.message_id else None


class ChatFold(_MessageFold):
    """The fold of a chat app's, an agent's or a chatflow's stream.

    Only the events show which of them it is.
    """

    def __init__(self, *, collect_audio: bool = False, continue_on_pause: bool = False) -> None:
        super().__init__(collect_audio=collect_audio)
        self._thoughts: dict[str, AgentThought] = {}
        self._agent_answers = False
        self._run = WorkflowFold(continue_on_pause=continue_on_pause)

    @property
    def complete(self) -> bool:
        return self._end is not None or self._run.complete

    @property
    def settled(self) -> bool:
        return self._end is not None if self._run.workflow_run_id is None else self._run.complete

    def feed(self, event: Any) -> bool:
        if event.__class__ is t.MessageEvent and self._ids_known and not self._agent_answers:
            self.text.add(event.answer)
            return True
        if isinstance(event, t.MessageEvent) and self._agent_answers and self._end is None:
            return self._closing_message(event)
        match event:
            case t.AgentMessageEvent():
                self._agent_answers = True
            case t.AgentThoughtEvent():
                self._thoughts[event.id] = event
            case _ if not isinstance(event, _MESSAGE_EVENTS):
                self._run.feed(event)
            case _:
                pass
        return super().feed(event)

    def _closing_message(self, event: t.MessageEvent) -> bool:
        """Replace the deltas by the whole answer.

        A new-style agent sends it once more at the end.
        """
        self.text.last = None
        shown = str(self.text)
        if event.answer.startswith(shown):
            self.text.add(event.answer[len(shown) :])
        else:
            self.text.replace(event.answer)
        self._note_ids(event)
        return True

    def _may_follow(self, event: Any) -> bool:
        # Servers up to 1.12 send a chatflow's workflow_finished first, later ones message_end: the other may follow.
        return super()._may_follow(event) or (self._run.started and not isinstance(event, t.MessageEvent))

    def _settle(self) -> None:
        run = self._run
        self.workflow_run_id = run.workflow_run_id
        if run.finished is not None:
            self.over = (self._end is not None or run.finished.status == "failed") and not self.speech.awaited
            self.grace = LONG_GRACE if self.speech.awaited else SHORT_GRACE
        elif self._end is not None:
            self.grace = LONG_GRACE if run.started or self.speech.awaited else SHORT_GRACE
        else:
            self.over = run.over  # at a pause, unless the stream continues on pauses
            self.grace = None

    def snapshot(self) -> ChatResponse | None:
        if self.task_id is None:
            return None
        self._run.reconnects = self.reconnects
        run = self._run.snapshot()
        fields: dict[str, Any] = self._fields() | {"conversation_id": self.conversation_id or ""}
        if self._thoughts:
            fields["agent_thoughts"] = [_without_envelope(thought) for thought in self._thoughts.values()]
        if run is not None:
            fields |= {"reconnects": self.reconnects, "workflow_run": run, "workflow_run_id": run.workflow_run_id}
            if not fields["answer"] and not self._moderated and isinstance(run.outputs.get("answer"), str):
                fields["answer"] = run.outputs["answer"]  # the replay of a finished run has no other text
        pause = self._run.waiting
        if pause is not None:
            fields |= {"event": "workflow_paused", "data": self._chat_pause(pause, fields)}
        return ChatResponse(**fields)

    def _chat_pause(self, pause: RunPause, fields: dict[str, Any]) -> ChatPause:
        shared = ("id", "message_id", "conversation_id", "workflow_run_id", "answer", "metadata", "created_at")
        return ChatPause(
            **{name: fields[name] for name in shared},
            paused_nodes=pause.paused_nodes,
            reasons=pause.reasons,
            status=pause.status,
            elapsed_time=pause.elapsed_time,
            total_tokens=pause.total_tokens,
            total_steps=pause.total_steps,
        )


def _without_envelope(thought: AgentThought) -> AgentThought:
    """Return the thought without the ids of the event that carried it."""
    return AgentThought.model_validate({name: getattr(thought, name) for name in AgentThought.model_fields})


# -------------------------------------------------------------------------------------------------------------- datasources
class DatasourceFold:
    """The fold of a datasource node's stream: no ids and no last event.

    The server ends the stream.
    """

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
        self._results: list[t.DatasourceCompletedEvent | t.DatasourceErrorEvent] = []

    @property
    def complete(self) -> bool:
        return bool(self._results)

    def feed(self, event: Any) -> bool:
        if isinstance(event, (t.DatasourceCompletedEvent, t.DatasourceErrorEvent)):
            self._results.append(event)
        return True

    def text_of(self, event: Any) -> str | None:
        return None

    def snapshot(self) -> list[t.DatasourceCompletedEvent | t.DatasourceErrorEvent]:
        return list(self._results)
