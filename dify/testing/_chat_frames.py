"""What the stream of a chat, agent or completion app says, and in which order."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from dify.types.events import AgentMessageEvent, AgentThoughtEvent, ErrorEvent, MessageEndEvent, MessageEvent
from dify.types.files import MessageFileSummary
from dify.types.replies import Usage

from ._answers import EmulatorError
from ._core import Message, Mode, new_id
from ._frames import Frame, at, file_summary, metadata, tokens, usage
from ._generation import Generation

__all__ = ["Turn"]


@dataclass
class Turn:
    """A message being answered.

    Attributes:
        mode: The app's mode, which decides what is said and how.
        message: The message, which gets its answer here.
        task_id: What stopping takes.
        generation: The answer in the making.
        origin: Scheme and host of the server, for the URLs of files.
        cost: What it cost, once it is over.
        failure: What ended it, if something did.
    """

    mode: Mode
    message: Message
    task_id: str
    generation: Generation
    origin: str
    started: float = field(default_factory=time.perf_counter)
    cost: Usage | None = None
    failure: EmulatorError | None = None

    def ids(self, *, task: bool = True) -> dict[str, Any]:
        """The envelope. An `error` frame has no task id, and nothing of a completion app has a conversation."""
        conversation = self.message.conversation
        ids: dict[str, Any] = {} if conversation is None else {"conversation_id": conversation.id}
        ids |= {"message_id": self.message.id, "created_at": at(self.message.created_at)}
        return ids | {"task_id": self.task_id} if task else ids

    async def frames(self) -> AsyncGenerator[Frame]:
        """The stream. The message is complete when it ends, however it ends."""
        thought = new_id()
        agent = self.mode == "agent-chat"
        try:
            if agent:
                yield self._thought(thought, "")
            async with aclosing(self.generation.deltas()) as deltas:
                async for delta in deltas:
                    yield self._delta(delta)
            if not self.generation.stopped:
                yield self._delta("")  # a model's last chunk says why it ended, and has no text
                if agent:
                    yield self._thought(thought, self.generation.text)
            self._settle(thought if agent else None)
            yield self._end()
        except EmulatorError as error:
            self.failure = error
            self.message.status, self.message.error = "error", error.message
            yield ErrorEvent(**self.ids(task=False), code=error.code, status=error.status, message=error.message)
        finally:
            self.message.answer = self.generation.text

    def _delta(self, text: str) -> Frame:
        if self.mode == "agent-chat":
            return AgentMessageEvent(**self.ids(), id=self.message.id, answer=text)
        return MessageEvent(**self.ids(), id=self.message.id, answer=text, from_variable_selector=None)

    def _thought(self, id: str, text: str) -> Frame:
        return AgentThoughtEvent(
            **self.ids(),
            id=id,
            position=1,
            thought=text,
            observation="",
            tool="",
            tool_labels={},
            tool_input="",
            message_files=[],
        )

    def _settle(self, thought: str | None) -> None:
        generation = self.generation
        self.cost = usage(
            tokens(self.message.query),
            tokens(generation.text),
            latency=time.perf_counter() - self.started,
            stopped=generation.stopped,
        )
        if thought is not None:
            self.message.thoughts.append({"id": thought, "thought": generation.text})

    def _end(self) -> Frame:
        assert self.cost is not None
        return MessageEndEvent(**self.ids(), id=self.message.id, metadata=metadata(self.cost), files=self._files())

    def _files(self) -> list[Any] | None:
        files: list[MessageFileSummary] = [
            file_summary(file, message_file_id=new_id(), url=f"{self.origin}/files/{file.upload_file_id}/file-preview")
            for file in self.message.files
            if file.upload_file_id is not None
        ]
        return files or None
