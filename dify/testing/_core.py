"""What every route shares: the app's settings and everything it knows. Nothing here needs a web framework."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, TypeAlias

from ._answers import AnswerFunction, EmulatorFile, EmulatorRequest, EmulatorTurn, RecordedRequest, Transcribe
from ._frames import Frame
from ._generation import Generation
from ._ids import new_id, now
from ._knowledge.state import Knowledge
from ._records import AnnotationJob, EndUser, StoredAnnotation, StoredFeedback, StoredVariable

__all__ = ["Conversation", "Core", "Message", "Mode", "Run", "StoredFile", "new_id", "now"]

Mode: TypeAlias = Literal["chat", "advanced-chat", "agent-chat", "completion", "workflow"]
"""An app's mode, as on the wire: "advanced-chat" is a chatflow, "agent-chat" an agent."""

DEFAULT_USER = "DEFAULT-USER"
"""Whom Dify takes a caller for who names no user where none is required."""

_order = count()


@dataclass
class StoredFile:
    """An upload; `used` once a message or run has taken it, for only then it may be read."""

    name: str
    mime_type: str
    content: bytes
    user: str
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    used: bool = False

    @property
    def extension(self) -> str:
        """The name's extension, without the dot."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""


@dataclass
class Conversation:
    """A conversation of one user."""

    user: str
    name: str
    inputs: dict[str, Any]
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)
    # Times are whole seconds on the wire; these keep the order of what happens within one.
    created_order: int = field(default_factory=lambda: next(_order))
    updated_order: int = field(default_factory=lambda: next(_order))
    messages: list[Message] = field(default_factory=list["Message"])
    variables: dict[str, StoredVariable] = field(default_factory=dict[str, StoredVariable])

    def touch(self) -> None:
        """Something was said: it moves to the front."""
        self.updated_at = now()
        self.updated_order = next(_order)

    def wire(self) -> dict[str, Any]:
        """The form in which the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "inputs": self.inputs,
            "status": "normal",
            "introduction": "",
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


@dataclass
class Message:
    """A question and its answer; `conversation` is None for completion apps."""

    conversation: Conversation | None
    user: str
    query: str
    inputs: dict[str, Any]
    files: tuple[EmulatorFile, ...] = ()
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    answer: str = ""
    status: str = "normal"
    error: str | None = None
    thoughts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass
class Run:
    """A run of a chatflow or workflow."""

    user: str
    inputs: dict[str, Any]
    workflow_id: str
    id: str = field(default_factory=new_id)
    log_id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    started: float = field(default_factory=time.perf_counter)
    in_logs: bool = True
    status: str = "running"
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str | None = None
    elapsed_time: float = 0.0
    total_tokens: int = 0
    total_steps: int = 0
    exceptions_count: int = 0
    finished_at: int | None = None
    listeners: list[Callable[[Frame], None]] = field(default_factory=list["Callable[[Frame], None]"])

    def publish(self, frame: Frame) -> None:
        """Hand a frame to everyone who follows the run."""
        for listener in tuple(self.listeners):
            listener(frame)


@dataclass
class Core:
    """One Dify app and the workspace's knowledge: how they are set up, and what they have seen."""

    answer: AnswerFunction
    mode: Mode | None = None
    name: str = "Emulator"
    delay: float = 0.0
    server_version: str = "1.14.2"
    app_id: str = field(default_factory=new_id)
    workflow_id: str = field(default_factory=new_id)
    tenant_id: str = field(default_factory=new_id)
    requests: list[RecordedRequest] = field(default_factory=list[RecordedRequest])
    failures: list[Exception] = field(default_factory=list[Exception])
    conversations: dict[str, Conversation] = field(default_factory=dict[str, Conversation])
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    files: dict[str, StoredFile] = field(default_factory=dict[str, StoredFile])
    tasks: dict[str, Generation] = field(default_factory=dict[str, Generation])
    end_users: dict[str, EndUser] = field(default_factory=dict[str, EndUser])
    feedbacks: dict[str, StoredFeedback] = field(default_factory=dict[str, StoredFeedback])
    annotations: dict[str, StoredAnnotation] = field(default_factory=dict[str, StoredAnnotation])
    annotation_jobs: dict[str, AnnotationJob] = field(default_factory=dict[str, AnnotationJob])
    annotation_reply: dict[str, Any] = field(default_factory=lambda: {"enabled": False})
    transcribe: Transcribe | None = None
    suggested_questions: tuple[str, ...] = ()
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict[str, tuple[str, Any]])
    knowledge: Knowledge = field(default_factory=Knowledge)
    # What links to files are signed with.
    secret: bytes = field(default_factory=lambda: new_id().encode(), repr=False)

    def end_user(self, user: str) -> str:
        """The id of an end user, who is made on first sight."""
        return self.end_users.setdefault(user, EndUser(user)).id

    def variables_of(self, conversation: Conversation) -> list[StoredVariable]:
        """The variables of a conversation, which begins with the app's own values."""
        for name, (variable_id, value) in self.variables.items():
            conversation.variables.setdefault(variable_id, StoredVariable(variable_id, name, value))
        return list(conversation.variables.values())

    def conversation_of(self, user: str, conversation_id: str) -> Conversation | None:
        """A conversation, if it is this user's."""
        found = self.conversations.get(conversation_id)
        return found if found is not None and found.user == user else None

    async def generate(self, request: EmulatorRequest) -> tuple[str, Generation]:
        """Ask the answer function; gives the task's id, which stopping takes, and the answer in the making."""
        generation = Generation(request, delay=self.delay, failures=self.failures)
        await generation.start(self.answer)
        task_id = new_id()
        self.tasks[task_id] = generation
        return task_id, generation

    def history(self, conversation: Conversation) -> tuple[EmulatorTurn, ...]:
        """What was said in a conversation so far."""
        return tuple(EmulatorTurn(message.query, message.answer) for message in conversation.messages)
