"""Events of messages and runs, each with the fields that a Dify 1.14.2 sends."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from dify.types.event_data import (
    AgentLog,
    ContainerExecution,
    FormFilled,
    FormTimeout,
    HumanInputRequest,
    RunPause,
    RunStart,
    TextChunk,
)
from dify.types.events import (
    AgentLogEvent,
    AgentMessageEvent,
    AgentThoughtEvent,
    HumanInputFormFilledEvent,
    HumanInputFormTimeoutEvent,
    HumanInputRequiredEvent,
    IterationCompletedEvent,
    IterationNextEvent,
    IterationStartedEvent,
    LoopCompletedEvent,
    LoopNextEvent,
    LoopStartedEvent,
    MessageEndEvent,
    MessageEvent,
    MessageFileEvent,
    MessageReplaceEvent,
    NodeFinishedEvent,
    NodeRetryEvent,
    NodeStartedEvent,
    TextChunkEvent,
    TTSMessageEndEvent,
    TTSMessageEvent,
    WorkflowFinishedEvent,
    WorkflowPausedEvent,
    WorkflowStartedEvent,
)
from dify.types.files import FileObject, MessageFileSummary
from dify.types.human_input import PauseReason
from dify.types.replies import AgentThought, AnnotationReply, CitationResource, ReplyMetadata
from dify.types.usage import Usage
from dify.types.workflows import ExecutionMetadata, NodeExecution, RunCreator, WorkflowRunData

from .blocks import AgentStep, Iteration, Loop, Node
from .costs import tokens, usage
from .frames import at
from .ids import Ids
from .state import NodeState, RunState

__all__ = [
    "MODEL",
    "SILENCE",
    "agent_log",
    "agent_message",
    "agent_thought",
    "button_title",
    "container_completed",
    "container_next",
    "container_started",
    "form_filled",
    "form_request",
    "form_required",
    "form_submission",
    "form_timeout",
    "message",
    "message_end",
    "message_file",
    "message_replace",
    "metadata",
    "node_finished",
    "node_members",
    "node_retry",
    "node_started",
    "render",
    "text_chunk",
    "tts_message",
    "tts_message_end",
    "workflow_finished",
    "workflow_paused",
    "workflow_started",
]

MODEL = {"model_provider": "langgenius/emulator/emulator", "model_name": "emulator"}
"""Inputs of every LLM node: the model that it uses."""


# A frame of MPEG-2 Layer III, mono, 16 kHz at 8 kbit/s: 72 * 8000 / 16000 = 36 bytes with its header of four.
SILENCE = (b"\xff\xf3\x18\xc0" + bytes(32)) * 10
"""A complete MP3 file with 0.36 seconds of silence."""


# ----------------------------------------------------------------------------------------------------------- messages
def message(ids: Ids, answer: str, selector: Sequence[str] | None = None) -> MessageEvent:
    """Return the event of a delta of an answer."""
    source = None if selector is None else list(selector)
    return MessageEvent(**ids.around_message(), id=ids.message_id, answer=answer, from_variable_selector=source)


def agent_message(ids: Ids, answer: str) -> AgentMessageEvent:
    """Return the event of a delta of an agent's answer."""
    return AgentMessageEvent(**ids.around_message(), id=ids.message_id, answer=answer)


def agent_thought(ids: Ids, thought: AgentThought) -> AgentThoughtEvent:
    """Return the event of a step of an agent."""
    return AgentThoughtEvent(**ids.around_message(), **thought.model_dump(exclude_unset=True))


def message_file(ids: Ids, id: str, type: str, url: str, belongs_to: str = "assistant") -> MessageFileEvent:
    """Return the event of a file that belongs to the message."""
    return MessageFileEvent(**ids.around_message(), id=id, type=type, belongs_to=belongs_to, url=url)


def message_replace(ids: Ids, answer: str, reason: str = "") -> MessageReplaceEvent:
    """Return the event that replaces the answer so far."""
    return MessageReplaceEvent(**ids.around_message(), answer=answer, reason=reason)


def message_end(
    ids: Ids, metadata: ReplyMetadata, files: Sequence[FileObject | MessageFileSummary] | None = None
) -> MessageEndEvent:
    """Return the event of a complete answer.

    Without files, chat apps send null and chatflows an empty list.
    """
    none: list[FileObject | MessageFileSummary] | None = None if ids.workflow_run_id is None else []
    shown = none if files is None else list(files)
    return MessageEndEvent(**ids.around_message(), id=ids.message_id, metadata=metadata, files=shown)


def metadata(
    cost: Usage, citations: Sequence[CitationResource] = (), annotation: AnnotationReply | None = None
) -> ReplyMetadata:
    """Return the metadata of a reply."""
    return ReplyMetadata(annotation_reply=annotation, retriever_resources=list(citations), usage=cost)


def tts_message(ids: Ids, audio: bytes = SILENCE) -> TTSMessageEvent:
    """Return the event of a fragment of speech."""
    return TTSMessageEvent(**ids.around_log(), audio=b64encode(audio).decode())


def tts_message_end(ids: Ids) -> TTSMessageEndEvent:
    """Return the event of the end of speech."""
    return TTSMessageEndEvent(**ids.around_log(), audio="")


# --------------------------------------------------------------------------------------------------------------- runs
def workflow_started(
    ids: Ids, inputs: Mapping[str, Any], created_at: datetime, reason: str = "initial"
) -> WorkflowStartedEvent:
    """Return the event of a run that starts or resumes."""
    data = RunStart(
        id=ids.run_id, workflow_id=ids.workflow_id, inputs=dict(inputs), created_at=created_at, reason=reason
    )
    return WorkflowStartedEvent(**ids.around_run(), data=data)


def workflow_finished(
    run: RunState, *, ids: Ids | None = None, creator: RunCreator | None = None, status: str | None = None
) -> WorkflowFinishedEvent:
    """Return the event of a run that ends.

    Args:
        run: The run.
        ids: Envelope of the event; by default the ids of the run.
        creator: Creator of the run; by default its end user.
        status: Status of the event; by default that of the run.
    """
    envelope = run.ids if ids is None else ids
    data = WorkflowRunData(
        id=run.id,
        workflow_id=run.ids.workflow_id,
        status=status or run.status,
        outputs=run.outputs,
        error=run.error,
        elapsed_time=run.elapsed_time,
        total_tokens=run.total_tokens,
        total_steps=run.total_steps,
        created_by=creator or RunCreator(id=run.ids.end_user_id, user=run.ids.user),
        created_at=at(run.created_at),
        finished_at=None if run.finished_at is None else at(run.finished_at),
        exceptions_count=run.exceptions_count,
        files=[],
    )
    return WorkflowFinishedEvent(**envelope.around_run(), data=data)


def workflow_paused(
    run: RunState, forms: Sequence[PauseReason], *, elapsed: float, ids: Ids | None = None
) -> WorkflowPausedEvent:
    """Return the event of a run that waits for forms."""
    data = RunPause(
        workflow_run_id=run.id,
        paused_nodes=[form.node_id for form in forms if form.node_id is not None],
        outputs={},
        reasons=list(forms),
        status="paused",
        created_at=at(run.created_at),
        elapsed_time=elapsed,
        total_tokens=run.total_tokens,
        total_steps=run.total_steps,
    )
    return WorkflowPausedEvent(**(run.ids if ids is None else ids).around_run(), data=data)


def text_chunk(ids: Ids, text: str, selector: Sequence[str] | None) -> TextChunkEvent:
    """Return the event of a delta of a workflow's text."""
    source = None if selector is None else list(selector)
    return TextChunkEvent(**ids.around_run(), data=TextChunk(text=text, from_variable_selector=source))


# -------------------------------------------------------------------------------------------------------------- forms
def form_required(ids: Ids, form: PauseReason) -> HumanInputRequiredEvent:
    """Return the event of a form."""
    return HumanInputRequiredEvent(**ids.around_run(), data=form_request(form))


def form_request(form: PauseReason) -> HumanInputRequest:
    """Return a form as events show it.

    Unlike in the reasons of a pause, with `display_in_ui`.
    """
    members = form.model_dump(exclude_unset=True, by_alias=True, exclude={"type"})
    return HumanInputRequest.model_validate({**members, "display_in_ui": True})


def form_filled(
    ids: Ids, form: PauseReason, action: str, values: Mapping[str, Any], rendered: str | None = None
) -> HumanInputFormFilledEvent:
    """Return the event of a submitted form; arguments as of `form_submission`."""
    return HumanInputFormFilledEvent(**ids.around_run(), data=form_submission(form, action, values, rendered))


def form_submission(
    form: PauseReason, action: str, values: Mapping[str, Any], rendered: str | None = None
) -> FormFilled:
    """Return the submission of a form.

    Args:
        form: The form.
        action: Id of the button.
        values: Values of the fields; files as file objects.
        rendered: Text with the values; by default rendered from the form's content.
    """
    return FormFilled(
        node_id=form.node_id,
        node_title=form.node_title,
        rendered_content=render(form, values) if rendered is None else rendered,
        action_id=action,
        action_text=button_title(form, action),
        submitted_data=dict(values),
    )


def form_timeout(ids: Ids, form: PauseReason, expired_at: datetime | None) -> HumanInputFormTimeoutEvent:
    """Return the event of an expired form."""
    data = FormTimeout(node_id=form.node_id, node_title=form.node_title, expiration_time=expired_at)
    return HumanInputFormTimeoutEvent(**ids.around_run(), data=data)


def render(form: PauseReason, values: Mapping[str, Any]) -> str:
    """Return the text of a form with the submitted values in the place of its fields."""
    text = form.form_content or ""
    for name, value in values.items():
        shown = value if isinstance(value, str) else "[file]" if isinstance(value, dict) else "[files]"
        text = text.replace(f"{{{{#$output.{name}#}}}}", shown)
    return text


def button_title(form: PauseReason, action: str) -> str:
    """Return the title of a button, or its id if the form does not have it."""
    return next((button.title for button in form.actions or [] if button.id == action), None) or action


# -------------------------------------------------------------------------------------------------------------- nodes
def node_started(
    ids: Ids,
    node: NodeState,
    *,
    strategy: Mapping[str, Any] | None = None,
    extras: Mapping[str, Any] | None = None,
) -> NodeStartedEvent:
    """Return the event of a node that starts.

    Args:
        ids: Ids of the run.
        node: The node.
        strategy: Strategy of an agent node; by default function calling for agents, None for other nodes.
        extras: Icon of a tool or datasource node.
    """
    if strategy is None and node.type == "agent":
        strategy = {"name": "function_calling", "icon": None}
    data = NodeExecution(
        **_identity(node),
        inputs=None,
        inputs_truncated=False,
        created_at=at(node.created_at),
        extras=dict(extras or {}),
        iteration_id=node.container_id("iteration"),
        loop_id=node.container_id("loop"),
        agent_strategy=None if strategy is None else dict(strategy),
    )
    return NodeStartedEvent(**ids.around_run(), data=data)


def node_finished(ids: Ids, node: NodeState, **members: Any) -> NodeFinishedEvent:
    """Return the event of a node that ends; members as of `_execution`."""
    return NodeFinishedEvent(**ids.around_run(), data=_execution(node, status=node.status, **members))


def node_retry(
    ids: Ids, node: NodeState, index: int, error: str, inputs: Mapping[str, Any], failed_at: datetime
) -> NodeRetryEvent:
    """Return the event of a failed attempt; `index` counts them from 1."""
    data = _execution(
        node, status="retry", inputs=inputs, outputs={}, error=error, retry_index=index, finished_at=failed_at
    )
    return NodeRetryEvent(**ids.around_run(), data=data)


def node_members(block: Node) -> dict[str, Any]:
    """Return the values of a block for its `node_finished` event.

    These are its inputs, outputs, error and costs.
    """
    text, model = "".join(block.deltas), block.type == "llm"
    spent = usage(0, block.tokens or (tokens(text) if model else 0), latency=0.0).model_dump(mode="json")
    costs = ("total_tokens", "total_price", "currency") if spent["total_tokens"] else ()
    metadata = {name: spent[name] for name in costs}
    if block.error is not None and block.handled:
        metadata["error_strategy"] = "default-value"
    return {
        "inputs": {**MODEL, **block.inputs} if model else block.inputs,
        "outputs": block.outputs if block.outputs is not None else {"text": text} if text else {},
        "process_data": block.process_data,
        "execution_metadata": metadata or None,
        "error": block.error,
    }


def agent_log(
    ids: Ids,
    step: AgentStep,
    *,
    id: str,
    node_id: str,
    status: Literal["start", "success", "error"],
    parent_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> AgentLogEvent:
    """Return the event of a step in the log of an agent node, as it starts or ends."""
    data = AgentLog(
        node_execution_id=node_id,
        id=id,
        label=step.label,
        parent_id=parent_id,
        error=None if status == "start" else step.error,
        status=status,
        data={} if status == "start" else dict(step.data),
        metadata=dict(metadata or {}),
        node_id=node_id,
    )
    return AgentLogEvent(**ids.around_log(), data=data)


def _identity(node: NodeState) -> dict[str, Any]:
    return {
        "id": node.execution_id,
        "node_id": node.id,
        "node_type": node.type,
        "title": node.title,
        "index": 1,
        "predecessor_node_id": None,
    }


def _execution(
    node: NodeState,
    *,
    status: str,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    process_data: Mapping[str, Any] | None = None,
    execution_metadata: Mapping[str, Any] | None = None,
    error: str | None = None,
    retry_index: int | None = None,
    finished_at: datetime | None = None,
) -> NodeExecution:
    place, metadata = node.place, execution_metadata
    if place is not None:
        metadata = {**(metadata or {}), f"{place.kind}_id": place.id, f"{place.kind}_index": place.index}
    retry: dict[str, Any] = {} if retry_index is None else {"retry_index": retry_index}
    return NodeExecution(
        **_identity(node),
        inputs=dict(inputs),
        inputs_truncated=False,
        process_data=dict(process_data or {}),
        process_data_truncated=False,
        outputs=dict(outputs),
        outputs_truncated=False,
        status=status,
        error=error,
        elapsed_time=node.elapsed,
        execution_metadata=None if metadata is None else ExecutionMetadata.model_validate(metadata),
        created_at=at(node.created_at),
        finished_at=finished_at or at(node.created_at if node.finished_at is None else node.finished_at),
        files=[],
        iteration_id=node.container_id("iteration"),
        loop_id=node.container_id("loop"),
        **retry,
    )


# --------------------------------------------------------------------------------------------------------- containers
def container_started(
    ids: Ids, container: Iteration | Loop, created_at: datetime
) -> IterationStartedEvent | LoopStartedEvent:
    """Return the event of a container that starts.

    On the wire its id is that of the node, in every round.
    """
    members: dict[str, Any] = {
        **_container(container, created_at),
        "inputs": _inputs(container),
        "inputs_truncated": False,
    }
    if isinstance(container, Loop):
        data = ContainerExecution(**members, metadata={"loop_length": _length(container)})
        return LoopStartedEvent(**ids.around_run(), data=data)
    data = ContainerExecution(**members, metadata={"iteration_length": _length(container)})
    return IterationStartedEvent(**ids.around_run(), data=data)


def container_next(
    ids: Ids, container: Iteration | Loop, index: int, created_at: datetime
) -> IterationNextEvent | LoopNextEvent:
    """Return the event of a round that starts. Loops have none for their first round."""
    members: dict[str, Any] = {**_container(container, created_at), "index": index}
    if isinstance(container, Loop):
        return LoopNextEvent(**ids.around_run(), data=ContainerExecution(**members, pre_loop_output={}))
    return IterationNextEvent(**ids.around_run(), data=ContainerExecution(**members))


def container_completed(
    ids: Ids,
    container: Iteration | Loop,
    created_at: datetime,
    *,
    failed: bool = False,
    elapsed: float,
    durations: Mapping[str, float],
    total_tokens: int = 0,
) -> IterationCompletedEvent | LoopCompletedEvent:
    """Return the event of a container that ends.

    Its `error` is null even if it failed.

    Args:
        ids: Ids of the run.
        container: The container.
        created_at: Time of the event.
        failed: True if a node in it failed.
        elapsed: Duration in seconds.
        durations: Duration of each completed round, by its index.
        total_tokens: Number of tokens that its nodes used.
    """
    loop = isinstance(container, Loop)
    price = str(usage(0, total_tokens, latency=0.0).total_price) if total_tokens else "0.0"
    costs = {"total_tokens": total_tokens, "total_price": price, "currency": "USD"}
    data = ContainerExecution(
        **_container(container, created_at),
        outputs={**container.outputs, "loop_round": len(container.rounds)} if loop else dict(container.outputs),
        outputs_truncated=False,
        inputs=_inputs(container),
        inputs_truncated=False,
        status="failed" if failed else "succeeded",
        error=None,
        elapsed_time=elapsed,
        total_tokens=total_tokens,
        execution_metadata=ExecutionMetadata.model_validate(
            {**costs, f"{'loop' if loop else 'iteration'}_duration_map": dict(durations)}
        ),
        finished_at=created_at,
        steps=_length(container),
    )
    return (LoopCompletedEvent if loop else IterationCompletedEvent)(**ids.around_run(), data=data)


def _container(container: Iteration | Loop, created_at: datetime) -> dict[str, Any]:
    node_type = "loop" if isinstance(container, Loop) else "iteration"
    identity = {"id": container.node_id, "node_id": container.node_id, "node_type": node_type}
    return {**identity, "title": container.title, "created_at": created_at, "extras": {}}


def _length(container: Iteration | Loop) -> int:
    if isinstance(container, Loop):
        return len(container.rounds) if container.most is None else container.most
    return len(container.rounds) if container.items is None else len(container.items)


def _inputs(container: Iteration | Loop) -> dict[str, Any]:
    if isinstance(container, Loop):
        return {"loop_count": _length(container), **container.inputs}
    items = range(len(container.rounds)) if container.items is None else container.items
    return {"iterator_selector": list(items)}
