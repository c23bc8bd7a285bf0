"""What every route shares: the app's settings and everything it knows. Nothing here needs a web framework."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..script.ids import new_id, now
from .answers import AnswerFunction, EmulatorRequest, EmulatorTurn, RecordedRequest, Transcribe
from .apps.features import Mode, default_features
from .apps.models import (
    AnnotationJob,
    Conversation,
    EndUser,
    Message,
    StoredAnnotation,
    StoredFeedback,
    StoredFile,
    StoredVariable,
)
from .faults import FaultQueue
from .knowledge.models import Knowledge
from .runs.generation import Generation
from .runs.models import Run

__all__ = ["AppState", "Mode", "Workspace", "new_id", "now"]


DEFAULT_USER = "DEFAULT-USER"
"""Whom Dify takes a caller for who names no user where none is required."""

_RACE_WINDOW = 0.05
"""Seconds between the look-up of an unknown end user and its creation, with `end_user_race`."""


class Closable(Protocol):
    """A run at work."""

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        ...

    def close(self) -> None:
        """End it now; from any thread."""
        ...

    async def aclose(self) -> None:
        """End it now, and wait for its clean-up."""
        ...


@dataclass
class Workspace:
    """What all apps of an emulator share: the keys, the knowledge, the uploads, and what was seen.

    Attributes:
        server_version: The version that the server says it has.
        delay: Seconds to wait before each part of an answer but the first.
        ping_interval: Seconds of silence after which a stream sends a ping.
        apps: The apps, each by its key; the first is there from the start.
        knowledge_keys: The keys of the knowledge side.
        any_app_key: Whether every key that begins as app keys do is taken for the first app's.
        any_knowledge_key: Whether every key that begins as knowledge keys do is let in.
        end_user_race: Whether concurrent first requests of a user create one end user each.
    """

    server_version: str = "1.14.2"
    delay: float = 0.0
    ping_interval: float = 10.0
    apps: dict[str, AppState] = field(default_factory=dict[str, "AppState"])
    knowledge_keys: list[str] = field(default_factory=list[str])
    any_app_key: bool = True
    any_knowledge_key: bool = True
    end_user_race: bool = False
    tenant_id: str = field(default_factory=new_id)
    requests: list[RecordedRequest] = field(default_factory=list[RecordedRequest])
    failures: list[Exception] = field(default_factory=list[Exception])
    files: dict[str, StoredFile] = field(default_factory=dict[str, StoredFile])
    knowledge: Knowledge = field(default_factory=Knowledge)
    faults: FaultQueue = field(default_factory=FaultQueue)
    # What links to files are signed with.
    secret: bytes = field(default_factory=lambda: new_id().encode(), repr=False)

    @property
    def first(self) -> AppState:
        """The app that is there from the start."""
        return next(iter(self.apps.values()))

    def app_of(self, key: str) -> AppState | None:
        """The app that a key opens."""
        return self.apps.get(key) or (self.first if self.any_app_key and key.startswith("app-") else None)

    def opens_knowledge(self, key: str) -> bool:
        """Whether a key opens the knowledge side."""
        return key in self.knowledge_keys or (self.any_knowledge_key and key.startswith("dataset-"))


@dataclass
class AppState:
    """One Dify app: how it is set up, and what it has seen."""

    workspace: Workspace
    answer: AnswerFunction
    mode: Mode | None = None
    name: str = "Emulator"
    app_id: str = field(default_factory=new_id)
    workflow_id: str = field(default_factory=new_id)
    conversations: dict[str, Conversation] = field(default_factory=dict[str, Conversation])
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    tasks: dict[str, Generation] = field(default_factory=dict[str, Generation])
    # By name, the one that requests find; by id, those that lost a race too.
    end_users: dict[str, EndUser] = field(default_factory=dict[str, EndUser])
    known_end_users: dict[str, EndUser] = field(default_factory=dict[str, EndUser])
    feedbacks: dict[str, StoredFeedback] = field(default_factory=dict[str, StoredFeedback])
    annotations: dict[str, StoredAnnotation] = field(default_factory=dict[str, StoredAnnotation])
    annotation_jobs: dict[str, AnnotationJob] = field(default_factory=dict[str, AnnotationJob])
    annotation_reply: dict[str, Any] = field(default_factory=lambda: {"enabled": False})
    transcribe: Transcribe | None = None
    suggested_questions: tuple[str, ...] = ()
    auto_play: bool = False
    features: dict[str, Any] = field(default_factory=dict[str, Any])
    # The fields of the input form, as `GET /parameters` shows them; None for an app that takes any inputs.
    input_form: list[Mapping[str, Any]] | None = None
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict[str, tuple[str, Any]])
    live: list[Closable] = field(default_factory=list["Closable"])

    def __post_init__(self) -> None:
        self.features = {**default_features(self.mode, auto_play=self.auto_play), **self.features}

    def keep(self, run: Closable) -> None:
        """Know a run at work, to end it with the emulator; those that are over are forgotten."""
        self.live = [each for each in self.live if not each.over]
        self.live.append(run)

    @property
    def knowledge(self) -> Knowledge:
        """The knowledge side."""
        return self.workspace.knowledge

    @property
    def files(self) -> dict[str, StoredFile]:
        """Every upload, of whichever app."""
        return self.workspace.files

    @property
    def failures(self) -> list[Exception]:
        """What the user's functions raised by mistake."""
        return self.workspace.failures

    @property
    def tenant_id(self) -> str:
        """The workspace's id."""
        return self.workspace.tenant_id

    async def identify(self, user: str) -> EndUser:
        """Return the end user of a request, who is created on the first one.

        With `end_user_race`, the first requests of a user that overlap create an end user each, and later requests
        find only the one that was created first.
        """
        found = self.end_users.get(user)
        if found is None:
            created = EndUser(user)
            if self.workspace.end_user_race:
                await asyncio.sleep(_RACE_WINDOW)
            # Requests may come from several threads: `setdefault` keeps the end user that was created first.
            found = self.end_users.setdefault(user, created)
            if self.workspace.end_user_race:
                found = created
            self.known_end_users[found.id] = found
        return found

    def variables_of(self, conversation: Conversation) -> list[StoredVariable]:
        """The variables of a conversation, which begins with the app's own values."""
        for name, (variable_id, value) in self.variables.items():
            if variable_id not in conversation.variables:
                begun = conversation.created_at
                variable = StoredVariable(variable_id, name, value, created_at=begun, updated_at=begun)
                conversation.variables[variable_id] = variable
        return list(conversation.variables.values())

    def conversation_of(self, owner: str, conversation_id: str) -> Conversation | None:
        """A conversation, if it is this end user's."""
        found = self.conversations.get(conversation_id)
        return found if found is not None and found.owner == owner else None

    async def generate(self, request: EmulatorRequest, owner: str) -> tuple[str, Generation]:
        """Ask the answer function; gives the task's id, which stopping takes, and the answer in the making."""
        generation = Generation(request, owner=owner, delay=self.workspace.delay, failures=self.failures)
        await generation.start(self.answer)
        task_id = new_id()
        self.tasks[task_id] = generation
        return task_id, generation

    def history(self, conversation: Conversation) -> tuple[EmulatorTurn, ...]:
        """What was said in a conversation so far."""
        return tuple(EmulatorTurn(message.query, message.answer) for message in conversation.messages)
