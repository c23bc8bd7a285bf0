"""Payloads of the events of runs, in their field `data`."""

from typing import Any, Literal

from pydantic import Field

from ._base import Model, Text, Timestamp
from .files import Outputs
from .human_input import FormInput, PauseReason, UserAction
from .workflows import ExecutionMetadata

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
    """A piece of the streamed output of a workflow."""

    text: Text
    """Next piece of text; append it to the pieces before."""
    from_variable_selector: list[str] | None = None
    """Path of the variable that the text belongs to, such as `["llm", "text"]`."""


class ReasoningChunk(Model):
    """A piece of the reasoning of a model."""

    reasoning: Text
    """Next piece of the reasoning, "" in the last one; append it to the pieces of the same `node_id`."""
    node_id: str | None = None
    """Id of the LLM node in the workflow."""
    is_final: bool | None = None
    """True for the last piece of the node."""
    message_id: str | None = None
    """UUID of the message. None in workflow runs."""


class RunStart(Model):
    """The start of a run, or its continuation after a pause."""

    id: str
    """UUID of the run, the same as `workflow_run_id`."""
    workflow_id: str | None = None
    """UUID of the published version of the workflow."""
    inputs: dict[str, Any] | None = None
    """Inputs of the run, and system variables with keys such as "sys.user_id"."""
    created_at: Timestamp | None = None
    """Time the run started."""
    reason: Literal["initial", "resumption"] | str | None = None
    """Reason for the start: "initial", or "resumption" after a pause. None on servers up to 1.12."""
    sequence_number: int | None = None
    """Number of the run within the app. None except on 0.10 servers."""


class ContainerExecution(Model):
    """The execution of an iteration or loop, at its start, at a round, or at its end."""

    id: str
    """Id of the iteration or loop node, the same as `node_id`; every round and execution has the same."""
    node_id: str
    """Id of the iteration or loop node in the workflow."""
    node_type: str | None = None
    """Type of the node: "iteration" or "loop"."""
    title: str | None = None
    """Title of the node."""
    index: int | None = None
    """Number of the round that starts, from 0; loops send no event for round 0. None in other events."""
    created_at: Timestamp | None = None
    """Time the iteration or loop started."""
    extras: dict[str, Any] | None = None
    """Additional data; empty on recent servers."""
    metadata: dict[str, Any] | None = None
    """`{"iteration_length": n}` or `{"loop_length": n}` at the start. None in other events."""
    inputs: dict[str, Any] | None = None
    """Inputs of the node: the list of an iteration, or the variables and `loop_count` of a loop."""
    inputs_truncated: bool | None = None
    """True if `inputs` were shortened; always False for this API."""
    outputs: Outputs | None = None
    """Outputs of the node. None until it has finished."""
    outputs_truncated: bool | None = None
    """True if `outputs` were shortened; always False for this API."""
    pre_loop_output: Any = None
    """Output of the previous round of a loop. Recent servers send an empty value."""
    pre_iteration_output: Any = None
    """Output of the previous round of an iteration. Sent by 0.10 servers only."""
    status: Literal["running", "succeeded", "failed"] | str | None = None
    """State of the node. None before its end."""
    error: str | None = None
    """Reason for a failure. Servers leave it None even if `status` is "failed"."""
    elapsed_time: float | None = None
    """Duration in seconds. None until the node has finished."""
    total_tokens: int | None = None
    """Tokens used by all rounds. None until the node has finished."""
    execution_metadata: ExecutionMetadata | None = None
    """Totals, and the duration of each round. None until the node has finished."""
    finished_at: Timestamp | None = None
    """Time the node finished. None before."""
    steps: int | None = None
    """Number of items of an iteration, or the maximum number of rounds of a loop. None before the end."""
    parallel_id: str | None = None
    """Id of the parallel section. Sent by 0.10 servers only."""
    parallel_start_node_id: str | None = None
    """Id of the first node of the parallel branch. Sent by 0.10 servers only."""


class AgentLog(Model):
    """A step in the log of an agent node.

    Servers send it again with the same `id` as it progresses.
    """

    id: str
    """Id of the step."""
    label: str | None = None
    """Title of the step, such as "ROUND 1" or "CALL current_time"."""
    node_id: str | None = None
    """Id of the agent node in the workflow."""
    node_execution_id: str | None = None
    """Id of the node's execution. Servers of 1.14 send the node's id."""
    parent_id: str | None = None
    """Id of the step that contains this one. None at the top level."""
    error: str | None = None
    """Reason for a failure. None if there is none."""
    status: Literal["start", "success", "error"] | str | None = None
    """State of the step."""
    data: dict[str, Any] | None = None
    """Inputs and outputs of the step, as the agent strategy provides them."""
    metadata: dict[str, Any] | None = None
    """Times, tokens, price and provider of the step, as the agent strategy provides them."""


class RunPause(Model):
    """A pause of a run."""

    workflow_run_id: str | None = None
    """UUID of the run; pass it to `workflows.events` to continue reading."""
    paused_nodes: list[str] = Field(default_factory=list[str])
    """Ids of the nodes that wait."""
    outputs: Outputs | None = None
    """Outputs so far. Live events leave it empty; replays fill it."""
    reasons: list[PauseReason] = Field(default_factory=list[PauseReason])
    """Reasons for the pause, one for each form."""
    status: Literal["paused"] | str | None = None
    """State of the run."""
    created_at: Timestamp | None = None
    """Time the run started."""
    elapsed_time: float | None = None
    """Duration so far, in seconds."""
    total_tokens: int | None = None
    """Tokens used so far."""
    total_steps: int | None = None
    """Number of nodes executed so far."""


class HumanInputRequest(Model):
    """A form that waits for a person."""

    form_id: str
    """UUID of the form."""
    node_id: str | None = None
    """Id of the human-input node in the workflow."""
    node_title: str | None = None
    """Title of that node."""
    form_content: str | None = None
    """Text of the form, in Markdown. Placeholders of fields such as `{{#$output.note#}}` stay in it."""
    inputs: list[FormInput] = Field(default_factory=list[FormInput])
    """Fields of the form."""
    actions: list[UserAction] = Field(default_factory=list[UserAction])
    """Buttons of the form."""
    display_in_ui: bool | None = None
    """True if the form should appear in the web app."""
    form_token: str | None = None
    """Token for `human_input.get` and `human_input.submit`. None unless the form is delivered to web apps."""
    approval_channels: list[Any] | None = None
    """Channels through which the form was delivered. None on servers before 1.16."""
    resolved_default_values: dict[str, Any] | None = None
    """Default value of each field whose default is a variable, by `output_variable_name`."""
    expiration_time: Timestamp | None = None
    """Time after which the form can no longer be submitted."""


class FormFilled(Model):
    """The submission of a form."""

    node_id: str | None = None
    """Id of the human-input node in the workflow."""
    node_title: str | None = None
    """Title of that node."""
    rendered_content: str | None = None
    """Text of the form with the submitted values, in Markdown."""
    action_id: str | None = None
    """`UserAction.id` of the chosen button."""
    action_text: str | None = None
    """Label of the chosen button."""
    submitted_data: dict[str, Any] | None = None
    """Submitted values, by `FormInput.output_variable_name`; files are file objects."""


class FormTimeout(Model):
    """The expiry of a form that was not submitted in time."""

    node_id: str | None = None
    """Id of the human-input node in the workflow."""
    node_title: str | None = None
    """Title of that node."""
    expiration_time: Timestamp | None = None
    """Time at which the form expired."""


class ParallelBranch(Model):
    """A branch of a parallel section. Sent by 0.10 servers only."""

    parallel_id: str | None = None
    """Id of the parallel section."""
    parallel_branch_id: str | None = None
    """Id of the branch in its section."""
    parent_parallel_id: str | None = None
    """Id of the enclosing parallel section. None at the top level."""
    parent_parallel_start_node_id: str | None = None
    """Id of the first node of the enclosing branch. None at the top level."""
    iteration_id: str | None = None
    """Id of the iteration node around the branch. None outside of iterations."""
    status: str | None = None
    """State of the branch. None before its end."""
    error: str | None = None
    """Reason for a failure. None if there is none."""
    created_at: Timestamp | None = None
    """Time of the event."""
