"""Every event of Dify's streams, and the union of each kind of stream.

The field `event` is the name on the wire, so `match`, `isinstance` and `event.event == "message"` all narrow the type. An event
that this version does not know is delivered as `UnknownEvent`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Model
from ._envelopes import Ids
from .message_events import (
    AgentMessageEvent,
    AgentThoughtEvent,
    MessageEndEvent,
    MessageEvent,
    MessageFileEvent,
    MessageReplaceEvent,
    TTSMessageEndEvent,
    TTSMessageEvent,
)
from .run_events import (
    AgentLogEvent,
    HumanInputFormFilledEvent,
    HumanInputFormTimeoutEvent,
    HumanInputRequiredEvent,
    IterationCompletedEvent,
    IterationNextEvent,
    IterationStartedEvent,
    LoopCompletedEvent,
    LoopNextEvent,
    LoopStartedEvent,
    NodeFinishedEvent,
    NodeRetryEvent,
    NodeStartedEvent,
    ParallelBranchFinishedEvent,
    ParallelBranchStartedEvent,
    ReasoningChunkEvent,
    TextChunkEvent,
    TextReplaceEvent,
    WorkflowFinishedEvent,
    WorkflowPausedEvent,
    WorkflowStartedEvent,
)

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


# -------------------------------------------------------------------------------------------------- errors and pings
class ErrorEvent(Ids):
    """An error inside a stream.

    Streams raise it as an exception, so only readers of raw frames see it.
    """

    event: Literal["error"] = "error"
    """Name of the event on the wire."""
    task_id: str | None = None
    """Id of the task; servers leave it out."""
    code: str | None = None
    """Error code, such as "invalid_param". None if a worker failed before the run started."""
    message: str | None = None
    """Message of the error. None if the server sends none."""
    status: int | None = None
    """HTTP status code that the error corresponds to; the response itself has 200."""


class PingEvent(Model):
    """A keep-alive. Servers send it without data, so streams do not deliver it."""

    event: Literal["ping"] = "ping"
    """Name of the event on the wire."""


class UnknownEvent(Model):
    """An event that this version does not know."""

    event: Literal["unknown"] = "unknown"
    """Always "unknown"; `name` is the name on the wire."""
    name: str
    """Name of the event on the wire."""
    data: dict[str, Any]
    """Whole frame as an object."""


# ------------------------------------------------------------------------------------------------------ datasources
class DatasourceProcessingEvent(Model):
    """Progress of a datasource node."""

    event: Literal["datasource_processing"] = "datasource_processing"
    """Name of the event on the wire."""
    total: int | None = None
    """Number of items to fetch, such as pages. None if unknown."""
    completed: int | None = None
    """Number of fetched items. None if unknown."""


class DatasourceCompletedEvent(Model):
    """Results of a datasource node. It may occur several times."""

    event: Literal["datasource_completed"] = "datasource_completed"
    """Name of the event on the wire."""
    data: list[Any] | dict[str, Any] | None = None
    """Fetched items; their shape depends on the provider."""
    total: int | None = None
    """Number of items to fetch. None if unknown."""
    completed: int | None = None
    """Number of fetched items. None if unknown."""
    time_consuming: float | None = None
    """Duration in seconds. None if unknown."""


class DatasourceErrorEvent(Model):
    """A failure of a datasource node."""

    event: Literal["datasource_error"] = "datasource_error"
    """Name of the event on the wire."""
    error: str | None = None
    """Message of the error."""


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
"""Events of the stream of a chat, agent or chatflow app."""

CompletionEvent = _Message | TTSMessageEvent | TTSMessageEndEvent | UnknownEvent
"""Events of the stream of a completion app."""

WorkflowEvent = _Run | _Message | UnknownEvent
"""Events of the stream of a workflow run. Message events occur in runs of chatflows only."""

DatasourceEvent = DatasourceProcessingEvent | DatasourceCompletedEvent | DatasourceErrorEvent | UnknownEvent
"""Events of the run of a datasource node. A failure is an event, and no event ends the stream."""
