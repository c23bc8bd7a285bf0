"""The events of nodes, iterations and loops; reached as `dify.testing.events`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dify import NodeFinishedEvent, NodeStartedEvent
from dify.types import (
    AgentLog,
    AgentLogEvent,
    ContainerExecution,
    IterationCompletedEvent,
    IterationNextEvent,
    IterationStartedEvent,
    LoopCompletedEvent,
    LoopNextEvent,
    LoopStartedEvent,
    NodeExecution,
    NodeRetryEvent,
)

from ..script.blocks import Iteration, Loop, Node
from .costs import usage
from .ids import Ids

__all__ = [
    "agent_log",
    "container_completed",
    "container_next",
    "container_started",
    "node_finished",
    "node_retry",
    "node_started",
]

_WORKFLOW = Ids.of("workflow")
_ELAPSED = 0.01


def node_started(
    node: Node | str, *, iteration_id: str | None = None, loop_id: str | None = None, ids: Ids = _WORKFLOW
) -> NodeStartedEvent:
    """A node starts.

    Args:
        node: The node, or its title.
        iteration_id: The iteration that it is in.
        loop_id: The loop that it is in.
        ids: Whose run it is.

    Example:
        >>> node_started("LLM").data.node_id
        'llm'
    """
    agent = isinstance(node, Node) and node.type == "agent"
    data = NodeExecution(
        **_identity(node, ids),
        inputs=None,
        inputs_truncated=False,
        created_at=ids.created_at,
        extras={},
        iteration_id=iteration_id,
        loop_id=loop_id,
        agent_strategy={"name": "function_calling", "icon": None} if agent else None,
    )
    return NodeStartedEvent(**ids.around_run(), data=data)


def node_finished(
    node: Node | str, *, iteration_id: str | None = None, loop_id: str | None = None, ids: Ids = _WORKFLOW
) -> NodeFinishedEvent:
    """A node has ended, well or not.

    Args:
        node: The node, with its outputs or its error; or its title.
        iteration_id: The iteration that it is in.
        loop_id: The loop that it is in.
        ids: Whose run it is.

    Example:
        >>> from dify.testing import Node
        >>> node_finished(Node("HTTP", "http-request", error="no answer")).data.status
        'failed'
    """
    node = Node(node) if isinstance(node, str) else node
    status = "succeeded" if node.error is None else "exception" if node.handled else "failed"
    outputs = node.outputs if node.outputs is not None else {"text": "".join(node.deltas)} if node.text else {}
    whole = _executed(node, ids, iteration_id, loop_id)
    data = NodeExecution(**whole, outputs=dict(outputs), status=status, error=node.error)
    return NodeFinishedEvent(**ids.around_run(), data=data)


def node_retry(
    node: Node | str,
    error: str = "no answer",
    *,
    retry_index: int = 1,
    iteration_id: str | None = None,
    loop_id: str | None = None,
    ids: Ids = _WORKFLOW,
) -> NodeRetryEvent:
    """A node failed and is tried again.

    Args:
        node: The node, or its title.
        error: Why it failed.
        retry_index: The how-manieth retry it is, from 1.
        iteration_id: The iteration that it is in.
        loop_id: The loop that it is in.
        ids: Whose run it is.

    Example:
        >>> node_retry("HTTP", "no answer", retry_index=2).data.retry_index
        2
    """
    whole = _executed(Node(node) if isinstance(node, str) else node, ids, iteration_id, loop_id)
    data = NodeExecution(**whole, outputs={}, status="retry", error=error, retry_index=retry_index)
    return NodeRetryEvent(**ids.around_run(), data=data)


def _identity(node: Node | str, ids: Ids) -> dict[str, Any]:
    node = Node(node) if isinstance(node, str) else node
    return {
        "id": f"{ids.run_id}-{node.node_id}",
        "node_id": node.node_id,
        "node_type": node.type,
        "title": node.title,
        "index": 1,
        "predecessor_node_id": None,
    }


def _executed(node: Node, ids: Ids, iteration_id: str | None, loop_id: str | None) -> dict[str, Any]:
    metadata: dict[str, Any] | None = None
    if node.tokens:
        spent = usage(0, node.tokens).model_dump(mode="json")
        metadata = {name: spent[name] for name in ("total_tokens", "total_price", "currency")}
    for name, value in (("iteration_id", iteration_id), ("loop_id", loop_id)):
        if value is not None:
            metadata = {**(metadata or {}), name: value}
    if node.error is not None and node.handled:
        metadata = {**(metadata or {}), "error_strategy": "default-value"}
    return {
        **_identity(node, ids),
        "inputs": dict(node.inputs),
        "inputs_truncated": False,
        "process_data": dict(node.process_data),
        "process_data_truncated": False,
        "outputs_truncated": False,
        "elapsed_time": _ELAPSED,
        "execution_metadata": metadata,
        "created_at": ids.created_at,
        "finished_at": ids.created_at,
        "files": [],
        "iteration_id": iteration_id,
        "loop_id": loop_id,
    }


# ----------------------------------------------------------------------------------------------- iterations and loops
def container_started(box: Iteration | Loop, *, ids: Ids = _WORKFLOW) -> IterationStartedEvent | LoopStartedEvent:
    """An iteration or a loop starts.

    Example:
        >>> from dify.testing import Iteration, Node
        >>> container_started(Iteration("Each", [[Node("Greet")]])).event
        'iteration_started'
    """
    members: dict[str, Any] = {**_container(box, ids), "inputs": _inputs(box), "inputs_truncated": False}
    if isinstance(box, Loop):
        data = ContainerExecution(**members, metadata={"loop_length": _length(box)})
        return LoopStartedEvent(**ids.around_run(), data=data)
    data = ContainerExecution(**members, metadata={"iteration_length": _length(box)})
    return IterationStartedEvent(**ids.around_run(), data=data)


def container_next(box: Iteration | Loop, index: int, *, ids: Ids = _WORKFLOW) -> IterationNextEvent | LoopNextEvent:
    """An iteration or a loop comes to a round. The first round of an iteration is told (0), that of a loop is not.

    Example:
        >>> from dify.testing import Iteration
        >>> container_next(Iteration("Each", []), 0).data.index
        0
    """
    members: dict[str, Any] = {**_container(box, ids), "index": index}
    if isinstance(box, Loop):
        return LoopNextEvent(**ids.around_run(), data=ContainerExecution(**members, pre_loop_output={}))
    return IterationNextEvent(**ids.around_run(), data=ContainerExecution(**members))


def container_completed(
    box: Iteration | Loop, *, failed: bool = False, ids: Ids = _WORKFLOW
) -> IterationCompletedEvent | LoopCompletedEvent:
    """An iteration or a loop has ended. Its `error` stays null even when it failed, as on a server.

    Example:
        >>> from dify.testing import Iteration
        >>> container_completed(Iteration("Each", [], outputs={"output": [1]})).data.outputs
        {'output': [1]}
    """
    loop = isinstance(box, Loop)
    durations = {str(index): _ELAPSED for index in range(len(box.rounds))}
    price = {"total_tokens": 0, "total_price": "0.0", "currency": "USD"}
    data = ContainerExecution(
        **_container(box, ids),
        outputs={**box.outputs, "loop_round": len(box.rounds)} if loop else dict(box.outputs),
        outputs_truncated=False,
        inputs=_inputs(box),
        inputs_truncated=False,
        status="failed" if failed else "succeeded",
        error=None,
        elapsed_time=_ELAPSED,
        total_tokens=0,
        execution_metadata={**price, f"{'loop' if loop else 'iteration'}_duration_map": durations},
        finished_at=ids.created_at,
        steps=_length(box),
    )
    return (LoopCompletedEvent if loop else IterationCompletedEvent)(**ids.around_run(), data=data)


def _container(box: Iteration | Loop, ids: Ids) -> dict[str, Any]:
    kind = "loop" if isinstance(box, Loop) else "iteration"
    named = {"id": box.node_id, "node_id": box.node_id, "node_type": kind, "title": box.title}
    return {**named, "created_at": ids.created_at, "extras": {}}


def _length(box: Iteration | Loop) -> int:
    if isinstance(box, Loop):
        return len(box.rounds) if box.most is None else box.most
    return len(box.rounds) if box.items is None else len(box.items)


def _inputs(box: Iteration | Loop) -> dict[str, Any]:
    if isinstance(box, Loop):
        return {"loop_count": _length(box), **box.inputs}
    return {"iterator_selector": list(range(len(box.rounds)) if box.items is None else box.items)}


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
    """A step in the log of an agent node; the same `id` again updates the step.

    Example:
        >>> agent_log("ROUND 1", status="start").data.label
        'ROUND 1'
    """
    log = AgentLog(
        node_execution_id=node_id,
        id=id,
        label=label,
        parent_id=parent_id,
        error=error,
        status=status,
        data=dict(data or {}),
        metadata=dict(metadata or {}),
        node_id=node_id,
    )
    return AgentLogEvent(**ids.around_log(), data=log)
