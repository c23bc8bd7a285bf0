"""Envelopes: the fields around the payload of every event."""

from ._base import Epoch, Model

__all__ = ["Envelope", "Ids", "MessageEnvelope"]


class Ids(Model):
    """The ids around an event."""

    conversation_id: str | None = None
    """UUID of the conversation. None for completion apps and workflows."""
    message_id: str | None = None
    """UUID of the message that the stream produces. None for workflows."""
    workflow_run_id: str | None = None
    """UUID of the run. None for apps without a workflow and before the run has started."""
    created_at: Epoch | None = None
    """Time the message was created, the same in all events of the stream. None for workflows."""


class Envelope(Ids):
    """The ids around an event of an app."""

    task_id: str
    """Id of the task, which the `stop` methods take. Opaque."""


class MessageEnvelope(Envelope):
    """The ids around an event of a message."""

    message_id: str  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    """UUID of the message that the stream produces."""
