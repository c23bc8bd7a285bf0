"""Schemas of the requests about knowledge bases.

The classes have Dify's names, because its validation errors contain them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "ChildChunkCreatePayload",
    "ChildChunkListQuery",
    "ChildChunkUpdatePayload",
    "DatasetCreatePayload",
    "DatasetListQuery",
    "DatasetMetadataResponse",
    "DatasetUpdatePayload",
    "DatasourceNodeRunPayload",
    "DocumentBatchDownloadZipPayload",
    "DocumentListQuery",
    "DocumentTextCreatePayload",
    "DocumentTextUpdate",
    "HitTestingPayload",
    "KnowledgeConfig",
    "MetadataArgs",
    "MetadataOperationData",
    "MetadataUpdatePayload",
    "PipelineRunApiEntity",
    "ProcessRule",
    "RetrievalModel",
    "SegmentCreateItemPayload",
    "SegmentCreatePayload",
    "SegmentListQuery",
    "SegmentUpdateArgs",
    "SegmentUpdatePayload",
    "TagBindingPayload",
    "TagCreatePayload",
    "TagDeletePayload",
    "TagUnbindingPayload",
    "TagUpdatePayload",
]


_Comparison = Literal[
    "contains",
    "not contains",
    "start with",
    "end with",
    "is",
    "is not",
    "empty",
    "not empty",
    "in",
    "not in",
    "=",
    "≠",
    ">",
    "<",
    "≥",
    "≤",
    "before",
    "after",
]


class RetrievalMethod(StrEnum):
    """Methods of searching."""

    SEMANTIC_SEARCH = "semantic_search"
    FULL_TEXT_SEARCH = "full_text_search"
    HYBRID_SEARCH = "hybrid_search"
    KEYWORD_SEARCH = "keyword_search"


class RerankingModel(BaseModel):
    """A rerank model."""

    reranking_provider_name: str | None = None
    reranking_model_name: str | None = None


class WeightVectorSetting(BaseModel):
    """The weight of a semantic search."""

    vector_weight: float
    embedding_provider_name: str
    embedding_model_name: str


class WeightKeywordSetting(BaseModel):
    """The weight of keywords."""

    keyword_weight: float


class WeightModel(BaseModel):
    """Weights of a hybrid search."""

    weight_type: Literal["semantic_first", "keyword_first", "customized"] | None = None
    vector_setting: WeightVectorSetting | None = None
    keyword_setting: WeightKeywordSetting | None = None


class Condition(BaseModel):
    """A condition on a metadata field."""

    name: str
    comparison_operator: _Comparison
    value: str | Sequence[str] | int | float | None = None


class MetadataFilteringCondition(BaseModel):
    """Conditions on metadata."""

    logical_operator: Literal["and", "or"] | None = "and"
    conditions: list[Condition] | None = None


class RetrievalModel(BaseModel):
    """Search settings."""

    search_method: RetrievalMethod
    reranking_enable: bool
    reranking_model: RerankingModel | None = None
    reranking_mode: str | None = None
    top_k: int
    score_threshold_enabled: bool
    score_threshold: float | None = None
    weights: WeightModel | None = None
    metadata_filtering_conditions: MetadataFilteringCondition | None = None

    def plain(self) -> dict[str, Any]:
        """Return the settings as the server stores them."""
        return self.model_dump(mode="json")


class HitTestingPayload(BaseModel):
    """A search."""

    query: Annotated[str, Field(max_length=250)]
    retrieval_model: RetrievalModel | None = None
    external_retrieval_model: dict[str, Any] | None = None
    attachment_ids: list[str] | None = None


_Technique = Literal["high_quality", "economy"]


class DatasetPermissionEnum(StrEnum):
    """Visibility of a knowledge base."""

    ONLY_ME = "only_me"
    ALL_TEAM = "all_team_members"
    PARTIAL_TEAM = "partial_members"


class DatasetListQuery(BaseModel):
    """Query of a list of knowledge bases."""

    page: int = 1
    limit: int = 20
    keyword: str | None = None
    include_all: bool = False
    tag_ids: list[str] = Field(default_factory=list[str])


class DatasetCreatePayload(BaseModel):
    """A knowledge base to create."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    description: Annotated[str, Field(max_length=400)] = ""
    indexing_technique: _Technique | None = None
    permission: DatasetPermissionEnum | None = DatasetPermissionEnum.ONLY_ME
    external_knowledge_api_id: str | None = None
    provider: str = "vendor"
    external_knowledge_id: str | None = None
    retrieval_model: RetrievalModel | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    summary_index_setting: dict[str, Any] | None = None


class DatasetUpdatePayload(BaseModel):
    """Changes to a knowledge base."""

    name: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    description: Annotated[str, Field(max_length=400)] | None = None
    indexing_technique: _Technique | None = None
    permission: DatasetPermissionEnum | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    retrieval_model: RetrievalModel | None = None
    partial_member_list: list[dict[str, str]] | None = None
    external_retrieval_model: dict[str, Any] | None = None
    external_knowledge_id: str | None = None
    external_knowledge_api_id: str | None = None


_FORMS = ("text_model", "hierarchical_model", "qa_model")


def _known_form(value: str) -> str:
    if value not in _FORMS:
        raise ValueError("Invalid doc_form.")
    return value


_Form = Annotated[str, AfterValidator(_known_form)]


class ProcessRuleMode(StrEnum):
    """Modes of splitting a document."""

    AUTOMATIC = "automatic"
    CUSTOM = "custom"
    HIERARCHICAL = "hierarchical"


class PreProcessingRule(BaseModel):
    """A step before splitting."""

    id: str
    enabled: bool


class Segmentation(BaseModel):
    """Boundaries and size of chunks."""

    separator: str = "\n"
    max_tokens: int
    chunk_overlap: int = 0


class Rule(BaseModel):
    """Rules for splitting documents into chunks."""

    pre_processing_rules: list[PreProcessingRule] | None = None
    segmentation: Segmentation | None = None
    parent_mode: Literal["full-doc", "paragraph"] | None = None
    subchunk_segmentation: Segmentation | None = None


class ProcessRule(BaseModel):
    """A mode of splitting, and its rules."""

    mode: ProcessRuleMode
    rules: Rule | None = None

    def error_message(self) -> str | None:
        """Return the server's message for a missing part.

        The rules of mode "automatic" are not checked.
        """
        if self.mode == ProcessRuleMode.AUTOMATIC:
            return None
        rules = self.rules
        if rules is None:
            missing = "rules"
        elif rules.pre_processing_rules is None:
            missing = "pre_processing_rules"
        elif not all(step.id for step in rules.pre_processing_rules):
            missing = "pre_processing_rules id"
        elif rules.segmentation is None:
            missing = "segmentation"
        elif not rules.segmentation.separator:
            missing = "segmentation separator"
        elif not rules.segmentation.max_tokens and not self._keeps_full_document(rules):
            missing = "segmentation max_tokens"
        else:
            return None
        return f"Process rule {missing} is required"

    def _keeps_full_document(self, rules: Rule) -> bool:
        return self.mode == ProcessRuleMode.HIERARCHICAL and rules.parent_mode == "full-doc"

    def stored(self) -> dict[str, Any]:
        """Return the rules as the server stores them.

        It keeps the last step of each id, and paragraphs are the default parents.
        """
        assert self.rules is not None
        rules = self.rules.model_dump(mode="json")
        steps: list[dict[str, Any]] = rules["pre_processing_rules"] or []
        rules["pre_processing_rules"] = [*{step["id"]: step for step in steps}.values()]
        if self.mode == ProcessRuleMode.HIERARCHICAL:
            rules["parent_mode"] = rules["parent_mode"] or "paragraph"
        return rules


class DocumentTextCreatePayload(BaseModel):
    """A document made of text."""

    name: str
    text: str
    process_rule: ProcessRule | None = None
    original_document_id: str | None = None
    doc_form: _Form = "text_model"
    doc_language: str = "English"
    indexing_technique: str | None = None
    retrieval_model: RetrievalModel | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None


class DocumentTextUpdate(BaseModel):
    """A document's new text."""

    name: str | None = None
    text: str | None = None
    process_rule: ProcessRule | None = None
    doc_form: _Form = "text_model"
    doc_language: str = "English"
    retrieval_model: RetrievalModel | None = None

    @model_validator(mode="after")
    def _check_name(self) -> DocumentTextUpdate:
        if self.text is not None and self.name is None:
            raise ValueError("name is required when text is provided")
        return self


class KnowledgeConfig(BaseModel):
    """Settings that create or change a document, from a text or a file."""

    original_document_id: str | None = None
    duplicate: bool = True
    indexing_technique: Literal["high_quality", "economy"]
    data_source: dict[str, Any] | None = None
    process_rule: ProcessRule | None = None
    retrieval_model: RetrievalModel | None = None
    summary_index_setting: dict[str, Any] | None = None
    doc_form: _Form = "text_model"
    doc_language: str = "English"
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    name: str | None = None
    is_multimodal: bool = False


class DocumentListQuery(BaseModel):
    """Query of a list of documents."""

    page: int = 1
    limit: int = 20
    keyword: str | None = None
    status: str | None = None


class DocumentBatchDownloadZipPayload(BaseModel):
    """Documents to download as one archive."""

    document_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]


_Positive = Annotated[int, Field(ge=1)]


class SegmentCreateItemPayload(BaseModel):
    """A chunk to add."""

    content: Annotated[str, Field(min_length=1)]
    answer: str | None = None
    keywords: list[str] | None = None
    attachment_ids: list[str] | None = None

    @field_validator("content")
    @classmethod
    def _check_not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("Content is empty")
        return value


class SegmentCreatePayload(BaseModel):
    """Chunks to add."""

    segments: Annotated[list[SegmentCreateItemPayload], Field(min_length=1)]


class SegmentListQuery(BaseModel):
    """Query of a list of chunks."""

    limit: _Positive = 20
    page: _Positive = 1
    status: list[str] = Field(default_factory=list[str])
    keyword: str | None = None


class SegmentUpdateArgs(BaseModel):
    """Changes to a chunk."""

    content: str | None = None
    answer: str | None = None
    keywords: list[str] | None = None
    regenerate_child_chunks: bool = False
    enabled: bool | None = None
    attachment_ids: list[str] | None = None
    summary: str | None = None


class SegmentUpdatePayload(BaseModel):
    """A chunk's new state."""

    segment: SegmentUpdateArgs


class ChildChunkCreatePayload(BaseModel):
    """A child chunk to add."""

    content: str


class ChildChunkListQuery(BaseModel):
    """Query of a list of child chunks."""

    limit: _Positive = 20
    keyword: str | None = None
    page: _Positive = 1


class ChildChunkUpdatePayload(BaseModel):
    """A child chunk's new text."""

    content: str


_TagName = Annotated[str, Field(min_length=1, max_length=50)]


class TagCreatePayload(BaseModel):
    """A tag to create."""

    name: _TagName


class TagUpdatePayload(BaseModel):
    """A tag's new name."""

    name: _TagName
    tag_id: str


class TagDeletePayload(BaseModel):
    """A tag to delete."""

    tag_id: str


class TagBindingPayload(BaseModel):
    """Tags to add to a knowledge base."""

    tag_ids: list[str]
    target_id: str

    @field_validator("tag_ids")
    @classmethod
    def _check_not_empty(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("Tag IDs is required.")
        return value


class TagUnbindingPayload(BaseModel):
    """Tags to remove from a knowledge base. Older clients send one tag."""

    tag_ids: list[str] = Field(default_factory=list[str])
    tag_id: str | None = None
    target_id: str

    @model_validator(mode="before")
    @classmethod
    def _accept_tag_id(cls, data: Any) -> Any:
        if isinstance(data, dict):
            sent = cast("dict[str, Any]", data)
            if not sent.get("tag_ids") and sent.get("tag_id"):
                return {**sent, "tag_ids": [sent["tag_id"]]}
        return cast("Any", data)

    @model_validator(mode="after")
    def _check_not_empty(self) -> TagUnbindingPayload:
        if not self.tag_ids:
            raise ValueError("Tag IDs is required.")
        return self


class MetadataArgs(BaseModel):
    """A metadata field to create."""

    type: Literal["string", "number", "time"]
    name: str


class DatasetMetadataResponse(BaseModel):
    """A metadata field in a response."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    type: str
    name: str


class MetadataUpdatePayload(BaseModel):
    """A metadata field's new name."""

    name: str


class MetadataDetail(BaseModel):
    """A value to set."""

    id: str
    name: str
    value: str | int | float | None = None


class DocumentMetadataOperation(BaseModel):
    """Values to set on one document."""

    document_id: str
    metadata_list: list[MetadataDetail]
    partial_update: bool = False


class MetadataOperationData(BaseModel):
    """Values to set on documents."""

    operation_data: list[DocumentMetadataOperation]


class DatasourceNodeRunPayload(BaseModel):
    """A datasource node to run."""

    inputs: dict[str, Any]
    datasource_type: str
    credential_id: str | None = None
    is_published: bool


class PipelineRunApiEntity(BaseModel):
    """A pipeline to run."""

    inputs: dict[str, Any]
    datasource_type: str
    datasource_info_list: list[dict[str, Any]]
    start_node_id: str
    is_published: bool
    response_mode: str
