"""Metadata: the fields of a knowledge base, and the values of its documents."""

from datetime import date
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, field_validator, model_serializer

from ._base import Model, ResponseModel

__all__ = [
    "BuiltInField",
    "BuiltInFields",
    "MetadataField",
    "MetadataFields",
    "MetadataInput",
    "MetadataOperation",
    "MetadataType",
    "MetadataValue",
]

MetadataType = Literal["string", "number", "time"]
"""Type of a metadata field. Values of type "time" are epoch seconds."""


class MetadataField(ResponseModel):
    """A metadata field of a knowledge base."""

    id: str
    """UUID of the field; `MetadataInput.id` and `metadata.update` take it."""
    name: str
    """Name of the field, at most 255 characters; filters refer to it."""
    type: MetadataType | str | None = None
    """Type of the field's values."""
    count: int | None = None
    """Number of documents that have a value. None except in `metadata.list`."""


class MetadataFields(ResponseModel):
    """The metadata fields of a knowledge base."""

    doc_metadata: list[MetadataField]
    """Fields that the knowledge base defines, without the built-in ones."""
    built_in_field_enabled: bool | None = None
    """True if the built-in fields are switched on."""


class BuiltInField(Model):
    """A metadata field that the server fills."""

    name: Literal["document_name", "uploader", "upload_date", "last_update_date", "source"] | str
    """Name of the field."""
    type: MetadataType | str | None = None
    """Type of the field's values."""


class BuiltInFields(ResponseModel):
    """The metadata fields that the server can fill."""

    fields: list[BuiltInField]
    """Built-in fields."""


class MetadataValue(Model):
    """A metadata value of a document."""

    id: str
    """UUID of the field; "built-in" for each built-in field."""
    name: str
    """Name of the field."""
    type: MetadataType | str | None = None
    """Type of the value."""
    value: str | int | float | bool | None = None
    """Value; epoch seconds for type "time". None if the document has no value."""


def metadata_problem(value: object) -> str | None:
    """Return the reason why a value cannot be metadata, or None.

    The reason is a predicate.
    """
    kind = type(value).__name__
    match value:
        case bool():
            return f'is a {kind}: pass text, such as "yes", or a number'
        case date():  # a datetime is one, too
            return f"is a {kind}: pass epoch seconds, such as int(value.timestamp()) of a datetime with a time zone"
        case None | str() | int() | float():
            return None
        case _:
            return f"is a {kind}: pass text, a number, or None to clear it"


class MetadataInput(Model):
    """A metadata value to set on a document, for `MetadataOperation`."""

    id: str
    """UUID of the field, from `metadata.list`."""
    name: str
    """Name of the field."""
    value: str | int | float | None = None
    """Text, a number, or epoch seconds for a field of type "time". None, the default, clears the value."""

    @field_validator("value", mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        problem = metadata_problem(value)
        if problem:
            raise ValueError(problem)
        return value

    @model_serializer(mode="wrap")
    def _null_clears(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Requests are dumped without what is None, but here null is what clears the value.
        return {**handler(self), "value": self.value}


class MetadataOperation(Model):
    """The metadata to set on one document, for `metadata.update_documents`.

    Example:
        >>> year = MetadataInput(id="f-1", name="year", value=2024)
        >>> MetadataOperation(document_id="d-1", metadata_list=[year], partial_update=True).partial_update
        True
    """

    document_id: str
    """UUID of the document."""
    metadata_list: list[MetadataInput]
    """Values to set."""
    partial_update: bool = False
    """True keeps the values of fields that `metadata_list` does not name. False, the server's default, **replaces all
    metadata of the document** with `metadata_list`.
    """
