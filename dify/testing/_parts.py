"""What an answer function may say beside text: nodes of a run, forms for people, tool calls, moderation."""

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
    """A step of an agent node's log: an `agent_log` event when it starts, and one when it ends.

    Attributes:
        label: What it is, such as "ROUND 1" or "CALL current_time".
        data: What it found.
        error: Why it failed, if it did.
        steps: The steps within it.
    """

    label: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    error: str | None = None
    steps: Sequence[AgentStep] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a chatflow's or workflow's run.

    Attributes:
        title: Its title.
        type: Its type, such as "code", "llm", "tool", "agent", "http-request", "knowledge-retrieval".
        id: Its id in the graph; by default made of the title.
        inputs: What it was given.
        outputs: What it gave. Of a node with text and no outputs: `{"text": ...}`.
        process_data: What it shows of its work.
        text: What it streams into the answer: the whole text, or its deltas.
        steps: An agent node's log.
        error: Why it fails, if it does. The run fails with it, unless `handled`.
        handled: Whether the run goes on after the error; it then ends "partial-succeeded".
        retries: The errors of the attempts before.
        tokens: How many tokens it cost.

    Example:
        >>> def answer(request):
        ...     yield Node("Look up", "http-request", outputs={"status_code": 200})
        ...     yield Node("Write", "llm", text=["All", " is", " well."])
        ...     yield {"report": "All is well."}
    """

    title: str
    type: str = "code"
    id: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] | None = None
    process_data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    text: str | Sequence[str] = ()
    steps: Sequence[AgentStep] = ()
    error: str | None = None
    handled: bool = False
    retries: Sequence[str] = ()
    tokens: int = 0

    @property
    def node_id(self) -> str:
        """Its id in the graph."""
        return self.id or _id_of(self.title)

    @property
    def deltas(self) -> list[str]:
        """The deltas of its text."""
        return [self.text] if isinstance(self.text, str) else list(self.text)


@dataclass(frozen=True, slots=True)
class Iteration:
    """A container that runs its nodes once for each item of a list.

    Attributes:
        title: Its title.
        rounds: The blocks of each round.
        items: The list; by default the rounds' numbers.
        outputs: What it gave, a list as a rule.
        parallel: Whether all rounds begin at once.
        id: Its id in the graph; by default made of the title.

    Example:
        >>> Iteration("Each name", [[Node("Greet")], [Node("Greet")]], items=["Ada", "Bob"]).node_id
        'each_name'
    """

    title: str
    rounds: Sequence[Sequence[Block]]
    items: Sequence[Any] | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parallel: bool = False
    id: str | None = None

    @property
    def node_id(self) -> str:
        """Its id in the graph."""
        return self.id or _id_of(self.title)


@dataclass(frozen=True, slots=True)
class Loop:
    """A container that runs its nodes again and again.

    Attributes:
        title: Its title.
        rounds: The blocks of each round.
        inputs: The loop variables at the start.
        outputs: The loop variables at the end.
        most: After how many rounds it would end by itself; by default as many as there are.
        id: Its id in the graph; by default made of the title.
    """

    title: str
    rounds: Sequence[Sequence[Block]]
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    most: int | None = None
    id: str | None = None

    @property
    def node_id(self) -> str:
        """Its id in the graph."""
        return self.id or _id_of(self.title)


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches that run at the same time: their events take turns.

    Attributes:
        branches: The blocks of each branch.
    """

    branches: Sequence[Sequence[Block]]


Block: TypeAlias = Node | Iteration | Loop | Parallel
"""What a run consists of."""


@dataclass(frozen=True, slots=True)
class EmulatorForm:
    """A form for a person: the run pauses until it is submitted. `yield` gives the `FormAnswer`, or None if it expired.

    Attributes:
        content: The text, with `{{#$output.name#}}` where the field `name` stands.
        inputs: The fields; a name alone is a paragraph of text.
        actions: The buttons; an id alone gets a title made of it.
        title: The title of the node that asks.
        id: That node's id; by default "human", "human2" and so on.
        defaults: Values that the fields have when the form is shown.
        expires_in: Seconds until nobody can submit it any more, and the run goes on without an answer.

    Raises:
        TypeError: A text stands where a list is wanted.
        ValueError: It would expire before it is there.

    Example:
        >>> def answer(request):
        ...     form = EmulatorForm("Deploy? {{#$output.note#}}", inputs=["note"], actions=["approve", "reject"])
        ...     filled = yield form
        ...     yield {"deployed": filled is not None and filled.action == "approve"}
    """

    content: str
    inputs: Sequence[FormInput | str] = ()
    actions: Sequence[UserAction | str] = ("approve", "reject")
    title: str = "Human Input"
    id: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    expires_in: float = 3600.0

    def __post_init__(self) -> None:
        for name, given in (("inputs", self.inputs), ("actions", self.actions)):
            if isinstance(given, str):
                raise TypeError(f"{name} is a list, and not {given!r}: {name}=[{given!r}]")
        if self.expires_in < 0:
            raise ValueError(f"expires_in is in seconds: 0 or more, and not {self.expires_in!r}")

    @property
    def fields(self) -> list[FormInput]:
        """The fields, each as the wire has it."""
        return [
            FormInput(output_variable_name=each, type="paragraph", default=None) if isinstance(each, str) else each
            for each in self.inputs
        ]

    @property
    def buttons(self) -> list[UserAction]:
        """The buttons, each as the wire has it; the first of those named by an id alone stands out."""
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
    """A file that a tool made.

    Attributes:
        name: Its file name.
        content: Its bytes.
        type: image, document, audio, video or custom.
        mime_type: Its MIME type.
    """

    name: str
    content: bytes = field(repr=False)
    type: str = "image"
    mime_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that an agent calls: what was said before it becomes the thought that led to it.

    Attributes:
        name: The tool.
        input: What it is given.
        output: What it says: text, or what JSON can hold.
        files: Files that it makes.

    Example:
        >>> def answer(request):
        ...     yield "I should look at the clock. "
        ...     yield ToolCall("current_time", {"timezone": "UTC"}, "12:00")
        ...     yield "It is noon."
    """

    name: str
    input: Mapping[str, Any] = field(default_factory=dict[str, Any])
    output: Any = ""
    files: Sequence[ToolFile] = ()


@dataclass(frozen=True, slots=True)
class InputBlocked:
    """Moderation stops the question before the model sees it: the app says this text instead. To be returned.

    Example:
        >>> def answer(request):
        ...     return InputBlocked("I cannot talk about that.") if "secret" in request.query else "Sure."
    """

    text: str


@dataclass(frozen=True, slots=True)
class OutputBlocked:
    """Moderation stops the answer: what was said so far is replaced by this text, and the app says no more.

    Example:
        >>> def answer(request):
        ...     yield "The secret is"
        ...     yield OutputBlocked("I cannot tell you.")
    """

    text: str


Part: TypeAlias = str | Mapping[str, Any] | Block | EmulatorForm | ToolCall | CitationResource | OutputBlocked
"""What an answer function may yield, one after the other, or return alone."""


def _id_of(title: str) -> str:
    return "_".join(title.lower().split()) or "node"
