"""Knowledge bases, their retrieval settings, and the results of retrieval."""

from typing import Any, Literal

from pydantic import model_validator

from ._base import Model, ResponseModel, Timestamp
from ._retrieval_switches import switched_on
from .metadata import MetadataField
from .segments import DocForm, RetrievedSegment, SegmentAttachment
from .tags import Tag

__all__ = [
    "ChildChunkHit",
    "ComparisonOperator",
    "Dataset",
    "DatasetIcon",
    "ExternalKnowledge",
    "ExternalRetrievalModel",
    "IndexingTechnique",
    "KeywordSetting",
    "MetadataCondition",
    "MetadataFilter",
    "Permission",
    "RerankingMode",
    "RerankingModel",
    "RetrievalModel",
    "RetrievalSettings",
    "RetrievalWeights",
    "RetrieveQuery",
    "RetrieveRecord",
    "RetrieveResult",
    "SearchMethod",
    "StoredKeywordSetting",
    "StoredVectorSetting",
    "StoredWeights",
    "SummaryIndexSetting",
    "VectorSetting",
    "WeightType",
]

SearchMethod = Literal["keyword_search", "semantic_search", "full_text_search", "hybrid_search"]
"""Search method of a retrieval; "hybrid_search" combines semantic and full-text search."""

RerankingMode = Literal["reranking_model", "weighted_score"]
"""Method of reranking: a rerank model, or weights for the semantic and the keyword score."""

WeightType = Literal["semantic_first", "keyword_first", "customized"]
"""Preset of the weights in a hybrid search; "customized" uses the weights as given."""

IndexingTechnique = Literal["high_quality", "economy"]
"""Indexing method: "high_quality" uses embeddings, "economy" keywords only."""

Permission = Literal["only_me", "all_team_members", "partial_members"]
"""Visibility of a knowledge base in the workspace."""

ComparisonOperator = Literal[
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
"""Comparison of a metadata value: words for text, signs for numbers, "before" and "after" for times."""


# ------------------------------------------------------------------------------------------------------- requests
class RerankingModel(Model):
    """The rerank model of a retrieval."""

    reranking_provider_name: str | None = None
    """Provider of the model, such as "langgenius/cohere/cohere". None or "" if not set."""
    reranking_model_name: str | None = None
    """Name of the model. None or "" if not set."""


class VectorSetting(Model):
    """The weight of the semantic score in a hybrid search."""

    vector_weight: float
    """Weight from 0 to 1, such as 0.7."""
    embedding_provider_name: str
    """Provider of the embedding model, such as "langgenius/openai/openai"."""
    embedding_model_name: str
    """Name of the embedding model, such as "text-embedding-3-small"."""


class KeywordSetting(Model):
    """The weight of the keyword score in a hybrid search."""

    keyword_weight: float
    """Weight from 0 to 1, such as 0.3."""


class RetrievalWeights(Model):
    """Weights of a hybrid search, for `reranking_mode="weighted_score"`."""

    weight_type: WeightType | None = None
    """Preset that the weights come from."""
    vector_setting: VectorSetting | None = None
    """Weight of the semantic score."""
    keyword_setting: KeywordSetting | None = None
    """Weight of the keyword score."""


class MetadataCondition(Model):
    """A condition on the metadata of documents."""

    name: str
    """Name of the metadata field."""
    comparison_operator: ComparisonOperator
    """Comparison to apply."""
    value: str | list[str] | int | float | None = None
    """Value to compare with: text, a number, epoch seconds, or a list of texts for "in" and "not in". None for "empty"
    and "not empty".
    """


class MetadataFilter(Model):
    """Conditions on the metadata of documents.

    Retrieval returns chunks of matching documents only.
    """

    logical_operator: Literal["and", "or"] | None = None
    """Operator: "and", the server's default, requires all conditions, "or" at least one."""
    conditions: list[MetadataCondition] | None = None
    """Conditions to check."""


class RetrievalModel(Model):
    """Retrieval settings, for one retrieval or as the default of a knowledge base.

    The server ignores a value whose switch is off, so a value sets its switch: `score_threshold` sets
    `score_threshold_enabled`, `reranking_model` sets `reranking_enable` and `reranking_mode`, and `weights` set
    `reranking_mode`. A switch that you pass yourself is kept.

    Example:
        >>> RetrievalModel(search_method="semantic_search", top_k=3).model_dump(mode="json", exclude_none=True)
        {'search_method': 'semantic_search', 'top_k': 3, 'score_threshold_enabled': False, 'reranking_enable': False}
        >>> RetrievalModel(search_method="semantic_search", top_k=3, score_threshold=0.5).score_threshold_enabled
        True
    """

    search_method: SearchMethod
    """Method of the search: by meaning, by words, by both, or by extracted keywords."""
    top_k: int
    """Maximum number of chunks to return."""
    score_threshold_enabled: bool = False
    """True to apply `score_threshold`; set by a threshold if not passed."""
    score_threshold: float | None = None
    """Minimum score of a chunk, from 0 to 1."""
    reranking_enable: bool = False
    """True to rerank the chunks by a model; set by a reranking model if not passed."""
    reranking_mode: RerankingMode | None = None
    """Method of reranking; set by a reranking model or by weights if not passed."""
    reranking_model: RerankingModel | None = None
    """Model for the mode "reranking_model"."""
    weights: RetrievalWeights | None = None
    """Weights for the mode "weighted_score" of a hybrid search; other searches ignore them."""
    metadata_filtering_conditions: MetadataFilter | None = None
    """Conditions on the metadata of documents."""

    @model_validator(mode="before")
    @classmethod
    def _switch_on(cls, data: Any) -> Any:
        return switched_on(data)


class ExternalRetrievalModel(Model):
    """Retrieval settings for an external knowledge base."""

    top_k: int | None = None
    """Maximum number of results."""
    score_threshold: float | None = None
    """Minimum score of a result, from 0 to 1. None if not set."""
    score_threshold_enabled: bool | None = None
    """True to apply `score_threshold`. If None, requests with a threshold send true."""

    def _wire_form(self) -> dict[str, Any]:
        form = super()._wire_form()
        if self.score_threshold is not None:
            form.setdefault("score_threshold_enabled", True)
        return form


class SummaryIndexSetting(Model):
    """Settings for an index of chunk summaries that a model writes."""

    enable: bool | None = None
    """True if summaries are written. None if never set; requests with one of the other fields then send true."""
    model_name: str | None = None
    """Name of the model. None if not set."""
    model_provider_name: str | None = None
    """Provider of the model. None if not set."""
    summary_prompt: str | None = None
    """Prompt for the summaries. None for the server's default."""

    def _wire_form(self) -> dict[str, Any]:
        form = super()._wire_form()
        if form:
            form.setdefault("enable", True)
        return form


# -------------------------------------------------------------------------------------------------------- answers
class StoredVectorSetting(Model):
    """The weight of the semantic score, as stored."""

    vector_weight: float | None = None
    """Weight from 0 to 1. None if not set."""
    embedding_provider_name: str | None = None
    """Provider of the embedding model. None if not set."""
    embedding_model_name: str | None = None
    """Name of the embedding model. None if not set."""


class StoredKeywordSetting(Model):
    """The weight of the keyword score, as stored."""

    keyword_weight: float | None = None
    """Weight from 0 to 1. None if not set."""


class StoredWeights(Model):
    """Weights of a hybrid search, as stored."""

    weight_type: WeightType | str | None = None
    """Preset that the weights come from. None if not set."""
    vector_setting: StoredVectorSetting | None = None
    """Weight of the semantic score."""
    keyword_setting: StoredKeywordSetting | None = None
    """Weight of the keyword score."""


class RetrievalSettings(Model):
    """Default retrieval settings of a knowledge base.

    To change them, send a `RetrievalModel`.
    """

    search_method: SearchMethod | str | None = None
    """Method of the search: by meaning, by words, by both, or by extracted keywords."""
    reranking_enable: bool | None = None
    """True if chunks are reranked."""
    reranking_mode: RerankingMode | str | None = None
    """Method of reranking. None if not set."""
    reranking_model: RerankingModel | None = None
    """Rerank model; its fields are None or "" if not set."""
    weights: StoredWeights | None = None
    """Weights of a hybrid search. None if not set."""
    top_k: int | None = None
    """Maximum number of chunks to return."""
    score_threshold_enabled: bool | None = None
    """True if `score_threshold` applies."""
    score_threshold: float | None = None
    """Minimum score of a chunk, from 0 to 1. None if not set."""


class ExternalKnowledge(Model):
    """The external source of a knowledge base.

    All fields are None unless its provider is "external".
    """

    external_knowledge_id: str | None = None
    """Id of the knowledge base at the external service."""
    external_knowledge_api_id: str | None = None
    """UUID of the external service in the workspace."""
    external_knowledge_api_name: str | None = None
    """Name of the external service."""
    external_knowledge_api_endpoint: str | None = None
    """URL of the external service."""


class DatasetIcon(Model):
    """The icon of a knowledge base in the console."""

    icon_type: Literal["emoji"] | str | None = None
    """Kind of icon. None if not set."""
    icon: str | None = None
    """Emoji, or the id of an image. None if not set."""
    icon_background: str | None = None
    """Background color, such as "#FFF4ED". None if not set."""
    icon_url: str | None = None
    """URL of the image. None for an emoji."""


class Dataset(ResponseModel):
    """A knowledge base."""

    id: str
    """UUID of the knowledge base; nearly all calls of `client.knowledge` take it as `dataset_id`."""
    name: str
    """Name of the knowledge base, unique in the workspace, 1 to 40 characters."""
    description: str | None = None
    """Description, at most 400 characters. None or "" if there is none."""
    provider: Literal["vendor", "external"] | str | None = None
    """Storage: "vendor" for Dify, "external" for an external service."""
    permission: Permission | str | None = None
    """Visibility in the workspace."""
    data_source_type: str | None = None
    """Kind of source of the documents. None until the first document is created."""
    indexing_technique: IndexingTechnique | str | None = None
    """Indexing method. None until it is set, at the latest by the first document."""
    app_count: int | None = None
    """Number of apps that use the knowledge base."""
    document_count: int | None = None
    """Number of documents."""
    total_documents: int | None = None
    """Number of documents. None on older servers."""
    total_available_documents: int | None = None
    """Number of documents that are indexed, enabled and not archived. None on older servers."""
    word_count: int | None = None
    """Total length of all documents in characters."""
    created_by: str | None = None
    """UUID of the account that created the knowledge base."""
    author_name: str | None = None
    """Name of that account."""
    created_at: Timestamp | None = None
    """Time the knowledge base was created."""
    updated_by: str | None = None
    """UUID of the account that changed it last. None if none did."""
    updated_at: Timestamp | None = None
    """Time of the last change."""
    maintainer: str | None = None
    """Maintainer of the knowledge base. None on servers before 1.16."""
    embedding_model: str | None = None
    """Name of the embedding model. None for economy indexing."""
    embedding_model_provider: str | None = None
    """Provider of the embedding model, such as "langgenius/openai/openai". None for economy indexing."""
    embedding_available: bool | None = None
    """True if the embedding model can be used. None in the replies of create and update."""
    retrieval_model_dict: RetrievalSettings | None = None
    """Default retrieval settings."""
    summary_index_setting: SummaryIndexSetting | None = None
    """Settings of the summary index. None on servers up to 1.12."""
    tags: list[Tag] | None = None
    """Tags of the knowledge base."""
    doc_form: DocForm | str | None = None
    """Chunk structure of the documents. None until the first document is created."""
    external_knowledge_info: ExternalKnowledge | None = None
    """External source; its fields are None for other providers."""
    external_retrieval_model: ExternalRetrievalModel | None = None
    """Retrieval settings of an external knowledge base."""
    doc_metadata: list[MetadataField] | None = None
    """Metadata fields that the knowledge base defines."""
    built_in_field_enabled: bool | None = None
    """True if the built-in metadata fields are switched on."""
    pipeline_id: str | None = None
    """UUID of the pipeline that fills the knowledge base. None without a pipeline."""
    runtime_mode: Literal["general", "rag_pipeline"] | str | None = None
    """Way of adding documents: "general", or "rag_pipeline" with a pipeline. None on older servers."""
    chunk_structure: str | None = None
    """Chunk structure that the pipeline produces. None without a pipeline."""
    icon_info: DatasetIcon | None = None
    """Icon in the console."""
    is_published: bool | None = None
    """True if the pipeline is published; False without a pipeline."""
    enable_api: bool | None = None
    """True if the API may use the knowledge base."""
    is_multimodal: bool | None = None
    """True if images are indexed too. None on older servers."""
    partial_member_list: list[str] | None = None
    """UUIDs of the accounts that may see the knowledge base. None except in the replies of updates, and of `get` if
    `permission` is "partial_members".
    """


class RetrieveQuery(Model):
    """The query of a retrieval."""

    content: str | None = None
    """Text of the query."""


class ChildChunkHit(Model):
    """A child chunk that matched the query."""

    id: str
    """UUID of the child chunk."""
    content: str | None = None
    """Text of the child chunk."""
    position: int | None = None
    """Position in the chunk, from 1."""
    score: float | None = None
    """Score of the child chunk; higher is better."""


class RetrieveRecord(Model):
    """A result of a retrieval.

    Results from Dify's own knowledge bases have a `segment`; results from external ones have `content`, `title` and
    `metadata` in its place.
    """

    segment: RetrievedSegment | None = None
    """Chunk. None for external knowledge bases."""
    child_chunks: list[ChildChunkHit] | None = None
    """Child chunks that matched, in a "hierarchical_model" document. None or empty for others."""
    score: float | None = None
    """Score of the result; higher is better. None for keyword search on some servers."""
    tsne_position: Any = None
    """Position in a plot of the console; None on current servers."""
    files: list[SegmentAttachment] | None = None
    """Files attached to the chunk. None on older servers."""
    summary: str | None = None
    """Summary of the chunk. None unless the knowledge base has a summary index."""
    content: str | None = None
    """Text from an external knowledge base. None for others."""
    title: str | None = None
    """Title from an external knowledge base. None for others."""
    metadata: dict[str, Any] | None = None
    """Metadata from an external knowledge base. None for others."""

    @property
    def text(self) -> str:
        """Text of the result, from the chunk or the external knowledge base.

        Empty if there is none.
        """
        return (self.content if self.segment is None else self.segment.content) or ""


class RetrieveResult(ResponseModel):
    """The results of a retrieval."""

    query: RetrieveQuery | None = None
    """Query, as the server received it."""
    records: list[RetrieveRecord]
    """Results, best first."""
