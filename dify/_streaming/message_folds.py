"""The folds of chat and completion streams. Pure."""

from __future__ import annotations

from typing import Any

from ..types import events as t
from ..types.event_data import RunPause
from ..types.replies import AgentThought, ChatPause, ChatResponse, CompletionResponse, ReplyFile, ReplyMetadata
from .folds import LONG_GRACE, SHORT_GRACE, task_of
from .run_folds import WorkflowFold
from .text import Speech, Text

__all__ = ["ChatFold", "CompletionFold"]

_OF_MESSAGES = (
    t.MessageEvent,
    t.MessageFileEvent,
    t.MessageReplaceEvent,
    t.MessageEndEvent,
    t.TTSMessageEvent,
    t.TTSMessageEndEvent,
)


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
        self.task_id = task_of(event, self.task_id)
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
        self._run.reconnects = self.reconnects
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


def _plain_thought(thought: AgentThought) -> AgentThought:
    """A thought without the envelope of the event that brought it."""
    return AgentThought.model_validate({name: getattr(thought, name) for name in AgentThought.model_fields})
