"""The state of a run: its nodes, its result, and the counts in its last event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .ids import Ids

__all__ = ["NodeState", "Place", "RunState"]


@dataclass(frozen=True, slots=True)
class Place:
    """The container and the round in which a node runs."""

    kind: Literal["iteration", "loop"]
    id: str
    index: int


@dataclass
class NodeState:
    """A node of a run.

    Attributes:
        id: Id of the node in the workflow.
        type: Type of the node.
        title: Title of the node.
        execution_id: UUID of this execution; a node in a container has one for each round.
        created_at: Time of the start, in seconds since the epoch.
        place: Container and round. None outside of containers.
        started: Reading of the clock at the start.
        status: "running", "paused", "succeeded", "failed" or "exception".
        elapsed: Duration in seconds. 0 until the end.
        finished_at: Time of the end. None until then.
    """

    id: str
    type: str
    title: str
    execution_id: str
    created_at: int
    place: Place | None = None
    started: float = 0.0
    status: str = "running"
    elapsed: float = 0.0
    finished_at: int | None = None

    def container_id(self, kind: Literal["iteration", "loop"]) -> str | None:
        """Return the id of the container of a kind around the node, or None."""
        return self.place.id if self.place is not None and self.place.kind == kind else None


@dataclass
class RunState:
    """A run of a chatflow or workflow.

    Attributes:
        ids: Ids of the run, and of a chatflow's message and conversation.
        inputs: Inputs of the app and variables of the server (`sys.*`).
        created_at: Time of the start, in seconds since the epoch.
        started: Reading of the clock at the start.
        status: "running", "paused", "succeeded", "partial-succeeded", "failed" or "stopped".
        outputs: Outputs. Empty until the end, and after a failure.
        error: Reason for a failure. None for success.
        elapsed_time: Duration in seconds. 0 until the end.
        total_tokens: Number of tokens used.
        total_steps: Number of nodes outside of containers, retries included.
        exceptions_count: Number of failed attempts.
        finished_at: Time of the end. None until then.
        nodes: Nodes in the order of their start, containers included.
        answer: Text streamed so far.
    """

    ids: Ids
    inputs: dict[str, Any]
    created_at: int
    started: float = 0.0
    status: str = "running"
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str | None = None
    elapsed_time: float = 0.0
    total_tokens: int = 0
    total_steps: int = 0
    exceptions_count: int = 0
    finished_at: int | None = None
    nodes: list[NodeState] = field(default_factory=list[NodeState])
    answer: str = ""

    @property
    def id(self) -> str:
        """UUID of the run."""
        return self.ids.run_id
