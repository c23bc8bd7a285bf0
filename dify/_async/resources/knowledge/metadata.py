"""Metadata: the fields of a knowledge base, and what documents have in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...._config import RequestOptions
from ...._protocol.knowledge import some_of
from ...._protocol.request import Call
from ....types.metadata import BuiltInFields, MetadataField, MetadataFields, MetadataOperation, MetadataType
from .._base import AsyncResource

__all__ = ["AsyncMetadata"]


class AsyncMetadata(AsyncResource):
    """Define metadata fields, and set them on documents. Needs a server from about 1.9 on.

    The server makes one such change to a knowledge base at a time and answers 400 to another meanwhile.

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
        """Define a field (createMetadataField).

        Args:
            dataset_id: The knowledge base.
            name: Its name, up to 255 characters, unlike any other field's of the knowledge base, built-in ones included.
            type: What it holds.
            options: Settings for this call alone.

        Raises:
            BadRequestError: The name is taken or too long.
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            field = await client.knowledge.metadata.create(dataset_id, "year", type="number")
            print(field.id)
            ```
        """
        body = {"type": type, "name": name}
        call = Call.of("createMetadataField", dataset_id=dataset_id, json=body)
        return await self._transport.fetch(call, MetadataField, options)

    async def list(self, dataset_id: str, *, options: RequestOptions | None = None) -> MetadataFields:
        """The fields of a knowledge base, and whether the built-in ones are on (listMetadataFields); not paged.

        Args:
            dataset_id: The knowledge base.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base.

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
        """Rename a field (updateMetadataField); its type stays.

        Args:
            dataset_id: The knowledge base.
            metadata_id: The field.
            name: Its new name, up to 255 characters.
            options: Settings for this call alone.

        Raises:
            BadRequestError: The name is taken, or there is no such field (the server does not say 404 here).
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            await client.knowledge.metadata.update(dataset_id, field.id, "published")
            ```
        """
        call = Call.of("updateMetadataField", dataset_id=dataset_id, metadata_id=metadata_id, json={"name": name})
        return await self._transport.fetch(call, MetadataField, options)

    async def delete(self, dataset_id: str, metadata_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete a field, and what documents have in it (deleteMetadataField).

        Args:
            dataset_id: The knowledge base.
            metadata_id: The field; the server also says yes to one that does not exist.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            await client.knowledge.metadata.delete(dataset_id, field.id)
            ```
        """
        call = Call.of("deleteMetadataField", dataset_id=dataset_id, metadata_id=metadata_id)
        await self._transport.send(call, options)

    async def built_in(self, dataset_id: str, *, options: RequestOptions | None = None) -> BuiltInFields:
        """The fields that the server can fill itself (getBuiltInMetadataFields); the same for every knowledge base.

        Args:
            dataset_id: Any knowledge base.
            options: Settings for this call alone.

        Example:
            ```python
            print([field.name for field in (await client.knowledge.metadata.built_in(dataset_id)).fields])
            ```
        """
        call = Call.of("getBuiltInMetadataFields", dataset_id=dataset_id)
        return await self._transport.fetch(call, BuiltInFields, options)

    async def enable_built_in(self, dataset_id: str, *, options: RequestOptions | None = None) -> None:
        """Have the server fill the built-in fields of a knowledge base's documents (toggleBuiltInMetadataField).

        Args:
            dataset_id: The knowledge base.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            await client.knowledge.metadata.enable_built_in(dataset_id)
            ```
        """
        await self._transport.send(_toggle(dataset_id, "enable"), options)

    async def disable_built_in(self, dataset_id: str, *, options: RequestOptions | None = None) -> None:
        """Take the built-in fields off a knowledge base's documents (toggleBuiltInMetadataField).

        Args:
            dataset_id: The knowledge base.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base.

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

        Without `partial_update` an operation **replaces all** metadata of its document. A field that does not exist is
        passed over without a word.

        Args:
            dataset_id: The knowledge base.
            operation_data: What to set: one operation per document, at least one.
            options: Settings for this call alone.

        Raises:
            BadRequestError: There is no such document, or another change is still being made.
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            value = MetadataInput(id=field.id, name=field.name, value=2024)
            change = MetadataOperation(document_id=document_id, metadata_list=[value], partial_update=True)
            await client.knowledge.metadata.update_documents(dataset_id, [change])
            ```
        """
        body = {"operation_data": some_of(operation_data, "operation_data", "to set")}
        # Values are set and never added to, so that a second time changes nothing.
        call = Call.of("batchUpdateDocumentMetadata", dataset_id=dataset_id, json=body)
        await self._transport.send(call, options)


def _toggle(dataset_id: str, action: str) -> Call:
    return Call.of("toggleBuiltInMetadataField", dataset_id=dataset_id, action=action)
