"""The script of a message: an answer's parts in, events out.

It is for chat, agent and completion apps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from dify.types.events import ErrorEvent
from dify.types.files import MessageFileSummary
from dify.types.replies import AgentThought, AnnotationReply, CitationResource
from dify.types.usage import Usage

from . import events
from .blocks import OutputBlocked, Part, ToolCall, ToolFile
from .costs import NO_USAGE, tokens, usage
from .frames import Frame
from .ids import Clock, Ids, IdSource
from .runs import misfit

__all__ = ["MessageKind", "MessageScript", "StoreFile", "canned_answer"]

MessageKind: TypeAlias = Literal["chat", "agent", "completion"]

StoreFile: TypeAlias = Callable[[ToolFile], tuple[str, str]]
"""A function that stores a file of a tool, and returns its id and its URL."""

_APPS = {"chat": "chat app", "agent": "agent", "completion": "completion app"}
_LANGUAGES = ("zh_Hans", "en_US", "pt_BR", "ja_JP")


class MessageScript:
    """The events of an answer of a chat, agent or completion app.

    `begin` comes first, then `feed` for each part, and `finish`, `fail` or `stop` at the end. All of them yield events one at
    a time.

    Attributes:
        thoughts: Steps of an agent.
        citations: Citations of the answer.
        cost: Usage of the model. None until the end.
        moderated: Text with which moderation replaced the answer, or None.
        ended: True if a part has ended the answer.
    """

    def __init__(
        self,
        kind: MessageKind,
        ids: Ids,
        *,
        clock: Clock,
        new_id: IdSource,
        store_file: StoreFile,
        prompt_tokens: int = 0,
        files: Callable[[], Sequence[MessageFileSummary]] = tuple,
        speak: bool = False,
    ) -> None:
        """Start a script.

        Args:
            kind: Kind of app.
            ids: Ids of the message.
            clock: Clock of the latency.
            new_id: Source of the ids of thoughts.
            store_file: Function that stores a file of a tool, and returns its id and URL.
            prompt_tokens: Number of tokens of the prompt.
            files: Function that returns the files at the end of the answer.
            speak: True if the app speaks its answers.
        """
        self.thoughts: list[AgentThought] = []
        self.citations: list[CitationResource] = []
        self.cost: Usage | None = None
        self.moderated: str | None = None
        self.ended = False
        self._kind: MessageKind = kind
        self._ids = ids
        self._clock = clock
        self._new_id = new_id
        self._store_file = store_file
        self._prompt_tokens = prompt_tokens
        self._files = files
        self._speak = speak
        self._started = clock.elapsed()
        self._text = ""
        self._thought = ""

    @property
    def text(self) -> str:
        """The answer as stored: the text, or an agent's thoughts, one per line."""
        if self.moderated is not None:
            return self.moderated
        thoughts = [thought.thought for thought in self.thoughts if thought.thought]
        return "\n".join(thoughts) if thoughts else self._text

    def begin(self) -> Iterator[Frame]:
        """Start the answer, with the first thought of an agent."""
        if self._kind == "agent":
            yield self._begin_thought()

    def feed(self, part: Part) -> Iterator[Frame]:
        """Play a part: text, a tool call of an agent, a citation, or moderated output.

        Raises:
            TypeError: The app cannot be answered with the part.
        """
        match part:
            case str():
                self._text += part
                self._thought += part
                yield self._delta(part)
            case CitationResource():
                self.citations.append(part)
            case ToolCall() if self._kind == "agent":
                yield from self._call(part)
            case OutputBlocked():
                self.moderated, self.ended = part.text, True
                yield events.message_replace(self._ids, part.text)
                yield self._end(usage(0, 0, latency=self._latency(), stopped=True))
            case _:
                raise misfit(part, _APPS[self._kind])

    def finish(self, *, cost: Usage | None = None) -> Iterator[Frame]:
        """End the answer.

        Args:
            cost: Usage in the `message_end` event; by default that of the model.
        """
        whole = self.moderated is None
        if whole:
            if self._speak and self._text:
                yield events.tts_message(self._ids)
            yield self._delta("")  # the last chunk of a model has its finish reason, and no text
        if self._kind == "agent":
            thought = self._update(thought=self._thought)
            if whole:
                yield thought
        answer = self._text if self.moderated is None else self.moderated
        self.cost = cost or usage(self._prompt_tokens, tokens(answer), latency=self._latency())
        yield self._end(self.cost)
        if self._speak and whole:
            yield events.tts_message(self._ids)
            yield events.tts_message_end(self._ids)

    def stop(self) -> Iterator[Frame]:
        """End the answer because a caller stopped it."""
        if self._kind == "agent":
            self._update(thought=self._thought)
        self.cost = usage(0, 0, latency=self._latency(), stopped=True)
        yield self._end(self.cost)

    def fail(self, message: str, *, code: str = "completion_request_error", status: int = 400) -> Iterator[Frame]:
        """End the answer because its model failed."""
        self.ended = True
        yield ErrorEvent(**self._ids.around_message(task=False), code=code, status=status, message=message)

    def _delta(self, text: str) -> Frame:
        if self._kind == "agent":
            return events.agent_message(self._ids, text)
        return events.message(self._ids, text)

    def _end(self, cost: Usage) -> Frame:
        metadata = events.metadata(cost, self.citations)
        return events.message_end(self._ids, metadata, [*self._files()] or None)

    def _latency(self) -> float:
        return self._clock.elapsed() - self._started

    # ---------------------------------------------------------------------------------------------------------- agents
    def _begin_thought(self) -> Frame:
        self._thought, position = "", len(self.thoughts) + 1
        self.thoughts.append(
            AgentThought(
                id=self._new_id("thought"),
                position=position,
                thought="",
                observation="",
                tool="",
                tool_labels={},
                tool_input="",
                message_files=[],
            )
        )
        return events.agent_thought(self._ids, self.thoughts[-1])

    def _update(self, **members: Any) -> Frame:
        """Change the last thought.

        Each of its events has all that is known about it, and the same id.
        """
        self.thoughts[-1] = self.thoughts[-1].model_copy(update=members)
        return events.agent_thought(self._ids, self.thoughts[-1])

    def _call(self, call: ToolCall) -> Iterator[Frame]:
        for _ in range(2):  # the last chunk of a model has no text, and neither has the call
            yield self._delta("")
        title = call.name.replace("_", " ").title()
        labels = {call.name: dict.fromkeys(_LANGUAGES, title)}
        tool_input = json.dumps({call.name: dict(call.input)}, ensure_ascii=False)
        yield self._update(thought=self._thought, tool=call.name, tool_labels=labels, tool_input=tool_input)
        stored = [(file.type, *self._store_file(file)) for file in call.files]
        for type, id, url in stored:
            yield events.message_file(self._ids, id, type, url)
        output = call.output if isinstance(call.output, str) else json.dumps(call.output, ensure_ascii=False)
        observation = json.dumps({call.name: output}, ensure_ascii=False)
        yield self._update(observation=observation, message_files=[id for _, id, _ in stored])
        yield self._begin_thought()


def canned_answer(ids: Ids, text: str, *, latency: float, annotation: AnnotationReply | None = None) -> Iterator[Frame]:
    """Yield the events of an answer without a model.

    Chat apps send it character by character, chatflows at once.

    Args:
        ids: Ids of the message; those of a chatflow have a run id, which no event contains.
        text: The answer.
        latency: Seconds that the answer took.
        annotation: The annotation that answered. None for an answer of moderation.
    """
    chatflow = ids.workflow_run_id is not None
    for piece in [text] if chatflow else text:
        yield events.message(ids, piece)
    metadata = events.metadata(NO_USAGE.model_copy(update={"latency": latency}), (), annotation)
    if chatflow and annotation is not None:
        metadata.model_fields_set.discard("annotation_reply")  # chatflows leave the field out if an annotation answered
    yield events.message_end(ids, metadata)
