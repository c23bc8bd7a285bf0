"""Single events of a stream, with all fields of a Dify 1.14.2.

They are models of the client.

    from dify.testing import events

    frames = [events.message("He"), events.message("llo"), events.message_end()]

Each function takes `ids`, the ids of a message or run (`Ids.of("completion")`). By default message events are those of a
chat app, and run events those of a workflow. Default ids are always the same, so separately built
events belong together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dify import (
    AgentMessageEvent,
    AgentThoughtEvent,
    FileObject,
    MessageEndEvent,
    MessageEvent,
    MessageFileEvent,
    MessageReplaceEvent,
    TextChunkEvent,
)
from dify.types import (
    AgentThought,
    CitationResource,
    DatasourceCompletedEvent,
    DatasourceErrorEvent,
    DatasourceProcessingEvent,
    ErrorEvent,
    MessageFileSummary,
    PingEvent,
    TTSMessageEndEvent,
    TTSMessageEvent,
    Usage,
)

from ..script import events as script_events
from ..script.costs import usage as default_usage
from ..script.ids import Ids, derived_id
from .error_replies import ErrorReply, error_reply
from .node_events import (
    agent_log,
    container_completed,
    container_next,
    container_started,
    node_finished,
    node_retry,
    node_started,
)
from .run_events import (
    form_filled,
    form_required,
    form_timeout,
    workflow_finished,
    workflow_paused,
    workflow_started,
)

__all__ = [
    "agent_log",
    "agent_message",
    "agent_thought",
    "container_completed",
    "container_next",
    "container_started",
    "datasource_completed",
    "datasource_error",
    "datasource_processing",
    "error",
    "form_filled",
    "form_required",
    "form_timeout",
    "message",
    "message_end",
    "message_file",
    "message_replace",
    "node_finished",
    "node_retry",
    "node_started",
    "ping",
    "text_chunk",
    "tts_message",
    "tts_message_end",
    "worker_error",
    "workflow_finished",
    "workflow_paused",
    "workflow_started",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_CHAT = Ids.of("chat")
_WORKFLOW = Ids.of("workflow")


def message(answer: str, *, selector: Sequence[str] | None = None, ids: Ids = _CHAT) -> MessageEvent:
    """Build the event of a delta of the answer of a chat, chatflow or completion app.

    Args:
        answer: The delta.
        selector: Source of the delta in a chatflow, such as `("llm", "text")`.
        ids: Ids of the message.

    Example:
        >>> message("He").answer
        'He'
    """
    return script_events.message(ids, answer, selector)


def agent_message(answer: str, *, ids: Ids = _CHAT) -> AgentMessageEvent:
    """Build the event of a delta of an agent's answer.

    Example:
        >>> agent_message("He").event
        'agent_message'
    """
    return script_events.agent_message(ids, answer)


def agent_thought(
    thought: str = "",
    *,
    tool: str = "",
    tool_input: str = "",
    observation: str = "",
    position: int = 1,
    id: str | None = None,
    tool_labels: Mapping[str, Any] | None = None,
    message_files: Sequence[str] = (),
    ids: Ids = _CHAT,
) -> AgentThoughtEvent:
    """Build the event of a step of an agent.

    Dify sends a step several times, as it fills up.

    Args:
        thought: Thought of the agent.
        tool: Names of the tools that it called, joined by ";".
        tool_input: Arguments of the tools, as JSON text.
        observation: Results of the tools.
        position: Position of the step, from 1.
        id: UUID of the step; by default derived from `position`.
        tool_labels: Titles of the tools by language.
        message_files: Ids of the files that the tools produced.
        ids: Ids of the message.

    Example:
        >>> agent_thought("I need the time.", tool="current_time", tool_input="{}").tool
        'current_time'
    """
    step = AgentThought(
        id=id or derived_id(ids.message_id or "", "thought", position),
        position=position,
        thought=thought,
        observation=observation,
        tool=tool,
        tool_labels=dict(tool_labels or {}),
        tool_input=tool_input,
        message_files=list(message_files),
    )
    return script_events.agent_thought(ids, step)


def message_file(
    url: str, *, type: str = "image", belongs_to: str = "assistant", id: str = "file-1", ids: Ids = _CHAT
) -> MessageFileEvent:
    """Build the event of a file that the app produced while it answered.

    Example:
        >>> message_file("https://dify.test/files/cat.png").type
        'image'
    """
    return script_events.message_file(ids, id, type, url, belongs_to)


def message_replace(answer: str, *, reason: str = "", ids: Ids = _CHAT) -> MessageReplaceEvent:
    """Build the event with which moderation replaces the answer so far.

    Args:
        answer: The new answer.
        reason: "output_moderation" in chatflows, "" in chat apps.
        ids: Ids of the message.

    Example:
        >>> message_replace("Output blocked.").answer
        'Output blocked.'
    """
    return script_events.message_replace(ids, answer, reason)


def message_end(
    *,
    usage: Usage | None = None,
    citations: Sequence[CitationResource] = (),
    files: Sequence[FileObject | MessageFileSummary] | None = None,
    ids: Ids = _CHAT,
) -> MessageEndEvent:
    """Build the event of a complete answer.

    Args:
        usage: Usage, from `replies.usage(...)`; by default a few tokens.
        citations: Citations of the answer.
        files: Files of the answer. Without files, chat apps send null and chatflows an empty list.
        ids: Ids of the message.

    Example:
        >>> message_end().metadata.usage.currency
        'USD'
    """
    return script_events.message_end(ids, script_events.metadata(usage or default_usage(), citations), files)


def text_chunk(text: str, *, selector: Sequence[str] | None = ("llm", "text"), ids: Ids = _WORKFLOW) -> TextChunkEvent:
    """Build the event of a delta of a workflow's streamed output.

    Example:
        >>> text_chunk("He").data.text
        'He'
    """
    return script_events.text_chunk(ids, text, selector)


def tts_message(audio: bytes, *, ids: Ids = _CHAT) -> TTSMessageEvent:
    """Build the event of a part of the spoken answer.

    `audio` is a fragment of an MP3 file, before base64.

    Example:
        >>> tts_message(b"abc").audio
        'YWJj'
    """
    return script_events.tts_message(ids, audio)


def tts_message_end(*, ids: Ids = _CHAT) -> TTSMessageEndEvent:
    """Build the event of the end of the spoken answer.

    Example:
        >>> tts_message_end().audio
        ''
    """
    return script_events.tts_message_end(ids)


def ping() -> PingEvent:
    """Build a keep-alive, which is sent without data.

    Example:
        >>> ping().event
        'ping'
    """
    return PingEvent()


def error(
    code: str | ErrorReply = "completion_request_error",
    message: str | None = None,
    *,
    status: int | None = None,
    ids: Ids = _CHAT,
) -> ErrorEvent:
    """Build the event of an error, which ends a stream.

    Args:
        code: Code of Dify, or an error from `dify.testing.error_replies`.
        message: Message; by default the one that Dify sends with the code.
        status: Status; by default the one of the code.
        ids: Ids of the message or run. The error of a workflow has no run.

    Example:
        >>> error("provider_quota_exceeded").status
        400
    """
    reply = error_reply(code, message=message, status=status)
    members: dict[str, Any] = {"code": reply.code, "status": reply.status, "message": reply.message}
    if ids.message_id is None:
        return ErrorEvent(workflow_run_id=None, **members)
    return ErrorEvent(**ids.around_message(task=False), **members)


def worker_error(message: str) -> ErrorEvent:
    """Build the error of a chatflow or workflow that did not start.

    It has status 500 and neither code nor ids.

    Example:
        >>> worker_error("name is required in input form").model_dump(exclude_unset=True)
        {'message': 'name is required in input form', 'status': 500}
    """
    return ErrorEvent(message=message, status=500)


def datasource_processing(*, total: int | None = None, completed: int | None = None) -> DatasourceProcessingEvent:
    """Build the event of a datasource node in progress.

    Example:
        >>> datasource_processing(total=2, completed=1).completed
        1
    """
    return DatasourceProcessingEvent(total=total, completed=completed)


def datasource_completed(
    data: Sequence[Any] | Mapping[str, Any],
    *,
    total: int | None = None,
    completed: int | None = None,
    time_consuming: float | None = 0.1,
) -> DatasourceCompletedEvent:
    """Build the event of the result of a datasource node.

    Example:
        >>> datasource_completed([{"title": "A"}]).data
        [{'title': 'A'}]
    """
    result: Any = dict(data) if isinstance(data, Mapping) else list(data)
    return DatasourceCompletedEvent(data=result, total=total, completed=completed, time_consuming=time_consuming)


def datasource_error(error: str) -> DatasourceErrorEvent:
    """Build the event of a datasource node that failed.

    Example:
        >>> datasource_error("Datasource node data not found").error
        'Datasource node data not found'
    """
    return DatasourceErrorEvent(error=error)
