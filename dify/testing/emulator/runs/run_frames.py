"""What the stream of a chatflow or workflow says, and in which order: a start node, the function's parts, and an end."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from dify.types.events import MessageEndEvent, MessageReplaceEvent
from dify.types.replies import CitationResource, Usage
from dify.types.workflows import RunCreator

from ...script.blocks import EmulatorForm, Iteration, Loop, Node, OutputBlocked, Parallel, Part
from ...script.frames import Frame, at, metadata, total
from ...script.ids import now
from ..answers import EmulatorError
from ..apps.models import Message
from .generation import Generation
from .model_node import ModelNode
from .models import Run
from .nodes import Nodes
from .pauses import NodeFailed, Pauses
from .run_blocks import block_frames
from .run_events import finished, started

__all__ = ["STOPPED", "RunStream"]

STOPPED = "Aborted: User requested stop"
_MODERATED = "Stopped by output moderation."


class _Over(Exception):
    """The run has said its last."""


@dataclass
class RunStream:
    """A run being made.

    Attributes:
        run: The run, which gets its result here.
        message: The message that a chatflow answers; None for a workflow.
        generation: The answer in the making.
        creator: Whom the run's end names as its creator.
        speak: Whether the app says its answers aloud.
        cost: What it cost, once it is over.
        failure: What made it fail, if something did.
    """

    run: Run
    message: Message | None
    generation: Generation
    creator: RunCreator
    speak: bool = False
    cost: Usage | None = None
    failure: str | None = None
    nodes: Nodes = field(init=False)
    model: ModelNode = field(init=False)
    pauses: Pauses = field(init=False)
    _outputs: dict[str, Any] | None = None
    _handed: bool = False

    def __post_init__(self) -> None:
        run, message = self.run, self.message
        run.envelope = {"task_id": run.task_id}
        if message is not None and message.conversation is not None:
            run.envelope = {
                "conversation_id": message.conversation.id,
                "message_id": message.id,
                "created_at": at(message.created_at),
                "task_id": run.task_id,
            }
        self.nodes = Nodes(run, run.envelope, message=message is not None)
        self.model = ModelNode(self.nodes, self.generation.request, speak=self.speak)
        self.pauses = Pauses(self.nodes, message)

    async def frames(self) -> AsyncGenerator[Frame]:
        """The stream. The run (and the message) is complete when it ends, however it ends."""
        try:
            async with aclosing(self._frames()) as frames:
                async for frame in frames:
                    yield frame
        except _Over:
            pass
        finally:
            if self.run.status in ("running", "paused"):
                self._settle("stopped", error="The emulator was closed", outputs={})

    async def _frames(self) -> AsyncGenerator[Frame]:
        run = self.run
        yield started(run, **self.nodes.run_ids)
        first = self.nodes.begin("start", "start", "Start")
        yield self.nodes.started(first)
        values = {name: value for name, value in run.inputs.items() if not name.startswith("sys.")}
        yield self.nodes.finished(first, inputs=values, outputs=values)
        try:
            async with aclosing(self._said()) as said:
                async for frame in said:
                    yield frame
        except (EmulatorError, NodeFailed) as error:
            self.failure = str(error)
            if isinstance(error, EmulatorError):
                self.failure = error.message
                for frame in (*self.pauses.close(), *self.model.fail(self.failure)):
                    yield frame
            self._settle("failed", error=self.failure, outputs={})
            yield self._finished()
            return
        if self.generation.stopped:
            self.failure = STOPPED
            self._settle("stopped", error=STOPPED, outputs={})
            # The stream says "failed" where the run, asked for later, says "stopped".
            yield self._finished(status="failed")
            return
        for frame in self._ending():
            yield frame

    async def _said(self) -> AsyncGenerator[Frame]:
        """The frames of what the function says."""
        parts, reply = self.generation.parts(), None
        async with aclosing(parts):
            while True:
                try:
                    part = await parts.asend(reply)
                except StopAsyncIteration:
                    break
                reply = None
                if not isinstance(part, Mapping):
                    for frame in self.pauses.close():
                        yield frame
                if isinstance(part, EmulatorForm):
                    for frame in self.model.close():
                        yield frame
                    self._handed = True
                    async with aclosing(self.pauses.frames(part, self.generation.stopping)) as frames:
                        async for frame in frames:
                            yield frame
                    reply = self.pauses.answer
                else:
                    for frame in self._show(part):
                        yield frame
        if not self.generation.stopped:
            for frame in (*self.model.close(), *self.pauses.close()):
                yield frame

    def _show(self, part: Part) -> Iterator[Frame]:
        match part:
            case str():
                yield from self.model.say(part)
            case Node() | Iteration() | Loop() | Parallel():
                yield from self.model.close()
                yield from block_frames(self.nodes, part)
                self._handed = True
            case CitationResource() if self.message is not None:
                self.message.citations.append(part)
            case OutputBlocked() if self.message is not None:
                yield from self._moderated(part.text)
            case Mapping() if self.message is None:
                yield from self._hand_over(dict(part))
            case _:
                raise self.generation.misfit(part, "workflow" if self.message is None else "chatflow")

    def _hand_over(self, outputs: dict[str, Any]) -> Iterator[Frame]:
        """A mapping: what the run gives, from a node of its own where no other node was named."""
        self._outputs = {**(self._outputs or {}), **outputs}
        yield from self.model.close()
        asked = self.pauses.node
        if not self._handed and asked is None and not self.pauses.count:
            node = self.nodes.begin("code", "code", "Code")
            yield self.nodes.started(node)
            yield from self._chunks(outputs, "code")
            yield self.nodes.finished(node, inputs={}, outputs=outputs)
        elif not self.run.answer and self.pauses.count < 2:
            # A run that was paused twice streams no outputs, whichever node they come from.
            yield from self._chunks(outputs, asked.id if asked is not None else "code")
        self._handed = True
        yield from self.pauses.close()

    def _chunks(self, outputs: Mapping[str, Any], node_id: str) -> Iterator[Frame]:
        """Outputs as an end node streams them: each as text, a line break between."""
        for number, (name, value) in enumerate(outputs.items()):
            if number:
                yield self.nodes.delta("\n", ["end", "answer"])
            shown = "" if value is None else value
            text = shown if isinstance(shown, str) else json.dumps(shown, indent=2, ensure_ascii=False)
            yield self.nodes.delta(text, [node_id, name])

    # ------------------------------------------------------------------------------------------------------- endings
    def _ending(self) -> Iterator[Frame]:
        run, said = self.run, self.model.text or self.run.answer
        outputs: dict[str, Any]
        if self.message is None:
            outputs = self._outputs if self._outputs is not None else {"text": said} if said or not self._handed else {}
            node_id = "end"
        else:
            no_files: list[Any] = []
            outputs = {"answer": run.answer, "files": no_files}
            node_id = "answer"
        if outputs or not self.pauses.expired:  # nothing follows a form that nobody filled, unless the function goes on
            last = self.nodes.begin(node_id, node_id, node_id.capitalize())
            yield self.nodes.started(last)
            yield self.nodes.finished(last, inputs=outputs if self.message is None else {}, outputs=outputs)
        self.cost = total(self.model.costs)
        handled = any(node.status == "exception" for node in run.nodes)
        self._settle("partial-succeeded" if handled else "succeeded", error=None, outputs=outputs)
        if self.message is not None:
            yield self._message_end()
        yield self._finished()

    def _moderated(self, text: str) -> Iterator[Frame]:
        yield from self.model.close()
        ids = self.nodes.ids
        yield MessageReplaceEvent(**ids, answer=text, reason="output_moderation")
        self._settle("stopped", error=_MODERATED, outputs={})
        if self.message is not None:
            self.message.answer = text
        yield self._finished()
        raise _Over

    def _message_end(self) -> Frame:
        assert self.message is not None
        assert self.cost is not None
        shown = metadata(self.cost, self.message.citations)
        return MessageEndEvent(**self.nodes.ids, id=self.message.id, metadata=shown, files=[])

    def _finished(self, *, status: str | None = None) -> Frame:
        return finished(self.run, self.creator, status=status, **self.nodes.run_ids)

    def _settle(self, status: str, *, error: str | None, outputs: dict[str, Any]) -> None:
        run = self.run
        run.status, run.error, run.outputs = status, error, outputs
        run.elapsed_time, run.finished_at = round(time.perf_counter() - run.started, 6), now()
        if self.message is not None:
            self.message.answer = outputs.get("answer", "")
            self.message.status, self.message.error = "normal" if error is None else "error", error
