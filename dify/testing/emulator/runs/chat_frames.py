"""What the stream of a chat, agent or completion app says, and in which order."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from dify.types.events import (
    AgentMessageEvent,
    ErrorEvent,
    MessageEndEvent,
    MessageEvent,
    MessageReplaceEvent,
    TTSMessageEndEvent,
)
from dify.types.files import MessageFileSummary
from dify.types.replies import CitationResource, Usage

from ...script.blocks import OutputBlocked, Part, ToolCall
from ...script.frames import Frame, at, file_summary, metadata, spoken, tokens, usage
from ...script.ids import new_id
from ..answers import EmulatorError
from ..apps.features import Mode
from ..apps.models import Message, StoredFile
from .generation import Generation
from .thoughts import Thoughts

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
        link: Gives the URL of a file that a tool made.
        speak: Whether the app says its answers aloud.
        cost: What it cost, once it is over.
        failure: What ended it, if something did.
    """

    mode: Mode
    message: Message
    task_id: str
    generation: Generation
    origin: str
    link: Callable[[StoredFile], str]
    speak: bool = False
    started: float = field(default_factory=time.perf_counter)
    cost: Usage | None = None
    failure: EmulatorError | None = None
    thoughts: Thoughts | None = None
    _text: str = ""

    def ids(self, *, task: bool = True) -> dict[str, Any]:
        """The envelope. An `error` frame has no task id, and nothing of a completion app has a conversation."""
        conversation = self.message.conversation
        ids: dict[str, Any] = {} if conversation is None else {"conversation_id": conversation.id}
        ids |= {"message_id": self.message.id, "created_at": at(self.message.created_at)}
        return ids | {"task_id": self.task_id} if task else ids

    async def frames(self) -> AsyncGenerator[Frame]:
        """The stream. The message is complete when it ends, however it ends."""
        if self.mode == "agent-chat":
            self.thoughts = Thoughts(self.message, self.ids(), self.link)
        try:
            if self.thoughts is not None:
                yield self.thoughts.begin()
            async with aclosing(self.generation.parts()) as parts:
                async for part in parts:
                    for frame in self._show(part):
                        yield frame
                    if isinstance(part, OutputBlocked):
                        break
            for frame in self._ending():
                yield frame
        except EmulatorError as error:
            self.failure = error
            self.message.status, self.message.error = "error", error.message
            yield ErrorEvent(**self.ids(task=False), code=error.code, status=error.status, message=error.message)
        finally:
            self.message.answer = self._stored()

    def _stored(self) -> str:
        said = self.thoughts.said if self.thoughts is not None and not self.message.blocked else []
        return "\n".join(said) if said else self._text

    def _show(self, part: Part) -> Iterator[Frame]:
        match part:
            case str():
                self._text += part
                if self.thoughts is not None:
                    self.thoughts.hear(part)
                yield self._delta(part)
            case CitationResource():
                self.message.citations.append(part)
            case ToolCall() if self.thoughts is not None:
                for _ in range(2):  # the last chunk of a model has no text, and so has the call itself
                    yield self._delta("")
                yield from self.thoughts.call(part)
            case OutputBlocked():
                self.message.blocked, self._text = True, part.text
                yield MessageReplaceEvent(**self.ids(), answer=part.text, reason="")
                yield self._end(usage(0, 0, latency=self._elapsed(), stopped=True))
            case _:
                app = {"agent-chat": "agent", "completion": "completion app"}.get(self.mode, "chat app")
                raise self.generation.misfit(part, app)

    def _ending(self) -> Iterator[Frame]:
        whole = not self.generation.stopped and not self.message.blocked
        if whole:
            if self.speak and self._text:
                yield spoken(self.ids())
            yield self._delta("")  # a model's last chunk says why it ended, and has no text
        if self.thoughts is not None:
            end = self.thoughts.end()
            if whole:
                yield end
        asked, answered = tokens(self.message.query), tokens(self._text)
        self.cost = usage(asked, answered, latency=self._elapsed(), stopped=self.generation.stopped)
        yield self._end(self.cost)
        if self.speak and whole:
            yield spoken(self.ids())
            yield TTSMessageEndEvent(**self.ids(), audio="")

    def _elapsed(self) -> float:
        return time.perf_counter() - self.started

    def _delta(self, text: str) -> Frame:
        if self.thoughts is not None:
            return AgentMessageEvent(**self.ids(), id=self.message.id, answer=text)
        return MessageEvent(**self.ids(), id=self.message.id, answer=text, from_variable_selector=None)

    def _end(self, cost: Usage) -> Frame:
        shown = metadata(cost, self.message.citations)
        return MessageEndEvent(**self.ids(), id=self.message.id, metadata=shown, files=self._files())

    def _files(self) -> list[Any] | None:
        files: list[MessageFileSummary] = [
            file_summary(file, message_file_id=new_id(), url=f"{self.origin}/files/{file.upload_file_id}/file-preview")
            for file in self.message.files
            if file.upload_file_id is not None
        ]
        return files or None
