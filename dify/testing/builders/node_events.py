"""Events of nodes, iterations and loops, as `dify.testing.events` has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dify import NodeFinishedEvent, NodeStartedEvent
from dify.types import (
    AgentLogEvent,
    IterationCompletedEvent,
    IterationNextEvent,
    IterationStartedEvent,
    LoopCompletedEvent,
    LoopNextEvent,
    LoopStartedEvent,
    NodeRetryEvent,
)

from ..script import events as script_events
from ..script.blocks import AgentStep, Iteration, Loop, Node
from ..script.ids import Ids, derived_id
from ..script.state import NodeState, Place

__all__ = [
    "agent_log",
    "container_completed",
    "container_next",
    "container_started",
    "node_finished",
    "node_retry",
    "node_started",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_WORKFLOW = Ids.of("workflow")
_ELAPSED = 0.01


def node_started(
    node: Node | str, *, iteration_id: str | None = None, loop_id: str | None = None, ids: Ids = _WORKFLOW
) -> NodeStartedEvent:
    """Build the event of a node that starts.

    Args:
        node: The node, or its title.
        iteration_id: Id of the iteration around the node.
        loop_id: Id of the loop around the node.
        ids: Ids of the run.

    Example:
        >>> node_started("LLM").data.node_id
        'llm'
    """
    return script_events.node_started(ids, _state(_node(node), iteration_id, loop_id, ids))


def node_finished(
    node: Node | str, *, iteration_id: str | None = None, loop_id: str | None = None, ids: Ids = _WORKFLOW
) -> NodeFinishedEvent:
    """Build the event of a node that succeeds or fails.

    Args:
        node: The node with its outputs or its error, or its title.
        iteration_id: Id of the iteration around the node.
        loop_id: Id of the loop around the node.
        ids: Ids of the run.

    Example:
        >>> from dify.testing import Node
        >>> node_finished(Node("HTTP", "http-request", error="no answer")).data.status
        'failed'
    """
    block = _node(node)
    return script_events.node_finished(
        ids, _state(block, iteration_id, loop_id, ids), **script_events.node_members(block)
    )


def node_retry(
    node: Node | str,
    error: str = "no answer",
    *,
    retry_index: int = 1,
    iteration_id: str | None = None,
    loop_id: str | None = None,
    ids: Ids = _WORKFLOW,
) -> NodeRetryEvent:
    """Build the event of a node that failed and is retried.

    Args:
        node: The node, or its title.
        error: Reason for the failure.
        retry_index: Number of the retry, from 1.
        iteration_id: Id of the iteration around the node.
        loop_id: Id of the loop around the node.
        ids: Ids of the run.

    Example:
        >>> node_retry("HTTP", "no answer", retry_index=2).data.retry_index
        2
    """
    block = _node(node)
    state = _state(block, iteration_id, loop_id, ids)
    return script_events.node_retry(ids, state, retry_index, error, block.inputs, ids.created_at)


def _node(node: Node | str) -> Node:
    return Node(node) if isinstance(node, str) else node


def _state(node: Node, iteration_id: str | None, loop_id: str | None, ids: Ids) -> NodeState:
    place = None
    if iteration_id is not None:
        place = Place("iteration", iteration_id, 0)
    elif loop_id is not None:
        place = Place("loop", loop_id, 0)
    return NodeState(
        node.node_id,
        node.type,
        node.title,
        derived_id(ids.run_id, f"node {node.node_id}"),
        int(ids.created_at.timestamp()),
        place,
        status="succeeded" if node.error is None else "exception" if node.handled else "failed",
        elapsed=_ELAPSED,
    )


# ----------------------------------------------------------------------------------------------- iterations and loops
def container_started(box: Iteration | Loop, *, ids: Ids = _WORKFLOW) -> IterationStartedEvent | LoopStartedEvent:
    """Build the event of an iteration or a loop that starts.

    Example:
        >>> from dify.testing import Iteration, Node
        >>> container_started(Iteration("Each", [[Node("Greet")]])).event
        'iteration_started'
    """
    return script_events.container_started(ids, box, ids.created_at)


def container_next(box: Iteration | Loop, index: int, *, ids: Ids = _WORKFLOW) -> IterationNextEvent | LoopNextEvent:
    """Build the event of a round that starts.

    Iterations have it from their first round (0) on, loops from the second.

    Example:
        >>> from dify.testing import Iteration
        >>> container_next(Iteration("Each", []), 0).data.index
        0
    """
    return script_events.container_next(ids, box, index, ids.created_at)


def container_completed(
    box: Iteration | Loop, *, failed: bool = False, ids: Ids = _WORKFLOW
) -> IterationCompletedEvent | LoopCompletedEvent:
    """Build the event of an iteration or a loop that ends.

    Its `error` is null even if it failed, as on a server.

    Example:
        >>> from dify.testing import Iteration
        >>> container_completed(Iteration("Each", [], outputs={"output": [1]})).data.outputs
        {'output': [1]}
    """
    durations = {str(index): _ELAPSED for index in range(len(box.rounds))}
    return script_events.container_completed(
        ids, box, ids.created_at, failed=failed, elapsed=_ELAPSED, durations=durations
    )


def agent_log(
    label: str,
    *,
    id: str = "log-1",
    node_id: str = "agent",
    status: Literal["start", "success", "error"] = "success",
    data: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    error: str | None = None,
    parent_id: str | None = None,
    ids: Ids = _WORKFLOW,
) -> AgentLogEvent:
    """Build the event of a step in the log of an agent node.

    An event with the same `id` updates the step.

    Example:
        >>> agent_log("ROUND 1", status="start").data.label
        'ROUND 1'
    """
    return script_events.agent_log(
        ids,
        AgentStep(label, data or {}, error),
        id=id,
        node_id=node_id,
        status=status,
        parent_id=parent_id,
        metadata=metadata,
    )
