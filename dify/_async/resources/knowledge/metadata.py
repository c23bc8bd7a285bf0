"""Metadata fields of knowledge bases and their values on documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...._config import RequestOptions
from ...._protocol.arguments import text_of
from ...._protocol.knowledge import check_metadata_values, some_of
from ...._protocol.request import Call
from ....types.metadata import BuiltInFields, MetadataField, MetadataFields, MetadataOperation, MetadataType
from .._base import AsyncResource

__all__ = ["AsyncMetadata"]


class AsyncMetadata(AsyncResource):
    """Metadata fields of knowledge bases. Require Dify 1.9 or later.

    The server applies one change per knowledge base at a time and responds to others with status 400 meanwhile.

    Example:
        ```python
        field = await client.knowledge.metadata.create(dataset_id, "year", type="number")
        value = MetadataInput(id=field.id, name="year", value=2024)
        change = MetadataOperation(document_id=document_id, metadata_list=[value], partial_update=True)
        await client.knowledge.metadata.update_documents(dataset_id, [change])
        ```
    """

    async def create(
        self, dataset_id: str, name: str, *, type: MetadataType, options: RequestOptions | None = None
    ) -> MetadataField:
        """Create a metadata field (createMetadataField).

        Args:
            dataset_id: Id of the knowledge base.
            name: Name, up to 255 characters, unique in the knowledge base, built-in fields included.
            type: Type of the values.
            options: Options of this call.

        Raises:
            BadRequestError: The name is taken or too long.
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            field = await client.knowledge.metadata.create(dataset_id, "year", type="number")
            print(field.id)
            ```
        """
        body = {"type": type, "name": text_of(name, "name")}
        call = Call.of("createMetadataField", dataset_id=dataset_id, json=body)
        return await self._transport.fetch(call, MetadataField, options)

    async def list(self, dataset_id: str, *, options: RequestOptions | None = None) -> MetadataFields:
        """Return the metadata fields of a knowledge base (listMetadataFields).

        Not paged. The result tells if the built-in fields are enabled.

        Args:
            dataset_id: Id of the knowledge base.
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            for field in (await client.knowledge.metadata.list(dataset_id)).doc_metadata:
                print(field.name, field.type, field.count)
            ```
        """
        call = Call.of("listMetadataFields", dataset_id=dataset_id)
        return await self._transport.fetch(call, MetadataFields, options)

    async def update(
        self, dataset_id: str, metadata_id: str, name: str, *, options: RequestOptions | None = None
    ) -> MetadataField:
        """Rename a metadata field (updateMetadataField).

        Args:
            dataset_id: Id of the knowledge base.
            metadata_id: Id of the field.
            name: New name, up to 255 characters.
            options: Options of this call.

        Raises:
            BadRequestError: The name exists, or the field does not (the server does not respond with 404 here).
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            await client.knowledge.metadata.update(dataset_id, field.id, "published")
            ```
        """
        call = Call.of(
            "updateMetadataField", dataset_id=dataset_id, metadata_id=metadata_id, json={"name": text_of(name, "name")}
        )
        return await self._transport.fetch(call, MetadataField, options)

    async def delete(self, dataset_id: str, metadata_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete a metadata field and its values (deleteMetadataField).

        Args:
            dataset_id: Id of the knowledge base.
            metadata_id: Id of the field. The server also accepts ids that do not exist.
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            await client.knowledge.metadata.delete(dataset_id, field.id)
            ```
        """
        call = Call.of("deleteMetadataField", dataset_id=dataset_id, metadata_id=metadata_id)
        await self._transport.send(call, options)

    async def built_in(self, dataset_id: str, *, options: RequestOptions | None = None) -> BuiltInFields:
        """Return the built-in metadata fields (getBuiltInMetadataFields).

        They are the same for every knowledge base.

        Args:
            dataset_id: Id of any knowledge base.
            options: Options of this call.

        Example:
            ```python
            print([field.name for field in (await client.knowledge.metadata.built_in(dataset_id)).fields])
            ```
        """
        call = Call.of("getBuiltInMetadataFields", dataset_id=dataset_id)
        return await self._transport.fetch(call, BuiltInFields, options)

    async def enable_built_in(self, dataset_id: str, *, options: RequestOptions | None = None) -> None:
        """Enable the built-in fields of a knowledge base (toggleBuiltInMetadataField).

        Args:
            dataset_id: Id of the knowledge base.
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            await client.knowledge.metadata.enable_built_in(dataset_id)
            ```
        """
        await self._transport.send(_toggle(dataset_id, "enable"), options)

    async def disable_built_in(self, dataset_id: str, *, options: RequestOptions | None = None) -> None:
        """Disable the built-in fields of a knowledge base (toggleBuiltInMetadataField).

        Args:
            dataset_id: Id of the knowledge base.
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            await client.knowledge.metadata.disable_built_in(dataset_id)
            ```
        """
        await self._transport.send(_toggle(dataset_id, "disable"), options)

    async def update_documents(
        self,
        dataset_id: str,
        operation_data: Sequence[MetadataOperation | Mapping[str, Any]],
        *,
        options: RequestOptions | None = None,
    ) -> None:
        """Set metadata on documents (batchUpdateDocumentMetadata).

        Without `partial_update` an operation **replaces all** metadata of its document. Unknown fields are silently ignored.

        Args:
            dataset_id: Id of the knowledge base.
            operation_data: Values to set, one operation per document, at least one.
            options: Options of this call.

        Raises:
            InvalidArgumentError: A value is a boolean, a time or a list; Dify has texts, numbers and epoch seconds.
            BadRequestError: A document does not exist, or another change is in progress.
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            value = MetadataInput(id=field.id, name=field.name, value=2024)
            change = MetadataOperation(document_id=document_id, metadata_list=[value], partial_update=True)
            await client.knowledge.metadata.update_documents(dataset_id, [change])
            ```
        """
        operations = some_of(operation_data, "operation_data", "to set")
        check_metadata_values(operations)
        body = {"operation_data": operations}
        # Repeatable: values are set, so a second request changes nothing.
        call = Call.of("batchUpdateDocumentMetadata", dataset_id=dataset_id, json=body)
        await self._transport.send(call, options)


def _toggle(dataset_id: str, action: str) -> Call:
    return Call.of("toggleBuiltInMetadataField", dataset_id=dataset_id, action=action)
