"""Runs of workflows: their replies, details and logs."""

import json
from typing import Any, Literal, cast

from pydantic import Field, field_validator

from ._base import Answer, Model, Timestamp
from .files import FileObject
from .human_input import PauseReason

__all__ = [
    "EndUserRef",
    "NodeExecution",
    "RunCreator",
    "RunStatus",
    "WorkflowLog",
    "WorkflowLogRun",
    "WorkflowRun",
    "WorkflowRunData",
    "WorkflowRunDetail",
]

RunStatus = Literal["running", "succeeded", "failed", "stopped", "partial-succeeded", "paused", "scheduled"] | str
"""How far a run is; `partial-succeeded` means that nodes failed and the run went on."""


class RunCreator(Model):
    """Who started a run: an end user (`user` is the name given in the call) or an account."""

    id: str | None = None
    user: str | None = None
    name: str | None = None
    email: str | None = None


class NodeExecution(Model):
    """One run of one node. Which members are set depends on how far it is, and on the server's version.

    `elapsed_time` is in seconds. The `*_truncated` flags are always False for this API; replays leave them out and send
    `inputs`, `process_data` and `outputs` as None.
    """

    id: str
    node_id: str
    node_type: str | None = None
    title: str | None = None
    index: int | None = None
    predecessor_node_id: str | None = None
    inputs: dict[str, Any] | None = None
    inputs_truncated: bool | None = None
    process_data: dict[str, Any] | None = None
    process_data_truncated: bool | None = None
    outputs: dict[str, Any] | None = None
    outputs_truncated: bool | None = None
    status: Literal["running", "succeeded", "failed", "exception", "retry"] | str | None = None
    error: str | None = None
    elapsed_time: float | None = None
    execution_metadata: dict[str, Any] | None = None
    created_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    files: list[FileObject] | None = None
    iteration_id: str | None = None
    loop_id: str | None = None
    extras: dict[str, Any] | None = None
    agent_strategy: dict[str, Any] | None = None
    retry_index: int | None = None
    parallel_id: str | None = None
    parallel_start_node_id: str | None = None
    parent_parallel_id: str | None = None
    parent_parallel_start_node_id: str | None = None


class WorkflowRunData(Model):
    """A run's state and result. Times are UTC, `elapsed_time` is in seconds."""

    id: str
    workflow_id: str | None = None
    status: RunStatus
    outputs: dict[str, Any] | None = None
    error: str | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    total_steps: int | None = None
    created_by: RunCreator | None = None
    created_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    exceptions_count: int | None = None
    files: list[FileObject] | None = None
    paused_nodes: list[str] | None = None
    reasons: list[PauseReason] | None = None
    sequence_number: int | None = None


class WorkflowRun(Answer):
    """A workflow run: what the blocking mode answers, and what a stream folds to.

    `nodes` (the nodes that have run, in the order in which they ended) is filled only from streams; `reconnects`
    says how often a cut stream was picked up.
    """

    task_id: str
    workflow_run_id: str
    data: WorkflowRunData
    nodes: list[NodeExecution] | None = Field(default=None, repr=False)
    audio: bytes | None = Field(default=None, exclude=True, repr=False)
    reconnects: int = Field(default=0, exclude=True, repr=False)

    @property
    def status(self) -> RunStatus:
        """Short for `data.status`."""
        return self.data.status

    @property
    def outputs(self) -> dict[str, Any]:
        """The run's outputs; empty where there are none (yet)."""
        return self.data.outputs or {}

    @property
    def error(self) -> str | None:
        """Why the run failed, in Dify's words."""
        return self.data.error

    @property
    def paused(self) -> bool:
        """Whether the run waits for a person; then `forms` says for what."""
        return self.data.status == "paused"

    @property
    def forms(self) -> list[PauseReason]:
        """The forms that wait for a person, with the tokens that `human_input.submit` takes."""
        return [r for r in self.data.reasons or [] if r.type == "human_input_required"]


def _opened(value: Any) -> Any:
    """What JSON text holds (None where it is empty); what is no such text as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "null")
    except (ValueError, RecursionError):
        return value


class WorkflowRunDetail(Answer):
    """A run as stored, of a workflow or a chatflow. The server sends `inputs` as JSON text; `input_values` decodes it.

    Servers up to 1.12 send `outputs` as JSON text, too: it is an object here whatever the server.
    """

    id: str
    workflow_id: str | None = None
    status: RunStatus
    inputs: str | dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    error: str | None = None
    total_steps: int | None = None
    total_tokens: int | None = None
    created_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    elapsed_time: float | None = None

    @field_validator("outputs", mode="before")
    @classmethod
    def _decode(cls, value: Any) -> Any:
        inside = _opened(value)
        return cast("dict[str, Any] | None", inside) if inside is None or isinstance(inside, dict) else value

    @property
    def input_values(self) -> dict[str, Any]:
        """`inputs` as an object, decoded from JSON text where the server sent text; empty where it is neither."""
        value = _opened(self.inputs)
        return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


class WorkflowLogRun(Model):
    """The run that a log entry is about."""

    id: str
    version: str | None = None
    status: RunStatus | None = None
    triggered_from: str | None = None
    error: str | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    total_steps: int | None = None
    created_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    exceptions_count: int | None = None


class EndUserRef(Model):
    """The end user whose call a log entry records; `session_id` is the `user` of that call."""

    id: str
    type: str | None = None
    is_anonymous: bool | None = None
    session_id: str | None = None


class WorkflowLog(Model):
    """One entry of a workflow app's log."""

    id: str
    workflow_run: WorkflowLogRun | None = None
    details: Any = None
    created_from: str | None = None
    created_by_role: Literal["end_user", "account"] | str | None = None
    created_by_account: RunCreator | None = None
    created_by_end_user: EndUserRef | None = None
    created_at: Timestamp | None = None
