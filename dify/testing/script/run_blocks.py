"""The events of a run's blocks.

These are nodes with retries, logs and text, containers, and parallel branches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import events
from .blocks import AgentStep, Block, Iteration, Loop, Node
from .frames import Frame, at
from .ids import Clock, IdSource
from .state import NodeState, Place, RunState

__all__ = ["BlockEvents", "NodeFailed"]


class NodeFailed(Exception):
    """A node failed, and the run with it.

    Raised after the last event of the node and its containers.
    """


class BlockEvents:
    """Makes the events of blocks, and keeps the state of the run."""

    def __init__(self, run: RunState, clock: Clock, new_id: IdSource) -> None:
        self.run = run
        self._clock = clock
        self._new_id = new_id

    def begin(self, id: str, type: str, title: str, place: Place | None = None) -> NodeState:
        """Add a node to the run. Nodes in containers are not counted as steps of the run."""
        clock = self._clock
        node = NodeState(id, type, title, self._new_id(f"node {id}"), clock.now(), place, clock.elapsed())
        self.run.nodes.append(node)
        self.run.total_steps += place is None
        return node

    def started(self, node: NodeState, *, extras: Mapping[str, Any] | None = None) -> Frame:
        """Return the event of a node that starts."""
        return events.node_started(self.run.ids, node, extras=extras)

    def end(self, node: NodeState, status: str) -> None:
        """Set the status of a node that ends."""
        node.status, node.finished_at = status, self._clock.now()
        node.elapsed = round(self._clock.elapsed() - node.started, 6)

    def finished(self, node: NodeState, *, status: str = "succeeded", **members: Any) -> Frame:
        """End a node, and return its event; members as of `events.node_finished`."""
        self.end(node, status)
        return events.node_finished(self.run.ids, node, **members)

    def delta(self, text: str, selector: Sequence[str]) -> Frame:
        """Return the event of a delta: of a chatflow's message, or of a workflow's text."""
        run = self.run
        run.answer += text
        if run.ids.message_id is None:
            return events.text_chunk(run.ids, text, selector)
        return events.message(run.ids, text, selector)

    def of(self, block: Block, place: Place | None = None) -> Iterator[Frame]:
        """Yield the events of a block.

        Raises:
            NodeFailed: A node in the block failed, and the failure is not handled.
        """
        match block:
            case Node():
                yield from self._node(block, place)
            case Iteration() | Loop():
                yield from self._container(block, place)
            case _:
                yield from _alternating([self._sequence(branch, place) for branch in block.branches])

    def _sequence(self, blocks: Sequence[Block], place: Place | None) -> Iterator[Frame]:
        for block in blocks:
            yield from self.of(block, place)

    def _node(self, block: Node, place: Place | None) -> Iterator[Frame]:
        run, node = self.run, self.begin(block.node_id, block.type, block.title, place)
        yield self.started(node)
        for index, error in enumerate(block.retries, 1):
            run.total_steps += place is None
            run.exceptions_count += 1
            yield events.node_retry(run.ids, node, index, error, block.inputs, at(self._clock.now()))
        yield from self._logs(block.steps, node, None)
        for delta in block.deltas:
            yield self.delta(delta, [node.id, "text"])
        members = events.node_members(block)
        metadata: dict[str, Any] = members["execution_metadata"] or {}
        run.total_tokens += metadata.get("total_tokens", 0)
        run.exceptions_count += block.error is not None
        status = "succeeded" if block.error is None else "exception" if block.handled else "failed"
        yield self.finished(node, status=status, **members)
        if status == "failed":
            raise NodeFailed(block.error)

    def _logs(self, steps: Sequence[AgentStep], node: NodeState, parent_id: str | None) -> Iterator[Frame]:
        for step in steps:
            id = self._new_id(f"log {node.id}")
            yield events.agent_log(self.run.ids, step, id=id, node_id=node.id, status="start", parent_id=parent_id)
            yield from self._logs(step.steps, node, id)
            status = "success" if step.error is None else "error"
            yield events.agent_log(self.run.ids, step, id=id, node_id=node.id, status=status, parent_id=parent_id)

    def _container(self, container: Iteration | Loop, place: Place | None) -> Iterator[Frame]:
        run, clock, kind = self.run, self._clock, "loop" if isinstance(container, Loop) else "iteration"
        # Stored like other nodes, but shown only by snapshots: the stream has events of its own for containers.
        node = self.begin(container.node_id, kind, container.title, place)
        tokens, durations = run.total_tokens, dict[str, float]()
        failure: NodeFailed | None = None
        yield events.container_started(run.ids, container, at(clock.now()))
        at_once = isinstance(container, Iteration) and container.parallel
        if at_once:
            for index in range(len(container.rounds)):
                yield events.container_next(run.ids, container, index, at(clock.now()))
        for index, blocks in enumerate(container.rounds):
            if not at_once and (index or kind == "iteration"):  # the first round of a loop is not announced
                yield events.container_next(run.ids, container, index, at(clock.now()))
            started = clock.elapsed()
            try:
                yield from self._sequence(blocks, Place(kind, container.node_id, index))
            except NodeFailed as error:
                failure = error
                break
            durations[str(index)] = round(clock.elapsed() - started, 6)
        self.end(node, "succeeded" if failure is None else "failed")
        yield events.container_completed(
            run.ids,
            container,
            at(clock.now()),
            failed=failure is not None,
            elapsed=node.elapsed,
            durations=durations,
            total_tokens=run.total_tokens - tokens,
        )
        if failure is not None:
            raise failure


def _alternating(branches: Sequence[Iterator[Frame]]) -> Iterator[Frame]:
    """Yield one event of each branch in turn, until all end or one fails."""
    waiting = deque(branches)
    while waiting:
        branch = waiting.popleft()
        frame = next(branch, None)
        if frame is not None:
            yield frame
            waiting.append(branch)
