"""The indexing status of a batch of documents. Pure."""

from __future__ import annotations

from ..errors import IndexingFailedError, IndexingTimeoutError, printable, readable
from ..types.documents import DocumentIndexing, IndexingStatus

__all__ = ["all_indexed", "indexing_overdue"]


def all_indexed(status: IndexingStatus) -> bool:
    """Return True once all documents are indexed.

    Raises:
        IndexingFailedError: A document could not be indexed, or its indexing is paused.

    Example:
        >>> all_indexed(IndexingStatus(data=[{"id": "d-1", "indexing_status": "splitting"}]))
        False
        >>> all_indexed(IndexingStatus(data=[{"id": "d-1", "indexing_status": "completed"}]))
        True
    """
    for document in status.data:
        if document.indexing_status in ("error", "paused"):
            raise IndexingFailedError(_reason(document), error=document.error, documents=status.data)
    return bool(status.data) and all(document.indexing_status == "completed" for document in status.data)


def _reason(document: DocumentIndexing) -> str:
    error = printable(readable(document.error or "the server gives no reason"), 500)
    if document.indexing_status == "error":
        return f"document {document.id} could not be indexed: {error}"
    return f"the indexing of document {document.id} is paused: {error}; resume it in Dify, then wait again"


def indexing_overdue(status: IndexingStatus, batch: str, seconds: float | None) -> IndexingTimeoutError:
    """Return the error for a batch that is not indexed in time."""
    pending = [document for document in status.data if document.indexing_status != "completed"]
    states = ", ".join(sorted({printable(document.indexing_status, 40) for document in pending})) or "unknown"
    reasons = "".join(
        f"; document {document.id}: {printable(readable(document.error), 500)}"
        for document in pending
        if document.error
    )
    within = "" if seconds is None else f" within {seconds:g} s"
    return IndexingTimeoutError(
        f"batch {batch} was not indexed{within}: {len(pending)} of {len(status.data)} documents pending ({states}){reasons}; "
        "the server continues, call wait_indexed again to wait longer",
        documents=status.data,
    )
