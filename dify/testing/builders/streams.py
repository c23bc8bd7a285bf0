"""Complete event streams, in the order in which a Dify 1.14.2 sends them.

    from dify.testing import Node, chat_stream, workflow_stream

    chat_stream("Hello there")
    workflow_stream(nodes=[Node("LLM", "llm", text="Hello")], outputs={"text": "Hello"})

Each is a list of events, which tests can change and cut. `Wire` turns it into bytes, and the `streams` of `DifyMock` sends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from dify.types import CitationResource, PauseReason, Usage

from ..script.blocks import Block, Iteration, Loop, Node, Parallel, ToolCall, ToolFile
from ..script.costs import usage as default_usage
from ..script.frames import Frame, split
from ..script.ids import DerivedIds, FixedClock, Ids
from ..script.messages import MessageKind, MessageScript
from ..script.runs import RunScript
from . import events, replies
from .pieces import deltas_checked
from .run_events import new_run

__all__ = [
    "agent_stream",
    "chat_stream",
    "chatflow_stream",
    "completion_stream",
    "deltas_of",
    "finished_stream",
    "paused_chatflow_stream",
    "paused_workflow_stream",
    "resumed_stream",
    "workflow_stream",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


def deltas_of(text: str | Sequence[str]) -> list[str]:
    """Return a text in the deltas of a model: words, each with the space before it.

    Deltas stay as they are.

    Example:
        >>> deltas_of("Hello there, you")
        ['Hello', ' there,', ' you']
    """
    return split(text) if isinstance(text, str) else deltas_checked(text)


# ----------------------------------------------------------------------------------------------- chat and completion
def chat_stream(
    answer: str | Sequence[str] = "Hello there",
    *,
    usage: Usage | None = None,
    citations: Sequence[CitationResource] = (),
    ids: Ids | None = None,
) -> list[Frame]:
    """Build the stream of a chat app.

    Args:
        answer: The answer, as text or as its deltas.
        usage: Usage, from `replies.usage(...)`.
        citations: Citations of the answer, from `replies.citation(...)`.
        ids: Ids of the message and its conversation.

    Example:
        >>> [event.event for event in chat_stream("Hello there")]
        ['message', 'message', 'message', 'message_end']
    """
    return _message("chat", [*citations, *deltas_of(answer)], usage, ids)


def completion_stream(
    answer: str | Sequence[str] = "Hello there", *, usage: Usage | None = None, ids: Ids | None = None
) -> list[Frame]:
    """Build the stream of a completion app.

    Example:
        >>> completion_stream("Hello")[0].conversation_id is None
        True
    """
    return _message("completion", deltas_of(answer), usage, ids)


def agent_stream(
    answer: str | Sequence[str] = "Hello there",
    *,
    tools: Sequence[ToolCall] = (),
    usage: Usage | None = None,
    ids: Ids | None = None,
) -> list[Frame]:
    """Build the stream of an agent.

    Args:
        answer: The answer after the tool calls.
        tools: Tool calls before the answer, one step each.
        usage: Usage.
        ids: Ids of the message and its conversation.

    Example:
        >>> from dify.testing import ToolCall
        >>> stream = agent_stream("It is noon.", tools=[ToolCall("current_time", output="12:00")])
        >>> [event.event for event in stream if event.event != "agent_message"]
        ['agent_thought', 'agent_thought', 'agent_thought', 'agent_thought', 'agent_thought', 'message_end']
    """
    return _message("agent", [*tools, *deltas_of(answer)], usage, ids)


def _message(
    kind: MessageKind, parts: Sequence[str | CitationResource | ToolCall], usage: Usage | None, ids: Ids | None
) -> list[Frame]:
    ids = ids or Ids.of(kind)
    new_id = DerivedIds(ids.message_id or "")

    def store_file(file: ToolFile) -> tuple[str, str]:
        return new_id("file"), f"https://dify.test/files/tools/{file.name}"

    clock = FixedClock(ids.created_at.timestamp())
    script = MessageScript(kind, ids, clock=clock, new_id=new_id, store_file=store_file)
    stream = [*script.begin()]
    for part in parts:
        stream += script.feed(part)
    return [*stream, *script.finish(cost=usage or default_usage())]


# --------------------------------------------------------------------------------------------- chatflows and workflows
def chatflow_stream(
    answer: str | Sequence[str] = "Hello there",
    *,
    nodes: Sequence[Block] | None = None,
    inputs: Mapping[str, Any] | None = None,
    error: str | None = None,
    usage: Usage | None = None,
    citations: Sequence[CitationResource] = (),
    ids: Ids | None = None,
) -> list[Frame]:
    """Build the stream of a chatflow.

    Args:
        answer: The answer. Ignored if the nodes stream text.
        nodes: Nodes between the start and the answer; by default one LLM that streams the answer.
        inputs: Inputs of the app.
        error: Reason for a failure of the last node; a node with an `error` fails the run as well.
        usage: Usage.
        citations: Citations of the answer.
        ids: Ids of the message, its conversation and its run.

    Example:
        >>> stream = chatflow_stream("Hello")
        >>> [event.event for event in stream[-2:]], chatflow_stream(error="no answer")[-1].data.status
        (['message_end', 'workflow_finished'], 'failed')
    """
    script = _script(inputs, ids or Ids.of("chatflow"))
    deltas = deltas_of(answer)
    parts: Sequence[Block | str] = deltas if nodes is None and error is None else _blocks(nodes or (), error)
    stream = [events.ping(), *script.begin(), *_fed(script, [*citations, *parts])]
    if not script.run.answer and not script.ended:
        for delta in deltas:
            stream += script.answer(delta)
    return [*stream, *script.finish(cost=usage or default_usage())]


def workflow_stream(
    nodes: Sequence[Block] | None = None,
    outputs: Mapping[str, Any] | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    error: str | None = None,
    ids: Ids | None = None,
) -> list[Frame]:
    """Build the stream of a workflow.

    Args:
        nodes: Nodes between the start and the end; by default one that produces `outputs`, or one LLM without them.
        outputs: Outputs of the run; by default the text that its nodes stream, as `text`.
        inputs: Inputs of the app.
        error: Reason for a failure of the last node; a node with an `error` fails the run as well.
        ids: Ids of the run.

    Example:
        >>> stream = workflow_stream(outputs={"text": "Hello"})
        >>> stream[-1].data.outputs
        {'text': 'Hello'}
        >>> workflow_stream(error="no answer")[-1].data.error
        'no answer'
    """
    script = _script(inputs, ids or Ids.of("workflow"))
    parts: list[Block | str | Mapping[str, Any]] = []
    if nodes is not None or error is not None:
        parts += _blocks(nodes or (), error)
    elif outputs is None:
        parts += deltas_of("Hello there")
    if outputs is not None:
        parts.append(outputs)
    return [events.ping(), *script.begin(), *_fed(script, parts), *script.finish()]


def _script(inputs: Mapping[str, Any] | None, ids: Ids) -> RunScript:
    clock = FixedClock(ids.created_at.timestamp())
    return RunScript(new_run(inputs, ids), clock=clock, new_id=DerivedIds(ids.run_id))


def _fed(script: RunScript, parts: Sequence[str | Block | CitationResource | Mapping[str, Any]]) -> Iterator[Frame]:
    """Yield the events of parts, up to one that ends the run."""
    for part in parts:
        if not script.ended:
            yield from script.feed(part)


def _blocks(nodes: Any, error: str | None = None) -> Sequence[Block]:
    """Check blocks, and let the last one fail with the error.

    Raises:
        TypeError: `nodes` is not a list of blocks.
    """
    iterable = isinstance(nodes, Iterable) and not isinstance(nodes, str)
    items: list[Any] = list(cast("Iterable[Any]", nodes)) if iterable else [nodes]
    if not all(isinstance(block, Node | Iteration | Loop | Parallel) for block in items):
        raise TypeError(
            "nodes must be a list of Node, Iteration, Loop and Parallel, such as "
            f'[Node("LLM", "llm", text="Hello")], not {nodes!r}'
        )
    if error is None:
        return items
    last = items[-1] if items else None
    if isinstance(last, Node):
        return [*items[:-1], Node(last.title, last.type, last.id, last.inputs, error=error)]
    return [*items, Node("LLM", "llm", error=error)]


# ----------------------------------------------------------------------------------------------------------- people
def paused_workflow_stream(
    form: PauseReason | None = None,
    *,
    nodes: Sequence[Block] = (),
    inputs: Mapping[str, Any] | None = None,
    ids: Ids | None = None,
) -> list[Frame]:
    """Build the stream of a workflow that pauses for a form.

    Args:
        form: The form, from `replies.form(...)`.
        nodes: Nodes before the form.
        inputs: Inputs of the app.
        ids: Ids of the run.

    Example:
        >>> [event.event for event in paused_workflow_stream()[-2:]]
        ['human_input_required', 'workflow_paused']
    """
    return _paused(form, nodes, inputs, ids or Ids.of("workflow"))


def paused_chatflow_stream(
    form: PauseReason | None = None,
    *,
    nodes: Sequence[Block] = (),
    inputs: Mapping[str, Any] | None = None,
    ids: Ids | None = None,
) -> list[Frame]:
    """Build the stream of a chatflow that pauses for a form.

    Example:
        >>> paused_chatflow_stream()[-1].conversation_id is None
        False
    """
    return _paused(form, nodes, inputs, ids or Ids.of("chatflow"))


def _paused(
    form: PauseReason | None, nodes: Sequence[Block], inputs: Mapping[str, Any] | None, ids: Ids
) -> list[Frame]:
    script = _script(inputs, ids)
    stream = [events.ping(), *script.begin(), *_fed(script, _blocks(nodes))]
    return stream if script.ended else [*stream, *script.pause(form or replies.form())]


def resumed_stream(
    form: PauseReason | None = None,
    *,
    action: str = "approve",
    filled: Mapping[str, Any] | None = None,
    nodes: Sequence[Block] = (),
    outputs: Mapping[str, Any] | None = None,
    answer: str = "",
    ids: Ids | None = None,
) -> list[Frame]:
    """Build the events endpoint's stream of a run that ends after its form.

    Args:
        form: The form.
        action: Id of the button.
        filled: Values of the fields.
        nodes: Nodes after the form.
        outputs: Outputs of the workflow.
        answer: Answer of the chatflow.
        ids: Ids of the run; by default those of a workflow.

    Example:
        >>> [event.event for event in resumed_stream(outputs={"done": True})][:4]
        ['ping', 'workflow_started', 'node_started', 'human_input_form_filled']
    """
    script = _script(None, ids or Ids.of("workflow"))
    for _ in (*script.begin(), *script.pause(form or replies.form())):
        pass  # the events before the pause are those of `paused_workflow_stream`
    stream = [events.ping(), *script.resume(action, filled), *_fed(script, _blocks(nodes))]
    if script.run.ids.message_id is None:
        stream += _fed(script, [dict(outputs or {})])
    elif not script.ended:
        for delta in deltas_of(answer):
            stream += script.answer(delta)
    return [*stream, *script.finish()]


def finished_stream(
    outputs: Mapping[str, Any] | None = None, *, error: str | None = None, ids: Ids | None = None
) -> list[Frame]:
    """Build the stream of the events endpoint for a finished run: its last event.

    Example:
        >>> [event.event for event in finished_stream({"text": "Hello"})]
        ['workflow_finished']
    """
    return [events.workflow_finished(outputs, error=error, ids=ids or Ids.of("workflow"))]
