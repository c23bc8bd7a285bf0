"""Models of an app's data.

These are conversations, messages, uploads, feedback, annotations, end users and variables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from os.path import splitext
from sys import getsizeof
from typing import Any, Literal, cast

from dify.types.annotations import Annotation
from dify.types.conversations import ConversationVariable
from dify.types.replies import AgentThought, CitationResource

from ...script.ids import exact_now, new_id, now
from ..answers import EmulatorFile
from ..runs.models import Run

__all__ = [
    "AnnotationJob",
    "Conversation",
    "EndUser",
    "Message",
    "StoredAnnotation",
    "StoredFeedback",
    "StoredFile",
    "StoredVariable",
    "VariableTypeError",
    "VariableValueError",
]


_order = count()


@dataclass
class StoredFile:
    """An upload. It can be read once it is `used` by a message or a run."""

    name: str
    mime_type: str
    content: bytes
    user: str
    app_id: str | None = None
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    used: bool = False
    owner: str = ""

    @property
    def extension(self) -> str:
        """Extension of the name, in lower case and without the dot."""
        return splitext(self.name)[1].lstrip(".").lower()


@dataclass
class EndUser:
    """An end user, whose `session_id` is the `user` of requests."""

    session_id: str
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)


@dataclass
class StoredFeedback:
    """Feedback of an end user on a message."""

    message_id: str
    conversation_id: str
    owner: str
    rating: str
    content: str | None
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)


@dataclass
class StoredAnnotation:
    """A predefined answer to a question."""

    question: str
    answer: str
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    hit_count: int = 0

    def to_model(self) -> Annotation:
        """Return the annotation of the API."""
        return Annotation.model_validate(vars(self))


@dataclass
class AnnotationJob:
    """A job that enables or disables annotation replies.

    Each request for its status advances it by a step.
    """

    action: Literal["enable", "disable"]
    settings: dict[str, Any]
    id: str = field(default_factory=new_id)
    status: Literal["waiting", "processing", "completed"] = "waiting"

    def advance(self) -> bool:
        """Advance by a step. Return True after the last one."""
        previous, self.status = self.status, "processing" if self.status == "waiting" else "completed"
        return previous == "processing"


class VariableTypeError(Exception):
    """A value of another type than the conversation variable.

    Attributes:
        type: The server's name for the type of the value.
    """

    def __init__(self, type: str) -> None:
        super().__init__(type)
        self.type = type


class VariableValueError(Exception):
    """A value of the right type that the server cannot store."""


@dataclass
class StoredVariable:
    """A variable of a conversation.

    Its id is that of its definition, the same in every conversation.

    Its type is the type of its first value; on a server the app declares it. A list that is empty at first gets the type
    of its first items.
    """

    id: str
    name: str
    value: Any
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)
    type: str = field(init=False)

    def __post_init__(self) -> None:
        self.type = type_of(self.value) if self.value != [] else _UNKNOWN_ITEMS

    @property
    def value_type(self) -> str:
        """Name of the type in the API, where integers and floats are both numbers."""
        return _api_type(self.type)

    def set(self, value: Any) -> None:
        """Replace the value.

        Raises:
            VariableTypeError: The value has another type.
            VariableValueError: The value is too large, or a float for an integer variable, or the reverse.
        """
        if not _fits(self.type, value):
            raise VariableTypeError(type_of(value))
        if (self.type == "integer" and isinstance(value, float)) or (self.type == "float" and isinstance(value, int)):
            raise VariableValueError(f"not supported value type {self.type}")
        if (size := _size(value)) > _MAX_SIZE:
            raise VariableValueError(f"variable size {size} exceeds limit {_MAX_SIZE}")
        if self.type == _UNKNOWN_ITEMS and value:
            self.type = type_of(value)
        # An integer variable stores a boolean as an integer.
        is_boolean = self.type == "integer" and isinstance(value, bool)
        self.value, self.updated_at = int(value) if is_boolean else value, now()

    def to_model(self) -> ConversationVariable:
        """Return the variable of the API, with the value as Python formats it."""
        members = {name: getattr(self, name) for name in ("id", "name", "value_type", "created_at", "updated_at")}
        return ConversationVariable.model_validate({**members, "value": str(self.value), "description": ""})


_MAX_SIZE = 204_800
"""Limit for the size of a value in the server's memory, in bytes."""

_UNKNOWN_ITEMS = "array[any]"
_ITEMS = {"integer": "number", "float": "number", "none": "any"}


def type_of(value: Any) -> str:
    """Return the server's name for the type of a value."""
    if isinstance(value, list):
        items = {_ITEMS.get(kind, kind) for kind in map(type_of, cast("list[Any]", value))}
        if not items:
            return "array[number]"  # the server's inference for an empty list
        item = items.pop()
        return f"array[{'any' if items or item.startswith('array') else item}]"
    kinds = (("boolean", bool), ("integer", int), ("float", float), ("string", str), ("none", type(None)))
    return next((name for name, kind in kinds if isinstance(value, kind)), "object")


def _size(value: Any) -> int:
    # An empty text has 41 bytes in the server's version of Python, and more in older versions.
    return getsizeof(value) - (getsizeof("") - 41 if isinstance(value, str) else 0)


def _api_type(type: str) -> str:
    return "number" if type in ("integer", "float") else type


def _fits(type: str, value: Any) -> bool:
    if type.startswith("array["):
        item = type.removeprefix("array[").removesuffix("]")
        return isinstance(value, list) and (
            item == "any" or all(_fits(item, element) for element in cast("list[Any]", value))
        )
    if _api_type(type) == "number":
        return isinstance(value, int | float)  # includes booleans
    return type_of(value) == type


@dataclass
class Conversation:
    """A conversation of one user."""

    user: str
    name: str
    inputs: dict[str, Any]
    owner: str = ""
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    # Whole seconds, like `created_at`, until the first change, and fractions of a second afterwards.
    updated_at: float = field(default_factory=now)
    # Order of conversations that are created or changed within one second.
    created_order: int = field(default_factory=lambda: next(_order))
    updated_order: int = field(default_factory=lambda: next(_order))
    messages: list[Message] = field(default_factory=list["Message"])
    variables: dict[str, StoredVariable] = field(default_factory=dict[str, StoredVariable])

    def touch(self) -> None:
        """Record a change, which moves the conversation to the top of the list."""
        self.updated_at = exact_now()
        self.updated_order = next(_order)


@dataclass
class Message:
    """A question and its answer. `conversation` is None for completion apps."""

    conversation: Conversation | None
    user: str
    query: str
    inputs: dict[str, Any]
    files: tuple[EmulatorFile, ...] = ()
    owner: str = ""
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    answer: str = ""
    status: str = "normal"
    error: str | None = None
    thoughts: list[AgentThought] = field(default_factory=list[AgentThought])
    # Files that tools have created for the message, and their types.
    tool_files: list[tuple[StoredFile, str]] = field(default_factory=list[tuple[StoredFile, str]])
    blocked: bool = False
    citations: list[CitationResource] = field(default_factory=list[CitationResource])
    run: Run | None = None
