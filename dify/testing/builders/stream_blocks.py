"""The events of the blocks that a run consists of, in the order in which a server sends them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from dify import ChatEvent, WorkflowEvent

from ..script.blocks import AgentStep, Block, Iteration, Loop, Node, Parallel
from . import events
from .ids import Ids

__all__ = ["Blocks"]


@dataclass
class Blocks:
    """Makes the events of blocks, and counts what the run's end tells.

    Attributes:
        ids: Whose run it is.
        steps: How many nodes ran, beside those inside containers.
        tokens: What they cost.
        failures: How many of them failed, retries among them.
        text: What they streamed.
        error: What ended the run, if something did.
    """

    ids: Ids
    steps: int = 0
    tokens: int = 0
    failures: int = 0
    text: str = ""
    error: str | None = None

    def of(
        self, blocks: Sequence[Block], inside: Iteration | Loop | None = None
    ) -> Iterator[ChatEvent | WorkflowEvent]:
        """The events of blocks one after the other, up to a node that fails the run."""
        for block in _checked(blocks):
            if self.error is not None:
                return
            if isinstance(block, Node):
                yield from self._node(block, inside)
            elif isinstance(block, Iteration | Loop):
                yield from self._container(block)
            else:
                yield from _in_turns([self.of(branch, inside) for branch in block.branches])

    def _node(self, node: Node, inside: Iteration | Loop | None) -> Iterator[ChatEvent | WorkflowEvent]:
        ids = self.ids
        iteration = inside.node_id if isinstance(inside, Iteration) else None
        loop = inside.node_id if isinstance(inside, Loop) else None
        if inside is None:
            self.steps += 1 + len(node.retries)
        yield events.node_started(node, iteration_id=iteration, loop_id=loop, ids=ids)
        for number, error in enumerate(node.retries, 1):
            self.failures += 1
            yield events.node_retry(node, error, retry_index=number, iteration_id=iteration, loop_id=loop, ids=ids)
        yield from self._log(node.steps, node, None)
        for delta in node.deltas:
            yield self.delta(delta, (node.node_id, "text"))
        self.tokens += node.tokens
        self.failures += node.error is not None
        yield events.node_finished(node, iteration_id=iteration, loop_id=loop, ids=ids)
        if node.error is not None and not node.handled:
            self.error = node.error

    def delta(self, text: str, selector: tuple[str, str]) -> ChatEvent | WorkflowEvent:
        """A piece of what the run streams: a chatflow's message, or a workflow's text."""
        self.text += text
        if self.ids.message_id is not None:
            return events.message(text, selector=selector, ids=self.ids)
        return events.text_chunk(text, selector=selector, ids=self.ids)

    def _log(self, steps: Sequence[AgentStep], node: Node, parent: str | None) -> Iterator[ChatEvent | WorkflowEvent]:
        for number, step in enumerate(steps, 1):
            id = f"{parent}.{number}" if parent else f"{node.node_id}-{number}"
            log = partial(events.agent_log, step.label, id=id, node_id=node.node_id, parent_id=parent, ids=self.ids)
            yield log(status="start")
            yield from self._log(step.steps, node, id)
            ended = "success" if step.error is None else "error"
            yield log(status=ended, data=step.data, error=step.error)

    def _container(self, box: Iteration | Loop) -> Iterator[ChatEvent | WorkflowEvent]:
        self.steps += 1
        at_once = isinstance(box, Iteration) and box.parallel
        yield events.container_started(box, ids=self.ids)
        if at_once:
            for index in range(len(box.rounds)):
                yield events.container_next(box, index, ids=self.ids)
        for index, blocks in enumerate(box.rounds):
            if self.error is None:
                if not at_once and (index or isinstance(box, Iteration)):
                    yield events.container_next(box, index, ids=self.ids)
                yield from self.of(blocks, box)
        yield events.container_completed(box, failed=self.error is not None, ids=self.ids)


def _checked(blocks: Any) -> Sequence[Block]:
    if isinstance(blocks, str) or not isinstance(blocks, Iterable):
        given: list[Any] = [blocks]
    else:
        given = list(cast("Iterable[Any]", blocks))
        if all(isinstance(block, Node | Iteration | Loop | Parallel) for block in given):
            return given
    raise TypeError(
        "what runs is a list of Node, Iteration, Loop and Parallel, such as "
        f'[Node("LLM", "llm", text="Hello")], and not {blocks!r}'
    )


def _in_turns(
    branches: list[Iterator[ChatEvent | WorkflowEvent]],
) -> Iterator[ChatEvent | WorkflowEvent]:
    while branches:
        for branch in list(branches):
            event = next(branch, None)
            if event is None:
                branches.remove(branch)
            else:
                yield event
