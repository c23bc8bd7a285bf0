"""What an agent thinks, one thought after the other, and the tools that it calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from dify.types.events import AgentThoughtEvent, MessageFileEvent
from dify.types.replies import AgentThought

from ...script.blocks import ToolCall
from ...script.frames import Frame
from ...script.ids import new_id
from ..apps.models import Message, StoredFile

__all__ = ["Thoughts"]

_LANGUAGES = ("zh_Hans", "en_US", "pt_BR", "ja_JP")


class Thoughts:
    """The thoughts of one answer; each event of a thought has all that is known of it, under the same id."""

    def __init__(self, message: Message, ids: dict[str, Any], link: Callable[[StoredFile], str]) -> None:
        self._message = message
        self._ids = ids
        self._link = link
        self._text = ""

    @property
    def said(self) -> list[str]:
        """The texts of all thoughts."""
        return [thought.thought or "" for thought in self._message.thoughts if thought.thought]

    def begin(self) -> Frame:
        """A new thought."""
        self._text = ""
        thought = AgentThought(
            id=new_id(),
            position=len(self._message.thoughts) + 1,
            thought="",
            observation="",
            tool="",
            tool_labels={},
            tool_input="",
            message_files=[],
        )
        self._message.thoughts.append(thought)
        return self._event(thought)

    def hear(self, delta: str) -> None:
        """More text of the thought."""
        self._text += delta

    def end(self) -> Frame:
        """The thought is complete."""
        return self._now(thought=self._text)

    def call(self, call: ToolCall) -> Iterator[Frame]:
        """The thought leads to a tool, which answers; the next thought begins."""
        title = call.name.replace("_", " ").title()
        labels = {call.name: dict.fromkeys(_LANGUAGES, title)}
        given = json.dumps({call.name: dict(call.input)}, ensure_ascii=False)
        yield self._now(thought=self._text, tool=call.name, tool_labels=labels, tool_input=given)
        made = [StoredFile(each.name, each.mime_type, each.content, self._message.user) for each in call.files]
        for stored, file in zip(made, call.files, strict=True):
            self._message.tool_files.append((stored, file.type))
            ids: dict[str, Any] = {**self._ids, "id": stored.id, "type": file.type}
            yield MessageFileEvent(**ids, belongs_to="assistant", url=self._link(stored))
        output = call.output if isinstance(call.output, str) else json.dumps(call.output, ensure_ascii=False)
        seen = json.dumps({call.name: output}, ensure_ascii=False)
        yield self._now(observation=seen, message_files=[stored.id for stored in made])
        yield self.begin()

    def _now(self, **members: Any) -> Frame:
        thoughts = self._message.thoughts
        thoughts[-1] = thoughts[-1].model_copy(update=members)
        return self._event(thoughts[-1])

    def _event(self, thought: AgentThought) -> Frame:
        return AgentThoughtEvent(**self._ids, **thought.model_dump(exclude_unset=True))
