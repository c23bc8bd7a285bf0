"""Metadata: the fields of knowledge bases, and the values of documents."""

from __future__ import annotations

from typing import Any, cast

from starlette.responses import Response
from starlette.routing import Route

from ....script.ids import now
from ...endpoints import Call, checked
from ...responses import WireError, json_answer, no_content, shown, success
from ...state import Core
from ..lookup import DATASET, dataset_of, id_of, knowledge_routes
from ..models import BUILT_IN, StoredDataset, StoredDocument, StoredField
from ..schemas import DatasetMetadataResponse, MetadataArgs, MetadataOperationData, MetadataUpdatePayload
from ..serializers import field_shown


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
    if name in BUILT_IN:
        raise WireError(400, "invalid_param", "Metadata name already exists in Built-in fields.")


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
        {**shown(field_shown(field)), "count": sum(document.field_ids.count(field.id) for document in documents)}
        for field in [*dataset.fields.values()]
    ]
    return json_answer({"doc_metadata": fields, "built_in_field_enabled": dataset.built_in_fields})


async def _update(call: Call) -> Response:
    dataset, sent = dataset_of(call), call.payload(MetadataUpdatePayload)
    _check_name(dataset, sent.name)
    field = dataset.fields.get(call.path("metadata_id"))
    if field is not None:
        for document in _documents_with(dataset, field):
            document.metadata[sent.name] = document.metadata.pop(field.name, None)
        field.name = sent.name
    # There is no 404: the server stumbles over the field that it has not to show.
    return json_answer(checked(DatasetMetadataResponse, cast("Any", field)).model_dump())


def _documents_with(dataset: StoredDataset, field: StoredField) -> list[StoredDocument]:
    return [document for document in [*dataset.documents.values()] if field.id in document.field_ids]


async def _delete(call: Call) -> Response:
    dataset = dataset_of(call)
    field = dataset.fields.pop(call.path("metadata_id"), None)
    if field is not None:
        for document in _documents_with(dataset, field):
            document.metadata.pop(field.name, None)
    return no_content()


async def _built_in(call: Call) -> Response:
    dataset_of(call)
    return json_answer({"fields": [{"name": name, "type": kind} for name, kind in BUILT_IN.items()]})


async def _toggle(call: Call) -> Response:
    dataset, action = dataset_of(call), call.path("action")
    # Any other action changes nothing and succeeds, and so does one that was taken before.
    if action in ("enable", "disable") and dataset.built_in_fields != (action == "enable"):
        dataset.built_in_fields = action == "enable"
        for document in [*dataset.documents.values()]:
            if document.available:
                _put_built_in(dataset, document)
    return success()


def _put_built_in(dataset: StoredDataset, document: StoredDocument) -> None:
    """Keep the values of the built-in fields with a document's own, or take them away."""
    own = {name: value for name, value in document.metadata.items() if name not in BUILT_IN}
    document.metadata = {**own, **document.built_in()} if dataset.built_in_fields else own


async def _set_values(call: Call) -> Response:
    dataset, sent = dataset_of(call), call.payload(MetadataOperationData)
    for operation in sent.operation_data:
        document = dataset.documents.get(id_of(operation.document_id))
        if document is None:
            raise WireError(400, "invalid_param", "Document not found.")
        # A value is kept under the name that was sent, whether or not there is a field of that id and name.
        values = {value.name: value.value for value in operation.metadata_list}
        field_ids = [id_of(value.id) for value in operation.metadata_list]
        if operation.partial_update:
            document.metadata = {**document.metadata, **values}
            document.field_ids += [id for id in field_ids if id not in document.field_ids]
        else:
            document.metadata, document.field_ids = values, field_ids
        if dataset.built_in_fields:
            document.metadata |= document.built_in()
        document.updated_at = now()
    return success()
