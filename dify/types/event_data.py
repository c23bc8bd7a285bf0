"""What the events of runs carry in `data`."""

from typing import Any, Literal

from pydantic import Field

from ._base import Model, Text, Timestamp
from .human_input import FormInput, PauseReason, UserAction

__all__ = [
    "AgentLog",
    "ContainerExecution",
    "FormFilled",
    "FormTimeout",
    "HumanInputRequest",
    "ParallelBranch",
    "ReasoningChunk",
    "RunPause",
    "RunStart",
    "TextChunk",
]


class TextChunk(Model):
    """A piece of a workflow's streamed output."""

    text: Text
    from_variable_selector: list[str] | None = None


class ReasoningChunk(Model):
    """A piece of what a reasoning model thinks; pieces of one `node_id` belong together until `is_final`."""

    reasoning: Text
    node_id: str | None = None
    is_final: bool | None = None
    message_id: str | None = None


class RunStart(Model):
    """A run as it starts, or goes on after a pause (`reason` "resumption")."""

    id: str
    workflow_id: str | None = None
    inputs: dict[str, Any] | None = None
    created_at: Timestamp | None = None
    reason: Literal["initial", "resumption"] | str | None = None
    sequence_number: int | None = None


class ContainerExecution(Model):
    """An iteration or loop at work. `id` equals `node_id`; `elapsed_time` is in seconds.

    `error` stays None even when the container failed; `status` tells.
    """

    id: str
    node_id: str
    node_type: str | None = None
    title: str | None = None
    index: int | None = None
    created_at: Timestamp | None = None
    extras: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    inputs: dict[str, Any] | None = None
    inputs_truncated: bool | None = None
    outputs: dict[str, Any] | None = None
    outputs_truncated: bool | None = None
    pre_loop_output: Any = None
    pre_iteration_output: Any = None
    status: Literal["running", "succeeded", "failed"] | str | None = None
    error: str | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    execution_metadata: dict[str, Any] | None = None
    finished_at: Timestamp | None = None
    steps: int | None = None
    parallel_id: str | None = None
    parallel_start_node_id: str | None = None


class AgentLog(Model):
    """A step in an agent node's log; sent again with the same `id` as it goes on."""

    id: str
    label: str | None = None
    node_id: str | None = None
    node_execution_id: str | None = None
    parent_id: str | None = None
    error: str | None = None
    status: Literal["start", "success", "error"] | str | None = None
    data: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class RunPause(Model):
    """A run that waits: for a person (see `reasons`) or for its schedule."""

    workflow_run_id: str | None = None
    paused_nodes: list[str] = Field(default_factory=list[str])
    outputs: dict[str, Any] | None = None
    reasons: list[PauseReason] = Field(default_factory=list[PauseReason])
    status: Literal["paused"] | str | None = None
    created_at: Timestamp | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    total_steps: int | None = None


class HumanInputRequest(Model):
    """A form that a person has to fill; `form_token` is what `human_input.submit` takes."""

    form_id: str
    node_id: str | None = None
    node_title: str | None = None
    form_content: str | None = None
    inputs: list[FormInput] = Field(default_factory=list[FormInput])
    actions: list[UserAction] = Field(default_factory=list[UserAction])
    display_in_ui: bool | None = None
    form_token: str | None = None
    approval_channels: list[Any] | None = None
    resolved_default_values: dict[str, Any] | None = None
    expiration_time: Timestamp | None = None


class FormFilled(Model):
    """What a person answered."""

    node_id: str | None = None
    node_title: str | None = None
    rendered_content: str | None = None
    action_id: str | None = None
    action_text: str | None = None
    submitted_data: dict[str, Any] | None = None


class FormTimeout(Model):
    """A form that nobody filled in time."""

    node_id: str | None = None
    node_title: str | None = None
    expiration_time: Timestamp | None = None


class ParallelBranch(Model):
    """A branch of the parallel runs of servers of the 0.10 line."""

    parallel_id: str | None = None
    parallel_branch_id: str | None = None
    parent_parallel_id: str | None = None
    parent_parallel_start_node_id: str | None = None
    iteration_id: str | None = None
    status: str | None = None
    error: str | None = None
    created_at: Timestamp | None = None
