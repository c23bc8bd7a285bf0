"""Blocks of runs, and other parts that an answer function may yield.

These are forms, tool calls and moderation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dify.types.human_input import FormInput, UserAction
from dify.types.replies import CitationResource

__all__ = [
    "AgentStep",
    "Block",
    "EmulatorForm",
    "InputBlocked",
    "Iteration",
    "Loop",
    "Node",
    "OutputBlocked",
    "Parallel",
    "Part",
    "ToolCall",
    "ToolFile",
]


@dataclass(frozen=True, slots=True)
class AgentStep:
    """A step in the log of an agent node.

    It has an `agent_log` event at its start and one at its end.
    """

    label: str
    """Title, such as "ROUND 1" or "CALL current_time"."""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Results of the step."""
    error: str | None = None
    """Reason for a failure. None for success."""
    steps: Sequence[AgentStep] = ()
    """Steps within this step."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node in the run of a chatflow or workflow.

    Example:
        >>> def answer(request):
        ...     yield Node("Look up", "http-request", outputs={"status_code": 200})
        ...     yield Node("Write", "llm", text=["All", " is", " well."])
        ...     yield {"report": "All is well."}
    """

    title: str
    """Title of the node."""
    type: str = "code"
    """Type of the node, such as "code", "llm", "tool", "agent", "http-request" or "knowledge-retrieval"."""
    id: str | None = None
    """Id of the node in the workflow. None derives it from the title."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Inputs of the node."""
    outputs: Mapping[str, Any] | None = None
    """Outputs of the node. None means `{"text": ...}` for a node with text, and no outputs for others."""
    process_data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Internal data of the node, such as a prompt."""
    text: str | Sequence[str] = ()
    """Text that the node streams into the answer: all of it, or its deltas."""
    steps: Sequence[AgentStep] = ()
    """Log of an agent node."""
    error: str | None = None
    """Reason for a failure. The run fails too, unless `handled` is true. None for success."""
    handled: bool = False
    """True if the run continues after the error; it then finishes as "partial-succeeded"."""
    retries: Sequence[str] = ()
    """Errors of the failed attempts before this one."""
    tokens: int = 0
    """Number of tokens used."""

    @property
    def node_id(self) -> str:
        """Id of the node in the workflow."""
        return self.id or _id_of(self.title)

    @property
    def deltas(self) -> list[str]:
        """Deltas of the text."""
        return [self.text] if isinstance(self.text, str) else list(self.text)


@dataclass(frozen=True, slots=True)
class Iteration:
    """A container that runs its nodes once for each item of a list.

    Example:
        >>> Iteration("Each name", [[Node("Greet")], [Node("Greet")]], items=["Ada", "Bob"]).node_id
        'each_name'
    """

    title: str
    """Title of the node."""
    rounds: Sequence[Sequence[Block]]
    """Blocks of each round."""
    items: Sequence[Any] | None = None
    """Items of the list. None for the numbers of the rounds."""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Outputs of the node, usually a list."""
    parallel: bool = False
    """True if all rounds start at once."""
    id: str | None = None
    """Id of the node in the workflow. None derives it from the title."""

    @property
    def node_id(self) -> str:
        """Id of the node in the workflow."""
        return self.id or _id_of(self.title)


@dataclass(frozen=True, slots=True)
class Loop:
    """A container that repeats its nodes."""

    title: str
    """Title of the node."""
    rounds: Sequence[Sequence[Block]]
    """Blocks of each round."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Loop variables at the start."""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Loop variables at the end."""
    most: int | None = None
    """Maximum number of rounds. None for the number of `rounds`."""
    id: str | None = None
    """Id of the node in the workflow. None derives it from the title."""

    @property
    def node_id(self) -> str:
        """Id of the node in the workflow."""
        return self.id or _id_of(self.title)


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches that run at the same time; their events alternate."""

    branches: Sequence[Sequence[Block]]
    """Blocks of each branch."""


Block: TypeAlias = Node | Iteration | Loop | Parallel
"""A part of a run."""


@dataclass(frozen=True, slots=True)
class EmulatorForm:
    """A form for a person; the run pauses until it is submitted.

    The `yield` of an answer function returns the `FormAnswer`, or None if the form expired.

    Raises:
        TypeError: `inputs` or `actions` is a string in place of a list.
        ValueError: `expires_in` is negative.

    Example:
        >>> def answer(request):
        ...     form = EmulatorForm("Deploy? {{#$output.note#}}", inputs=["note"], actions=["approve", "reject"])
        ...     filled = yield form
        ...     yield {"deployed": filled is not None and filled.action == "approve"}
    """

    content: str
    """Text of the form, with `{{#$output.name#}}` at the place of the field `name`."""
    inputs: Sequence[FormInput | str] = ()
    """Fields; a plain name is a paragraph field."""
    actions: Sequence[UserAction | str] = ("approve", "reject")
    """Buttons; a plain id is a button with a title derived from it."""
    title: str = "Human Input"
    """Title of the human-input node."""
    id: str | None = None
    """Id of the node in the workflow. None for "human", "human2" and so on."""
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Default values of fields, by name."""
    expires_in: float = 3600.0
    """Seconds until the form expires and the run continues without an answer."""

    def __post_init__(self) -> None:
        for name, given in (("inputs", self.inputs), ("actions", self.actions)):
            if isinstance(given, str):
                raise TypeError(f"{name} is a list, and not {given!r}: {name}=[{given!r}]")
        if self.expires_in < 0:
            raise ValueError(f"expires_in is in seconds: 0 or more, and not {self.expires_in!r}")

    @property
    def fields(self) -> list[FormInput]:
        """Fields, as the API has them."""
        return [
            FormInput(output_variable_name=each, type="paragraph", default=None) if isinstance(each, str) else each
            for each in self.inputs
        ]

    @property
    def buttons(self) -> list[UserAction]:
        """Buttons, as the API has them; the first plain id is the primary button."""
        return [
            UserAction(
                id=each,
                title=each.replace("_", " ").capitalize(),
                button_style="default" if number else "primary",
            )
            if isinstance(each, str)
            else each
            for number, each in enumerate(self.actions)
        ]


@dataclass(frozen=True, slots=True)
class ToolFile:
    """A file that a tool produced."""

    name: str
    """File name."""
    content: bytes = field(repr=False)
    """Content of the file."""
    type: str = "image"
    """Kind of the file: "image", "document", "audio", "video" or "custom"."""
    mime_type: str = "application/octet-stream"
    """MIME type of the content, such as "image/png"."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool by an agent; the text before it is the agent's thought.

    Example:
        >>> def answer(request):
        ...     yield "I should look at the clock. "
        ...     yield ToolCall("current_time", {"timezone": "UTC"}, "12:00")
        ...     yield "It is noon."
    """

    name: str
    """Name of the tool."""
    input: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Arguments of the tool."""
    output: Any = ""
    """Result of the tool: text, or a JSON value."""
    files: Sequence[ToolFile] = ()
    """Files that the tool produced."""


@dataclass(frozen=True, slots=True)
class InputBlocked:
    """A question blocked by moderation, for an answer function to return.

    The model does not see it.

    Example:
        >>> def answer(request):
        ...     return InputBlocked("I cannot talk about that.") if "secret" in request.query else "Sure."
    """

    text: str
    """Text that the app answers with."""


@dataclass(frozen=True, slots=True)
class OutputBlocked:
    """An answer blocked by moderation, for an answer function to yield.

    The answer ends there.

    Example:
        >>> def answer(request):
        ...     yield "The secret is"
        ...     yield OutputBlocked("I cannot tell you.")
    """

    text: str
    """Text that replaces the answer so far."""


Part: TypeAlias = str | Mapping[str, Any] | Block | EmulatorForm | ToolCall | CitationResource | OutputBlocked
"""A value that an answer function may yield, or return as the only one."""


def _id_of(title: str) -> str:
    return "_".join(title.lower().split()) or "node"
