"""Knowledge bases, how they are searched, and what a search finds."""

from typing import Any, Literal

from ._base import Answer, Model, Timestamp
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
"""How a knowledge base is searched; "hybrid_search" is by meaning and by words at once."""

RerankingMode = Literal["reranking_model", "weighted_score"]
"""What puts that which was found in a better order: a model, or weights."""

WeightType = Literal["semantic_first", "keyword_first", "customized"]
"""Which of meaning and words weighs more, or that the weights are given."""

IndexingTechnique = Literal["high_quality", "economy"]
"""By embeddings, or by keywords only."""

Permission = Literal["only_me", "all_team_members", "partial_members"]
"""Who in the workspace may see a knowledge base."""

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
"""How a metadata value is compared: words are for text, signs for numbers, "before" and "after" for times."""


# ------------------------------------------------------------------------------------------------------- requests
class RerankingModel(Model):
    """The model that puts what was found in a better order."""

    reranking_provider_name: str | None = None
    reranking_model_name: str | None = None


class VectorSetting(Model):
    """How much likeness of meaning weighs (such as 0.7), and the embedding model to measure it with."""

    vector_weight: float
    embedding_provider_name: str
    embedding_model_name: str


class KeywordSetting(Model):
    """How much shared words weigh (such as 0.3)."""

    keyword_weight: float


class RetrievalWeights(Model):
    """How a hybrid search weighs meaning against words, for `reranking_mode="weighted_score"`."""

    weight_type: WeightType | None = None
    vector_setting: VectorSetting | None = None
    keyword_setting: KeywordSetting | None = None


class MetadataCondition(Model):
    """A condition on a document's metadata.

    Attributes:
        name: Name of the metadata field.
        comparison_operator: How to compare.
        value: What to compare with: text, a number, or a list of texts for "in" and "not in". Left out for "empty" and
            "not empty".
    """

    name: str
    comparison_operator: ComparisonOperator
    value: str | list[str] | int | float | None = None


class MetadataFilter(Model):
    """Conditions on metadata that a chunk's document must meet: all of them ("and", the default), or any ("or")."""

    logical_operator: Literal["and", "or"] | None = None
    conditions: list[MetadataCondition] | None = None


class RetrievalModel(Model):
    """How to search a knowledge base: for one retrieval, or as the knowledge base's own setting.

    Attributes:
        search_method: How to search.
        top_k: The most chunks to find.
        score_threshold_enabled: Whether `score_threshold` counts.
        score_threshold: The least score that a chunk must have.
        reranking_enable: Whether to put what was found in a better order.
        reranking_mode: How: by a model, or by weights; required when `reranking_enable` is set.
        reranking_model: The model, for mode "reranking_model".
        weights: The weights, for mode "weighted_score" of a hybrid search.
        metadata_filtering_conditions: Conditions on the metadata of documents.

    Example:
        >>> RetrievalModel(search_method="semantic_search", top_k=3).model_dump(mode="json", exclude_none=True)
        {'search_method': 'semantic_search', 'top_k': 3, 'score_threshold_enabled': False, 'reranking_enable': False}
    """

    search_method: SearchMethod
    top_k: int
    score_threshold_enabled: bool = False
    score_threshold: float | None = None
    reranking_enable: bool = False
    reranking_mode: RerankingMode | None = None
    reranking_model: RerankingModel | None = None
    weights: RetrievalWeights | None = None
    metadata_filtering_conditions: MetadataFilter | None = None


class ExternalRetrievalModel(Model):
    """How to search an external knowledge base.

    Attributes:
        top_k: The most chunks to find.
        score_threshold: The least score that a chunk must have.
        score_threshold_enabled: Whether `score_threshold` counts.
    """

    top_k: int | None = None
    score_threshold: float | None = None
    score_threshold_enabled: bool | None = None


class SummaryIndexSetting(Model):
    """Whether a model writes a summary of every chunk to search in, which model, and with what prompt."""

    enable: bool | None = None
    model_name: str | None = None
    model_provider_name: str | None = None
    summary_prompt: str | None = None


# -------------------------------------------------------------------------------------------------------- answers
class StoredVectorSetting(Model):
    """How much likeness of meaning weighs, as stored."""

    vector_weight: float | None = None
    embedding_provider_name: str | None = None
    embedding_model_name: str | None = None


class StoredKeywordSetting(Model):
    """How much shared words weigh, as stored."""

    keyword_weight: float | None = None


class StoredWeights(Model):
    """How a hybrid search weighs meaning against words, as stored."""

    weight_type: WeightType | str | None = None
    vector_setting: StoredVectorSetting | None = None
    keyword_setting: StoredKeywordSetting | None = None


class RetrievalSettings(Model):
    """How a knowledge base is searched by default. To set it, send a `RetrievalModel`."""

    search_method: SearchMethod | str | None = None
    reranking_enable: bool | None = None
    reranking_mode: RerankingMode | str | None = None
    reranking_model: RerankingModel | None = None
    weights: StoredWeights | None = None
    top_k: int | None = None
    score_threshold_enabled: bool | None = None
    score_threshold: float | None = None


class ExternalKnowledge(Model):
    """The external knowledge base behind one of provider "external"; all None for others."""

    external_knowledge_id: str | None = None
    external_knowledge_api_id: str | None = None
    external_knowledge_api_name: str | None = None
    external_knowledge_api_endpoint: str | None = None


class DatasetIcon(Model):
    """How the console shows a knowledge base."""

    icon_type: Literal["emoji"] | str | None = None
    icon: str | None = None
    icon_background: str | None = None
    icon_url: str | None = None


class Dataset(Answer):
    """A knowledge base.

    `embedding_available` is None in what create and update answer. `partial_member_list` (ids of accounts) is sent by
    updates, and else only when `permission` is "partial_members". `word_count` counts the words of all documents.
    """

    id: str
    name: str
    description: str | None = None
    provider: Literal["vendor", "external"] | str | None = None
    permission: Permission | str | None = None
    data_source_type: str | None = None
    indexing_technique: IndexingTechnique | str | None = None
    app_count: int | None = None
    document_count: int | None = None
    total_documents: int | None = None
    total_available_documents: int | None = None
    word_count: int | None = None
    created_by: str | None = None
    author_name: str | None = None
    created_at: Timestamp | None = None
    updated_by: str | None = None
    updated_at: Timestamp | None = None
    maintainer: str | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    embedding_available: bool | None = None
    retrieval_model_dict: RetrievalSettings | None = None
    summary_index_setting: SummaryIndexSetting | None = None
    tags: list[Tag] | None = None
    doc_form: DocForm | str | None = None
    external_knowledge_info: ExternalKnowledge | None = None
    external_retrieval_model: ExternalRetrievalModel | None = None
    doc_metadata: list[MetadataField] | None = None
    built_in_field_enabled: bool | None = None
    pipeline_id: str | None = None
    runtime_mode: Literal["general", "rag_pipeline"] | str | None = None
    chunk_structure: str | None = None
    icon_info: DatasetIcon | None = None
    is_published: bool | None = None
    enable_api: bool | None = None
    is_multimodal: bool | None = None
    partial_member_list: list[str] | None = None


class RetrieveQuery(Model):
    """What was searched for."""

    content: str | None = None


class ChildChunkHit(Model):
    """A child chunk that a search found inside a chunk."""

    id: str
    content: str | None = None
    position: int | None = None
    score: float | None = None


class RetrieveRecord(Model):
    """One thing that a search found.

    A chunk of a knowledge base of Dify's own is in `segment`; `child_chunks` are the parts of it that matched. What an
    external knowledge base found has no segment but `content`, `title` and `metadata`.
    """

    segment: RetrievedSegment | None = None
    child_chunks: list[ChildChunkHit] | None = None
    score: float | None = None
    tsne_position: Any = None
    files: list[SegmentAttachment] | None = None
    summary: str | None = None
    content: str | None = None
    title: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The text that was found, wherever it comes from; empty where there is none."""
        return (self.content if self.segment is None else self.segment.content) or ""


class RetrieveResult(Answer):
    """What a search found, best first."""

    query: RetrieveQuery | None = None
    records: list[RetrieveRecord]
