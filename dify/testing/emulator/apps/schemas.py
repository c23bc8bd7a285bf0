"""Schemas of the requests to an app.

The classes have Dify's names, because its validation errors contain them.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator

from ..responses import UnhandledError

__all__ = [
    "AnnotationCreatePayload",
    "AnnotationListQuery",
    "AnnotationReplyActionPayload",
    "ChatRequestPayload",
    "CompletionRequestPayload",
    "ConversationListQuery",
    "ConversationRenamePayload",
    "ConversationVariableUpdatePayload",
    "ConversationVariablesQuery",
    "FeedbackListQuery",
    "FilePreviewQuery",
    "HumanInputFormSubmitPayload",
    "MessageFeedbackPayload",
    "MessageListQuery",
    "TextToAudioPayload",
    "WorkflowLogQuery",
    "WorkflowRunPayload",
]


def _check_uuid(value: str) -> str:
    if not value:
        return value
    try:
        return str(UUID(value))
    except ValueError:
        raise ValueError("must be a valid UUID") from None


_Id = Annotated[str, AfterValidator(_check_uuid)]
_Limit = Annotated[int, Field(ge=1, le=100)]


class _GenerationPayload(BaseModel):
    inputs: dict[str, Any]
    files: list[dict[str, Any]] | None = None
    response_mode: Literal["blocking", "streaming"] | None = None

    @property
    def streaming(self) -> bool:
        return self.response_mode == "streaming"


class ChatRequestPayload(_GenerationPayload):
    """POST /chat-messages."""

    query: str
    conversation_id: str | None = None
    retriever_from: str = "dev"
    auto_generate_name: bool = True
    workflow_id: str | None = None

    @field_validator("conversation_id", mode="before")
    @classmethod
    def _validate_id(cls, value: Any) -> str | None:
        value = value.strip() if isinstance(value, str) else value
        if not value:
            return None
        if not isinstance(value, str):
            raise UnhandledError  # the server does not check that it is a text
        try:
            return str(UUID(value))
        except ValueError:
            raise ValueError("conversation_id must be a valid UUID") from None


class CompletionRequestPayload(_GenerationPayload):
    """POST /completion-messages."""

    query: str = ""
    retriever_from: str = "dev"


class WorkflowRunPayload(_GenerationPayload):
    """POST /workflows/run, and of one version."""


class ConversationListQuery(BaseModel):
    """GET /conversations."""

    last_id: _Id | None = None
    limit: _Limit = 20
    sort_by: Literal["created_at", "-created_at", "updated_at", "-updated_at"] = "-updated_at"


class MessageListQuery(BaseModel):
    """GET /messages."""

    conversation_id: _Id
    first_id: _Id | None = None
    limit: _Limit = 20


class ConversationRenamePayload(BaseModel):
    """POST /conversations/{conversation_id}/name."""

    name: str | None = None
    auto_generate: bool = False

    @model_validator(mode="after")
    def _check_name(self) -> ConversationRenamePayload:
        if not self.auto_generate and not (self.name and self.name.strip()):
            raise ValueError("name is required when auto_generate is false")
        return self


class WorkflowLogQuery(BaseModel):
    """GET /workflows/logs."""

    keyword: str | None = None
    status: Literal["succeeded", "failed", "stopped"] | None = None
    created_at__before: str | None = None
    created_at__after: str | None = None
    created_by_end_user_session_id: str | None = None
    created_by_account: str | None = None
    page: Annotated[int, Field(ge=1, le=99999)] = 1
    limit: _Limit = 20


class ConversationVariablesQuery(BaseModel):
    """GET /conversations/{conversation_id}/variables."""

    last_id: _Id | None = None
    limit: _Limit = 20
    variable_name: Annotated[str, Field(min_length=1, max_length=255)] | None = None

    @field_validator("variable_name", mode="before")
    @classmethod
    def _check_characters(cls, value: str) -> str:
        if not re.sub(r"[-_.]", "", value).isalnum():
            allowed = "letters, numbers, hyphens (-), underscores (_), and periods (.)"
            raise ValueError(f"Variable name can only contain {allowed}")
        for pattern in ("--", "xp_", "sp_"):
            if pattern in value.lower():
                raise ValueError(f"Variable name contains invalid characters: {pattern}")
        return value


class ConversationVariableUpdatePayload(BaseModel):
    """PUT of a conversation variable."""

    value: Any


class MessageFeedbackPayload(BaseModel):
    """POST /messages/{message_id}/feedbacks."""

    rating: Literal["like", "dislike"] | None = None
    content: str | None = None


class FeedbackListQuery(BaseModel):
    """GET /app/feedbacks."""

    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=101)] = 20


class AnnotationCreatePayload(BaseModel):
    """POST /apps/annotations, and PUT of one."""

    question: str
    answer: str


class AnnotationReplyActionPayload(BaseModel):
    """POST /apps/annotation-reply/{action}."""

    score_threshold: float
    embedding_provider_name: str
    embedding_model_name: str


class TextToAudioPayload(BaseModel):
    """POST /text-to-audio."""

    message_id: str | None = None
    voice: str | None = None
    text: str | None = None
    streaming: bool | None = None


class FilePreviewQuery(BaseModel):
    """GET /files/{file_id}/preview."""

    as_attachment: bool = False


class AnnotationListQuery(BaseModel):
    """GET /apps/annotations."""

    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1)] = 20
    keyword: str = ""


class HumanInputFormSubmitPayload(BaseModel):
    """POST /form/human_input/{form_token}."""

    inputs: dict[str, Any]
    action: str
