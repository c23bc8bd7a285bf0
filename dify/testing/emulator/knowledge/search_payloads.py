"""Request bodies of searches. The classes have Dify's names, because its validation errors contain them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

__all__ = ["HitTestingPayload", "RetrievalModel"]

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
    """The ways of searching."""

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
        """The settings as they are stored."""
        return self.model_dump(mode="json")


class HitTestingPayload(BaseModel):
    """A search."""

    query: Annotated[str, Field(max_length=250)]
    retrieval_model: RetrievalModel | None = None
    external_retrieval_model: dict[str, Any] | None = None
    attachment_ids: list[str] | None = None
