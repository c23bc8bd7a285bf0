"""Metadata: the fields of knowledge bases, and the values of documents."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from .._core import Core
from .._ids import now
from .._knowledge.label_payloads import MetadataArgs, MetadataOperationData, MetadataUpdatePayload
from .._knowledge.shown import field_shown
from .._knowledge.state import StoredDataset, StoredField
from .._scoped import DATASET, dataset_of, knowledge_routes
from .._wire import Call, WireError, json_answer, no_content, shown, success

_BUILT_IN = {
    "document_name": "string",
    "uploader": "string",
    "upload_date": "time",
    "last_update_date": "time",
    "source": "string",
}


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    one = f"{DATASET}/metadata/{{metadata_id:uuid}}"
    return knowledge_routes(
        core,
        ("POST", f"{DATASET}/metadata", _create, "json"),
        ("GET", f"{DATASET}/metadata", _list),
        ("PATCH", one, _update, "json"),
        ("DELETE", one, _delete),
        ("GET", f"{DATASET}/metadata/built-in", _built_in),
        ("POST", f"{DATASET}/metadata/built-in/{{action}}", _toggle),
        ("POST", f"{DATASET}/documents/metadata", _set_values, "json"),
    )


def _check_name(dataset: StoredDataset, name: str) -> None:
    if len(name) > 255:
        raise WireError(400, "invalid_param", "Metadata name cannot exceed 255 characters.")
    if any(field.name == name for field in [*dataset.fields.values()]):
        raise WireError(400, "invalid_param", "Metadata name already exists.")
    if name in _BUILT_IN:
        raise WireError(400, "invalid_param", "Metadata name is that of a built-in field.")


async def _create(call: Call) -> Response:
    dataset, sent = dataset_of(call), call.payload(MetadataArgs)
    _check_name(dataset, sent.name)
    field = StoredField(sent.name, sent.type)
    dataset.fields[field.id] = field
    return json_answer(shown(field_shown(field)), status=201)


async def _list(call: Call) -> Response:
    dataset = dataset_of(call)
    documents = [*dataset.documents.values()]
    fields = [
        {**shown(field_shown(field)), "count": sum(field.id in document.metadata for document in documents)}
        for field in [*dataset.fields.values()]
    ]
    return json_answer({"doc_metadata": fields, "built_in_field_enabled": dataset.built_in_fields})


async def _update(call: Call) -> Response:
    dataset, sent = dataset_of(call), call.payload(MetadataUpdatePayload)
    _check_name(dataset, sent.name)
    field = dataset.fields.get(call.path("metadata_id"))
    if field is None:
        # The server has no field to show, and stumbles over that: no 404.
        raise WireError(400, "invalid_param", "1 validation error: there is no such metadata field")
    field.name = sent.name
    return json_answer(shown(field_shown(field)))


async def _delete(call: Call) -> Response:
    dataset = dataset_of(call)
    field = dataset.fields.pop(call.path("metadata_id"), None)
    if field is not None:
        for document in [*dataset.documents.values()]:
            document.metadata.pop(field.id, None)
    return no_content()


async def _built_in(call: Call) -> Response:
    dataset_of(call)
    return json_answer({"fields": [{"name": name, "type": kind} for name, kind in _BUILT_IN.items()]})


async def _toggle(call: Call) -> Response:
    dataset, action = dataset_of(call), call.path("action")
    # Any other action changes nothing and succeeds.
    if action in ("enable", "disable"):
        dataset.built_in_fields = action == "enable"
    return success()


async def _set_values(call: Call) -> Response:
    dataset, sent = dataset_of(call), call.payload(MetadataOperationData)
    for operation in sent.operation_data:
        document = dataset.documents.get(operation.document_id)
        if document is None:
            raise WireError(400, "invalid_param", "Document not found.")
        # Values of fields that the knowledge base does not have are dropped without a word.
        values = {value.id: value.value for value in operation.metadata_list if value.id in dataset.fields}
        document.metadata = {**document.metadata, **values} if operation.partial_update else values
        document.updated_at = now()
    return success()
