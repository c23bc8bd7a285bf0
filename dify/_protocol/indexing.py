"""The indexing states of a batch of documents, from the view of a caller who waits for it. Pure."""

from __future__ import annotations

from ..errors import IndexingFailedError, IndexingTimeoutError, printable, readable
from ..types.documents import DocumentIndexing, IndexingStatus

__all__ = ["all_indexed", "indexing_overdue"]


def all_indexed(status: IndexingStatus) -> bool:
    """Tell whether all documents are indexed.

    Raises:
        IndexingFailedError: One of them could not be indexed, or is paused.

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
    """Return the error for a wait that is over before the indexing is."""
    left = [document for document in status.data if document.indexing_status != "completed"]
    states = ", ".join(sorted({printable(document.indexing_status, 40) for document in left})) or "unknown"
    reasons = "".join(f"; document {one.id}: {printable(readable(one.error), 500)}" for one in left if one.error)
    within = "" if seconds is None else f" within {seconds:g} s"
    return IndexingTimeoutError(
        f"batch {batch} was not indexed{within}: {len(left)} of {len(status.data)} documents to go ({states}){reasons}; the "
        "server goes on, and wait_indexed can be called again",
        documents=status.data,
    )
