"""Messages as the server stores them, the feedback on them, and suggested next questions."""

from typing import Any, Literal

from ._base import Answer, IsoTime, Model, Money, Timestamp
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
"""What an end user thinks of an answer; None takes the rating back."""


class MessageFeedback(Model):
    """How the end user rated a message; `rating` is None where a rating was taken back."""

    rating: Rating | str | None = None


class MessageFile(Model):
    """A file of a stored message, sent by the user or made by the app. `url` is signed and expires."""

    id: str
    filename: str | None = None
    type: FileKind | str | None = None
    url: str | None = None
    mime_type: str | None = None
    size: int | None = None
    transfer_method: Literal["remote_url", "local_file", "tool_file"] | str | None = None
    belongs_to: Literal["user", "assistant"] | str | None = None
    upload_file_id: str | None = None


class MessageThought(AgentThought):
    """A step of an agent as stored with its message; the files that it made are in `files` (their ids)."""

    chain_id: str | None = None
    message_id: str | None = None
    answer: str | None = None
    files: list[str] | None = None
    created_at: Timestamp | None = None


class MessageCitation(CitationResource):
    """A passage of a knowledge base that a stored message rests on.

    `id` and `message_id` are made up anew for every answer that lists messages: they are no keys.
    """

    id: str | None = None
    message_id: str | None = None
    created_at: Timestamp | None = None


class HumanInputContent(Model):
    """A form that the run behind a message put before a person, and what the person answered.

    `form_submission_data` is None until the form is `submitted`.
    """

    type: Literal["human_input"] | str | None = None
    workflow_run_id: str | None = None
    submitted: bool | None = None
    form_definition: HumanInputRequest | None = None
    form_submission_data: FormFilled | None = None


class Message(Model):
    """One question and its answer, as stored.

    `parent_message_id` is the nil UUID for messages sent through this API. `feedback` is that of the end user.
    Servers from 1.16 add tokens, price and latency (`provider_response_latency`, in seconds).
    """

    id: str
    conversation_id: str
    parent_message_id: str | None = None
    inputs: dict[str, Any] | None = None
    query: str
    answer: str
    status: Literal["normal", "error", "paused"] | str | None = None
    error: str | None = None
    feedback: MessageFeedback | None = None
    message_files: list[MessageFile] | None = None
    agent_thoughts: list[MessageThought] | None = None
    retriever_resources: list[MessageCitation] | None = None
    extra_contents: list[HumanInputContent] | None = None
    created_at: Timestamp | None = None
    message_tokens: int | None = None
    answer_tokens: int | None = None
    total_tokens: int | None = None
    provider_response_latency: float | None = None
    total_price: Money | None = None
    currency: str | None = None


class SuggestedQuestions(Answer):
    """Questions that the user may want to ask next, in `data`."""

    result: Literal["success"] | str | None = None
    data: list[str]


class Feedback(Model):
    """A rating of one of the app's messages, with the comment (`content`) that came with it.

    `from_source` says who rated: "user" is an end user (`from_end_user_id`), "admin" a member (`from_account_id`).
    """

    id: str
    app_id: str | None = None
    conversation_id: str | None = None
    message_id: str
    rating: Rating | str | None = None
    content: str | None = None
    from_source: Literal["user", "admin"] | str | None = None
    from_end_user_id: str | None = None
    from_account_id: str | None = None
    created_at: IsoTime | None = None
    updated_at: IsoTime | None = None
