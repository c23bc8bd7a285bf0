"""Documents: listing, reading and deleting them, their indexing and their status."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from .._core import Core
from .._ids import now
from .._knowledge.indexing import advance
from .._knowledge.shown import detail_shown, document_shown, indexing_shown
from .._knowledge.state import StoredDataset, StoredDocument
from .._scoped import DATASET, DOCUMENT, dataset_of, document_of, knowledge_routes, page
from .._wire import Call, WireError, json_answer, no_content, shown, success

_ACTIONS = ["enable", "disable", "archive", "un_archive"]


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return knowledge_routes(
        core,
        ("GET", f"{DATASET}/documents", _list),
        ("GET", DOCUMENT, _get),
        ("DELETE", DOCUMENT, _delete),
        ("GET", f"{DATASET}/documents/{{batch}}/indexing-status", _indexing),
        ("PATCH", f"{DATASET}/documents/status/{{action}}", _set_status, "json"),
    )


async def _step(call: Call, dataset: StoredDataset, *documents: StoredDocument) -> None:
    # Who looks at a document gives the indexing time to go on.
    for document in documents:
        await advance(call.core.knowledge, dataset, document, call.core.failures)


async def _list(call: Call) -> Response:
    dataset, knowledge = dataset_of(call), call.core.knowledge
    keyword, status = call.text("keyword").lower(), call.text("status")
    rows = [
        document
        for document in reversed([*dataset.documents.values()])
        if keyword in document.name.lower() and status in ("", document.display_status)
    ]
    body = page(call, rows, lambda document: shown(document_shown(knowledge, dataset, document)))
    await _step(call, dataset, *rows)
    return json_answer(body)


async def _get(call: Call) -> Response:
    dataset, document = document_of(call)
    metadata = call.text("metadata") or "all"
    if metadata not in ("all", "only", "without"):
        raise WireError(400, "invalid_metadata", f"Invalid metadata value: {metadata}")
    body = shown(detail_shown(call.core.knowledge, dataset, document, metadata))
    if metadata != "only":
        # The model takes any number; the server sends a whole one.
        body["average_segment_length"] = int(body["average_segment_length"])
    await _step(call, dataset, document)
    return json_answer(body)


async def _delete(call: Call) -> Response:
    dataset, document = document_of(call, missing="Document Not Exists.")
    if document.archived:
        raise WireError(403, "archived_document_immutable", "An archived document cannot be deleted.")
    del dataset.documents[document.id]
    return no_content()


async def _indexing(call: Call) -> Response:
    dataset, batch = dataset_of(call), call.path("batch")
    documents = [document for document in [*dataset.documents.values()] if document.batch == batch]
    if not documents:
        raise WireError(404, "not_found", "Documents not found.")
    body = {"data": [shown(indexing_shown(document)) for document in documents]}
    await _step(call, dataset, *documents)
    return json_answer(body)


async def _set_status(call: Call) -> Response:
    dataset, action = dataset_of(call), call.path("action")
    if action not in _ACTIONS:
        raise WireError(400, "invalid_action", f"Invalid action: {action}. Must be one of {_ACTIONS}")
    ids: list[Any] = call.body.get("document_ids") or []
    documents = [dataset.documents.get(str(document_id)) for document_id in ids]
    for document in documents:
        if document is None:
            raise WireError(404, "not_found", "Document not found.")
        if not document.indexed:
            busy = f"Document:{document.name} is being indexed, please try again later"
            raise WireError(400, "invalid_action", busy)
    for document in documents:
        assert document is not None
        _act(document, action)
    return success()


def _act(document: StoredDocument, action: str) -> None:
    if action in ("enable", "disable"):
        document.enabled = action == "enable"
        document.disabled_at = None if document.enabled else now()
    else:
        document.archived = action == "archive"
    document.updated_at = now()
