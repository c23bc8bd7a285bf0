"""Paths of the knowledge resources: every id one checked segment. Pure."""

from __future__ import annotations

from .request import segment

__all__ = ["child_chunks_path", "dataset_path", "document_path", "segment_path", "segments_path"]


def dataset_path(dataset_id: str) -> str:
    """Of a knowledge base.

    Example:
        >>> dataset_path("k-1")
        '/datasets/k-1'
    """
    return f"/datasets/{segment(dataset_id, 'dataset_id')}"


def document_path(dataset_id: str, document_id: str) -> str:
    """Of a document.

    Example:
        >>> document_path("k-1", "d 1")
        '/datasets/k-1/documents/d%201'
    """
    return f"{dataset_path(dataset_id)}/documents/{segment(document_id, 'document_id')}"


def segments_path(dataset_id: str, document_id: str) -> str:
    """Of a document's chunks."""
    return f"{document_path(dataset_id, document_id)}/segments"


def segment_path(dataset_id: str, document_id: str, segment_id: str) -> str:
    """Of one chunk."""
    return f"{segments_path(dataset_id, document_id)}/{segment(segment_id, 'segment_id')}"


def child_chunks_path(dataset_id: str, document_id: str, segment_id: str) -> str:
    """Of a chunk's child chunks.

    Example:
        >>> child_chunks_path("k-1", "d-1", "s-1")
        '/datasets/k-1/documents/d-1/segments/s-1/child_chunks'
    """
    return f"{segment_path(dataset_id, document_id, segment_id)}/child_chunks"
