"""What requests about knowledge may hold. The classes are named as Dify names them: its validation errors say the name."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

__all__ = [
    "ChildChunkCreatePayload",
    "ChildChunkUpdatePayload",
    "DatasetCreatePayload",
    "DatasetUpdatePayload",
    "DocumentBatchDownloadZipPayload",
    "DocumentSettings",
    "DocumentTextCreatePayload",
    "DocumentTextUpdate",
    "HitTestingPayload",
    "KnowledgeConfig",
    "SegmentCreatePayload",
    "SegmentUpdatePayload",
]

_Technique = Literal["high_quality", "economy"]
_Permission = Literal["only_me", "all_team_members", "partial_members"]


class ProcessRuleMode(StrEnum):
    """The ways of cutting a document."""

    AUTOMATIC = "automatic"
    CUSTOM = "custom"
    HIERARCHICAL = "hierarchical"


class RetrievalMethod(StrEnum):
    """The ways of searching."""

    SEMANTIC_SEARCH = "semantic_search"
    FULL_TEXT_SEARCH = "full_text_search"
    HYBRID_SEARCH = "hybrid_search"
    KEYWORD_SEARCH = "keyword_search"


class Retrieval(BaseModel):
    """How to search."""

    search_method: RetrievalMethod
    reranking_enable: bool
    reranking_model: dict[str, Any] | None = None
    reranking_mode: str | None = None
    top_k: int
    score_threshold_enabled: bool
    score_threshold: float | None = None
    weights: dict[str, Any] | None = None
    metadata_filtering_conditions: dict[str, Any] | None = None


class DatasetCreatePayload(BaseModel):
    """POST /datasets."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    description: Annotated[str, Field(max_length=400)] = ""
    indexing_technique: _Technique | None = None
    permission: _Permission | None = "only_me"
    provider: Literal["vendor", "external"] = "vendor"
    retrieval_model: Retrieval | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    summary_index_setting: dict[str, Any] | None = None


class DatasetUpdatePayload(BaseModel):
    """PATCH of a knowledge base."""

    name: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    description: Annotated[str, Field(max_length=400)] | None = None
    indexing_technique: _Technique | None = None
    permission: _Permission | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    retrieval_model: Retrieval | None = None
    partial_member_list: list[dict[str, str]] | None = None


class HitTestingPayload(BaseModel):
    """A search."""

    query: Annotated[str, Field(max_length=250)]
    retrieval_model: Retrieval | None = None
    attachment_ids: list[str] | None = None


class Rule(BaseModel):
    """How to cut a document."""

    mode: ProcessRuleMode
    rules: dict[str, Any] | None = None


class DocumentSettings(BaseModel):
    """What comes with a document's text or file."""

    process_rule: Rule | None = None
    original_document_id: str | None = None
    doc_form: str = "text_model"
    doc_language: str = "English"
    indexing_technique: _Technique | None = None
    retrieval_model: Retrieval | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None

    @field_validator("doc_form")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ("text_model", "hierarchical_model", "qa_model"):
            raise ValueError("Invalid doc_form.")
        return value


class DocumentTextCreatePayload(DocumentSettings):
    """A document made of text."""

    name: str
    text: str


class DocumentTextUpdate(DocumentSettings):
    """A document's new text."""

    name: str | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _named(self) -> DocumentTextUpdate:
        if self.text is not None and self.name is None:
            raise ValueError("name is required when text is provided")
        return self


class KnowledgeConfig(BaseModel):
    """What the first document of a knowledge base must bring."""

    indexing_technique: _Technique


class DocumentBatchDownloadZipPayload(BaseModel):
    """Documents to download as one archive."""

    document_ids: Annotated[list[str], Field(min_length=1, max_length=100)]


class NewSegment(BaseModel):
    """A chunk to add."""

    content: str
    answer: str | None = None
    keywords: list[str] | None = None

    @field_validator("content")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("Content is empty")
        return value


class SegmentCreatePayload(BaseModel):
    """Chunks to add."""

    segments: Annotated[list[NewSegment], Field(min_length=1)]


class SegmentChange(BaseModel):
    """What to change in a chunk."""

    content: str | None = None
    answer: str | None = None
    keywords: list[str] | None = None
    enabled: bool | None = None
    regenerate_child_chunks: bool = False


class SegmentUpdatePayload(BaseModel):
    """A chunk's new state."""

    segment: SegmentChange


class ChildChunkCreatePayload(BaseModel):
    """A child chunk to add."""

    content: str


class ChildChunkUpdatePayload(BaseModel):
    """A child chunk's new text."""

    content: str
