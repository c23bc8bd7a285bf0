"""What the stream of a chatflow or workflow says, and in which order: of a start node, one at work, and an end."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from dify.types.event_data import RunStart, TextChunk
from dify.types.events import (
    MessageEndEvent,
    MessageEvent,
    NodeFinishedEvent,
    NodeStartedEvent,
    PingEvent,
    TextChunkEvent,
    WorkflowFinishedEvent,
    WorkflowStartedEvent,
)
from dify.types.replies import Usage
from dify.types.workflows import NodeExecution, RunCreator, WorkflowRunData

from ._answers import EmulatorError
from ._core import Message, Run, new_id, now
from ._frames import Frame, at, metadata, tokens, usage
from ._generation import Generation

__all__ = ["STOPPED", "RunStream", "finished"]

STOPPED = "Aborted: User requested stop"
_MODEL = {"model_provider": "langgenius/emulator/emulator", "model_name": "emulator"}


@dataclass
class _Node:
    """A node of the emulated graph."""

    id: str
    type: str
    title: str
    execution: str
    created_at: int
    started: float


@dataclass
class RunStream:
    """A run being made.

    Attributes:
        run: The run, which gets its result here.
        message: The message that a chatflow answers; None for a workflow.
        task_id: What stopping takes.
        generation: The answer in the making.
        creator: The end user's id.
        cost: What it cost, once it is over.
        failure: What made it fail, if something did.
    """

    run: Run
    message: Message | None
    task_id: str
    generation: Generation
    creator: str
    cost: Usage | None = None
    failure: str | None = None

    def ids(self) -> dict[str, Any]:
        """The envelope of message events."""
        if self.message is None or self.message.conversation is None:
            return {"task_id": self.task_id}
        conversation, message = self.message.conversation, self.message
        return {
            "conversation_id": conversation.id,
            "message_id": message.id,
            "created_at": at(message.created_at),
            "task_id": self.task_id,
        }

    def run_ids(self) -> dict[str, Any]:
        """The envelope of all other events."""
        return {**self.ids(), "workflow_run_id": self.run.id}

    async def frames(self) -> AsyncGenerator[Frame]:
        """The stream. The run (and the message) is complete when it ends, however it ends."""
        try:
            async with aclosing(self._frames()) as frames:
                async for frame in frames:
                    self.run.publish(frame)
                    yield frame
        finally:
            # Dify lets the run go on when its reader leaves; here it ends, so that no test leaves one behind.
            if self.run.status == "running":
                self._settle("stopped", error="The reader went away", outputs={})

    async def _frames(self) -> AsyncGenerator[Frame]:
        run, generation = self.run, self.generation
        values = {name: value for name, value in run.inputs.items() if not name.startswith("sys.")}
        yield PingEvent()
        start = RunStart(
            id=run.id, workflow_id=run.workflow_id, inputs=run.inputs, created_at=at(run.created_at), reason="initial"
        )
        yield WorkflowStartedEvent(**self.run_ids(), data=start)

        first = self._node("start", "start", "Start")
        yield self._started(first)
        yield self._finished(first, inputs=values, outputs=values)

        coded = generation.outputs is not None
        work = self._node("code", "code", "Code") if coded else self._node("llm", "llm", "LLM")
        yield self._started(work)
        try:
            async with aclosing(generation.deltas()) as deltas:
                async for delta in deltas:
                    yield self._delta(delta, [work.id, "text"])
        except EmulatorError as error:
            self.failure = error.message
            inputs = {} if coded else dict(_MODEL)
            yield self._finished(work, inputs=inputs, outputs={}, error=error.message)
            self._settle("failed", error=error.message, outputs={}, exceptions=1)
            yield finished(run, self.creator, **self.run_ids())
            return
        if generation.stopped:
            self.failure = STOPPED
            self._settle("stopped", error=STOPPED, outputs={})
            # The stream says "failed" where the run, asked for later, says "stopped".
            yield finished(run, self.creator, **self.run_ids(), status="failed")
            return

        outputs: dict[str, Any] | None = generation.outputs
        if outputs is None:
            for _ in range(2):  # a model's last chunk has no text, and the node adds one of its own
                yield self._delta("", [work.id, "text"])
            self.cost = usage(self._prompt_tokens(), tokens(generation.text), latency=round(self._elapsed(), 3))
            yield self._finished(work, inputs=dict(_MODEL), **self._model_run(self.cost))
            run.total_tokens = self.cost.total_tokens or 0
        else:
            for delta in self._chunks(outputs):
                yield delta
            yield self._finished(work, inputs={}, outputs=outputs)
        if self.message is None:
            outputs = {"text": generation.text} if outputs is None else outputs
            last = self._node("end", "end", "End")
        else:
            no_files: list[Any] = []
            outputs = {"answer": generation.text, "files": no_files}
            last = self._node("answer", "answer", "Answer")
        yield self._started(last)
        yield self._finished(last, inputs=outputs if self.message is None else {}, outputs=outputs)
        self._settle("succeeded", error=None, outputs=outputs)
        if self.message is not None and self.cost is not None:
            yield MessageEndEvent(**self.ids(), id=self.message.id, metadata=metadata(self.cost), files=[])
        yield finished(run, self.creator, **self.run_ids())

    def _elapsed(self) -> float:
        return time.perf_counter() - self.run.started

    def _prompt_tokens(self) -> int:
        request = self.generation.request
        return tokens(request.query) + sum(tokens(str(value)) for value in request.inputs.values())

    def _settle(self, status: str, *, error: str | None, outputs: dict[str, Any], exceptions: int = 0) -> None:
        run = self.run
        run.status, run.error, run.outputs, run.exceptions_count = status, error, outputs, exceptions
        run.elapsed_time, run.finished_at = round(self._elapsed(), 6), now()
        if self.message is not None:
            self.message.answer = outputs.get("answer", "")
            if error is not None:
                self.message.status, self.message.error = "error", error

    def _delta(self, text: str, selector: list[str]) -> Frame:
        if self.message is not None:
            return MessageEvent(**self.ids(), id=self.message.id, answer=text, from_variable_selector=selector)
        return TextChunkEvent(**self.run_ids(), data=TextChunk(text=text, from_variable_selector=selector))

    def _chunks(self, outputs: dict[str, Any]) -> list[Frame]:
        """Outputs as an end node streams them: each as text, a line break between."""
        chunks: list[Frame] = []
        for name, value in outputs.items():
            if chunks:
                chunks.append(self._delta("\n", ["end", "answer"]))
            shown = "" if value is None else value
            text = shown if isinstance(shown, str) else json.dumps(shown, indent=2, ensure_ascii=False)
            chunks.append(self._delta(text, ["code", name]))
        return chunks

    def _node(self, id: str, type: str, title: str) -> _Node:
        self.run.total_steps += 1
        return _Node(id, type, title, new_id(), now(), time.perf_counter())

    def _started(self, node: _Node) -> Frame:
        execution = NodeExecution(
            id=node.execution,
            node_id=node.id,
            node_type=node.type,
            title=node.title,
            index=1,
            predecessor_node_id=None,
            inputs=None,
            inputs_truncated=False,
            created_at=at(node.created_at),
            extras={},
            iteration_id=None,
            loop_id=None,
            agent_strategy=None,
        )
        return NodeStartedEvent(**self.run_ids(), data=execution)

    def _finished(
        self,
        node: _Node,
        *,
        inputs: dict[str, Any],
        outputs: dict[str, Any],
        process_data: dict[str, Any] | None = None,
        execution_metadata: dict[str, Any] | None = None,
        error: str | None = None,
    ) -> Frame:
        execution = NodeExecution(
            id=node.execution,
            node_id=node.id,
            node_type=node.type,
            title=node.title,
            index=1,
            predecessor_node_id=None,
            inputs=inputs,
            inputs_truncated=False,
            process_data=process_data or {},
            process_data_truncated=False,
            outputs=outputs,
            outputs_truncated=False,
            status="succeeded" if error is None else "failed",
            error=error,
            elapsed_time=round(time.perf_counter() - node.started, 6),
            execution_metadata=execution_metadata,
            created_at=at(node.created_at),
            finished_at=at(now()),
            files=[],
            iteration_id=None,
            loop_id=None,
        )
        return NodeFinishedEvent(**self.run_ids(), data=execution)

    def _model_run(self, cost: Usage) -> dict[str, Any]:
        request, spent = self.generation.request, cost.model_dump(mode="json")
        prompt: dict[str, Any] = {"role": "user", "text": request.query, "files": []}
        ended = {"usage": spent, "finish_reason": "stop"}
        return {
            "process_data": {"model_mode": "chat", "prompts": [prompt], **ended, **_MODEL},
            "outputs": {"text": self.generation.text, "reasoning_content": "", **ended},
            "execution_metadata": {name: spent[name] for name in ("total_tokens", "total_price", "currency")},
        }


def finished(run: Run, creator: str, *, status: str | None = None, **ids: Any) -> WorkflowFinishedEvent:
    """The frame that ends a run's stream, and all that is left of it for who asks later."""
    data = WorkflowRunData(
        id=run.id,
        workflow_id=run.workflow_id,
        status=status or run.status,
        outputs=run.outputs,
        error=run.error,
        elapsed_time=run.elapsed_time,
        total_tokens=run.total_tokens,
        total_steps=run.total_steps,
        created_by=RunCreator(id=creator, user=run.user),
        created_at=at(run.created_at),
        finished_at=None if run.finished_at is None else at(run.finished_at),
        exceptions_count=run.exceptions_count,
        files=[],
    )
    return WorkflowFinishedEvent(**ids, data=data)
