"""The child chunks of chunks."""

from __future__ import annotations

from ...._config import RequestOptions
from ...._protocol.paging import NUMBERED
from ...._protocol.request import Call, compact
from ....types.segments import ChildChunk, ChildChunkDetail
from ...pager import AsyncPager
from .._base import AsyncResource

__all__ = ["AsyncChildChunks"]


class AsyncChildChunks(AsyncResource):
    """Read, add, change and delete the child chunks of a chunk, in documents of the form "hierarchical_model".

    Needs a server from about 1.9 on.

    Example:
        ```python
        async for child in client.knowledge.child_chunks.list(dataset_id, document_id, segment_id):
            print(child.content)
        ```
    """

    async def create(
        self,
        dataset_id: str,
        document_id: str,
        segment_id: str,
        content: str,
        *,
        options: RequestOptions | None = None,
    ) -> ChildChunkDetail:
        """Add a child chunk (createChildChunk).

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            segment_id: The chunk.
            content: The text.
            options: Settings for this call alone.

        Raises:
            ProviderNotInitializedError: The embedding model has no credentials.
            NotFoundError: There is no such chunk.

        Example:
            ```python
            made = await client.knowledge.child_chunks.create(dataset_id, document_id, segment_id, "Apples are red.")
            print(made.data.id)
            ```
        """
        call = Call.of(
            "createChildChunk",
            dataset_id=dataset_id,
            document_id=document_id,
            segment_id=segment_id,
            json={"content": content},
        )
        return await self._transport.fetch(call, ChildChunkDetail, options)

    def list(
        self,
        dataset_id: str,
        document_id: str,
        segment_id: str,
        *,
        keyword: str | None = None,
        page: int | None = None,
        limit: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[ChildChunk]:
        """The child chunks of a chunk in their order (getChildChunks).

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            segment_id: The chunk.
            keyword: Only those that hold this text.
            page: The page to begin with, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such chunk, while iterating.

        Example:
            ```python
            async for child in client.knowledge.child_chunks.list(dataset_id, document_id, segment_id):
                print(child.position, child.content)
            ```
        """
        query = compact(keyword=keyword, page=page, limit=limit)
        call = Call.of(
            "getChildChunks", dataset_id=dataset_id, document_id=document_id, segment_id=segment_id, query=query
        )
        return AsyncPager(self._transport, call, ChildChunk, order=NUMBERED, options=options)

    async def update(
        self,
        dataset_id: str,
        document_id: str,
        segment_id: str,
        child_chunk_id: str,
        content: str,
        *,
        options: RequestOptions | None = None,
    ) -> ChildChunkDetail:
        """Change the text of a child chunk and index it anew (updateChildChunk).

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            segment_id: The chunk.
            child_chunk_id: The child chunk.
            content: The new text.
            options: Settings for this call alone.

        Raises:
            ProviderNotInitializedError: The embedding model has no credentials.
            NotFoundError: There is no such child chunk.

        Example:
            ```python
            await client.knowledge.child_chunks.update(dataset_id, document_id, segment_id, child.id, "Apples are green.")
            ```
        """
        # Not repeatable, for the same reason as the update of a chunk.
        call = Call.of(
            "updateChildChunk",
            dataset_id=dataset_id,
            document_id=document_id,
            segment_id=segment_id,
            child_chunk_id=child_chunk_id,
            json={"content": content},
        )
        return await self._transport.fetch(call, ChildChunkDetail, options)

    async def delete(
        self,
        dataset_id: str,
        document_id: str,
        segment_id: str,
        child_chunk_id: str,
        *,
        options: RequestOptions | None = None,
    ) -> None:
        """Delete a child chunk (deleteChildChunk).

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            segment_id: The chunk.
            child_chunk_id: The child chunk.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such child chunk.

        Example:
            ```python
            await client.knowledge.child_chunks.delete(dataset_id, document_id, segment_id, child.id)
            ```
        """
        await self._transport.send(
            Call.of(
                "deleteChildChunk",
                dataset_id=dataset_id,
                document_id=document_id,
                segment_id=segment_id,
                child_chunk_id=child_chunk_id,
            ),
            options,
        )
