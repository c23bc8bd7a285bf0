"""What the indexing states of a batch of documents mean to somebody who waits. Pure."""

from __future__ import annotations

from .errors import IndexingFailed, IndexingTimeout, printable
from .types.documents import IndexingStatus

__all__ = ["all_indexed", "indexing_overdue"]


def all_indexed(status: IndexingStatus) -> bool:
    """Whether all documents are indexed.

    Raises:
        IndexingFailed: One of them could not be.

    Example:
        >>> all_indexed(IndexingStatus(data=[{"id": "d-1", "indexing_status": "splitting"}]))
        False
        >>> all_indexed(IndexingStatus(data=[{"id": "d-1", "indexing_status": "completed"}]))
        True
    """
    for document in status.data:
        if document.indexing_status == "error":
            reason = printable(document.error or "the server gives no reason", 500)
            raise IndexingFailed(
                f"document {document.id} could not be indexed: {reason}", error=document.error, documents=status.data
            )
    return bool(status.data) and all(document.indexing_status == "completed" for document in status.data)


def indexing_overdue(status: IndexingStatus, batch: str, seconds: float | None) -> IndexingTimeout:
    """The error for a wait that is over before the indexing is."""
    left = [document for document in status.data if document.indexing_status != "completed"]
    states = ", ".join(sorted({printable(document.indexing_status, 40) for document in left})) or "unknown"
    within = "" if seconds is None else f" within {seconds:g} s"
    return IndexingTimeout(
        f"batch {batch} was not indexed{within}: {len(left)} of {len(status.data)} documents to go ({states}); the server "
        "goes on, and wait_indexed can be called again",
        documents=status.data,
    )
