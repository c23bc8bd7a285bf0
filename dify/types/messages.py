"""Stored messages, the feedback on them, and suggested next questions."""

from typing import Any, Literal

from ._base import IsoTime, Model, Money, ResponseModel, Timestamp
from .event_data import FormFilled, HumanInputRequest
from .files import FileKind
from .replies import AgentThought, CitationResource

__all__ = [
    "Feedback",
    "HumanInputContent",
    "Message",
    "MessageCitation",
    "MessageFeedback",
    "MessageFile",
    "MessageThought",
    "Rating",
    "SuggestedQuestions",
]

Rating = Literal["like", "dislike"]
"""Rating of an answer; calls pass None to withdraw it."""


class MessageFeedback(Model):
    """The end user's rating of a message."""

    rating: Rating | str | None = None
    """Rating. None if it was withdrawn."""


class MessageFile(Model):
    """A file of a stored message, sent by the user or produced by the app."""

    id: str
    """UUID of the file's record in the message."""
    filename: str | None = None
    """File name."""
    type: FileKind | str | None = None
    """Kind of the file."""
    url: str | None = None
    """Signed URL of the content, valid for about 5 minutes by default."""
    mime_type: str | None = None
    """MIME type. None if unknown."""
    size: int | None = None
    """Size in bytes. None if unknown."""
    transfer_method: Literal["remote_url", "local_file", "tool_file"] | str | None = None
    """Origin of the file: remote, uploaded, or made by a tool."""
    belongs_to: Literal["user", "assistant"] | str | None = None
    """Sender of the file: "user" for the end user, "assistant" for the app."""
    upload_file_id: str | None = None
    """UUID of the uploaded file. None for other files."""


class MessageThought(AgentThought):
    """A step of an agent, as stored with its message."""

    chain_id: str | None = None
    """UUID of a chain; None on current servers."""
    message_id: str | None = None
    """UUID of the message."""
    answer: str | None = None
    """Text of the answer that the step produced. None on servers before 1.16."""
    files: list[str] | None = None
    """Ids of the files that the step's tools produced, as in `Message.message_files`."""
    created_at: Timestamp | None = None
    """Time the step started."""


class MessageCitation(CitationResource):
    """A passage of a knowledge base that a stored message cites."""

    id: str | None = None
    """Random id that differs in every reply; not a key."""
    message_id: str | None = None
    """Random id that differs in every reply; not that of the message."""
    created_at: Timestamp | None = None
    """None on current servers."""


class HumanInputContent(Model):
    """A form that the run of a message showed, and its submission."""

    type: Literal["human_input"] | str | None = None
    """Kind of content, "human_input"."""
    workflow_run_id: str | None = None
    """UUID of the run."""
    submitted: bool | None = None
    """True once the form was submitted."""
    form_definition: HumanInputRequest | None = None
    """The form, with its fields and buttons."""
    form_submission_data: FormFilled | None = None
    """The submission. None until the form is submitted."""


class Message(Model):
    """A question of an end user with the app's answer, as stored."""

    id: str
    """UUID of the message; pass it to `messages.feedback`, `messages.suggested_questions` and `audio.synthesize`."""
    conversation_id: str
    """UUID of the conversation; pass it as `conversation_id` to continue."""
    parent_message_id: str | None = None
    """UUID of the preceding message; the nil UUID for messages sent through this API."""
    inputs: dict[str, Any] | None = None
    """Values of the app's input variables, as sent with the message."""
    query: str
    """Question of the end user."""
    answer: str
    """Answer of the app; "" if it failed or is not finished."""
    status: Literal["normal", "error", "paused"] | str | None = None
    """State of the message; "paused" while a form waits for a person."""
    error: str | None = None
    """Reason for a failure. None unless `status` is "error"."""
    feedback: MessageFeedback | None = None
    """Rating by the end user. None if there is none."""
    message_files: list[MessageFile] | None = None
    """Files of the question and of the answer."""
    agent_thoughts: list[MessageThought] | None = None
    """Steps of an agent; empty for other apps."""
    retriever_resources: list[MessageCitation] | None = None
    """Passages of knowledge bases that the answer cites; empty if citations are off."""
    extra_contents: list[HumanInputContent] | None = None
    """Forms that the run showed. None on servers up to 1.12."""
    created_at: Timestamp | None = None
    """Time the message was created."""
    message_tokens: int | None = None
    """Tokens of the prompt. None on servers before 1.16."""
    answer_tokens: int | None = None
    """Tokens of the answer. None on servers before 1.16."""
    total_tokens: int | None = None
    """Sum of `message_tokens` and `answer_tokens`. None on servers before 1.16."""
    provider_response_latency: float | None = None
    """Duration of the model calls in seconds. None on servers before 1.16."""
    total_price: Money | None = None
    """Price of all tokens, in `currency`. None on servers before 1.16 or if there is no price."""
    currency: str | None = None
    """Currency of `total_price`, such as "USD". None on servers before 1.16 or if there is no price."""


class SuggestedQuestions(ResponseModel):
    """Questions that the end user may want to ask next."""

    result: Literal["success"] | str | None = None
    """Result of the call, "success"."""
    data: list[str]
    """Suggested questions; empty if the model produced none."""


class Feedback(Model):
    """A rating of a message of the app."""

    id: str
    """UUID of the feedback."""
    app_id: str | None = None
    """UUID of the app."""
    conversation_id: str | None = None
    """UUID of the conversation."""
    message_id: str
    """UUID of the rated message."""
    rating: Rating | str | None = None
    """Opinion on the answer: "like" or "dislike"."""
    content: str | None = None
    """Comment on the rating. None if there is none."""
    from_source: Literal["user", "admin"] | str | None = None
    """Origin of the rating: "user" for an end user, "admin" for a member of the workspace."""
    from_end_user_id: str | None = None
    """UUID of the end user who rated. None if `from_source` is "admin"."""
    from_account_id: str | None = None
    """UUID of the account that rated. None if `from_source` is "user"."""
    created_at: IsoTime | None = None
    """Time the message was rated."""
    updated_at: IsoTime | None = None
    """Time of the last change."""
