"""Chunks of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ...._config import RequestOptions
from ...._protocol.arguments import items_of
from ...._protocol.knowledge import some_of
from ...._protocol.paging import NUMBERED
from ...._protocol.request import Call, check_ids, compact
from ....errors import InvalidArgumentError
from ....types.segments import Segment, SegmentDetail, SegmentInput, SegmentList
from ...pager import AsyncPager
from .._base import AsyncResource

__all__ = ["AsyncSegments", "SegmentStatus"]

SegmentStatus = Literal["waiting", "indexing", "completed", "error", "paused", "re_segment"] | str
"""Indexing status of a chunk."""


class AsyncSegments(AsyncResource):
    """Chunks of documents.

    Example:
        ```python
        async for chunk in client.knowledge.segments.list(dataset_id, document_id):
            print(chunk.position, chunk.content)
        ```
    """

    async def create(
        self,
        dataset_id: str,
        document_id: str,
        segments: Sequence[SegmentInput | Mapping[str, Any]],
        *,
        options: RequestOptions | None = None,
    ) -> SegmentList:
        """Add chunks to an indexed document (createSegments).

        A chunk that cannot be embedded is created nevertheless; check its `status` and `error`.

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            segments: Chunks to add, at least one.
            options: Options of this call.

        Raises:
            BadRequestError: A chunk is blank, lacks its answer (question-and-answer documents), or exceeds the limit.
            ProviderNotInitializedError: The embedding model has no credentials.
            NotFoundError: The document does not exist, is not indexed yet, or is disabled.

        Example:
            ```python
            chunk = SegmentInput(content="Lemons are sour.", keywords=["lemon"])
            created = await client.knowledge.segments.create(dataset_id, document_id, [chunk])
            print(created.data[0].id)
            ```
        """
        body = {"segments": some_of(segments, "segments", "to create")}
        call = Call.of("createSegments", dataset_id=dataset_id, document_id=document_id, json=body)
        return await self._transport.fetch(call, SegmentList, options)

    def list(
        self,
        dataset_id: str,
        document_id: str,
        *,
        status: SegmentStatus | Sequence[SegmentStatus] | None = None,
        keyword: str | None = None,
        page: int | None = None,
        limit: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Segment]:
        """List the chunks of a document in their order (listSegments).

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            status: Only chunks with this status, or one of these.
            keyword: Only chunks that contain this text.
            page: Number of the first page, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Options of this call.

        Raises:
            NotFoundError: The document does not exist; raised while iterating.

        Example:
            ```python
            async for chunk in client.knowledge.segments.list(dataset_id, document_id, status="completed"):
                print(chunk.content)
            ```
        """
        query = compact(
            status=status if status is None or isinstance(status, str) else [*status],
            keyword=keyword,
            page=page,
            limit=limit,
        )
        call = Call.of("listSegments", dataset_id=dataset_id, document_id=document_id, query=query)
        return AsyncPager(self._transport, call, Segment, order=NUMBERED, options=options)

    async def get(
        self, dataset_id: str, document_id: str, segment_id: str, *, options: RequestOptions | None = None
    ) -> SegmentDetail:
        """Return a chunk with its child chunks (getSegmentDetail).

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            segment_id: Id of the chunk.
            options: Options of this call.

        Raises:
            NotFoundError: The chunk does not exist.

        Example:
            ```python
            chunk = (await client.knowledge.segments.get(dataset_id, document_id, segment_id)).data
            print(chunk.content)
            ```
        """
        call = Call.of("getSegmentDetail", dataset_id=dataset_id, document_id=document_id, segment_id=segment_id)
        return await self._transport.fetch(call, SegmentDetail, options)

    async def update(
        self,
        dataset_id: str,
        document_id: str,
        segment_id: str,
        *,
        content: str | None = None,
        answer: str | None = None,
        keywords: Sequence[str] | None = None,
        enabled: bool | None = None,
        regenerate_child_chunks: bool | None = None,
        attachment_ids: Sequence[str] | None = None,
        summary: str | None = None,
        options: RequestOptions | None = None,
    ) -> SegmentDetail:
        """Change a chunk and index it again (updateSegment).

        Omitted values are kept, except the answer.

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            segment_id: Id of the chunk.
            content: New text; must not be empty.
            answer: Answer of a question-and-answer document. Pass it with every change: the server clears an omitted answer.
            keywords: New keywords, at least one; they replace the present ones.
            enabled: True to include the chunk in searches. False must be the only change: the server ignores others with it.
            regenerate_child_chunks: Split the chunk into child chunks again, in a "hierarchical_model" document.
            attachment_ids: Ids of uploaded files to attach.
            summary: New text for the summary index.
            options: Options of this call.

        Raises:
            InvalidArgumentError: No change was passed, or the server would ignore one.
            BadRequestError: The chunk is being indexed or disabled, or a value is invalid.
            ProviderNotInitializedError: The embedding model has no credentials.
            NotFoundError: The chunk does not exist.

        Example:
            ```python
            await client.knowledge.segments.update(dataset_id, document_id, segment_id, content="Lemons are sour!")
            ```
        """
        changes = compact(
            content=content,
            answer=answer,
            keywords=None if keywords is None else items_of(keywords, "keywords"),
            enabled=enabled,
            regenerate_child_chunks=regenerate_child_chunks,
            attachment_ids=None if attachment_ids is None else items_of(attachment_ids, "attachment_ids"),
            summary=summary,
        )
        if not changes:
            raise InvalidArgumentError(
                "nothing to change: pass at least one of the arguments after segment_id", param="content"
            )
        check_ids(changes)
        for name in ("content", "keywords"):
            if name in changes and not changes[name]:
                raise InvalidArgumentError(
                    f"{name} is empty: the server ignores it; omit {name} to keep the current value", param=name
                )
        if enabled is False and len(changes) > 1:
            raise InvalidArgumentError(
                f"enabled=False goes alone: the server would ignore {', '.join(sorted(changes.keys() - {'enabled'}))}; "
                "change the chunk first, and disable it in a second call",
                param="enabled",
            )
        # Not repeatable: the server embeds during the request. A second request after a timeout would embed at the same
        # time, and both would write the same entry of the vector store.
        call = Call.of(
            "updateSegment",
            dataset_id=dataset_id,
            document_id=document_id,
            segment_id=segment_id,
            json={"segment": changes},
        )
        return await self._transport.fetch(call, SegmentDetail, options)

    async def delete(
        self, dataset_id: str, document_id: str, segment_id: str, *, options: RequestOptions | None = None
    ) -> None:
        """Delete a chunk (deleteSegment).

        Args:
            dataset_id: Id of the knowledge base.
            document_id: Id of the document.
            segment_id: Id of the chunk.
            options: Options of this call.

        Raises:
            BadRequestError: The chunk is being deleted already.
            NotFoundError: The chunk does not exist.

        Example:
            ```python
            await client.knowledge.segments.delete(dataset_id, document_id, segment_id)
            ```
        """
        await self._transport.send(
            Call.of("deleteSegment", dataset_id=dataset_id, document_id=document_id, segment_id=segment_id), options
        )
