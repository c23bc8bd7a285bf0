"""What an app keeps beside its conversations: feedback, annotations, end users, conversation variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

from dify.types.annotations import Annotation
from dify.types.conversations import ConversationVariable

from ._ids import new_id, now

__all__ = ["AnnotationJob", "EndUser", "StoredAnnotation", "StoredFeedback", "StoredVariable", "type_of"]


@dataclass
class EndUser:
    """Someone who was named as `user`."""

    session_id: str
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)


@dataclass
class StoredFeedback:
    """What an end user thinks of a message."""

    message_id: str
    conversation_id: str
    user: str
    rating: str
    content: str | None
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)


@dataclass
class StoredAnnotation:
    """A fixed answer to a known question."""

    question: str
    answer: str
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    hit_count: int = 0

    def shown(self) -> Annotation:
        """The form in which the API shows it."""
        return Annotation.model_validate(vars(self))


@dataclass
class AnnotationJob:
    """The job that switches annotation replies on or off; each question after it takes it a step further."""

    action: Literal["enable", "disable"]
    settings: dict[str, Any]
    id: str = field(default_factory=new_id)
    status: Literal["waiting", "processing", "completed"] = "waiting"

    def advance(self) -> bool:
        """Take the next step; tells whether that was the last."""
        before, self.status = self.status, "processing" if self.status == "waiting" else "completed"
        return before == "processing"


@dataclass
class StoredVariable:
    """A variable of a conversation; its id is that of its definition, the same in every conversation."""

    id: str
    name: str
    value: Any
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)

    @property
    def value_type(self) -> str:
        """The wire's name for what it holds."""
        return type_of(self.value)

    def takes(self, value: Any) -> bool:
        """Whether a value is of this variable's type; an empty list is of any list's."""
        kept: Any = self.value
        if isinstance(value, list) and isinstance(kept, list):
            return not value or not kept or type_of(cast("Any", value)) == self.value_type
        return type_of(value) == self.value_type

    def shown(self) -> ConversationVariable:
        """The form in which the API shows it: the value as Python prints it."""
        return ConversationVariable.model_validate(
            {**vars(self), "value_type": self.value_type, "value": str(self.value), "description": ""}
        )


def type_of(value: Any) -> str:
    """The wire's name for what a value is."""
    if isinstance(value, list):
        kinds = {_kind(item) for item in cast("list[Any]", value)}
        return f"array[{kinds.pop() if len(kinds) == 1 else 'any'}]"
    return _kind(value)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case _:
            return "object"
