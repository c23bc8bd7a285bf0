"""Ids and times: the ids around events, and the sources of new ids and times."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Literal, Protocol, TypeAlias
from uuid import NAMESPACE_URL, uuid4, uuid5

__all__ = [
    "AppKind",
    "Clock",
    "DerivedIds",
    "FixedClock",
    "IdSource",
    "Ids",
    "SystemClock",
    "derived_id",
    "exact_now",
    "new_id",
    "now",
]

IdSource: TypeAlias = Callable[[str], str]
"""A function that returns a new id for something, given its name, such as "node llm"."""


def new_id(name: str = "") -> str:
    """Return a new random UUID, whatever the name: the id source of an emulator."""
    del name
    return str(uuid4())


def derived_id(owner: str, name: str, number: int = 1) -> str:
    """Return the UUID of the n-th thing of a name in a run or message.

    Always the same for the same arguments.

    Example:
        >>> derived_id("run-1", "node llm") == derived_id("run-1", "node llm", 1) != derived_id("run-1", "node llm", 2)
        True
    """
    return str(uuid5(NAMESPACE_URL, f"{owner}/{name}/{number}"))


class DerivedIds:
    """An id source whose ids are the same in every test."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._counts = Counter[str]()

    def __call__(self, name: str) -> str:
        self._counts[name] += 1
        return derived_id(self._owner, name, self._counts[name])


def now() -> int:
    """Return the current time in whole seconds since the epoch, as the API has it."""
    return int(time.time())


def exact_now() -> float:
    """Return the current time in seconds since the epoch, with fractions."""
    return time.time()


class Clock(Protocol):
    """The times that a script writes into its events."""

    def now(self) -> int:
        """Return the time in whole seconds since the epoch."""
        ...

    def elapsed(self) -> float:
        """Return seconds that never go back, for durations."""
        ...


class SystemClock:
    """The clock of an emulator."""

    now = staticmethod(now)
    elapsed = staticmethod(perf_counter)


class FixedClock:
    """A clock that stands still.

    Every duration is a hundredth of a second per reading.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = int(seconds)
        self._readings = 0

    def now(self) -> int:
        return self._seconds

    def elapsed(self) -> float:
        self._readings += 1
        return self._readings / 100


# ----------------------------------------------------------------------------------------------------- ids around events
AppKind: TypeAlias = Literal["chat", "agent", "completion", "chatflow", "workflow"]
"""Kind of app, by the events of its streams."""

_TASK = "3f1c7a52-0000-4000-8000-000000000001"
_MESSAGE = "3f1c7a52-0000-4000-8000-000000000002"
_CONVERSATION = "3f1c7a52-0000-4000-8000-000000000003"
_RUN = "3f1c7a52-0000-4000-8000-000000000004"
_WORKFLOW = "3f1c7a52-0000-4000-8000-000000000005"
_END_USER = "3f1c7a52-0000-4000-8000-000000000006"
_TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of a message or run.

    Ids that an app of the kind does not send are None.

    By default they are the same in every test, so that built objects can be compared; `fresh` creates new ones.

    Example:
        >>> Ids.of("completion").conversation_id is None
        True
        >>> Ids.of("chat") == Ids.of("agent")
        True
    """

    task_id: str = _TASK
    """Id of the task, which the `stop` methods take."""
    message_id: str | None = _MESSAGE
    """UUID of the message. None for workflows."""
    conversation_id: str | None = _CONVERSATION
    """UUID of the conversation. None for workflows and completion apps."""
    workflow_run_id: str | None = None
    """UUID of the run. None for apps without a workflow."""
    workflow_id: str = _WORKFLOW
    """UUID of the version of the workflow."""
    end_user_id: str = _END_USER
    """UUID of the end user on the server."""
    user: str = "user-1"
    """End user, as calls name them."""
    created_at: datetime = _TIME
    """Time the message or run was created."""

    @classmethod
    def of(cls, kind: AppKind, *, fresh: bool = False) -> Ids:
        """Return the ids that an app of this kind sends.

        Args:
            kind: Kind of app.
            fresh: True for new ids and the current time.
        """
        ids = cls()
        if kind in ("chatflow", "workflow"):
            ids = replace(ids, workflow_run_id=_RUN)
        if kind in ("completion", "workflow"):
            ids = replace(ids, conversation_id=None)
        if kind == "workflow":
            ids = replace(ids, message_id=None)
        return ids.renewed() if fresh else ids

    def renewed(self) -> Ids:
        """Return a copy with new ids and the current time."""
        return Ids(
            task_id=new_id(),
            message_id=self.message_id and new_id(),
            conversation_id=self.conversation_id and new_id(),
            workflow_run_id=self.workflow_run_id and new_id(),
            workflow_id=new_id(),
            end_user_id=new_id(),
            user=self.user,
            created_at=datetime.now(UTC).replace(microsecond=0),
        )

    @property
    def run_id(self) -> str:
        """UUID of the run, or a default for the ids of an app without runs."""
        return self.workflow_run_id or _RUN

    def around_message(self, *, task: bool = True) -> dict[str, Any]:
        """Return the envelope of message events.

        `error` frames have the same without the task.
        """
        envelope: dict[str, Any] = {} if self.conversation_id is None else {"conversation_id": self.conversation_id}
        envelope |= {"message_id": self.message_id or _MESSAGE, "created_at": self.created_at}
        return envelope | {"task_id": self.task_id} if task else envelope

    def around_run(self) -> dict[str, Any]:
        """Return the envelope of run and node events.

        In a chatflow it has the message's ids.
        """
        run = {"workflow_run_id": self.run_id, "task_id": self.task_id}
        return run if self.conversation_id is None else {**self.around_message(), **run}

    def around_log(self) -> dict[str, Any]:
        """Return the envelope of `agent_log` and `tts_*` events.

        In a chatflow it has no run.
        """
        return self.around_run() if self.conversation_id is None and self.message_id is None else self.around_message()
