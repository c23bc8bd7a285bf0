"""Replies of chat, agent, chatflow and completion apps, and their metadata."""

from typing import Any, Literal

from pydantic import Field

from ._base import Model, ResponseModel, Text, Timestamp
from .files import FileObject, MessageFileSummary
from .human_input import PauseReason
from .reasoning import split_reasoning
from .usage import Usage
from .workflows import WorkflowRun

__all__ = [
    "AgentThought",
    "AnnotationReply",
    "AppMode",
    "ChatPause",
    "ChatResponse",
    "CitationResource",
    "CompletionResponse",
    "ReplyFile",
    "ReplyMetadata",
]

AppMode = Literal["completion", "chat", "agent-chat", "advanced-chat", "workflow", "agent"] | str
"""Kind of an app: "advanced-chat" is a chatflow, "agent-chat" the older kind of agent."""


class CitationResource(Model):
    """A passage of a knowledge base that a reply cites.

    Sent only by apps with citations switched on.
    """

    position: int | None = None
    """Rank of the passage in the reply, from 1."""
    dataset_id: str | None = None
    """UUID of the knowledge base."""
    dataset_name: str | None = None
    """Name of the knowledge base."""
    document_id: str | None = None
    """UUID of the document."""
    document_name: str | None = None
    """Name of the document that contains the passage."""
    data_source_type: str | None = None
    """Origin of the document, such as "upload_file"."""
    segment_id: str | None = None
    """UUID of the chunk."""
    retriever_from: str | None = None
    """Origin of the retrieval: "workflow" in chatflows, "api" in other apps."""
    score: float | None = None
    """Similarity or rerank score; higher is better."""
    hit_count: int | None = None
    """Number of times the chunk was found. None except in chatflows."""
    word_count: int | None = None
    """Length of the chunk in characters. None except in chatflows."""
    segment_position: int | None = None
    """Position of the chunk in the document, from 1. None except in chatflows."""
    index_node_hash: str | None = None
    """Hash of the indexed text. None except in chatflows."""
    content: str | None = None
    """Text of the passage."""
    page: int | None = None
    """Page of the document. None if the format has no pages."""
    doc_metadata: dict[str, Any] | None = None
    """Metadata of the document by field name. None if there is none."""
    title: str | None = None
    """Title of a passage of a workflow's retrieval. None in other apps."""
    files: list[dict[str, Any]] | None = None
    """Files attached to the chunk. None on older servers."""
    summary: str | None = None
    """Summary of the chunk. None unless the knowledge base has a summary index."""


class AnnotationAccount(Model):
    """The account that wrote an annotation."""

    id: str | None = None
    """UUID of the account."""
    name: str | None = None
    """Name of the account."""


class AnnotationReply(Model):
    """The annotation that was used as the answer in place of the model."""

    id: str
    """UUID of the annotation."""
    account: AnnotationAccount | None = None
    """Author of the annotation."""


class ReplyMetadata(Model):
    """Usage, citations and reasoning of a reply."""

    annotation_reply: AnnotationReply | None = None
    """Annotation that was used as the answer. None if the model answered."""
    retriever_resources: list[CitationResource] | None = None
    """Passages that the reply cites; empty if citations are off."""
    usage: Usage | None = None
    """Tokens, prices and times. None if no model ran, as in a paused run."""
    reasoning: dict[str, str] | None = None
    """Reasoning by the id of the LLM node. None on servers before 1.15."""


class AgentThought(Model):
    """A step of an agent: a thought, the tools that it called, and their results."""

    id: str
    """UUID of the step; events with the same id are updates of it."""
    position: int | None = None
    """Number of the step in the message, from 1."""
    thought: str | None = None
    """Text of the model in this step; "" until it is known."""
    observation: str | None = None
    """Results of the tools, as JSON text by tool name; "" until they are known."""
    tool: str | None = None
    """Names of the called tools, joined by `;`; "" if there is none."""
    tool_labels: dict[str, Any] | Any | None = None
    """Titles of the tools by name and language, usually an object."""
    tool_input: str | None = None
    """Arguments of the tools, as JSON text by tool name; "" if there is none."""
    message_files: list[str] | None = None
    """Ids of the files that the tools produced. None in stored messages: see `MessageThought.files`."""


class ReplyFile(Model):
    """A file that the app produced while it answered."""

    id: str
    """UUID of the file's record in the message."""
    type: str | None = None
    """Kind of the file, such as "image"."""
    belongs_to: Literal["user", "assistant"] | str | None = None
    """Sender of the file; "assistant" for the app."""
    url: str | None = None
    """Signed URL of the content, valid for about 5 minutes by default."""


class ChatPause(Model):
    """The state of a chatflow that waits for a person, in place of a finished reply."""

    id: str | None = None
    """UUID of the message."""
    mode: AppMode | None = None
    """Kind of the app, "advanced-chat"."""
    conversation_id: str | None = None
    """UUID of the conversation."""
    message_id: str | None = None
    """UUID of the message."""
    workflow_run_id: str | None = None
    """UUID of the run; pass it to `chat.events` to continue reading."""
    answer: str | None = None
    """Answer so far."""
    metadata: ReplyMetadata | None = None
    """Metadata so far; its `usage` is None."""
    created_at: Timestamp | None = None
    """Time the message was created."""
    paused_nodes: list[str] = Field(default_factory=list[str])
    """Ids of the nodes that wait."""
    reasons: list[PauseReason] = Field(default_factory=list[PauseReason])
    """Reasons for the pause, one for each form."""
    status: Literal["paused"] | str | None = None
    """State of the run."""
    elapsed_time: float | None = None
    """Duration so far, in seconds."""
    total_tokens: int | None = None
    """Tokens used so far."""
    total_steps: int | None = None
    """Number of nodes executed so far."""


class CompletionResponse(ResponseModel):
    """The reply of a completion app."""

    event: Literal["message"] | str = "message"
    """Kind of reply, "message"."""
    task_id: str
    """Id of the task, which the `stop` methods take. Opaque."""
    id: str
    """UUID of the message, the same as `message_id`."""
    message_id: str
    """UUID of the message; `messages.feedback` takes it."""
    mode: AppMode | None = None
    """Kind of the app. None in replies made from streams."""
    answer: Text
    """Full text of the answer."""
    metadata: ReplyMetadata
    """Usage, citations and reasoning."""
    created_at: Timestamp | None = None
    """Time the message was created."""
    files: list[FileObject | MessageFileSummary] | None = None
    """Files of the reply, from `message_end`. None in blocking replies."""
    message_files: list[ReplyFile] | None = None
    """Files that the app produced, from `message_file` events. None in blocking replies."""
    audio: bytes | None = Field(default=None, exclude=True, repr=False)
    """Spoken answer as MP3. None unless audio was asked for and the app speaks its answers."""
    reconnects: int = Field(default=0, exclude=True, repr=False)
    """Number of times that a broken stream was resumed."""
    replaced: bool = Field(default=False, exclude=True, repr=False)
    """True if the server replaced the answer while it was streamed, after moderation. False in blocking replies."""
    replace_reason: str | None = Field(default=None, exclude=True, repr=False)
    """Reason for the replacement, such as "output_moderation". None if the answer was not replaced, and on 0.10 servers."""

    @property
    def usage(self) -> Usage | None:
        """Same as `metadata.usage`."""
        return self.metadata.usage

    @property
    def reasoning(self) -> str | None:
        """Reasoning of the model. None if there is none.

        It is what `answer` contains between `<think>` and `</think>`, or else the reasoning in `metadata`.
        """
        separated = "\n\n".join(text for text in (self.metadata.reasoning or {}).values() if text)
        return split_reasoning(self.answer).reasoning or separated or None

    @property
    def answer_without_reasoning(self) -> str:
        """The answer without the reasoning between `<think>` and `</think>`."""
        return split_reasoning(self.answer).answer


class ChatResponse(CompletionResponse):
    """The reply of a chat, agent or chatflow app, blocking or streamed."""

    event: Literal["message", "workflow_paused"] | str = "message"
    """Kind of reply: "message", or "workflow_paused" while a chatflow waits for a person."""
    conversation_id: str
    """UUID of the conversation; pass it as `conversation_id` to continue."""
    workflow_run_id: str | None = None
    """UUID of the run of a chatflow. None for other apps, and in finished blocking replies."""
    data: ChatPause | None = None
    """State of the paused run. None unless `paused` is true."""
    agent_thoughts: list[AgentThought] | None = None
    """Steps of an agent. None in blocking replies and for other apps."""
    workflow_run: WorkflowRun | None = None
    """Run of a chatflow with its nodes. None in blocking replies and for other apps."""

    @property
    def paused(self) -> bool:
        """True if the chatflow waits for a person; `forms` has the forms."""
        return self.event == "workflow_paused"

    @property
    def forms(self) -> list[PauseReason]:
        """Forms that wait for a person, with the tokens for `human_input.submit`."""
        return [] if self.data is None else [r for r in self.data.reasons if r.type == "human_input_required"]
