"""State of an emulator: its workspace and its apps, without the web framework."""

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
"""End user of requests without a `user`, on routes that do not require one."""

_RACE_WINDOW = 0.05
"""Seconds between the lookup of an unknown end user and its creation, with `end_user_race`."""


class Closable(Protocol):
    """A run that can be ended."""

    @property
    def over(self) -> bool:
        """True once it has ended."""
        ...

    def close(self) -> None:
        """End it. It can be called from any thread."""
        ...

    async def aclose(self) -> None:
        """End it, and wait for its cleanup."""
        ...


@dataclass
class Workspace:
    """Data that all apps of an emulator share.

    Attributes:
        server_version: Version in the header `X-Version`.
        delay: Seconds before each part of an answer except the first.
        ping_interval: Seconds without an event after which a stream sends a ping.
        apps: Apps by API key, the first app first.
        knowledge_keys: API keys of the knowledge bases.
        any_app_key: Accept every key that starts with `app-` as the first app's.
        any_knowledge_key: Accept every key that starts with `dataset-`.
        end_user_race: Create an end user for each concurrent first request of a user.
        tenant_id: Id of the workspace.
        requests: All requests, oldest first.
        failures: Exceptions of the user's functions.
        files: Uploads by id.
        knowledge: Knowledge bases and tags.
        faults: Faults that are waiting for requests.
        secret: Key of the signatures of file URLs.
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
    secret: bytes = field(default_factory=lambda: new_id().encode(), repr=False)

    @property
    def first(self) -> AppState:
        """The first app."""
        return next(iter(self.apps.values()))

    def app_of(self, key: str) -> AppState | None:
        """Return the app of an API key. None if the key is unknown."""
        return self.apps.get(key) or (self.first if self.any_app_key and key.startswith("app-") else None)

    def opens_knowledge(self, key: str) -> bool:
        """Return True if an API key gives access to the knowledge bases."""
        return key in self.knowledge_keys or (self.any_knowledge_key and key.startswith("dataset-"))


@dataclass
class AppState:
    """Settings and data of an app."""

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
    # By name, the end user of later requests; by id, also those that were lost to `end_user_race`.
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
    # Fields of the input form, as `GET /parameters` returns them. None for an app that accepts any inputs.
    input_form: list[Mapping[str, Any]] | None = None
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict[str, tuple[str, Any]])
    runs_in_progress: list[Closable] = field(default_factory=list["Closable"])

    def __post_init__(self) -> None:
        self.features = {**default_features(self.mode, auto_play=self.auto_play), **self.features}

    def track(self, run: Closable) -> None:
        """Remember a run, to end it with the emulator.

        Runs that have ended are forgotten.
        """
        self.runs_in_progress = [other for other in self.runs_in_progress if not other.over]
        self.runs_in_progress.append(run)

    @property
    def knowledge(self) -> Knowledge:
        """Knowledge bases and tags of the workspace."""
        return self.workspace.knowledge

    @property
    def files(self) -> dict[str, StoredFile]:
        """Uploads of all apps."""
        return self.workspace.files

    @property
    def failures(self) -> list[Exception]:
        """Exceptions of the user's functions."""
        return self.workspace.failures

    @property
    def tenant_id(self) -> str:
        """Id of the workspace."""
        return self.workspace.tenant_id

    async def identify(self, user: str) -> EndUser:
        """Return the end user of a request, who is created on the first one.

        With `end_user_race`, the first requests of a user that overlap create an end user each, and later requests
        find only the one that was created first.
        """
        end_user = self.end_users.get(user)
        if end_user is None:
            created = EndUser(user)
            if self.workspace.end_user_race:
                await asyncio.sleep(_RACE_WINDOW)
            # Requests may come from several threads: `setdefault` keeps the end user that was created first.
            end_user = self.end_users.setdefault(user, created)
            if self.workspace.end_user_race:
                end_user = created
            self.known_end_users[end_user.id] = end_user
        return end_user

    def variables_of(self, conversation: Conversation) -> list[StoredVariable]:
        """Return the variables of a conversation, which start with the values of the app."""
        for name, (variable_id, value) in self.variables.items():
            if variable_id not in conversation.variables:
                created = conversation.created_at
                variable = StoredVariable(variable_id, name, value, created_at=created, updated_at=created)
                conversation.variables[variable_id] = variable
        return list(conversation.variables.values())

    def conversation_of(self, owner: str, conversation_id: str) -> Conversation | None:
        """Return a conversation of an end user.

        None if the user has no such conversation.
        """
        conversation = self.conversations.get(conversation_id)
        return conversation if conversation is not None and conversation.owner == owner else None

    async def generate(self, request: EmulatorRequest, owner: str) -> tuple[str, Generation]:
        """Call the answer function, and return the id of the task and its generation."""
        generation = Generation(request, owner=owner, delay=self.workspace.delay, failures=self.failures)
        await generation.start(self.answer)
        task_id = new_id()
        self.tasks[task_id] = generation
        return task_id, generation

    def history(self, conversation: Conversation) -> tuple[EmulatorTurn, ...]:
        """Return the earlier questions and answers of a conversation."""
        return tuple(EmulatorTurn(message.query, message.answer) for message in conversation.messages)
