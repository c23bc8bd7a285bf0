"""Metadata: fields of knowledge bases, and values of documents."""

from __future__ import annotations

from typing import Any, cast

from starlette.responses import Response

from ....script.ids import now
from ...requests import ApiRequest, record_id, validate
from ...responses import ApiError, dump, json_response, no_content, success
from ...routing import Router
from ..lookup import find_dataset
from ..models import BUILT_IN, StoredDataset, StoredDocument, StoredField
from ..schemas import DatasetMetadataResponse, MetadataArgs, MetadataOperationData, MetadataUpdatePayload
from ..serializers import serialize_field

router = Router()


def _check_name(dataset: StoredDataset, name: str) -> None:
    if len(name) > 255:
        raise ApiError(400, "invalid_param", "Metadata name cannot exceed 255 characters.")
    if any(field.name == name for field in [*dataset.fields.values()]):
        raise ApiError(400, "invalid_param", "Metadata name already exists.")
    if name in BUILT_IN:
        raise ApiError(400, "invalid_param", "Metadata name already exists in Built-in fields.")


@router.operation("createMetadataField", body="json")
async def create_field(request: ApiRequest) -> Response:
    dataset, payload = find_dataset(request), request.payload(MetadataArgs)
    _check_name(dataset, payload.name)
    field = StoredField(payload.name, payload.type)
    dataset.fields[field.id] = field
    return json_response(dump(serialize_field(field)), status=201)


@router.operation("listMetadataFields")
async def list_fields(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    documents = [*dataset.documents.values()]
    fields = [
        {**dump(serialize_field(field)), "count": sum(document.field_ids.count(field.id) for document in documents)}
        for field in [*dataset.fields.values()]
    ]
    return json_response({"doc_metadata": fields, "built_in_field_enabled": dataset.built_in_fields})


@router.operation("updateMetadataField", body="json")
async def update_field(request: ApiRequest) -> Response:
    dataset, payload = find_dataset(request), request.payload(MetadataUpdatePayload)
    _check_name(dataset, payload.name)
    field = dataset.fields.get(request.path("metadata_id"))
    if field is not None:
        for document in _documents_with(dataset, field):
            document.metadata[payload.name] = document.metadata.pop(field.name, None)
        field.name = payload.name
    # There is no 404: the server fails to serialize the missing field.
    return json_response(validate(DatasetMetadataResponse, cast("Any", field)).model_dump())


def _documents_with(dataset: StoredDataset, field: StoredField) -> list[StoredDocument]:
    return [document for document in [*dataset.documents.values()] if field.id in document.field_ids]


@router.operation("deleteMetadataField")
async def delete_field(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    field = dataset.fields.pop(request.path("metadata_id"), None)
    if field is not None:
        for document in _documents_with(dataset, field):
            document.metadata.pop(field.name, None)
    return no_content()


@router.operation("getBuiltInMetadataFields")
async def list_built_in_fields(request: ApiRequest) -> Response:
    find_dataset(request)
    return json_response({"fields": [{"name": name, "type": kind} for name, kind in BUILT_IN.items()]})


@router.operation("toggleBuiltInMetadataField")
async def toggle_built_in_fields(request: ApiRequest) -> Response:
    dataset, action = find_dataset(request), request.path("action")
    # Unknown and repeated actions change nothing and succeed.
    if action in ("enable", "disable") and dataset.built_in_fields != (action == "enable"):
        dataset.built_in_fields = action == "enable"
        for document in [*dataset.documents.values()]:
            if document.available:
                _update_built_in(dataset, document)
    return success()


def _update_built_in(dataset: StoredDataset, document: StoredDocument) -> None:
    """Add or remove the values of the built-in fields in a document's metadata."""
    own = {name: value for name, value in document.metadata.items() if name not in BUILT_IN}
    document.metadata = {**own, **document.built_in()} if dataset.built_in_fields else own


@router.operation("batchUpdateDocumentMetadata", body="json")
async def set_values(request: ApiRequest) -> Response:
    dataset, payload = find_dataset(request), request.payload(MetadataOperationData)
    for operation in payload.operation_data:
        document = dataset.documents.get(record_id(operation.document_id))
        if document is None:
            raise ApiError(400, "invalid_param", "Document not found.")
        # A value is stored under the name in the request, even if there is no such field.
        values = {value.name: value.value for value in operation.metadata_list}
        field_ids = [record_id(value.id) for value in operation.metadata_list]
        if operation.partial_update:
            document.metadata = {**document.metadata, **values}
            document.field_ids += [id for id in field_ids if id not in document.field_ids]
        else:
            document.metadata, document.field_ids = values, field_ids
        if dataset.built_in_fields:
            document.metadata |= document.built_in()
        document.updated_at = now()
    return success()
