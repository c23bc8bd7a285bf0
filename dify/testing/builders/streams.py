"""Whole event streams, in the order in which a Dify 1.14.2 sends them.

    from dify.testing import Node, chat_stream, workflow_stream

    chat_stream("Hello there")
    workflow_stream(nodes=[Node("LLM", "llm", text="Hello")], outputs={"text": "Hello"})

Each is a list of events, so a test may take one out, put one in, or cut it short. `Wire` makes bytes of it, and the
`streams` of `DifyMock` serves it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from dify.types import CitationResource, PauseReason, Usage

from ..script.blocks import Block, Node, ToolCall
from ..script.pieces import deltas_checked
from . import events, replies
from .ids import Ids
from .stream_blocks import Blocks
from .wire import Frame

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

_START = Node("Start", "start")


def deltas_of(text: str | Sequence[str]) -> list[str]:
    """A text as models stream it: word by word, each with the space before it. Pieces stay as they are.

    Example:
        >>> deltas_of("Hello there, you")
        ['Hello', ' there,', ' you']
    """
    return re.findall(r"\s*\S+\s*\Z|\s*\S+|\s+", text) if isinstance(text, str) else deltas_checked(text)


# ----------------------------------------------------------------------------------------------- chat and completion
def chat_stream(
    answer: str | Sequence[str] = "Hello there",
    *,
    usage: Usage | None = None,
    citations: Sequence[CitationResource] = (),
    ids: Ids | None = None,
) -> list[Frame]:
    """The stream of a chat app.

    Args:
        answer: What it says, as text or as its pieces.
        usage: What it cost, from `replies.usage(...)`.
        citations: The passages that it rests on, from `replies.citation(...)`.
        ids: The message and its conversation.

    Example:
        >>> [event.event for event in chat_stream("Hello there")]
        ['message', 'message', 'message', 'message_end']
    """
    return _answer(answer, usage, citations, ids or Ids.of("chat"))


def completion_stream(
    answer: str | Sequence[str] = "Hello there", *, usage: Usage | None = None, ids: Ids | None = None
) -> list[Frame]:
    """The stream of a completion app.

    Example:
        >>> completion_stream("Hello")[0].conversation_id is None
        True
    """
    return _answer(answer, usage, (), ids or Ids.of("completion"))


def _answer(
    answer: str | Sequence[str], usage: Usage | None, citations: Sequence[CitationResource], ids: Ids
) -> list[Frame]:
    # The last chunk of a model has no text: it says why the model ended.
    said: list[Frame] = [events.message(delta, ids=ids) for delta in [*deltas_of(answer), ""]]
    return [*said, events.message_end(usage=usage, citations=citations, ids=ids)]


def agent_stream(
    answer: str | Sequence[str] = "Hello there",
    *,
    tools: Sequence[ToolCall] = (),
    usage: Usage | None = None,
    ids: Ids | None = None,
) -> list[Frame]:
    """The stream of an agent.

    Args:
        answer: What it says at last.
        tools: The tools that it calls before, one step each.
        usage: What it cost.
        ids: The message and its conversation.

    Example:
        >>> from dify.testing import ToolCall
        >>> stream = agent_stream("It is noon.", tools=[ToolCall("current_time", output="12:00")])
        >>> [event.event for event in stream if event.event != "agent_message"]
        ['agent_thought', 'agent_thought', 'agent_thought', 'agent_thought', 'agent_thought', 'message_end']
    """
    known = ids or Ids.of("agent")
    stream: list[Frame] = []
    for position, tool in enumerate(tools, 1):
        given = json.dumps({tool.name: dict(tool.input)})
        said = tool.output if isinstance(tool.output, str) else json.dumps(tool.output)
        labels = {tool.name: {"en_US": tool.name, "zh_Hans": tool.name}}
        stream.append(events.agent_thought(position=position, ids=known))
        stream.append(events.agent_message("", ids=known))
        stream += [
            events.agent_thought(
                tool=tool.name,
                tool_input=given,
                observation=observed,
                position=position,
                tool_labels=labels,
                ids=known,
            )
            for observed in ("", said)
        ]
    deltas = deltas_of(answer)
    last = len(tools) + 1
    stream.append(events.agent_thought(position=last, ids=known))
    stream += [events.agent_message(delta, ids=known) for delta in [*deltas, ""]]
    stream.append(events.agent_thought("".join(deltas), position=last, ids=known))
    stream.append(events.message_end(usage=usage, ids=known))
    return stream


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
    """The stream of a chatflow.

    Args:
        answer: What it says. Nodes that stream a text say that instead.
        nodes: What runs between the start and the answer; by default one LLM that says the answer.
        inputs: The app's variables.
        error: Why the run fails, in its last node; a node with an `error` fails it as well.
        usage: What it cost.
        citations: The passages that the answer rests on.
        ids: The message, its conversation and its run.

    Example:
        >>> stream = chatflow_stream("Hello")
        >>> [event.event for event in stream[-2:]], chatflow_stream(error="no answer")[-1].data.status
        (['message_end', 'workflow_finished'], 'failed')
    """
    known = ids or Ids.of("chatflow")
    run = Blocks(known)
    said = [*deltas_of(answer), ""]
    given: Sequence[Block] = [Node("LLM", "llm", text=said)] if nodes is None else nodes
    stream = _begin(run, inputs)
    stream += run.of(_failing(given, error))
    if run.error is not None:
        return [*stream, _end(run, {})]
    if not run.text:
        stream += [run.delta(delta, ("answer", "answer")) for delta in said]
    outputs: dict[str, Any] = {"answer": run.text, "files": []}
    stream += run.of([Node("Answer", "answer", outputs=outputs)])
    stream.append(events.message_end(usage=usage, citations=citations, ids=known))
    return [*stream, _end(run, outputs)]


def workflow_stream(
    nodes: Sequence[Block] | None = None,
    outputs: Mapping[str, Any] | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    error: str | None = None,
    ids: Ids | None = None,
) -> list[Frame]:
    """The stream of a workflow.

    Args:
        nodes: What runs between the start and the end; by default one LLM.
        outputs: What the run gives; by default the text that its nodes stream, as `text`.
        inputs: The app's variables.
        error: Why the run fails, in its last node; a node with an `error` fails it as well.
        ids: The run.

    Example:
        >>> stream = workflow_stream(outputs={"text": "Hello"})
        >>> stream[-1].data.outputs
        {'text': 'Hello'}
        >>> workflow_stream(error="no answer")[-1].data.error
        'no answer'
    """
    run = Blocks(ids or Ids.of("workflow"))
    given: Sequence[Block] = [_only_node(outputs)] if nodes is None else nodes
    stream = _begin(run, inputs)
    stream += run.of(_failing(given, error))
    if run.error is not None:
        return [*stream, _end(run, {})]
    known: dict[str, Any] = dict(outputs) if outputs is not None else {"text": run.text} if run.text else {}
    if not run.text:
        stream += _output_chunks(run, known)
    stream += run.of([Node("End", "end", inputs=known, outputs=known)])
    return [*stream, _end(run, known)]


def _only_node(outputs: Mapping[str, Any] | None) -> Node:
    if outputs is None:
        return Node("LLM", "llm", text=["Hello", " there", ""])
    return Node("LLM", "llm", outputs=outputs)


def _failing(nodes: Sequence[Block], error: str | None) -> Sequence[Block]:
    if error is None:
        return nodes
    nodes = list(nodes)
    last = nodes[-1] if nodes else None
    failed = Node(last.title, last.type, last.id, last.inputs, error=error) if isinstance(last, Node) else None
    return [*nodes[:-1], failed] if failed is not None else [*nodes, Node("LLM", "llm", error=error)]


def _begin(run: Blocks, inputs: Mapping[str, Any] | None) -> list[Frame]:
    given = dict(inputs or {})
    start = Node("Start", "start", inputs=given, outputs=given)
    return [events.ping(), events.workflow_started(given, ids=run.ids), *run.of([start])]


def _end(run: Blocks, outputs: Mapping[str, Any]) -> Frame:
    failed, partly = run.error is not None, run.failures and run.error is None
    status: Literal["failed", "partial-succeeded", "succeeded"]
    status = "failed" if failed else "partial-succeeded" if partly else "succeeded"
    return events.workflow_finished(
        outputs,
        status=status,
        error=run.error,
        total_tokens=run.tokens,
        total_steps=run.steps,
        exceptions_count=run.failures,
        ids=run.ids,
    )


def _output_chunks(run: Blocks, outputs: Mapping[str, Any]) -> Iterator[Frame]:
    """Outputs as an end node streams them: each as text, a line break between."""
    for number, (name, value) in enumerate(outputs.items()):
        if number:
            yield run.delta("\n", ("end", "answer"))
        shown = value if isinstance(value, str) else "" if value is None else json.dumps(value, indent=2)
        yield run.delta(shown, ("llm", name))


# ----------------------------------------------------------------------------------------------------------- people
def paused_workflow_stream(
    form: PauseReason | None = None,
    *,
    nodes: Sequence[Block] = (),
    inputs: Mapping[str, Any] | None = None,
    ids: Ids | None = None,
) -> list[Frame]:
    """The stream of a workflow that comes to a form and waits.

    Args:
        form: The form, from `replies.form(...)`.
        nodes: What runs before it.
        inputs: The app's variables.
        ids: The run.

    Example:
        >>> [event.event for event in paused_workflow_stream()[-2:]]
        ['human_input_required', 'workflow_paused']
    """
    return _paused(form or replies.form(), nodes, inputs, ids or Ids.of("workflow"))


def paused_chatflow_stream(
    form: PauseReason | None = None,
    *,
    nodes: Sequence[Block] = (),
    inputs: Mapping[str, Any] | None = None,
    ids: Ids | None = None,
) -> list[Frame]:
    """The stream of a chatflow that comes to a form and waits.

    Example:
        >>> paused_chatflow_stream()[-1].conversation_id is None
        False
    """
    return _paused(form or replies.form(), nodes, inputs, ids or Ids.of("chatflow"))


def _paused(form: PauseReason, nodes: Sequence[Block], inputs: Mapping[str, Any] | None, ids: Ids) -> list[Frame]:
    run = Blocks(ids)
    stream = [*_begin(run, inputs), *run.of(nodes)]
    asks = Node(form.node_title or "Human Input", "human-input", form.node_id)
    stream += [events.node_started(asks, ids=ids), events.form_required(form, ids=ids)]
    return [*stream, events.workflow_paused(form, total_steps=run.steps + 1, ids=ids)]


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
    """What the events endpoint sends when a form was filled and the run goes on to its end.

    Args:
        form: The form that was filled.
        action: The button.
        filled: The values of its fields.
        nodes: What runs after it.
        outputs: What the workflow gives.
        answer: What the chatflow says.
        ids: The run; a workflow's by default.

    Example:
        >>> [event.event for event in resumed_stream(outputs={"done": True})][:4]
        ['ping', 'workflow_started', 'node_started', 'human_input_form_filled']
    """
    known, asked = ids or Ids.of("workflow"), form or replies.form()
    run = Blocks(known)
    asks = Node(asked.node_title or "Human Input", "human-input", asked.node_id, outputs={"__action_id": action})
    stream: list[Frame] = [
        events.ping(),
        events.workflow_started(reason="resumption", ids=known),
        events.node_started(asks, ids=known),
        events.form_filled(asked, action=action, inputs=filled, ids=known),
        events.node_finished(asks, ids=known),
        *run.of(nodes),
    ]
    if known.message_id is None:
        given = dict(outputs or {})
        stream += run.of([Node("End", "end", inputs=given, outputs=given)])
        return [*stream, _end(run, given)]
    stream += [run.delta(delta, ("answer", "answer")) for delta in deltas_of(answer)]
    given = {"answer": run.text, "files": list[Any]()}
    stream += run.of([Node("Answer", "answer", outputs=given)])
    return [*stream, events.message_end(ids=known), _end(run, given)]


def finished_stream(
    outputs: Mapping[str, Any] | None = None, *, error: str | None = None, ids: Ids | None = None
) -> list[Frame]:
    """What the events endpoint sends for a run that is over: its end alone.

    Example:
        >>> [event.event for event in finished_stream({"text": "Hello"})]
        ['workflow_finished']
    """
    return [events.workflow_finished(outputs, error=error, ids=ids or Ids.of("workflow"))]
