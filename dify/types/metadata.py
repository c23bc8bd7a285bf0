"""Metadata: the fields that a knowledge base defines, and the values that its documents have in them."""

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from ._base import Answer, Model

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
"""What a metadata field holds. Times are epoch seconds."""


class MetadataField(Answer):
    """A metadata field of a knowledge base. `count` (documents that use it) is only sent in lists."""

    id: str
    name: str
    type: MetadataType | str | None = None
    count: int | None = None


class MetadataFields(Answer):
    """The metadata fields that a knowledge base defines, and whether the built-in ones are switched on."""

    doc_metadata: list[MetadataField]
    built_in_field_enabled: bool | None = None


class BuiltInField(Model):
    """A metadata field that the server fills itself: document_name, uploader, upload_date, last_update_date, source."""

    name: Literal["document_name", "uploader", "upload_date", "last_update_date", "source"] | str
    type: MetadataType | str | None = None


class BuiltInFields(Answer):
    """The metadata fields that the server can fill itself."""

    fields: list[BuiltInField]


class MetadataValue(Model):
    """What a document has in a metadata field. The `id` of every built-in field is "built-in"."""

    id: str
    name: str
    type: MetadataType | str | None = None
    value: str | int | float | bool | None = None


class MetadataInput(Model):
    """A value to set on a document, for `MetadataOperation`.

    Attributes:
        id: Id of the field, from `metadata.list`.
        name: Name of the field.
        value: Text, a number or, for a field of type "time", epoch seconds. None, the default, clears the value.
    """

    id: str
    name: str
    value: str | int | float | None = None

    @model_serializer(mode="wrap")
    def _null_clears(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Requests are dumped without what is None, but here null is what clears the value.
        return {**handler(self), "value": self.value}


class MetadataOperation(Model):
    """The metadata to set on one document, for `metadata.update_documents`.

    Attributes:
        document_id: The document.
        metadata_list: The values to set.
        partial_update: True leaves fields that `metadata_list` does not name as they are. False, the server's default,
            **replaces the document's whole metadata** by `metadata_list`.

    Example:
        >>> year = MetadataInput(id="f-1", name="year", value=2024)
        >>> MetadataOperation(document_id="d-1", metadata_list=[year], partial_update=True).partial_update
        True
    """

    document_id: str
    metadata_list: list[MetadataInput]
    partial_update: bool = False
