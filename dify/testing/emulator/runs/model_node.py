"""The model nodes of a run: they stand for the text that a function says without naming a node for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from dify.types.replies import Usage

from ...script.frames import Frame, spoken, tokens, usage
from ..answers import EmulatorRequest
from .models import StoredNode
from .nodes import MODEL, Nodes

__all__ = ["ModelNode"]


class ModelNode:
    """One model node after the other: each begins with the first text, and ends when something else comes.

    Attributes:
        text: All that the models said.
        costs: What each model cost.
    """

    def __init__(self, nodes: Nodes, request: EmulatorRequest, *, speak: bool) -> None:
        self.text = ""
        self.costs: list[Usage] = []
        self._nodes = nodes
        self._request = request
        self._speak = speak
        self._count = 0
        self._node: StoredNode | None = None
        self._said = ""

    def _begin(self) -> Iterator[Frame]:
        self._count += 1
        node_id = "llm" if self._count == 1 else f"llm{self._count}"
        self._node, self._said = self._nodes.begin(node_id, "llm", "LLM"), ""
        yield self._nodes.started(self._node)

    def say(self, delta: str) -> Iterator[Frame]:
        """A piece of text."""
        if self._node is None:
            yield from self._begin()
        assert self._node is not None
        self.text += delta
        self._said += delta
        yield self._nodes.delta(delta, [self._node.id, "text"])

    def close(self) -> Iterator[Frame]:
        """No more text for now."""
        node, self._node = self._node, None
        if node is None:
            return
        if self._speak and self._said:
            yield spoken(self._nodes.ids if "message_id" in self._nodes.ids else self._nodes.run_ids)
        for _ in range(2):  # a model's last chunk has no text, and the node adds one of its own
            yield self._nodes.delta("", [node.id, "text"])
        cost = usage(self._prompt_tokens(), tokens(self._said), latency=round(time.perf_counter() - node.started, 3))
        self.costs.append(cost)
        self._nodes.run.total_tokens += cost.total_tokens or 0
        yield self._nodes.finished(node, inputs=self._inputs(), **self._work(cost))

    def fail(self, error: str) -> Iterator[Frame]:
        """The model failed, if need be one that had said nothing yet."""
        if self._node is None:
            yield from self._begin()
        assert self._node is not None
        node, self._node = self._node, None
        self._nodes.run.exceptions_count += 1
        yield self._nodes.finished(node, status="failed", inputs=self._inputs(), outputs={}, error=error)

    def _inputs(self) -> dict[str, Any]:
        # The models of chatflows are shown the files of the message; those of workflows only what their prompts name.
        files = self._nodes.run.inputs.get("sys.files") if "message_id" in self._nodes.ids else None
        return {**MODEL, "#files#": files} if files else dict(MODEL)

    def _prompt_tokens(self) -> int:
        return tokens(self._request.query) + sum(tokens(str(value)) for value in self._request.inputs.values())

    def _work(self, cost: Usage) -> dict[str, Any]:
        spent = cost.model_dump(mode="json")
        prompt: dict[str, Any] = {"role": "user", "text": self._request.query, "files": []}
        ended = {"usage": spent, "finish_reason": "stop"}
        return {
            "process_data": {"model_mode": "chat", "prompts": [prompt], **ended, **MODEL},
            "outputs": {"text": self._said, "reasoning_content": "", **ended},
            "execution_metadata": {name: spent[name] for name in ("total_tokens", "total_price", "currency")},
        }
