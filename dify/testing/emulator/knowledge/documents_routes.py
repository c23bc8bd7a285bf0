"""Documents: listing, reading and deleting them, their indexing and their status."""

from __future__ import annotations

from typing import Any, cast

from starlette.responses import Response
from starlette.routing import Route

from ...script.ids import now
from ..endpoints import Call, WireError, json_answer, no_content, shown, success, unhandled
from ..lookup import DATASET, DOCUMENT, dataset_of, document_of, id_of, knowledge_routes, like, page_of, query_of
from ..state import Core
from .document_payloads import DocumentListQuery
from .indexing import advance
from .shown import detail_shown, document_shown, indexing_shown
from .state import StoredDataset, StoredDocument

_ACTIONS = ["enable", "disable", "archive", "un_archive"]
_STATES = ("queuing", "indexing", "paused", "error", "available", "disabled", "archived")
_OTHER_NAMES = {"active": "available", "enabled": "available"}


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
    # Every request for a document gives its indexing the time to take a step.
    for document in documents:
        await advance(call.core.knowledge, dataset, document, call.core.failures)


async def _list(call: Call) -> Response:
    dataset, knowledge = dataset_of(call), call.core.knowledge
    query = query_of(call, DocumentListQuery)
    status = (query.status or "").lower()
    status = _OTHER_NAMES.get(status, status)
    rows = [
        document
        for document in sorted([*dataset.documents.values()], key=lambda each: (-each.created_at, -each.position))
        if like(document.name, query.keyword or "")
        and (status not in _STATES or status == document.display_status)  # a status that there is not asks for all
    ]
    body = page_of(rows, query.page, query.limit, lambda document: shown(document_shown(knowledge, dataset, document)))
    await _step(call, dataset, *rows)
    return json_answer(body)


async def _get(call: Call) -> Response:
    dataset, document = document_of(call)
    metadata = call.request.query_params.get("metadata", "all")
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
        raise WireError(403, "archived_document_immutable", "The archived document is not editable.")
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
    ids: Any = call.body.get("document_ids", [])
    if not ids:
        return success()  # whatever the action is
    if action not in _ACTIONS:
        raise WireError(400, "invalid_action", f"Invalid action: {action}. Must be one of {_ACTIONS}")
    if not isinstance(ids, list | str | dict):
        return unhandled()
    # An id that the knowledge base does not have is passed over.
    each = list(cast("list[Any]", ids))
    documents = [dataset.documents.get(id_of(document_id)) for document_id in each if document_id]
    found = [document for document in documents if document is not None]
    for document in found:
        if action == "disable" and not document.indexed:
            raise WireError(400, "invalid_action", f"Document: {document.name} is not completed.")
    for document in found:
        _act(document, action)
    return success()


def _act(document: StoredDocument, action: str) -> None:
    if action in ("enable", "disable"):
        document.enabled = action == "enable"
        document.disabled_at = None if document.enabled else now()
    else:
        document.archived = action == "archive"
    document.updated_at = now()
