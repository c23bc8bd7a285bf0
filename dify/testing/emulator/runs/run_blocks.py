"""The events of a run's blocks as it works: nodes with all that happens in them, containers, branches side by side."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dify.types.event_data import ContainerExecution
from dify.types.events import (
    IterationCompletedEvent,
    IterationNextEvent,
    IterationStartedEvent,
    LoopCompletedEvent,
    LoopNextEvent,
    LoopStartedEvent,
)

from ...script.blocks import AgentStep, Block, Iteration, Loop, Node, Parallel
from ...script.frames import Frame, at, tokens, usage
from ...script.ids import new_id, now
from .models import Inside, StoredNode
from .nodes import MODEL, Nodes
from .pauses import NodeFailed

__all__ = ["block_frames"]


def block_frames(nodes: Nodes, block: Block, inside: Inside | None = None) -> Iterator[Frame]:
    """The events of a block.

    Raises:
        NodeFailed: A node in it failed, and nothing handles that; raised when the last event is out.
    """
    match block:
        case Node():
            yield from _node(nodes, block, inside)
        case Iteration():
            yield from _iteration(nodes, block, inside)
        case Loop():
            yield from _loop(nodes, block, inside)
        case Parallel():
            yield from _in_turns([_all(nodes, branch, inside) for branch in block.branches])


def _all(nodes: Nodes, blocks: Sequence[Block], inside: Inside | None) -> Iterator[Frame]:
    for block in blocks:
        yield from block_frames(nodes, block, inside)


def _in_turns(branches: Sequence[Iterator[Frame]]) -> Iterator[Frame]:
    """One event of each in turn. When one fails, the others have said what they have said."""
    waiting = deque(branches)
    while waiting:
        branch = waiting.popleft()
        frame = next(branch, None)
        if frame is not None:
            yield frame
            waiting.append(branch)


def _node(nodes: Nodes, given: Node, inside: Inside | None) -> Iterator[Frame]:
    node, run = nodes.begin(given.node_id, given.type, given.title, inside=inside), nodes.run
    strategy = {"name": "function_calling", "icon": None} if given.type == "agent" else None
    yield nodes.started(node, strategy=strategy)
    for number, error in enumerate(given.retries, 1):
        yield nodes.retried(node, number, error, inputs=given.inputs)
    yield from _logs(nodes, given.steps, node, None)
    for delta in given.deltas:
        yield nodes.delta(delta, [node.id, "text"])
    text, model = "".join(given.deltas), given.type == "llm"
    spent = usage(0, given.tokens or (tokens(text) if model else 0), latency=0.0).model_dump(mode="json")
    run.total_tokens += spent["total_tokens"]
    run.exceptions_count += given.error is not None
    shown = ("total_tokens", "total_price", "currency") if spent["total_tokens"] else ()
    metadata = {name: spent[name] for name in shown}
    handled = given.handled and given.error is not None
    status = "succeeded" if given.error is None else "exception" if handled else "failed"
    yield nodes.finished(
        node,
        status=status,
        inputs={**MODEL, **given.inputs} if model else given.inputs,
        outputs=given.outputs if given.outputs is not None else {"text": text} if text else {},
        process_data=given.process_data,
        execution_metadata={**metadata, **({"error_strategy": "default-value"} if handled else {})} or None,
        error=given.error,
    )
    if status == "failed":
        raise NodeFailed(given.error)


def _logs(nodes: Nodes, steps: Sequence[AgentStep], node: StoredNode, parent: str | None) -> Iterator[Frame]:
    for step in steps:
        id = new_id()
        yield nodes.log(step, node, id, parent, "start")
        yield from _logs(nodes, step.steps, node, id)
        yield nodes.log(step, node, id, parent, "success" if step.error is None else "error")


# ------------------------------------------------------------------------------------------------------- containers
def _iteration(nodes: Nodes, given: Iteration, inside: Inside | None) -> Iterator[Frame]:
    items = list(given.items) if given.items is not None else list(range(len(given.rounds)))
    box = _Container(nodes, given, "iteration", {"iterator_selector": items}, inside)
    yield IterationStartedEvent(**nodes.run_ids, data=box.started({"iteration_length": len(items)}))
    rounds = range(len(given.rounds))
    announced = [IterationNextEvent(**nodes.run_ids, data=box.next(index)) for index in rounds]
    if given.parallel:
        yield from announced
    for index in rounds:
        if not given.parallel:
            yield announced[index]
        yield from box.round(index, given.rounds[index])
        if box.failed is not None:
            break
    yield IterationCompletedEvent(**nodes.run_ids, data=box.completed(given.outputs, len(items)))
    if box.failed is not None:
        raise box.failed


def _loop(nodes: Nodes, given: Loop, inside: Inside | None) -> Iterator[Frame]:
    most = len(given.rounds) if given.most is None else given.most
    box = _Container(nodes, given, "loop", {"loop_count": most, **given.inputs}, inside)
    yield LoopStartedEvent(**nodes.run_ids, data=box.started({"loop_length": most}))
    for index, blocks in enumerate(given.rounds):
        if index:  # the first round is not announced
            yield LoopNextEvent(**nodes.run_ids, data=box.next(index, pre_loop_output={}))
        yield from box.round(index, blocks)
        if box.failed is not None:
            break
    outputs = {**given.outputs, "loop_round": len(given.rounds)}
    yield LoopCompletedEvent(**nodes.run_ids, data=box.completed(outputs, most))
    if box.failed is not None:
        raise box.failed


class _Container:
    """An iteration or a loop at work. On the wire its id is that of the node, in every round.

    Attributes:
        failed: What failed in it.
    """

    def __init__(
        self, nodes: Nodes, given: Iteration | Loop, kind: str, inputs: dict[str, Any], inside: Inside | None
    ) -> None:
        self.failed: NodeFailed | None = None
        self._nodes = nodes
        self._kind: Any = kind
        names = {"id": given.node_id, "node_id": given.node_id, "node_type": kind, "title": given.title}
        self._named: dict[str, Any] = names
        self._inputs = inputs
        self._begun = time.perf_counter()
        self._durations: dict[str, float] = {}
        self._tokens = nodes.run.total_tokens
        # Stored like any node, which only a snapshot of the run's state shows.
        self._stored = nodes.begin(given.node_id, kind, given.title, inside=inside)

    def round(self, index: int, blocks: Sequence[Block]) -> Iterator[Frame]:
        """The events of one round; what fails in it is kept."""
        begun = time.perf_counter()
        try:
            yield from _all(self._nodes, blocks, Inside(self._kind, self._named["id"], index))
        except NodeFailed as error:
            self.failed = error
        else:
            self._durations[str(index)] = round(time.perf_counter() - begun, 6)

    def started(self, metadata: dict[str, Any]) -> ContainerExecution:
        """As it starts."""
        return ContainerExecution(
            **self._named,
            created_at=at(now()),
            extras={},
            metadata=metadata,
            inputs=self._inputs,
            inputs_truncated=False,
        )

    def next(self, index: int, **members: Any) -> ContainerExecution:
        """As a round begins."""
        return ContainerExecution(**self._named, index=index, created_at=at(now()), extras={}, **members)

    def completed(self, outputs: Mapping[str, Any], steps: int) -> ContainerExecution:
        """As it ends. Its `error` stays null even when it failed."""
        self._stored.end("succeeded" if self.failed is None else "failed")
        spent = self._nodes.run.total_tokens - self._tokens
        metadata = {"total_tokens": spent, "total_price": "0.0", "currency": "USD"}
        return ContainerExecution(
            **self._named,
            outputs=dict(outputs),
            outputs_truncated=False,
            created_at=at(now()),
            extras={},
            inputs=self._inputs,
            inputs_truncated=False,
            status="succeeded" if self.failed is None else "failed",
            error=None,
            elapsed_time=round(time.perf_counter() - self._begun, 6),
            total_tokens=spent,
            execution_metadata={**metadata, f"{self._kind}_duration_map": self._durations},
            finished_at=at(now()),
            steps=steps,
        )
