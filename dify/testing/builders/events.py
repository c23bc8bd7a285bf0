"""Single events of a stream, complete as a Dify 1.14.2 sends them, made of the models that the client delivers.

    from dify.testing import events

    frames = [events.message("He"), events.message("llo"), events.message_end()]

Each function takes `ids`: which kind of app speaks, and about what (`Ids.of("completion")`). Without it, message events are
those of a chat app and run events those of a workflow. All default ids are the same, so events made apart belong together.
"""

from __future__ import annotations

import base64
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
    CitationResource,
    DatasourceCompletedEvent,
    DatasourceErrorEvent,
    DatasourceProcessingEvent,
    ErrorEvent,
    MessageFileSummary,
    PingEvent,
    ReplyMetadata,
    TextChunk,
    TTSMessageEndEvent,
    TTSMessageEvent,
    Usage,
)

from .costs import usage
from .error_replies import ErrorReply, error_reply
from .ids import Ids
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

_CHAT = Ids.of("chat")
_WORKFLOW = Ids.of("workflow")


def message(answer: str, *, selector: Sequence[str] | None = None, ids: Ids = _CHAT) -> MessageEvent:
    """A piece of the answer of a chat, chatflow or completion app.

    Args:
        answer: The piece.
        selector: Where a chatflow takes it from, such as `("llm", "text")`.
        ids: Whose answer it is.

    Example:
        >>> message("He").answer
        'He'
    """
    source = None if selector is None else list(selector)
    return MessageEvent(**ids.around_message(), id=ids.message_id, answer=answer, from_variable_selector=source)


def agent_message(answer: str, *, ids: Ids = _CHAT) -> AgentMessageEvent:
    """A piece of an agent's answer.

    Example:
        >>> agent_message("He").event
        'agent_message'
    """
    return AgentMessageEvent(**ids.around_message(), id=ids.message_id, answer=answer)


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
    """A step of an agent. Dify sends a step several times, as it fills up.

    Args:
        thought: What the agent thought.
        tool: The tools that it called; several names are joined by ";".
        tool_input: What it called them with, as JSON text.
        observation: What they said.
        position: Which step it is, from 1.
        id: The step's own id; by default one that `position` decides.
        tool_labels: The tools' titles by language.
        message_files: Ids of the files that the tools made.
        ids: Whose step it is.

    Example:
        >>> agent_thought("I need the time.", tool="current_time", tool_input="{}").tool
        'current_time'
    """
    return AgentThoughtEvent(
        **ids.around_message(),
        id=id or f"{(ids.message_id or '')[:-4]}{position:04}",
        position=position,
        thought=thought,
        observation=observation,
        tool=tool,
        tool_labels=dict(tool_labels or {}),
        tool_input=tool_input,
        message_files=list(message_files),
    )


def message_file(
    url: str, *, type: str = "image", belongs_to: str = "assistant", id: str = "file-1", ids: Ids = _CHAT
) -> MessageFileEvent:
    """A file that the app made while it answered.

    Example:
        >>> message_file("https://dify.test/files/cat.png").type
        'image'
    """
    return MessageFileEvent(**ids.around_message(), id=id, type=type, belongs_to=belongs_to, url=url)


def message_replace(answer: str, *, reason: str = "", ids: Ids = _CHAT) -> MessageReplaceEvent:
    """The answer so far gives way to another one: moderation struck.

    Args:
        answer: What stands there from now on.
        reason: Chatflows say "output_moderation"; chat apps send "".
        ids: Whose answer it is.

    Example:
        >>> message_replace("Output blocked.").answer
        'Output blocked.'
    """
    return MessageReplaceEvent(**ids.around_message(), answer=answer, reason=reason)


def message_end(
    *,
    usage: Usage | None = None,
    citations: Sequence[CitationResource] = (),
    files: Sequence[FileObject | MessageFileSummary] | None = None,
    ids: Ids = _CHAT,
) -> MessageEndEvent:
    """The answer is complete.

    Args:
        usage: What it cost, from `usage(...)`; by default a few tokens.
        citations: The passages that it rests on.
        files: Files of the answer. Without any, chat apps send null and chatflows an empty list.
        ids: Whose answer it is.

    Example:
        >>> message_end().metadata.usage.currency
        'USD'
    """
    none: list[FileObject | MessageFileSummary] | None = None if ids.workflow_run_id is None else []
    return MessageEndEvent(
        **ids.around_message(),
        id=ids.message_id,
        metadata=metadata(usage, citations),
        files=none if files is None else list(files),
    )


def metadata(cost: Usage | None, citations: Sequence[CitationResource] = ()) -> ReplyMetadata:
    """What a reply carries beside its text."""
    return ReplyMetadata(annotation_reply=None, retriever_resources=list(citations), usage=cost or usage())


def text_chunk(text: str, *, selector: Sequence[str] | None = ("llm", "text"), ids: Ids = _WORKFLOW) -> TextChunkEvent:
    """A piece of a workflow's streamed output.

    Example:
        >>> text_chunk("He").data.text
        'He'
    """
    source = None if selector is None else list(selector)
    return TextChunkEvent(**ids.around_run(), data=TextChunk(text=text, from_variable_selector=source))


def tts_message(audio: bytes, *, ids: Ids = _CHAT) -> TTSMessageEvent:
    """A part of the spoken answer; `audio` is a fragment of an MP3 file, not yet in base64.

    Example:
        >>> tts_message(b"abc").audio
        'YWJj'
    """
    return TTSMessageEvent(**ids.around_log(), audio=base64.b64encode(audio).decode())


def tts_message_end(*, ids: Ids = _CHAT) -> TTSMessageEndEvent:
    """No more audio comes.

    Example:
        >>> tts_message_end().audio
        ''
    """
    return TTSMessageEndEvent(**ids.around_log(), audio="")


def ping() -> PingEvent:
    """A keep-alive, which goes out without data.

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
    """An error inside a stream, which ends it.

    Args:
        code: Dify's code, or an error from `dify.testing.error_replies`.
        message: The text; by default Dify's own for this code.
        status: The status; by default the one that goes with the code.
        ids: Whose stream it is. A workflow's error says that it has no run.

    Example:
        >>> error("provider_quota_exceeded").status
        400
    """
    known = error_reply(code, message=message, status=status)
    told: dict[str, Any] = {"code": known.code, "status": known.status, "message": known.message}
    if ids.message_id is None:
        return ErrorEvent(workflow_run_id=None, **told)
    return ErrorEvent(**ids.around_message(task=False), **told)


def worker_error(message: str) -> ErrorEvent:
    """The error of a chatflow or workflow that never started: no code and no ids, and always status 500.

    Example:
        >>> worker_error("name is required in input form").model_dump(exclude_unset=True)
        {'message': 'name is required in input form', 'status': 500}
    """
    return ErrorEvent(message=message, status=500)


def datasource_processing(*, total: int | None = None, completed: int | None = None) -> DatasourceProcessingEvent:
    """A datasource node is at work.

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
    """A datasource node has brought something.

    Example:
        >>> datasource_completed([{"title": "A"}]).data
        [{'title': 'A'}]
    """
    brought: Any = dict(data) if isinstance(data, Mapping) else list(data)
    return DatasourceCompletedEvent(data=brought, total=total, completed=completed, time_consuming=time_consuming)


def datasource_error(error: str) -> DatasourceErrorEvent:
    """A datasource node has failed.

    Example:
        >>> datasource_error("Datasource node data not found").error
        'Datasource node data not found'
    """
    return DatasourceErrorEvent(error=error)
