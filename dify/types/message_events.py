"""Events of messages: text, agent steps, files and audio."""

from typing import Literal

from pydantic import Field

from ._base import Text
from ._envelopes import Envelope, MessageEnvelope
from .files import FileObject, MessageFileSummary
from .replies import AgentThought, ReplyMetadata

__all__ = [
    "AgentMessageEvent",
    "AgentThoughtEvent",
    "MessageEndEvent",
    "MessageEvent",
    "MessageFileEvent",
    "MessageReplaceEvent",
    "TTSMessageEndEvent",
    "TTSMessageEvent",
]


class MessageEvent(MessageEnvelope):
    """A piece of the answer of a chat, chatflow or completion app.

    For a new agent, the whole answer once.
    """

    event: Literal["message"] = "message"
    """Name of the event on the wire."""
    id: str | None = None
    """UUID of the message, the same as `message_id`."""
    answer: Text
    """Next piece of text; append it to the pieces before."""
    from_variable_selector: list[str] | None = None
    """Path of the variable that the text comes from, in chatflows. None or empty for other apps."""


class AgentMessageEvent(MessageEnvelope):
    """A piece of the answer of an agent."""

    event: Literal["agent_message"] = "agent_message"
    """Name of the event on the wire."""
    id: str | None = None
    """UUID of the message, the same as `message_id`."""
    answer: Text
    """Next piece of text; append it to the pieces before."""


class AgentThoughtEvent(MessageEnvelope, AgentThought):
    """A step of an agent.

    Servers send it again with the same `id` as its fields fill up.
    """

    event: Literal["agent_thought"] = "agent_thought"
    """Name of the event on the wire."""


class MessageFileEvent(MessageEnvelope):
    """A file that the app produced, or a piece of text.

    Servers use this event for the text of a reply (`answer` is set, `url` is not) once the reply has a file.
    """

    event: Literal["message_file"] = "message_file"
    """Name of the event on the wire."""
    id: str | None = None
    """UUID of the file's record in the message, or of the message for a piece of text."""
    type: str | None = None
    """Kind of the file, such as "image". None for a piece of text."""
    belongs_to: Literal["user", "assistant"] | str | None = None
    """Sender of the file; "assistant" for the app. None for a piece of text."""
    url: str | None = None
    """Signed URL of the file. None for a piece of text."""
    answer: Text | None = None
    """Next piece of text. None for a file."""
    from_variable_selector: list[str] | None = None
    """Path of the variable that the text comes from. None for a file."""


class MessageReplaceEvent(MessageEnvelope):
    """A new text in place of the answer so far, after moderation or in a replay."""

    event: Literal["message_replace"] = "message_replace"
    """Name of the event on the wire."""
    answer: Text
    """Full text that replaces the answer so far."""
    reason: str | None = None
    """Reason such as "output_moderation"; "" if the server gives none. None on 0.10 servers."""


class MessageEndEvent(MessageEnvelope):
    """The end of the answer. A moderated chat reply has two; the last one counts."""

    event: Literal["message_end"] = "message_end"
    """Name of the event on the wire."""
    id: str | None = None
    """UUID of the message, the same as `message_id`."""
    metadata: ReplyMetadata = Field(default_factory=ReplyMetadata)
    """Usage, citations and reasoning of the reply."""
    files: list[FileObject | MessageFileSummary] | None = None
    """Files of the reply. None or empty if there are none."""


class TTSMessageEvent(Envelope):
    """A piece of the spoken answer.

    It may lag behind the text and arrive after its end.
    """

    event: Literal["tts_message"] = "tts_message"
    """Name of the event on the wire."""
    audio: str
    """Piece of an MP3 file, as base64 text."""


class TTSMessageEndEvent(Envelope):
    """The end of the spoken answer."""

    event: Literal["tts_message_end"] = "tts_message_end"
    """Name of the event on the wire."""
    audio: str | None = None
    """Always ""."""
