"""The events of a run's nodes, one by one, and what the run keeps of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dify.types.event_data import AgentLog, TextChunk
from dify.types.events import (
    AgentLogEvent,
    MessageEvent,
    NodeFinishedEvent,
    NodeRetryEvent,
    NodeStartedEvent,
    TextChunkEvent,
)
from dify.types.workflows import NodeExecution

from ...script.blocks import AgentStep
from ...script.frames import Frame, at
from ...script.ids import now
from .models import Inside, Run, StoredNode

__all__ = ["MODEL", "Nodes"]

MODEL = {"model_provider": "langgenius/emulator/emulator", "model_name": "emulator"}


class Nodes:
    """Makes the events of one run's nodes, and keeps what is known of them in the run."""

    def __init__(self, run: Run, ids: Mapping[str, Any], *, message: bool) -> None:
        """Begin with no nodes.

        Args:
            run: The run.
            ids: The envelope of message events; other events name the run as well.
            message: Whether text is a message's, as in chatflows, and not a workflow's.
        """
        self.run = run
        self.ids: dict[str, Any] = dict(ids)
        self.run_ids: dict[str, Any] = {**ids, "workflow_run_id": run.id}
        self._message = message

    def begin(self, id: str, type: str, title: str, *, inside: Inside | None = None) -> StoredNode:
        """A node to be told of; those within containers are no steps of the run."""
        node = StoredNode(id, type, title, inside)
        self.run.nodes.append(node)
        if inside is None:
            self.run.total_steps += 1
        return node

    def started(
        self, node: StoredNode, *, strategy: Mapping[str, Any] | None = None, extras: Mapping[str, Any] | None = None
    ) -> Frame:
        """The event that it has started."""
        execution = NodeExecution(
            **_named(node),
            predecessor_node_id=None,
            inputs=None,
            inputs_truncated=False,
            created_at=at(node.created_at),
            extras=dict(extras or {}),
            iteration_id=node.container_id("iteration"),
            loop_id=node.container_id("loop"),
            agent_strategy=None if strategy is None else dict(strategy),
        )
        return NodeStartedEvent(**self.run_ids, data=execution)

    def finished(self, node: StoredNode, *, status: str = "succeeded", **members: Any) -> Frame:
        """The event that it has ended; members as in `_execution`."""
        node.end(status)
        return NodeFinishedEvent(**self.run_ids, data=self._execution(node, **members))

    def retried(self, node: StoredNode, index: int, error: str, *, inputs: Mapping[str, Any]) -> Frame:
        """The event that an attempt has failed; each is a step of the run, and an exception."""
        if node.inside is None:
            self.run.total_steps += 1
        self.run.exceptions_count += 1
        execution = self._execution(node, inputs=inputs, outputs={}, error=error, retry_index=index)
        return NodeRetryEvent(**self.run_ids, data=execution)

    def log(self, step: AgentStep, node: StoredNode, id: str, parent: str | None, status: str) -> Frame:
        """The event of a step in an agent node's log."""
        data = AgentLog(
            node_execution_id=node.id,
            id=id,
            label=step.label,
            parent_id=parent,
            error=None if status == "start" else step.error,
            status=status,
            data={} if status == "start" else dict(step.data),
            metadata={},
            node_id=node.id,
        )
        return AgentLogEvent(**(self.ids if self._message else self.run_ids), data=data)

    def _execution(
        self,
        node: StoredNode,
        *,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        process_data: Mapping[str, Any] | None = None,
        execution_metadata: dict[str, Any] | None = None,
        error: str | None = None,
        retry_index: int | None = None,
    ) -> NodeExecution:
        inside = node.inside
        if inside is not None:
            place = {f"{inside.kind}_id": inside.id, f"{inside.kind}_index": inside.index}
            execution_metadata = {**(execution_metadata or {}), **place}
        retry: dict[str, Any] = {} if retry_index is None else {"retry_index": retry_index}
        return NodeExecution(
            **_named(node),
            predecessor_node_id=None,
            inputs=dict(inputs),
            inputs_truncated=False,
            process_data=dict(process_data or {}),
            process_data_truncated=False,
            outputs=dict(outputs),
            outputs_truncated=False,
            status="retry" if retry else node.status,
            error=error,
            elapsed_time=node.elapsed,
            execution_metadata=execution_metadata,
            created_at=at(node.created_at),
            finished_at=at(node.finished_at or now()),
            files=[],
            iteration_id=node.container_id("iteration"),
            loop_id=node.container_id("loop"),
            **retry,
        )

    def delta(self, text: str, selector: list[str]) -> Frame:
        """A piece of the answer."""
        self.run.answer += text
        if self._message:
            message_id = self.ids["message_id"]
            return MessageEvent(**self.ids, id=message_id, answer=text, from_variable_selector=selector)
        return TextChunkEvent(**self.run_ids, data=TextChunk(text=text, from_variable_selector=selector))


def _named(node: StoredNode) -> dict[str, Any]:
    return {"id": node.execution, "node_id": node.id, "node_type": node.type, "title": node.title, "index": 1}
