"""What routes share: finding what a path names, and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar
from uuid import UUID

from starlette.routing import Route

from ._core import Core
from ._knowledge.state import StoredDataset, StoredDocument, StoredSegment
from ._wire import Call, Handler, WireError, endpoint

__all__ = [
    "DATASET",
    "DOCUMENT",
    "SEGMENT",
    "dataset_of",
    "document_of",
    "hint",
    "is_uuid",
    "knowledge_routes",
    "page",
    "segment_of",
]

T = TypeVar("T")

DATASET = "/datasets/{dataset_id:uuid}"
DOCUMENT = f"{DATASET}/documents/{{document_id:uuid}}"
SEGMENT = f"{DOCUMENT}/segments/{{segment_id:uuid}}"

Method = Literal["GET", "POST", "PATCH", "DELETE"]


def knowledge_routes(
    core: Core, *routes: tuple[Method, str, Handler] | tuple[Method, str, Handler, Literal["json", "form"]]
) -> list[Route]:
    """Routes for knowledge keys: method, path, handler, and what kind of body it reads, if any."""
    return [
        endpoint(core, method, path, handler, key="dataset", body=body[0] if body else None)
        for method, path, handler, *body in routes
    ]


def hint(path: str, *likely: str) -> str:
    """What Dify adds to some 404s: the routes that look like the one that was asked for."""
    return f" You have requested this URI [{path}] but did you mean {' or '.join(likely)} ?"


def is_uuid(text: str) -> bool:
    """Whether a text is the id that some routes take without looking."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def dataset_of(call: Call, *likely: str) -> StoredDataset:
    """The knowledge base that the path names."""
    found = call.core.knowledge.datasets.get(call.path("dataset_id"))
    if found is None:
        more = hint(call.request.url.path, *likely) if likely else ""
        raise WireError(404, "not_found", f"Dataset not found.{more}")
    return found


def document_of(call: Call, *, missing: str = "Document not found.") -> tuple[StoredDataset, StoredDocument]:
    """The document that the path names, in its knowledge base."""
    dataset = dataset_of(call)
    found = dataset.documents.get(call.path("document_id"))
    if found is None:
        raise WireError(404, "not_found", missing)
    return dataset, found


def segment_of(call: Call) -> tuple[StoredDataset, StoredDocument, StoredSegment]:
    """The chunk that the path names, in its document."""
    dataset, document = document_of(call)
    found = document.segments.get(call.path("segment_id"))
    if found is None:
        raise WireError(404, "not_found", "Segment not found.")
    return dataset, document, found


def page(call: Call, rows: Sequence[T], show: Callable[[T], Any]) -> dict[str, Any]:
    """A page of a list, by the numbers of the query.

    The server gives out 100 rows at most, and takes a page that is as long as was asked for to have one after it.
    """
    number, limit = call.number("page", 1), call.number("limit", 20)
    size = min(max(limit, 1), 100)
    first = (max(number, 1) - 1) * size
    some = rows[first : first + size]
    return {
        "data": [show(row) for row in some],
        "has_more": len(some) == limit,
        "limit": limit,
        "total": len(rows),
        "page": number,
    }
