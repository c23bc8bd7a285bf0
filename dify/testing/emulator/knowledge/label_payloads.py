"""What requests about tags, metadata and pipelines may hold, under Dify's names."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "DatasetMetadataResponse",
    "DatasourceNodeRunPayload",
    "MetadataArgs",
    "MetadataOperationData",
    "MetadataUpdatePayload",
    "PipelineRunApiEntity",
    "TagBindingPayload",
    "TagCreatePayload",
    "TagDeletePayload",
    "TagUnbindingPayload",
    "TagUpdatePayload",
]

_TagName = Annotated[str, Field(min_length=1, max_length=50)]


class TagCreatePayload(BaseModel):
    """A tag to make."""

    name: _TagName


class TagUpdatePayload(BaseModel):
    """A tag's new name."""

    name: _TagName
    tag_id: str


class TagDeletePayload(BaseModel):
    """A tag to delete."""

    tag_id: str


class TagBindingPayload(BaseModel):
    """Tags to put on a knowledge base."""

    tag_ids: list[str]
    target_id: str

    @field_validator("tag_ids")
    @classmethod
    def _some(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("Tag IDs is required.")
        return value


class TagUnbindingPayload(BaseModel):
    """Tags to take off a knowledge base; older callers name one."""

    tag_ids: list[str] = Field(default_factory=list[str])
    tag_id: str | None = None
    target_id: str

    @model_validator(mode="before")
    @classmethod
    def _older(cls, data: Any) -> Any:
        if isinstance(data, dict):
            sent = cast("dict[str, Any]", data)
            if not sent.get("tag_ids") and sent.get("tag_id"):
                return {**sent, "tag_ids": [sent["tag_id"]]}
        return cast("Any", data)

    @model_validator(mode="after")
    def _some(self) -> TagUnbindingPayload:
        if not self.tag_ids:
            raise ValueError("Tag IDs is required.")
        return self


class MetadataArgs(BaseModel):
    """A metadata field to make."""

    type: Literal["string", "number", "time"]
    name: str


class DatasetMetadataResponse(BaseModel):
    """A metadata field as it is shown."""

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
