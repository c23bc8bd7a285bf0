"""Events of runs: nodes, iterations, loops, pauses, forms and streamed output."""

from typing import Literal

from ._envelopes import Envelope
from .event_data import (
    AgentLog,
    ContainerExecution,
    FormFilled,
    FormTimeout,
    HumanInputRequest,
    ParallelBranch,
    ReasoningChunk,
    RunPause,
    RunStart,
    TextChunk,
)
from .workflows import NodeExecution, WorkflowRunData

__all__ = [
    "AgentLogEvent",
    "HumanInputFormFilledEvent",
    "HumanInputFormTimeoutEvent",
    "HumanInputRequiredEvent",
    "IterationCompletedEvent",
    "IterationNextEvent",
    "IterationStartedEvent",
    "LoopCompletedEvent",
    "LoopNextEvent",
    "LoopStartedEvent",
    "NodeFinishedEvent",
    "NodeRetryEvent",
    "NodeStartedEvent",
    "ParallelBranchFinishedEvent",
    "ParallelBranchStartedEvent",
    "ReasoningChunkEvent",
    "TextChunkEvent",
    "TextReplaceEvent",
    "WorkflowFinishedEvent",
    "WorkflowPausedEvent",
    "WorkflowStartedEvent",
]


class WorkflowStartedEvent(Envelope):
    """The start of a run, or its continuation after a pause."""

    event: Literal["workflow_started"] = "workflow_started"
    """Name of the event on the wire."""
    data: RunStart
    """Ids and inputs of the run."""


class NodeStartedEvent(Envelope):
    """The start of a node."""

    event: Literal["node_started"] = "node_started"
    """Name of the event on the wire."""
    data: NodeExecution
    """Execution of the node, without results."""


class NodeFinishedEvent(Envelope):
    """The end of a node, successful or not."""

    event: Literal["node_finished"] = "node_finished"
    """Name of the event on the wire."""
    data: NodeExecution
    """Execution of the node; its `status` is "succeeded", "failed", or "exception" for a failure that was handled."""


class NodeRetryEvent(Envelope):
    """A failed attempt of a node that will be retried."""

    event: Literal["node_retry"] = "node_retry"
    """Name of the event on the wire."""
    data: NodeExecution
    """Execution of the node; `retry_index` numbers the attempt."""


class IterationStartedEvent(Envelope):
    """The start of an iteration over a list."""

    event: Literal["iteration_started"] = "iteration_started"
    """Name of the event on the wire."""
    data: ContainerExecution
    """Iteration with its inputs."""


class IterationNextEvent(Envelope):
    """The start of a round of an iteration."""

    event: Literal["iteration_next"] = "iteration_next"
    """Name of the event on the wire."""
    data: ContainerExecution
    """Iteration; `index` is the number of the item, from 0."""


class IterationCompletedEvent(Envelope):
    """The end of an iteration."""

    event: Literal["iteration_completed"] = "iteration_completed"
    """Name of the event on the wire."""
    data: ContainerExecution
    """Iteration with its results."""


class LoopStartedEvent(Envelope):
    """The start of a loop."""

    event: Literal["loop_started"] = "loop_started"
    """Name of the event on the wire."""
    data: ContainerExecution
    """Loop with its inputs."""


class LoopNextEvent(Envelope):
    """The start of a further round of a loop."""

    event: Literal["loop_next"] = "loop_next"
    """Name of the event on the wire."""
    data: ContainerExecution
    """Loop; `index` is the number of the round, 1 for the second."""


class LoopCompletedEvent(Envelope):
    """The end of a loop."""

    event: Literal["loop_completed"] = "loop_completed"
    """Name of the event on the wire."""
    data: ContainerExecution
    """Loop with its results."""


class AgentLogEvent(Envelope):
    """A step of an agent node, or an update of one."""

    event: Literal["agent_log"] = "agent_log"
    """Name of the event on the wire."""
    data: AgentLog
    """Step in the log of the node."""


class WorkflowFinishedEvent(Envelope):
    """The end of a run.

    A failed run is reported in `data.status` and raises no exception.
    """

    event: Literal["workflow_finished"] = "workflow_finished"
    """Name of the event on the wire."""
    data: WorkflowRunData
    """State and result of the run."""


class WorkflowPausedEvent(Envelope):
    """A pause of a run.

    The stream ends here unless the call asked to continue after pauses.
    """

    event: Literal["workflow_paused"] = "workflow_paused"
    """Name of the event on the wire."""
    data: RunPause
    """Reasons for the pause, and the state of the run."""


class HumanInputRequiredEvent(Envelope):
    """A form that waits for a person; `workflow_paused` follows."""

    event: Literal["human_input_required"] = "human_input_required"
    """Name of the event on the wire."""
    data: HumanInputRequest
    """Form to show."""


class HumanInputFormFilledEvent(Envelope):
    """The submission of a form; the run continues."""

    event: Literal["human_input_form_filled"] = "human_input_form_filled"
    """Name of the event on the wire."""
    data: FormFilled
    """Submitted values."""


class HumanInputFormTimeoutEvent(Envelope):
    """The expiry of a form; the run continues along its timeout branch."""

    event: Literal["human_input_form_timeout"] = "human_input_form_timeout"
    """Name of the event on the wire."""
    data: FormTimeout
    """Expired form."""


class ParallelBranchStartedEvent(Envelope):
    """The start of a parallel branch. Sent by 0.10 servers only."""

    event: Literal["parallel_branch_started"] = "parallel_branch_started"
    """Name of the event on the wire."""
    data: ParallelBranch
    """Branch that starts."""


class ParallelBranchFinishedEvent(Envelope):
    """The end of a parallel branch. Sent by 0.10 servers only."""

    event: Literal["parallel_branch_finished"] = "parallel_branch_finished"
    """Name of the event on the wire."""
    data: ParallelBranch
    """Branch with its state."""


class TextChunkEvent(Envelope):
    """A piece of the streamed output of a workflow."""

    event: Literal["text_chunk"] = "text_chunk"
    """Name of the event on the wire."""
    data: TextChunk
    """Text, in `data.text`."""


class TextReplaceEvent(Envelope):
    """A new text in place of the streamed output.

    Servers define it, but none is known to send it.
    """

    event: Literal["text_replace"] = "text_replace"
    """Name of the event on the wire."""
    data: TextChunk
    """Text that replaces the output so far, in `data.text`."""


class ReasoningChunkEvent(Envelope):
    """A piece of the reasoning of a model, from servers of 1.15 and newer."""

    event: Literal["reasoning_chunk"] = "reasoning_chunk"
    """Name of the event on the wire."""
    data: ReasoningChunk
    """Text, in `data.reasoning`."""
