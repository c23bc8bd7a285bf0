"""Child chunks of chunks."""

from __future__ import annotations

from ...._config import RequestOptions
from ...._protocol.paging import NUMBERED
from ...._protocol.request import Call, compact
from ....types.segments import ChildChunk, ChildChunkDetail
from ...pager import AsyncPager
from .._base import AsyncResource

__all__ = ["AsyncChildChunks"]


class AsyncChildChunks(AsyncResource):
    """Child chunks of chunks, in documents of the form "hierarchical_model".

    Requires Dify 1.9 or later.

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
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            segment_id: Id of the chunk.
            content: Text of the child chunk.
            options: Options of this call.

        Raises:
            ProviderNotInitializedError: The embedding model has no credentials.
            NotFoundError: The chunk does not exist.

        Example:
            ```python
            created = await client.knowledge.child_chunks.create(dataset_id, document_id, segment_id, "Apples are red.")
            print(created.data.id)
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
        """List the child chunks of a chunk in their order (getChildChunks).

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            segment_id: Id of the chunk.
            keyword: Only child chunks that contain this text.
            page: Number of the first page, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Options of this call.

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
        """Change the text of a child chunk and index it again (updateChildChunk).

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            segment_id: Id of the chunk.
            child_chunk_id: Id of the child chunk.
            content: New text.
            options: Options of this call.

        Raises:
            ProviderNotInitializedError: The embedding model has no credentials.
            NotFoundError: The child chunk does not exist.

        Example:
            ```python
            await client.knowledge.child_chunks.update(dataset_id, document_id, segment_id, child.id, "Apples are green.")
            ```
        """
        # Not repeatable, for the same reason as `segments.update`.
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
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            segment_id: Id of the chunk.
            child_chunk_id: Id of the child chunk.
            options: Options of this call.

        Raises:
            NotFoundError: The child chunk does not exist.

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
