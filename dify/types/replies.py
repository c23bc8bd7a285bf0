"""Replies of chat, agent, chatflow and completion apps, and what their metadata holds."""

from typing import Any, Literal

from pydantic import Field

from ._base import Answer, Model, Money, Text, Timestamp
from .files import FileObject, MessageFileSummary
from .human_input import PauseReason
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
    "Usage",
]

AppMode = Literal["completion", "chat", "agent-chat", "advanced-chat", "workflow", "agent"] | str


class Usage(Model):
    """Tokens, prices and times of a reply. Prices are exact decimals in `currency`; times are seconds."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_unit_price: Money | None = None
    prompt_price_unit: Money | None = None
    prompt_price: Money | None = None
    completion_unit_price: Money | None = None
    completion_price_unit: Money | None = None
    completion_price: Money | None = None
    total_price: Money | None = None
    currency: str | None = None
    latency: float | None = None
    time_to_first_token: float | None = None
    time_to_generate: float | None = None


class CitationResource(Model):
    """A passage of a knowledge base that a reply rests on. Sent only by apps with citations switched on."""

    position: int | None = None
    dataset_id: str | None = None
    dataset_name: str | None = None
    document_id: str | None = None
    document_name: str | None = None
    data_source_type: str | None = None
    segment_id: str | None = None
    retriever_from: str | None = None
    score: float | None = None
    hit_count: int | None = None
    word_count: int | None = None
    segment_position: int | None = None
    index_node_hash: str | None = None
    content: str | None = None
    page: int | None = None
    doc_metadata: dict[str, Any] | None = None
    title: str | None = None
    files: list[dict[str, Any]] | None = None
    summary: str | None = None


class AnnotationAccount(Model):
    """The account that wrote an annotation."""

    id: str | None = None
    name: str | None = None


class AnnotationReply(Model):
    """The annotation that answered in place of the model."""

    id: str
    account: AnnotationAccount | None = None


class ReplyMetadata(Model):
    """What a reply carries beside its text. `usage` is None only when nothing ran, as in a paused run."""

    annotation_reply: AnnotationReply | None = None
    retriever_resources: list[CitationResource] | None = None
    usage: Usage | None = None
    reasoning: dict[str, str] | None = None


class AgentThought(Model):
    """One step of an agent: what it thought, which tools it called (names joined by `;`) and what they said.

    `tool_labels` holds the tools' titles by language; servers do not promise its form.
    """

    id: str
    position: int | None = None
    thought: str | None = None
    observation: str | None = None
    tool: str | None = None
    tool_labels: dict[str, Any] | Any | None = None
    tool_input: str | None = None
    message_files: list[str] | None = None


class ReplyFile(Model):
    """A file that the app produced while it answered. `url` is signed and expires."""

    id: str
    type: str | None = None
    belongs_to: Literal["user", "assistant"] | str | None = None
    url: str | None = None


class ChatPause(Model):
    """What a chatflow that waits for a person answers in place of a finished reply."""

    id: str | None = None
    mode: AppMode | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    workflow_run_id: str | None = None
    answer: str | None = None
    metadata: ReplyMetadata | None = None
    created_at: Timestamp | None = None
    paused_nodes: list[str] = Field(default_factory=list[str])
    reasons: list[PauseReason] = Field(default_factory=list[PauseReason])
    status: Literal["paused"] | str | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    total_steps: int | None = None


class CompletionResponse(Answer):
    """The reply of a completion app."""

    event: Literal["message"] | str = "message"
    task_id: str
    id: str
    message_id: str
    mode: AppMode | None = None
    answer: Text
    metadata: ReplyMetadata
    created_at: Timestamp | None = None
    files: list[FileObject | MessageFileSummary] | None = None
    message_files: list[ReplyFile] | None = None
    audio: bytes | None = Field(default=None, exclude=True, repr=False)
    reconnects: int = Field(default=0, exclude=True, repr=False)

    @property
    def usage(self) -> Usage | None:
        """Short for `metadata.usage`."""
        return self.metadata.usage


class ChatResponse(CompletionResponse):
    """The reply of a chat, agent or chatflow app: what the blocking mode answers, and what a stream folds to.

    `mode` is only sent by the blocking mode; `files`, `message_files`, `agent_thoughts`, `workflow_run` and `audio` (MP3,
    when asked for) only come from streams; `reconnects` says how often a
    cut stream was picked up; `data` is set only when the run waits for a person (`paused`).
    """

    event: Literal["message", "workflow_paused"] | str = "message"
    conversation_id: str
    workflow_run_id: str | None = None
    data: ChatPause | None = None
    agent_thoughts: list[AgentThought] | None = None
    workflow_run: WorkflowRun | None = None

    @property
    def paused(self) -> bool:
        """Whether the chatflow waits for a person; then `forms` says for what."""
        return self.event == "workflow_paused"

    @property
    def forms(self) -> list[PauseReason]:
        """The forms that wait for a person, with the tokens that `human_input.submit` takes."""
        return [] if self.data is None else [r for r in self.data.reasons if r.type == "human_input_required"]
