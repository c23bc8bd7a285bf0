"""Every event of Dify's streams, one class each, and the union that each kind of stream yields.

An event's `event` is the name on the wire, so `match`, `isinstance` and `event.event == "message"` all narrow. An event that
this version does not know arrives as `UnknownEvent`. Envelope members that only some kinds of apps send are optional.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Epoch, Model, Text
from .event_data import (
    AgentLog,
    ContainerExecution,
    FormFilled,
    FormTimeout,
    HumanInputRequest,
    ParallelBranch,
    ReasoningChunk,
    RunPause,
    RunStart,
    TextChunk,
)
from .files import FileObject, MessageFileSummary
from .replies import AgentThought, ReplyMetadata
from .workflows import NodeExecution, WorkflowRunData

__all__ = [
    "AgentLogEvent",
    "AgentMessageEvent",
    "AgentThoughtEvent",
    "ChatEvent",
    "CompletionEvent",
    "DatasourceCompletedEvent",
    "DatasourceErrorEvent",
    "DatasourceEvent",
    "DatasourceProcessingEvent",
    "ErrorEvent",
    "HumanInputFormFilledEvent",
    "HumanInputFormTimeoutEvent",
    "HumanInputRequiredEvent",
    "IterationCompletedEvent",
    "IterationNextEvent",
    "IterationStartedEvent",
    "LoopCompletedEvent",
    "LoopNextEvent",
    "LoopStartedEvent",
    "MessageEndEvent",
    "MessageEvent",
    "MessageFileEvent",
    "MessageReplaceEvent",
    "NodeFinishedEvent",
    "NodeRetryEvent",
    "NodeStartedEvent",
    "ParallelBranchFinishedEvent",
    "ParallelBranchStartedEvent",
    "PingEvent",
    "ReasoningChunkEvent",
    "TTSMessageEndEvent",
    "TTSMessageEvent",
    "TextChunkEvent",
    "TextReplaceEvent",
    "UnknownEvent",
    "WorkflowEvent",
    "WorkflowFinishedEvent",
    "WorkflowPausedEvent",
    "WorkflowStartedEvent",
]


class _Ids(Model):
    """The ids around an event; `created_at` is when the message was made, not when the event was sent."""

    conversation_id: str | None = None
    message_id: str | None = None
    workflow_run_id: str | None = None
    created_at: Epoch | None = None


class _Envelope(_Ids):
    task_id: str


class _MessageEnvelope(_Envelope):
    message_id: str  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


# ------------------------------------------------------------------------------------------------ text and messages
class MessageEvent(_MessageEnvelope):
    """A piece of the answer (chat, chatflow, completion); of a new agent, once, the whole answer."""

    event: Literal["message"] = "message"
    id: str | None = None
    answer: Text
    from_variable_selector: list[str] | None = None


class AgentMessageEvent(_MessageEnvelope):
    """A piece of an agent's answer."""

    event: Literal["agent_message"] = "agent_message"
    id: str | None = None
    answer: Text


class AgentThoughtEvent(_MessageEnvelope, AgentThought):
    """A step of an agent; sent again with the same `id` as it fills up."""

    event: Literal["agent_thought"] = "agent_thought"


class MessageFileEvent(_MessageEnvelope):
    """A file that the app produced (`url` set), or, once a reply owns a file, a piece of its text (`answer` set)."""

    event: Literal["message_file"] = "message_file"
    id: str | None = None
    type: str | None = None
    belongs_to: Literal["user", "assistant"] | str | None = None
    url: str | None = None
    answer: Text | None = None
    from_variable_selector: list[str] | None = None


class MessageReplaceEvent(_MessageEnvelope):
    """The answer so far is replaced as a whole: moderation struck, or a replay says what it is."""

    event: Literal["message_replace"] = "message_replace"
    answer: Text
    reason: str | None = None


class MessageEndEvent(_MessageEnvelope):
    """The answer is complete. A moderated chat answer sends two; the last one counts."""

    event: Literal["message_end"] = "message_end"
    id: str | None = None
    metadata: ReplyMetadata = Field(default_factory=ReplyMetadata)
    files: list[FileObject | MessageFileSummary] | None = None


class TextChunkEvent(_Envelope):
    """A piece of a workflow's streamed output, in `data.text`."""

    event: Literal["text_chunk"] = "text_chunk"
    data: TextChunk


class TextReplaceEvent(_Envelope):
    """The streamed output is replaced; in the server's list since 0.10, not known to be sent."""

    event: Literal["text_replace"] = "text_replace"
    data: TextChunk


class ReasoningChunkEvent(_Envelope):
    """A piece of what a reasoning model thinks (servers from 1.15)."""

    event: Literal["reasoning_chunk"] = "reasoning_chunk"
    data: ReasoningChunk


class TTSMessageEvent(_Envelope):
    """A part of the spoken answer: base64 of an MP3 fragment. It may lag behind the text and trail the end."""

    event: Literal["tts_message"] = "tts_message"
    audio: str


class TTSMessageEndEvent(_Envelope):
    """No more audio comes."""

    event: Literal["tts_message_end"] = "tts_message_end"
    audio: str | None = None


# --------------------------------------------------------------------------------------------------- runs and nodes
class WorkflowStartedEvent(_Envelope):
    """A run has started, or goes on."""

    event: Literal["workflow_started"] = "workflow_started"
    data: RunStart


class NodeStartedEvent(_Envelope):
    """A node has started."""

    event: Literal["node_started"] = "node_started"
    data: NodeExecution


class NodeFinishedEvent(_Envelope):
    """A node has ended: `data.status` is succeeded, failed or exception (failed, and handled)."""

    event: Literal["node_finished"] = "node_finished"
    data: NodeExecution


class NodeRetryEvent(_Envelope):
    """A node failed and is tried again; `data.retry_index` counts."""

    event: Literal["node_retry"] = "node_retry"
    data: NodeExecution


class IterationStartedEvent(_Envelope):
    """An iteration starts over a list."""

    event: Literal["iteration_started"] = "iteration_started"
    data: ContainerExecution


class IterationNextEvent(_Envelope):
    """An iteration goes on to item `data.index`."""

    event: Literal["iteration_next"] = "iteration_next"
    data: ContainerExecution


class IterationCompletedEvent(_Envelope):
    """An iteration has ended."""

    event: Literal["iteration_completed"] = "iteration_completed"
    data: ContainerExecution


class LoopStartedEvent(_Envelope):
    """A loop starts."""

    event: Literal["loop_started"] = "loop_started"
    data: ContainerExecution


class LoopNextEvent(_Envelope):
    """A loop goes on to round `data.index`."""

    event: Literal["loop_next"] = "loop_next"
    data: ContainerExecution


class LoopCompletedEvent(_Envelope):
    """A loop has ended."""

    event: Literal["loop_completed"] = "loop_completed"
    data: ContainerExecution


class AgentLogEvent(_Envelope):
    """A step of an agent node."""

    event: Literal["agent_log"] = "agent_log"
    data: AgentLog


class WorkflowFinishedEvent(_Envelope):
    """A run has ended; `data.status` says how. Failing is a status here and no exception."""

    event: Literal["workflow_finished"] = "workflow_finished"
    data: WorkflowRunData


class WorkflowPausedEvent(_Envelope):
    """A run waits; the stream ends here unless it was asked to go on."""

    event: Literal["workflow_paused"] = "workflow_paused"
    data: RunPause


class HumanInputRequiredEvent(_Envelope):
    """A node asks a person; `workflow_paused` follows."""

    event: Literal["human_input_required"] = "human_input_required"
    data: HumanInputRequest


class HumanInputFormFilledEvent(_Envelope):
    """A form was filled; the run goes on."""

    event: Literal["human_input_form_filled"] = "human_input_form_filled"
    data: FormFilled


class HumanInputFormTimeoutEvent(_Envelope):
    """A form has expired; the run goes on along its timeout branch."""

    event: Literal["human_input_form_timeout"] = "human_input_form_timeout"
    data: FormTimeout


class ParallelBranchStartedEvent(_Envelope):
    """A parallel branch starts (servers of the 0.10 line)."""

    event: Literal["parallel_branch_started"] = "parallel_branch_started"
    data: ParallelBranch


class ParallelBranchFinishedEvent(_Envelope):
    """A parallel branch has ended (servers of the 0.10 line)."""

    event: Literal["parallel_branch_finished"] = "parallel_branch_finished"
    data: ParallelBranch


# ------------------------------------------------------------------------------------------------- errors and pings
class ErrorEvent(_Ids):
    """An error inside a stream. The client raises it as an exception; only code that reads raw frames meets it."""

    event: Literal["error"] = "error"
    task_id: str | None = None
    code: str | None = None
    message: str | None = None
    status: int | None = None


class PingEvent(Model):
    """A keep-alive. Servers send it without data, so none is delivered; it stands here for raw frames that carry one."""

    event: Literal["ping"] = "ping"


class UnknownEvent(Model):
    """An event that this version does not know: `name` is the server's word, `data` the whole frame."""

    event: Literal["unknown"] = "unknown"
    name: str
    data: dict[str, Any]


# ------------------------------------------------------------------------------------------------------ datasources
class DatasourceProcessingEvent(Model):
    """A datasource node is at work."""

    event: Literal["datasource_processing"] = "datasource_processing"
    total: int | None = None
    completed: int | None = None


class DatasourceCompletedEvent(Model):
    """A datasource node has brought something; it may come several times. `time_consuming` is in seconds."""

    event: Literal["datasource_completed"] = "datasource_completed"
    data: list[Any] | dict[str, Any] | None = None
    total: int | None = None
    completed: int | None = None
    time_consuming: float | None = None


class DatasourceErrorEvent(Model):
    """A datasource node has failed."""

    event: Literal["datasource_error"] = "datasource_error"
    error: str | None = None


_Run = (
    WorkflowStartedEvent
    | NodeStartedEvent
    | NodeFinishedEvent
    | NodeRetryEvent
    | IterationStartedEvent
    | IterationNextEvent
    | IterationCompletedEvent
    | LoopStartedEvent
    | LoopNextEvent
    | LoopCompletedEvent
    | AgentLogEvent
    | ReasoningChunkEvent
    | TextChunkEvent
    | TextReplaceEvent
    | TTSMessageEvent
    | TTSMessageEndEvent
    | WorkflowFinishedEvent
    | WorkflowPausedEvent
    | HumanInputRequiredEvent
    | HumanInputFormFilledEvent
    | HumanInputFormTimeoutEvent
    | ParallelBranchStartedEvent
    | ParallelBranchFinishedEvent
)

_Message = MessageEvent | MessageFileEvent | MessageReplaceEvent | MessageEndEvent
_Agent = AgentMessageEvent | AgentThoughtEvent

KnownChatEvent = Annotated[_Message | _Agent | _Run | ErrorEvent | PingEvent, Field(discriminator="event")]
KnownCompletionEvent = Annotated[
    _Message | TTSMessageEvent | TTSMessageEndEvent | ErrorEvent | PingEvent, Field(discriminator="event")
]
KnownWorkflowEvent = Annotated[_Run | _Message | ErrorEvent | PingEvent, Field(discriminator="event")]
KnownDatasourceEvent = Annotated[
    DatasourceProcessingEvent | DatasourceCompletedEvent | DatasourceErrorEvent | ErrorEvent | PingEvent,
    Field(discriminator="event"),
]

ChatEvent = _Message | _Agent | _Run | UnknownEvent
"""What the stream of a chat, agent or chatflow app yields."""

CompletionEvent = _Message | TTSMessageEvent | TTSMessageEndEvent | UnknownEvent
"""What the stream of a completion app yields."""

WorkflowEvent = _Run | _Message | UnknownEvent
"""What the stream of a workflow run yields; the message events come only from the runs of chatflows."""

DatasourceEvent = DatasourceProcessingEvent | DatasourceCompletedEvent | DatasourceErrorEvent | UnknownEvent
"""What the run of a datasource node yields. Failing is an event here, and none of them ends the stream."""
