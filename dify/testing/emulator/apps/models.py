"""Models of an app's data: conversations, messages, uploads, feedback, annotations, end users and variables."""

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
    "UnsupportedType",
    "WrongType",
]


_order = count()


@dataclass
class StoredFile:
    """An upload; `used` once a message or run has taken it, for only then it may be read."""

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
        """The name's extension, without the dot."""
        return splitext(self.name)[1].lstrip(".").lower()


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
    owner: str
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

    def to_model(self) -> Annotation:
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


class WrongType(Exception):
    """A value that a conversation variable does not take.

    Attributes:
        got: The server's name for the type of the value.
    """

    def __init__(self, got: str) -> None:
        super().__init__(got)
        self.got = got


class UnsupportedType(Exception):
    """A value whose type fits, and that the server cannot store all the same."""


@dataclass
class StoredVariable:
    """A variable of a conversation; its id is that of its definition, the same in every conversation.

    The type is that of the first value and stays, as on a server, where the app declares it. Of a list that begins empty
    it is the type of the first list that is not.
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
        """The name of the type on the wire, where integers and floats are both numbers."""
        return _on_the_wire(self.type)

    def set(self, value: Any) -> None:
        """Store another value.

        Raises:
            WrongType: The value is of another type.
            UnsupportedType: The value is too large, or a float where the variable holds integers, or the other way round.
        """
        if not _fits(self.type, value):
            raise WrongType(type_of(value))
        if (self.type == "integer" and isinstance(value, float)) or (self.type == "float" and isinstance(value, int)):
            raise UnsupportedType(f"not supported value type {self.type}")
        if (size := _size(value)) > _LARGEST:
            raise UnsupportedType(f"variable size {size} exceeds limit {_LARGEST}")
        if self.type == _UNKNOWN_ITEMS and value:
            self.type = type_of(value)
        # A number takes a boolean, and stores it as a number.
        numeric = self.type == "integer" and isinstance(value, bool)
        self.value, self.updated_at = int(value) if numeric else value, now()

    def to_model(self) -> ConversationVariable:
        """The form in which the API shows it: the value as Python prints it."""
        members = {name: getattr(self, name) for name in ("id", "name", "value_type", "created_at", "updated_at")}
        return ConversationVariable.model_validate({**members, "value": str(self.value), "description": ""})


_LARGEST = 204_800
"""Bytes that a value may take in the server's memory."""

_UNKNOWN_ITEMS = "array[any]"
_ITEMS = {"integer": "number", "float": "number", "none": "any"}


def type_of(value: Any) -> str:
    """The server's name for the type of a value."""
    if isinstance(value, list):
        items = {_ITEMS.get(kind, kind) for kind in map(type_of, cast("list[Any]", value))}
        if not items:
            return "array[number]"  # what the server infers of an empty list
        item = items.pop()
        return f"array[{'any' if items or item.startswith('array') else item}]"
    kinds = (("boolean", bool), ("integer", int), ("float", float), ("string", str), ("none", type(None)))
    return next((name for name, kind in kinds if isinstance(value, kind)), "object")


def _size(value: Any) -> int:
    # An empty text takes 41 bytes in the server's Python, and more in older ones.
    return getsizeof(value) - (getsizeof("") - 41 if isinstance(value, str) else 0)


def _on_the_wire(type: str) -> str:
    return "number" if type in ("integer", "float") else type


def _fits(type: str, value: Any) -> bool:
    if type.startswith("array["):
        item = type.removeprefix("array[").removesuffix("]")
        return isinstance(value, list) and (
            item == "any" or all(_fits(item, each) for each in cast("list[Any]", value))
        )
    if _on_the_wire(type) == "number":
        return isinstance(value, int | float)  # and booleans, which are integers
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
    # Whole seconds like `created_at` until the conversation changes for the first time, exact from then on.
    updated_at: float = field(default_factory=now)
    # The order of what happens within one second.
    created_order: int = field(default_factory=lambda: next(_order))
    updated_order: int = field(default_factory=lambda: next(_order))
    messages: list[Message] = field(default_factory=list["Message"])
    variables: dict[str, StoredVariable] = field(default_factory=dict[str, StoredVariable])

    def touch(self) -> None:
        """Move it to the front, for it has changed."""
        self.updated_at = exact_now()
        self.updated_order = next(_order)

    def wire(self) -> dict[str, Any]:
        """The form in which the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "inputs": self.inputs,
            "status": "normal",
            "introduction": "",
            "created_at": self.created_at,
            "updated_at": int(self.updated_at),
        }


@dataclass
class Message:
    """A question and its answer; `conversation` is None for completion apps."""

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
    # What tools made for it, and what kind of file each is.
    made: list[tuple[StoredFile, str]] = field(default_factory=list[tuple[StoredFile, str]])
    blocked: bool = False
    citations: list[CitationResource] = field(default_factory=list[CitationResource])
    run: Run | None = None
