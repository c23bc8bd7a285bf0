"""Request bodies of chunks. The classes have Dify's names, because its validation errors contain them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, field_validator

__all__ = [
    "ChildChunkCreatePayload",
    "ChildChunkListQuery",
    "ChildChunkUpdatePayload",
    "SegmentCreateItemPayload",
    "SegmentCreatePayload",
    "SegmentListQuery",
    "SegmentUpdateArgs",
    "SegmentUpdatePayload",
]

_Positive = Annotated[int, Field(ge=1)]


class SegmentCreateItemPayload(BaseModel):
    """A chunk to add."""

    content: Annotated[str, Field(min_length=1)]
    answer: str | None = None
    keywords: list[str] | None = None
    attachment_ids: list[str] | None = None

    @field_validator("content")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("Content is empty")
        return value


class SegmentCreatePayload(BaseModel):
    """Chunks to add."""

    segments: Annotated[list[SegmentCreateItemPayload], Field(min_length=1)]


class SegmentListQuery(BaseModel):
    """Which chunks to list."""

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
    """Which child chunks to list."""

    limit: _Positive = 20
    keyword: str | None = None
    page: _Positive = 1


class ChildChunkUpdatePayload(BaseModel):
    """A child chunk's new text."""

    content: str
