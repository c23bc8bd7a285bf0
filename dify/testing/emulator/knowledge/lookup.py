"""Lookup of the objects that a knowledge request names, and shared checks."""

from __future__ import annotations

import re

from ..requests import ApiRequest
from ..responses import ApiError
from .ai_models import provider_error
from .models import StoredDataset, StoredDocument, StoredSegment
from .schemas import RetrievalModel

__all__ = ["check_models", "find_dataset", "find_document", "find_segment", "sql_like"]


def find_dataset(request: ApiRequest) -> StoredDataset:
    """Return the knowledge base in the path.

    Raises:
        ApiError: It does not exist.
    """
    dataset = request.app.knowledge.datasets.get(request.path("dataset_id"))
    if dataset is None:
        raise ApiError(404, "not_found", "Dataset not found.")
    return dataset


def find_document(request: ApiRequest, *, message: str = "Document not found.") -> tuple[StoredDataset, StoredDocument]:
    """Return the knowledge base and the document in the path.

    Raises:
        ApiError: One of them does not exist. `message` is the error message for documents.
    """
    dataset = find_dataset(request)
    document = dataset.documents.get(request.path("document_id"))
    if document is None:
        raise ApiError(404, "not_found", message)
    return dataset, document


def find_segment(request: ApiRequest) -> tuple[StoredDataset, StoredDocument, StoredDocument, StoredSegment]:
    """Return the knowledge base, document and chunk in the path.

    The document is the one that contains the chunk.

    A server finds chunks by their id alone, so the path may name another document than the one with the chunk.

    Raises:
        ApiError: One of them does not exist.
    """
    dataset, document = find_document(request)
    match = request.app.knowledge.segment(request.path("segment_id"))
    if match is None:
        raise ApiError(404, "not_found", "Segment not found.")
    return dataset, document, *match


def check_models(
    provider: str | None = None, model: str | None = None, *, search: RetrievalModel | None = None
) -> None:
    """Check that the workspace has the providers of these models.

    They are an embedding model and the rerank model in search settings.

    Raises:
        ApiError: It does not have the provider.
    """
    models = [(provider, model)]
    if search is not None and search.reranking_model is not None:
        rerank = search.reranking_model
        models.append((rerank.reranking_provider_name, rerank.reranking_model_name))
    for provider, model in models:
        if provider and model and (message := provider_error(provider)) is not None:
            raise ApiError(400, "invalid_param", message)


def sql_like(text: str, pattern: str) -> bool:
    """Return True if a text contains a pattern, as SQL LIKE compares.

    The comparison is case-sensitive, with `%` and `_` as wildcards.
    """
    tokens: list[str] = re.findall(r"(?s)\\.|.", pattern)
    wildcards: dict[str, str] = {"%": ".*", "_": "."}
    expression = "".join(wildcards.get(token, re.escape(token.removeprefix("\\") or token)) for token in tokens)
    return re.search(expression, text, re.DOTALL) is not None
