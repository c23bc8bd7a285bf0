"""Documents: what they are, their indexing, and waiting for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from ...._config import RequestOptions
from ...._protocol.indexing import all_indexed, indexing_overdue
from ...._protocol.knowledge import some_of
from ...._protocol.paging import NUMBERED
from ...._protocol.request import Call, compact
from ...._protocol.waits import now
from ....errors import InvalidArgumentError
from ....types.documents import DisplayStatus, Document, DocumentDetail, IndexingStatus
from ..._io import sleep
from ...pager import AsyncPager
from .document_downloads import AsyncDocumentDownloads
from .document_texts import AsyncDocumentTexts
from .document_uploads import AsyncDocumentUploads

__all__ = ["AsyncDocuments"]


class AsyncDocuments(AsyncDocumentTexts, AsyncDocumentUploads, AsyncDocumentDownloads):
    """Make documents of text and files, wait until they are indexed, change, read and delete them.

    Example:
        ```python
        rule = {"mode": "automatic"}
        made = await client.knowledge.documents.create_from_file(dataset_id, "handbook.pdf", process_rule=rule)
        await client.knowledge.documents.wait_indexed(dataset_id, made.batch)
        ```
    """

    def list(
        self,
        dataset_id: str,
        *,
        keyword: str | None = None,
        status: DisplayStatus | None = None,
        page: int | None = None,
        limit: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Document]:
        """The documents of a knowledge base (listDocuments).

        Args:
            dataset_id: The knowledge base.
            keyword: Only those whose name holds this text.
            status: Only those that the console shows so.
            page: The page to begin with, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such knowledge base, while iterating.

        Example:
            ```python
            async for document in client.knowledge.documents.list(dataset_id, status="error"):
                print(document.name, document.error)
            ```
        """
        query = compact(keyword=keyword, status=status, page=page, limit=limit)
        call = Call.of("listDocuments", dataset_id=dataset_id, query=query)
        return AsyncPager(self._transport, call, Document, order=NUMBERED, options=options)

    async def get(
        self,
        dataset_id: str,
        document_id: str,
        *,
        metadata: Literal["all", "only", "without"] | None = None,
        options: RequestOptions | None = None,
    ) -> DocumentDetail:
        """One document (getDocumentDetail). Needs a server from about 1.9 on.

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            metadata: "only" for nothing but its type and metadata, "without" to leave these out (the server's default:
                all).
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such document in this knowledge base.

        Example:
            ```python
            document = await client.knowledge.documents.get(dataset_id, document_id)
            print(document.name, document.indexing_status, document.segment_count)
            ```
        """
        query = compact(metadata=metadata)
        call = Call.of("getDocumentDetail", dataset_id=dataset_id, document_id=document_id, query=query)
        return await self._transport.fetch(call, DocumentDetail, options)

    async def delete(self, dataset_id: str, document_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete a document with its chunks, whether or not it is indexed (deleteDocument).

        Args:
            dataset_id: The knowledge base.
            document_id: The document.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such document.
            PermissionDeniedError: It is archived.

        Example:
            ```python
            await client.knowledge.documents.delete(dataset_id, document_id)
            ```
        """
        await self._transport.send(Call.of("deleteDocument", dataset_id=dataset_id, document_id=document_id), options)

    async def set_status(
        self,
        dataset_id: str,
        action: Literal["enable", "disable", "archive", "un_archive"],
        document_ids: Sequence[str],
        *,
        options: RequestOptions | None = None,
    ) -> None:
        """Enable, disable, archive or un-archive documents (batchUpdateDocumentStatus). Needs a server from about 1.9 on.

        Args:
            dataset_id: The knowledge base.
            action: What to do. Searches pass over documents that are disabled or archived.
            document_ids: The documents, at least one.
            options: Settings for this call alone.

        Raises:
            BadRequestError: A document is so already, or is being indexed.
            NotFoundError: There is no such document.

        Example:
            ```python
            await client.knowledge.documents.set_status(dataset_id, "disable", [document_id])
            ```
        """
        body = {"document_ids": some_of(document_ids, "document_ids", f"to {action}")}
        call = Call.of("batchUpdateDocumentStatus", dataset_id=dataset_id, action=action, json=body)
        await self._transport.send(call, options)

    async def indexing_status(
        self, dataset_id: str, batch: str, *, options: RequestOptions | None = None
    ) -> IndexingStatus:
        """How far the documents of a batch are (getDocumentIndexingStatus); `wait_indexed` asks until they are there.

        Args:
            dataset_id: The knowledge base.
            batch: What the call that made or changed the documents answered.
            options: Settings for this call alone.

        Raises:
            NotFoundError: There is no such batch, or its documents are deleted.

        Example:
            ```python
            for document in (await client.knowledge.documents.indexing_status(dataset_id, made.batch)).data:
                print(document.indexing_status, document.completed_segments, document.total_segments)
            ```
        """
        call = Call.of("getDocumentIndexingStatus", dataset_id=dataset_id, batch=batch)
        return await self._transport.fetch(call, IndexingStatus, options)

    async def wait_indexed(
        self,
        dataset_id: str,
        batch: str,
        *,
        timeout: float | None = 600.0,
        poll_interval: float = 1.0,
        on_progress: Callable[[IndexingStatus], None] | None = None,
        options: RequestOptions | None = None,
    ) -> IndexingStatus:
        """Wait until all documents of a batch are indexed.

        Args:
            dataset_id: The knowledge base.
            batch: What the call that made or changed the documents answered; `PipelineRun.batch` too.
            timeout: The most seconds to wait; None for as long as it takes.
            poll_interval: Seconds between two questions.
            on_progress: Called with every answer, the last one included. The counts in it may be None.
            options: Settings for each of the questions.

        Returns:
            The last answer: every document is "completed".

        Raises:
            IndexingFailedError: A document could not be indexed, or is paused, for example because a quota is used up; the
                message and `error` have the reason. A paused document waits until someone resumes it in Dify.
            IndexingTimeoutError: The time is over; the server goes on.
            NotFoundError: There is no such batch, its documents are deleted, or other documents of the same name have
                replaced them.

        Example:
            ```python
            made = await client.knowledge.documents.create_from_text(
                dataset_id, "Leave", "30 days.", indexing_technique="high_quality"
            )
            await client.knowledge.documents.wait_indexed(dataset_id, made.batch, timeout=120)
            ```
        """
        if not poll_interval >= 0:
            raise InvalidArgumentError("poll_interval is a number of seconds from 0 up")
        end = None if timeout is None else now() + timeout
        while True:
            status = await self.indexing_status(dataset_id, batch, options=options)
            if on_progress is not None:
                on_progress(status)
            if all_indexed(status):
                return status
            pause = poll_interval
            if end is not None:
                left = end - now()
                if left <= 0:
                    raise indexing_overdue(status, batch, timeout)
                pause = min(pause, left)
            await sleep(pause)
