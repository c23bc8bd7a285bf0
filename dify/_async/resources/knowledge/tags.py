"""Tags of knowledge bases."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from ...._config import RequestOptions
from ...._protocol.arguments import text_of
from ...._protocol.knowledge import some_of
from ...._protocol.request import Call
from ....types.tags import DatasetTags, Tag
from .._base import AsyncResource

__all__ = ["AsyncTags"]


class AsyncTags(AsyncResource):
    """Tags of knowledge bases. Require Dify 1.9 or later.

    Servers around 1.12 may respond to `create`, `list` and `update` with status 400 although they succeeded; check with
    `for_dataset`, or update the server.

    Example:
        ```python
        tag = await client.knowledge.tags.create("manuals")
        await client.knowledge.tags.bind([tag.id], target_id=dataset_id)
        ```
    """

    async def create(self, name: str, *, options: RequestOptions | None = None) -> Tag:
        """Create a tag (createKnowledgeTag).

        Args:
            name: Unique name, 1 to 50 characters.
            options: Options of this call.

        Raises:
            BadRequestError: A tag of that name exists.

        Example:
            ```python
            tag = await client.knowledge.tags.create("manuals")
            print(tag.id)
            ```
        """
        call = Call.of("createKnowledgeTag", json={"name": text_of(name, "name")})
        return await self._transport.fetch(call, Tag, options)

    async def list(self, *, options: RequestOptions | None = None) -> builtins.list[Tag]:
        """Return all tags of the workspace (getKnowledgeTags); not paged.

        Args:
            options: Options of this call.

        Example:
            ```python
            for tag in await client.knowledge.tags.list():
                print(tag.name, tag.binding_count)
            ```
        """
        call = Call.of("getKnowledgeTags")
        return await self._transport.fetch(call, builtins.list[Tag], options)

    async def update(self, tag_id: str, name: str, *, options: RequestOptions | None = None) -> Tag:
        """Rename a tag (updateKnowledgeTag).

        Args:
            tag_id: Id of the tag.
            name: New name, 1 to 50 characters.
            options: Options of this call.

        Raises:
            BadRequestError: A tag of that name exists.
            NotFoundError: The tag does not exist.

        Example:
            ```python
            await client.knowledge.tags.update(tag_id, "handbooks")
            ```
        """
        body = {"tag_id": tag_id, "name": text_of(name, "name")}
        call = Call.of("updateKnowledgeTag", json=body)
        return await self._transport.fetch(call, Tag, options)

    async def delete(self, tag_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete a tag and remove it from all knowledge bases (deleteKnowledgeTag).

        Args:
            tag_id: Id of the tag.
            options: Options of this call.

        Raises:
            NotFoundError: The tag does not exist.

        Example:
            ```python
            await client.knowledge.tags.delete(tag_id)
            ```
        """
        body = {"tag_id": tag_id}
        call = Call.of("deleteKnowledgeTag", json=body)
        await self._transport.send(call, options)

    async def bind(self, tag_ids: Sequence[str], *, target_id: str, options: RequestOptions | None = None) -> None:
        """Add tags to a knowledge base (bindTagsToDataset).

        Tags that it has already, and tags that do not exist, are ignored.

        Args:
            tag_ids: Ids of the tags, at least one.
            target_id: Id of the knowledge base.
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            await client.knowledge.tags.bind([tag.id], target_id=dataset_id)
            ```
        """
        body = {"tag_ids": some_of(tag_ids, "tag_ids", "to bind"), "target_id": target_id}
        call = Call.of("bindTagsToDataset", json=body)
        await self._transport.send(call, options)

    async def unbind(self, tag_ids: Sequence[str], *, target_id: str, options: RequestOptions | None = None) -> None:
        """Remove tags from a knowledge base (unbindTagFromDataset).

        Tags that it does not have are ignored.

        Args:
            tag_ids: Ids of the tags, at least one. Servers before 1.14 accept one at a time.
            target_id: Id of the knowledge base.
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            await client.knowledge.tags.unbind([tag.id], target_id=dataset_id)
            ```
        """
        tags = some_of(tag_ids, "tag_ids", "to unbind")
        body: dict[str, Any] = {"tag_ids": tags, "target_id": target_id}
        if len(tags) == 1:
            body["tag_id"] = tags[0]  # the only form that servers before 1.14 accept; newer ones accept either
        call = Call.of("unbindTagFromDataset", json=body)
        await self._transport.send(call, options)

    async def for_dataset(self, dataset_id: str, *, options: RequestOptions | None = None) -> DatasetTags:
        """Return the tags of a knowledge base (queryDatasetTags); not paged.

        Args:
            dataset_id: Id of the knowledge base.
            options: Options of this call.

        Raises:
            NotFoundError: The knowledge base does not exist.

        Example:
            ```python
            tags = await client.knowledge.tags.for_dataset(dataset_id)
            print([tag.name for tag in tags.data])
            ```
        """
        call = Call.of("queryDatasetTags", dataset_id=dataset_id)
        return await self._transport.fetch(call, DatasetTags, options)
