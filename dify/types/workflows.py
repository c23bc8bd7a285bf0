"""Runs of workflows: their replies, details and logs."""

import json
from decimal import Decimal
from typing import Any, Literal, cast

from pydantic import Field, field_validator

from ._base import Model, Money, ResponseModel, Timestamp
from .files import FileObject, Outputs
from .human_input import PauseReason
from .usage import Usage

__all__ = [
    "EndUserRef",
    "ExecutionMetadata",
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
"""State of a run; "partial-succeeded" means that nodes failed and the workflow handled their errors."""


class RunCreator(Model):
    """The end user or account that started a run."""

    id: str | None = None
    """UUID of the end user or account."""
    user: str | None = None
    """The `user` argument of the call. None for accounts."""
    name: str | None = None
    """Name of the account. None for end users."""
    email: str | None = None
    """Email address of the account. None for end users."""


class ExecutionMetadata(Model):
    """Costs of a node's execution, and its place in an iteration or loop.

    The fields that are set depend on the node.
    """

    total_tokens: int | None = None
    """Tokens used by the node. None if it uses no model."""
    total_price: Money | None = None
    """Price of the tokens, in `currency`."""
    currency: str | None = None
    """Currency of the price, such as "USD"."""
    iteration_id: str | None = None
    """Id of the iteration node around the node. None outside of iterations."""
    iteration_index: int | None = None
    """Number of the round of the iteration, from 0."""
    loop_id: str | None = None
    """Id of the loop node around the node. None outside of loops."""
    loop_index: int | None = None
    """Number of the round of the loop, from 0."""
    iteration_duration_map: dict[str, float] | None = None
    """Seconds of each round, by its number. None except for iterations."""
    loop_duration_map: dict[str, float] | None = None
    """Seconds of each round, by its number. None except for loops."""
    loop_variable_map: dict[str, Any] | None = None
    """Variables of the loop after each round, by its number. None except for loops."""
    completed_reason: str | None = None
    """Reason for the end of a loop, such as "loop_break". None except for loops."""
    error_strategy: str | None = None
    """Strategy that handled a failure, such as "default-value". None if the node did not fail."""
    tool_info: dict[str, Any] | None = None
    """Tool or agent strategy that the node used. None for other nodes."""
    agent_log: list[Any] | None = None
    """Log of an agent node. None for other nodes."""
    datasource_info: dict[str, Any] | None = None
    """Source of the document, in knowledge pipelines. None for other nodes."""


class NodeExecution(Model):
    """The execution of a node.

    The fields that are set depend on its progress and on the server's version.
    """

    id: str
    """UUID of the execution; the events of one execution have the same."""
    node_id: str
    """Id of the node in the workflow."""
    node_type: str | None = None
    """Type of the node, such as "llm", "code" or "http-request"."""
    title: str | None = None
    """Title of the node."""
    index: int | None = None
    """Step counter of the run at the start of the node. Servers of 1.14 send 1 for nearly every node."""
    predecessor_node_id: str | None = None
    """Id of the node before. None on servers of 1.14."""
    inputs: dict[str, Any] | None = None
    """Inputs of the node. None until it has finished, and in replays."""
    inputs_truncated: bool | None = None
    """True if `inputs` were shortened; always False for this API. None in replays."""
    process_data: dict[str, Any] | None = None
    """Internal data of the node, such as the prompt of an LLM node. None until it has finished."""
    process_data_truncated: bool | None = None
    """True if `process_data` was shortened; always False for this API. None in replays."""
    outputs: Outputs | None = None
    """Outputs of the node. None until it has finished, and in replays."""
    outputs_truncated: bool | None = None
    """True if `outputs` were shortened; always False for this API. None in replays."""
    status: Literal["running", "succeeded", "failed", "exception", "retry"] | str | None = None
    """State of the node; "exception" is a failure that the workflow handled. None at the start, and where its end was lost
    because the stream was cut."""
    error: str | None = None
    """Reason for a failure. None if there is none, and in replays."""
    elapsed_time: float | None = None
    """Duration in seconds. None until the node has finished."""
    execution_metadata: ExecutionMetadata | None = None
    """Tokens, price and place in a container. None for most nodes."""
    created_at: Timestamp | None = None
    """Time the node started."""
    finished_at: Timestamp | None = None
    """Time the node finished. None before."""
    files: list[FileObject] | None = None
    """Files in the outputs. None until the node has finished."""
    iteration_id: str | None = None
    """Id of the iteration node around this node. None outside of iterations."""
    loop_id: str | None = None
    """Id of the loop node around this node. None outside of loops."""
    extras: dict[str, Any] | None = None
    """Additional data at the start, such as the `icon` of a tool; `{}` for most nodes."""
    agent_strategy: dict[str, Any] | None = None
    """Name and icon of an agent node's strategy. None for other nodes."""
    retry_index: int | None = None
    """Number of the failed attempt, from 1. None except in `node_retry` events."""
    parallel_id: str | None = None
    """Id of the parallel section. Sent by 0.10 servers only."""
    parallel_start_node_id: str | None = None
    """Id of the first node of the parallel branch. Sent by 0.10 servers only."""
    parent_parallel_id: str | None = None
    """Id of the enclosing parallel section. Sent by 0.10 servers only."""
    parent_parallel_start_node_id: str | None = None
    """Id of the first node of the enclosing branch. Sent by 0.10 servers only."""


class WorkflowRunData(Model):
    """The state and result of a run."""

    id: str
    """UUID of the run, the same as `workflow_run_id`."""
    workflow_id: str | None = None
    """UUID of the published version of the workflow."""
    status: RunStatus
    """State of the run. A stream may report a stopped run as "failed"; `workflows.get` reports "stopped"."""
    outputs: Outputs | None = None
    """Outputs of the run by name; files are `FileObject`s. None or empty if it failed."""
    error: str | None = None
    """Reason for a failure. None or "" if there is none."""
    elapsed_time: float | None = None
    """Duration in seconds, as measured by the server."""
    total_tokens: int | None = None
    """Tokens used by all nodes."""
    total_steps: int | None = None
    """Number of executed nodes."""
    created_by: RunCreator | None = None
    """End user or account that started the run. None in blocking replies."""
    created_at: Timestamp | None = None
    """Time the run started."""
    finished_at: Timestamp | None = None
    """Time the run finished. None while it is paused."""
    exceptions_count: int | None = None
    """Number of failed nodes. None in blocking replies and on 0.10 servers."""
    files: list[FileObject] | None = None
    """Files in the outputs. None in blocking replies."""
    paused_nodes: list[str] | None = None
    """Ids of the nodes that wait. None unless the run is paused."""
    reasons: list[PauseReason] | None = None
    """Reasons for the pause. None unless the run is paused."""
    sequence_number: int | None = None
    """Number of the run within the app. None except on 0.10 servers."""


class WorkflowRun(ResponseModel):
    """A workflow run, from a blocking call or from a whole stream.

    After a reconnect `nodes` may be incomplete, because no route lists the nodes of a run that has ended. A node that finished
    during the cut has neither inputs nor outputs, and its `status` may be None; one that also started then may be missing.
    """

    task_id: str
    """Id of the task, which `workflows.stop` takes. Opaque."""
    workflow_run_id: str
    """UUID of the run, which `workflows.get` and `workflows.events` take."""
    data: WorkflowRunData
    """State and result of the run."""
    nodes: list[NodeExecution] | None = Field(default=None, repr=False)
    """Finished nodes, in the order in which they finished. None in blocking replies."""
    audio: bytes | None = Field(default=None, exclude=True, repr=False)
    """Spoken output as MP3. None unless audio was asked for and the app speaks its outputs."""
    reconnects: int = Field(default=0, exclude=True, repr=False)
    """Number of times that a broken stream was resumed."""

    @property
    def status(self) -> RunStatus:
        """Same as `data.status`."""
        return self.data.status

    @property
    def outputs(self) -> dict[str, Any]:
        """Outputs of the run; empty if there are none yet."""
        return self.data.outputs or {}

    @property
    def error(self) -> str | None:
        """Reason for a failure, as the server words it. None if there is none."""
        return self.data.error

    @property
    def usage(self) -> Usage | None:
        """Total tokens and price of the nodes that have finished.

        None if no model was used. The price is None for blocking replies, which have no nodes.
        """
        # The costs of iterations and loops are those of the nodes inside.
        nodes = [node for node in self.nodes or [] if node.node_type not in ("iteration", "loop")]
        costs = [node.execution_metadata for node in nodes if node.execution_metadata is not None]
        prices = [cost.total_price for cost in costs if cost.total_price is not None]
        tokens = self.data.total_tokens or sum(cost.total_tokens or 0 for cost in costs)
        if not tokens and not prices:
            return None
        currency = next((cost.currency for cost in costs if cost.currency), None)
        return Usage(total_tokens=tokens, total_price=sum(prices, Decimal()) if prices else None, currency=currency)

    @property
    def paused(self) -> bool:
        """True if the run waits for a person; `forms` has the forms."""
        return self.data.status == "paused"

    @property
    def forms(self) -> list[PauseReason]:
        """Forms that wait for a person, with the tokens for `human_input.submit`."""
        return [r for r in self.data.reasons or [] if r.type == "human_input_required"]


def _opened(value: Any) -> Any:
    """Decode JSON text, None for empty text; return any other value unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "null")
    except (ValueError, RecursionError):
        return value


class WorkflowRunDetail(ResponseModel):
    """A run of a workflow or chatflow, as stored."""

    id: str
    """UUID of the run."""
    workflow_id: str | None = None
    """UUID of the published version of the workflow."""
    status: RunStatus
    """State of the run."""
    inputs: str | dict[str, Any] | None = None
    """Inputs of the run, as JSON text on current servers; `input_values` decodes it."""
    outputs: Outputs | None = None
    """Outputs of the run by name; empty while it is running or paused."""
    error: str | None = None
    """Reason for a failure. None or "" if there is none."""
    total_steps: int | None = None
    """Number of executed nodes."""
    total_tokens: int | None = None
    """Tokens used by all nodes."""
    created_at: Timestamp | None = None
    """Time the run started."""
    finished_at: Timestamp | None = None
    """Time the run finished. None before."""
    elapsed_time: float | None = None
    """Duration in seconds. None or 0 while the run is active."""

    @property
    def paused(self) -> bool:
        """True if the run waits for a person; `workflows.events` has the forms."""
        return self.status == "paused"

    @field_validator("outputs", mode="before")
    @classmethod
    def _decode(cls, value: Any) -> Any:
        inside = _opened(value)
        return cast("dict[str, Any] | None", inside) if inside is None or isinstance(inside, dict) else value

    @property
    def input_values(self) -> dict[str, Any]:
        """Inputs as an object, decoded if the server sent JSON text.

        Empty if there are none.
        """
        value = _opened(self.inputs)
        return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


class WorkflowLogRun(Model):
    """The run of a log entry."""

    id: str
    """UUID of the run, which `workflows.get` takes."""
    version: str | None = None
    """Version of the workflow: the time it was published, as text."""
    status: RunStatus | None = None
    """State of the run."""
    triggered_from: str | None = None
    """Trigger of the run, such as "app-run", "debugging", "webhook" or "schedule"."""
    error: str | None = None
    """Reason for a failure. None if there is none."""
    elapsed_time: float | None = None
    """Duration in seconds."""
    total_tokens: int | None = None
    """Tokens used by all nodes."""
    total_steps: int | None = None
    """Number of executed nodes."""
    created_at: Timestamp | None = None
    """Time the run started."""
    finished_at: Timestamp | None = None
    """Time the run finished. None before."""
    exceptions_count: int | None = None
    """Number of failed nodes. None on 0.10 servers."""


class EndUserRef(Model):
    """The end user of a log entry."""

    id: str
    """UUID of the end user, which `end_users.get` takes."""
    type: str | None = None
    """Channel of the end user, such as "service-api" or "browser"."""
    is_anonymous: bool | None = None
    """True if the call had no `user`."""
    session_id: str | None = None
    """The `user` argument of the call."""


class WorkflowLog(Model):
    """An entry in the log of a workflow app."""

    id: str
    """UUID of the entry."""
    workflow_run: WorkflowLogRun | None = None
    """Run that the entry records."""
    details: Any = None
    """Details of the trigger. None for runs of this API."""
    created_from: str | None = None
    """Origin of the run, such as "service-api" or "web-app"."""
    created_by_role: Literal["end_user", "account"] | str | None = None
    """Kind of starter: an end user or an account."""
    created_by_account: RunCreator | None = None
    """Account that started the run. None for end users."""
    created_by_end_user: EndUserRef | None = None
    """End user who started the run. None for accounts."""
    created_at: Timestamp | None = None
    """Time of the entry."""
