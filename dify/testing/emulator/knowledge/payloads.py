"""Request bodies of knowledge bases.

The classes are named as Dify names them: its validation errors say the name.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from .search_payloads import RetrievalModel

__all__ = ["DatasetCreatePayload", "DatasetListQuery", "DatasetUpdatePayload"]

_Technique = Literal["high_quality", "economy"]


class DatasetPermissionEnum(StrEnum):
    """Visibility of a knowledge base."""

    ONLY_ME = "only_me"
    ALL_TEAM = "all_team_members"
    PARTIAL_TEAM = "partial_members"


class DatasetListQuery(BaseModel):
    """Which knowledge bases to list."""

    page: int = 1
    limit: int = 20
    keyword: str | None = None
    include_all: bool = False
    tag_ids: list[str] = Field(default_factory=list[str])


class DatasetCreatePayload(BaseModel):
    """POST /datasets."""

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
    """PATCH of a knowledge base."""

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
