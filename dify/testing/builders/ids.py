"""The ids around the events of a stream and in replies: which an app of each kind sends, and what they are in tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from ..script.ids import new_id

__all__ = ["AppKind", "Ids"]

AppKind: TypeAlias = Literal["chat", "agent", "completion", "chatflow", "workflow"]
"""The kinds of app, by what their streams are made of."""

_TASK = "3f1c7a52-0000-4000-8000-000000000001"
_MESSAGE = "3f1c7a52-0000-4000-8000-000000000002"
_CONVERSATION = "3f1c7a52-0000-4000-8000-000000000003"
_RUN = "3f1c7a52-0000-4000-8000-000000000004"
_WORKFLOW = "3f1c7a52-0000-4000-8000-000000000005"
_END_USER = "3f1c7a52-0000-4000-8000-000000000006"
_TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of a message or run. Ids that an app of the kind does not send are None.

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
        """The ids that an app of this kind sends.

        Args:
            kind: The kind of app.
            fresh: Whether to make new ones, and to take the time from the clock.
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
        """The same with new ids, of the time that the clock says."""
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
        """The id of the run, for builders of run events; a default where these are ids of a plain chat."""
        return self.workflow_run_id or _RUN

    def around_message(self, *, task: bool = True) -> dict[str, Any]:
        """The envelope of message events; an `error` frame has the same without the task."""
        around: dict[str, Any] = {} if self.conversation_id is None else {"conversation_id": self.conversation_id}
        around |= {"message_id": self.message_id or _MESSAGE, "created_at": self.created_at}
        return around | {"task_id": self.task_id} if task else around

    def around_run(self) -> dict[str, Any]:
        """The envelope of run and node events: of a chatflow's, message ids are in it too."""
        run = {"workflow_run_id": self.run_id, "task_id": self.task_id}
        return run if self.conversation_id is None else {**self.around_message(), **run}

    def around_log(self) -> dict[str, Any]:
        """The envelope of `agent_log` and `tts_*` events, which chatflows send without the run."""
        return self.around_run() if self.conversation_id is None and self.message_id is None else self.around_message()
