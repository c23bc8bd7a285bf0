"""Tags of knowledge bases."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from ...._config import RequestOptions
from ...._protocol.knowledge import some_of
from ...._protocol.request import Call
from ....types.tags import DatasetTags, Tag
from .._base import AsyncResource

__all__ = ["AsyncTags"]


class AsyncTags(AsyncResource):
    """Make tags, and put them on knowledge bases. Needs a server from about 1.9 on.

    Servers around 1.12 may answer `create`, `list` and `update` with a 400 though all is well: look with `for_dataset`, or
    update the server.

    Example:
        ```python
        tag = await client.knowledge.tags.create("manuals")
        await client.knowledge.tags.bind([tag.id], target_id=dataset_id)
        ```
    """

    async def create(self, name: str, *, options: RequestOptions | None = None) -> Tag:
        """Make a tag (createKnowledgeTag).

        Args:
            name: Its name, 1 to 50 characters, and unlike any other tag's.
            options: Settings for this call alone.

        Raises:
            BadRequestError: There is a tag of that name.

        Example:
            ```python
            tag = await client.knowledge.tags.create("manuals")
            print(tag.id)
            ```
        """
        call = Call.of("createKnowledgeTag", json={"name": name})
        return await self._transport.fetch(call, Tag, options)

    async def list(self, *, options: RequestOptions | None = None) -> builtins.list[Tag]:
        """All tags of the workspace (getKnowledgeTags); not paged.

        Args:
            options: Settings for this call alone.

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
            tag_id: The tag.
            name: Its new name, 1 to 50 characters.
            options: Settings for this call alone.

        Raises:
            BadRequestError: There is a tag of that name.
            NotFoundError: There is no such tag.

        Example:
            ```python
            await client.knowledge.tags.update(tag_id, "handbooks")
            ```
        """
        body = {"tag_id": tag_id, "name": name}
        call = Call.of("updateKnowledgeTag", json=body)
        return await self._transport.fetch(call, Tag, options)

    async def delete(self, tag_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete a tag, and take it off all knowledge bases (deleteKnowledgeTag).

        Args:
            tag_id: The tag.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such tag.

        Example:
            ```python
            await client.knowledge.tags.delete(tag_id)
            ```
        """
        body = {"tag_id": tag_id}
        call = Call.of("deleteKnowledgeTag", json=body)
        await self._transport.send(call, options)

    async def bind(self, tag_ids: Sequence[str], *, target_id: str, options: RequestOptions | None = None) -> None:
        """Put tags on a knowledge base (bindTagsToDataset). Tags that are on it already, or do not exist, are passed over.

        Args:
            tag_ids: The tags, at least one.
            target_id: The knowledge base.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            await client.knowledge.tags.bind([tag.id], target_id=dataset_id)
            ```
        """
        body = {"tag_ids": some_of(tag_ids, "tag_ids", "to bind"), "target_id": target_id}
        call = Call.of("bindTagsToDataset", json=body)
        await self._transport.send(call, options)

    async def unbind(self, tag_ids: Sequence[str], *, target_id: str, options: RequestOptions | None = None) -> None:
        """Take tags off a knowledge base (unbindTagFromDataset). Tags that are not on it are passed over.

        Args:
            tag_ids: The tags, at least one. Servers before 1.14 take one at a time.
            target_id: The knowledge base.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            await client.knowledge.tags.unbind([tag.id], target_id=dataset_id)
            ```
        """
        tags = some_of(tag_ids, "tag_ids", "to unbind")
        body: dict[str, Any] = {"tag_ids": tags, "target_id": target_id}
        if len(tags) == 1:
            body["tag_id"] = tags[0]  # all that servers before 1.14 understand; newer ones take either
        call = Call.of("unbindTagFromDataset", json=body)
        await self._transport.send(call, options)

    async def for_dataset(self, dataset_id: str, *, options: RequestOptions | None = None) -> DatasetTags:
        """The tags of one knowledge base (queryDatasetTags); not paged.

        Args:
            dataset_id: The knowledge base.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base.

        Example:
            ```python
            tags = await client.knowledge.tags.for_dataset(dataset_id)
            print([tag.name for tag in tags.data])
            ```
        """
        call = Call.of("queryDatasetTags", dataset_id=dataset_id)
        return await self._transport.fetch(call, DatasetTags, options)
