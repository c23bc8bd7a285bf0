"""Lookup of the knowledge base, document or chunk that a request names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel
from starlette.routing import Route

from ..endpoints import Call, Handler, checked, endpoint
from ..responses import WireError
from ..state import Core
from .ai_models import problem_with
from .models import StoredDataset, StoredDocument, StoredSegment
from .schemas import RetrievalModel

__all__ = [
    "DATASET",
    "DOCUMENT",
    "SEGMENT",
    "cut",
    "dataset_of",
    "document_of",
    "id_of",
    "is_uuid",
    "knowledge_routes",
    "like",
    "page",
    "page_of",
    "query_of",
    "require_models",
    "segment_of",
]


T = TypeVar("T")
Query = TypeVar("Query", bound=BaseModel)
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


def is_uuid(text: str) -> bool:
    """Whether a text is the id that some routes take without looking."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def id_of(value: Any) -> str:
    """An id that the server looks up in its database, which breaks over one that is no UUID.

    Raises:
        WireError: It is none; the server's answer to that is a 500.
    """
    if not isinstance(value, str) or not is_uuid(value):
        raise WireError(500, "unknown", "Internal Server Error")
    return str(UUID(value))


def query_of(call: Call, model: type[Query], *, several: str = "", forgiving: bool = False) -> Query:
    """The query, checked.

    Args:
        call: The request.
        model: What the query may hold.
        several: The parameter that may be repeated. Of any other one the first value counts.
        forgiving: Whether a page or limit that is no number counts as not given.
    """
    values: dict[str, Any] = dict(reversed(call.request.query_params.multi_items()))
    if several in values:
        values[several] = call.several(several)
    if forgiving:
        values = {name: value for name, value in values.items() if name not in ("page", "limit") or _is_number(value)}
    return checked(model, values)


def _is_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def like(text: str, pattern: str) -> bool:
    """Return True if a text contains a pattern, as SQL LIKE compares: case-sensitive, `%` and `_` as wildcards."""
    parts: list[str] = re.findall(r"(?s)\\.|.", pattern)
    wild: dict[str, str] = {"%": ".*", "_": "."}
    expression = "".join(wild.get(part, re.escape(part.removeprefix("\\") or part)) for part in parts)
    return re.search(expression, text, re.DOTALL) is not None


def require_models(
    provider: str | None = None, model: str | None = None, *, search: RetrievalModel | None = None
) -> None:
    """Refuse an embedding model, or the rerank model of search settings, whose provider the workspace does not have.

    Raises:
        WireError: It does not have it.
    """
    named = [(provider, model)]
    if search is not None and search.reranking_model is not None:
        rerank = search.reranking_model
        named.append((rerank.reranking_provider_name, rerank.reranking_model_name))
    for provider, model in named:
        if provider and model and (problem := problem_with(provider)) is not None:
            raise WireError(400, "invalid_param", problem)


def dataset_of(call: Call) -> StoredDataset:
    """The knowledge base that the path names."""
    found = call.core.knowledge.datasets.get(call.path("dataset_id"))
    if found is None:
        raise WireError(404, "not_found", "Dataset not found.")
    return found


def document_of(call: Call, *, missing: str = "Document not found.") -> tuple[StoredDataset, StoredDocument]:
    """The document that the path names, in its knowledge base."""
    dataset = dataset_of(call)
    found = dataset.documents.get(call.path("document_id"))
    if found is None:
        raise WireError(404, "not_found", missing)
    return dataset, found


def segment_of(call: Call) -> tuple[StoredDataset, StoredDocument, StoredDocument, StoredSegment]:
    """The chunk that the path names, with the knowledge base and the document of the path, and the document it is in.

    A server looks up the chunk by its id alone, so the path may name another document than that of the chunk.
    """
    dataset, document = document_of(call)
    found = call.core.knowledge.segment(call.path("segment_id"))
    if found is None:
        raise WireError(404, "not_found", "Segment not found.")
    return dataset, document, *found


def cut(rows: Sequence[T], number: int, limit: int) -> Sequence[T]:
    """The rows of a page: at most 100. A limit below 1 counts as 20, a page below 1 as the first."""
    size = 20 if limit < 1 else min(limit, 100)
    first = (max(number, 1) - 1) * size
    return rows[first : first + size]


def page_of(rows: Sequence[T], number: int, limit: int, show: Callable[[T], Any]) -> dict[str, Any]:
    """A page of a list. The server takes a page that is as long as was asked for to have one after it."""
    some = cut(rows, number, limit)
    return {
        "data": [show(row) for row in some],
        "has_more": len(some) == limit,
        "limit": limit,
        "total": len(rows),
        "page": number,
    }


def page(call: Call, rows: Sequence[T], show: Callable[[T], Any]) -> dict[str, Any]:
    """A page of a list, by the numbers of a query that is not checked."""
    return page_of(rows, call.number("page", 1), call.number("limit", 20), show)
