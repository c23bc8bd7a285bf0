"""Documents: creation, changes, lists, indexing, status and downloads."""

from __future__ import annotations

import io
import json
import zipfile
from time import gmtime, strftime
from typing import Any, cast
from uuid import uuid4

from starlette.datastructures import UploadFile
from starlette.responses import Response

from dify.types.documents import DownloadURL

from ....script.ids import now
from ...apps.routes.files import MEGABYTE, size_limit
from ...file_links import signed_url
from ...requests import ApiRequest, record_id, validate
from ...responses import ApiError, dump, json_response, no_content, page_body, success, unhandled_response
from ...routing import Handler, Router
from ..indexing import advance, index
from ..lookup import check_models, find_dataset, find_document, sql_like
from ..models import SourceFile, StoredDataset, StoredDocument, StoredRule, new_batch
from ..schemas import (
    DocumentBatchDownloadZipPayload,
    DocumentListQuery,
    DocumentTextCreatePayload,
    DocumentTextUpdate,
    KnowledgeConfig,
    ProcessRule,
)
from ..serializers import serialize_document, serialize_document_detail, serialize_indexing
from ..splitting import AUTOMATIC
from .datasets import set_embedding_model

_ACTIONS = ["enable", "disable", "archive", "un_archive"]
_DISPLAY_STATUSES = ("queuing", "indexing", "paused", "error", "available", "disabled", "archived")
_STATUS_ALIASES = {"active": "available", "enabled": "available"}


router = Router()


async def _advance(request: ApiRequest, dataset: StoredDataset, *documents: StoredDocument) -> None:
    # Each request for a document advances its indexing by a step.
    for document in documents:
        await advance(request.app.knowledge, dataset, document, request.app.failures)


@router.operation("listDocuments")
async def list_documents(request: ApiRequest) -> Response:
    dataset, knowledge = find_dataset(request), request.app.knowledge
    query = request.query(DocumentListQuery)
    status = (query.status or "").lower()
    status = _STATUS_ALIASES.get(status, status)
    matches = [
        document
        for document in sorted(
            [*dataset.documents.values()], key=lambda document: (-document.created_at, -document.position)
        )
        if sql_like(document.name, query.keyword or "")
        and (status not in _DISPLAY_STATUSES or status == document.display_status)  # an unknown status matches all
    ]
    body = page_body(
        matches, query.page, query.limit, lambda document: dump(serialize_document(knowledge, dataset, document))
    )
    await _advance(request, dataset, *matches)
    return json_response(body)


@router.operation("getDocumentDetail")
async def get_document(request: ApiRequest) -> Response:
    dataset, document = find_document(request)
    metadata = request.http.query_params.get("metadata", "all")
    if metadata not in ("all", "only", "without"):
        raise ApiError(400, "invalid_metadata", f"Invalid metadata value: {metadata}")
    body = dump(serialize_document_detail(request.app.knowledge, dataset, document, metadata))
    if metadata != "only":
        # The model has a float; the server sends an integer.
        body["average_segment_length"] = int(body["average_segment_length"])
    await _advance(request, dataset, document)
    return json_response(body)


@router.operation("deleteDocument")
async def delete_document(request: ApiRequest) -> Response:
    dataset, document = find_document(request, message="Document Not Exists.")
    if document.archived:
        raise ApiError(403, "archived_document_immutable", "The archived document is not editable.")
    del dataset.documents[document.id]
    return no_content()


@router.operation("getDocumentIndexingStatus")
async def get_indexing_status(request: ApiRequest) -> Response:
    dataset, batch = find_dataset(request), request.path("batch")
    documents = [document for document in [*dataset.documents.values()] if document.batch == batch]
    if not documents:
        raise ApiError(404, "not_found", "Documents not found.")
    body = {"data": [dump(serialize_indexing(document)) for document in documents]}
    await _advance(request, dataset, *documents)
    return json_response(body)


@router.operation("batchUpdateDocumentStatus", body="json")
async def set_status(request: ApiRequest) -> Response:
    dataset, action = find_dataset(request), request.path("action")
    ids: Any = request.body.get("document_ids", [])
    if not ids:
        return success()  # whatever the action
    if action not in _ACTIONS:
        raise ApiError(400, "invalid_action", f"Invalid action: {action}. Must be one of {_ACTIONS}")
    if not isinstance(ids, list | str | dict):
        return unhandled_response()
    # Ids of unknown documents are ignored.
    matches = [dataset.documents.get(record_id(id)) for id in list(cast("list[Any]", ids)) if id]
    documents = [document for document in matches if document is not None]
    for document in documents:
        if action == "disable" and not document.indexed:
            raise ApiError(400, "invalid_action", f"Document: {document.name} is not completed.")
    for document in documents:
        _apply_action(document, action)
    return success()


def _apply_action(document: StoredDocument, action: str) -> None:
    if action in ("enable", "disable"):
        document.enabled = action == "enable"
        document.disabled_at = None if document.enabled else now()
    else:
        document.archived = action == "archive"
    document.updated_at = now()


_EXTENSIONS = frozenset(
    ["txt", "markdown", "md", "mdx", "pdf", "html", "htm", "xlsx", "xls", "docx", "csv", "vtt", "properties"]
)
"""Extensions of the files that a server can read."""

_MAX_NAME_LENGTH = 200

_DEFAULT_SEARCH = {
    "search_method": "semantic_search",
    "reranking_enable": False,
    "reranking_model": {"reranking_provider_name": "", "reranking_model_name": ""},
    "top_k": 4,
    "score_threshold_enabled": False,
}
"""Search settings of a knowledge base that gets embeddings with its first document."""


def _invalid(message: str) -> ApiError:
    return ApiError(400, "invalid_param", message)


@router.operation("createDocumentFromText", body="json")
async def create_from_text(request: ApiRequest) -> Response:
    dataset, payload = find_dataset(request), request.payload(DocumentTextCreatePayload)
    if not dataset.indexing_technique and not payload.indexing_technique:
        raise _invalid("indexing_technique is required.")
    check_models(payload.embedding_model_provider, payload.embedding_model, search=payload.retrieval_model)
    source = _text_source(payload.name, payload.text)
    # The technique of the knowledge base is not used as a default for texts.
    values = payload.model_dump(mode="json", exclude_none=True)
    config = _config(values, source)
    return await _save(request, dataset, source, config)


@router.operation("createDocumentFromFile", body="form")
async def create_from_file(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    values = _data(request, dataset)
    values["indexing_technique"] = values.get("indexing_technique") or dataset.indexing_technique
    if not values["indexing_technique"]:
        raise _invalid("indexing_technique is required.")
    if "embedding_model_provider" in values:
        check_models(values["embedding_model_provider"], values.get("embedding_model"))
    try:
        source = await _file_source(request)
    except ApiError as error:
        if error.code in ("file_too_large", "unsupported_file_type"):
            raise _invalid("") from None  # here the server sends no message
        raise
    if source is None:
        raise ApiError(400, "no_file_uploaded", "Please upload your file.")
    config = _config(values, source)
    has_rule = config.process_rule is not None or (dataset.rule is not None and "process_rule" not in values)
    if config.original_document_id is None and not has_rule:
        raise _invalid("process_rule is required.")
    return await _save(request, dataset, source, config)


@router.operation("updateDocumentByText", body="json")
async def update_from_text(request: ApiRequest) -> Response:
    return await _finish_indexing_after(request, _replace_by_text)


@router.operation("updateDocumentByFile", body="form")
@router.operation("updateDocument", body="form")
async def update_from_file(request: ApiRequest) -> Response:
    return await _finish_indexing_after(request, _replace_by_file)


async def _finish_indexing_after(request: ApiRequest, handler: Handler) -> Response:
    """Call a handler, and then complete the indexing of the document in the path.

    The server refuses to change a document that is being indexed, but a later attempt succeeds.
    """
    dataset = find_dataset(request)
    document = dataset.documents.get(request.path("document_id"))
    was_indexing = document is not None and document.is_indexing
    try:
        return await handler(request)
    finally:
        if document is not None and was_indexing:
            await index(request.app.knowledge, dataset, document, request.app.failures)


async def _replace_by_text(request: ApiRequest) -> Response:
    dataset, payload = find_dataset(request), request.payload(DocumentTextUpdate)
    check_models(search=payload.retrieval_model)
    values = payload.model_dump(mode="json", exclude_none=True)
    source = _text_source(payload.name or "", payload.text) if payload.text else None
    return await _update(request, dataset, values, source)


async def _replace_by_file(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    values = _data(request, dataset)
    return await _update(request, dataset, values, await _file_source(request))


async def _update(
    request: ApiRequest, dataset: StoredDataset, values: dict[str, Any], source: SourceFile | None
) -> Response:
    values["indexing_technique"] = dataset.indexing_technique
    values["original_document_id"] = request.path("document_id")
    return await _save(request, dataset, source, _config(values, source))


def _config(values: dict[str, Any], source: SourceFile | None) -> KnowledgeConfig:
    """Return the validated settings of a document, for texts and files alike."""
    if source is not None:
        files = {"data_source_type": "upload_file", "file_info_list": {"file_ids": [source.id]}}
        values["data_source"] = {"type": "upload_file", "info_list": files}
    config = validate(KnowledgeConfig, values)
    if config.data_source is None and config.process_rule is None:
        raise _invalid("Data source or Process rule is required")
    if config.process_rule is not None and (message := config.process_rule.error_message()) is not None:
        raise _invalid(message)
    return config


async def _save(
    request: ApiRequest, dataset: StoredDataset, source: SourceFile | None, config: KnowledgeConfig
) -> Response:
    """Create or change a document."""
    if dataset.doc_form and dataset.doc_form != config.doc_form:
        raise _invalid("doc_form is different from the dataset doc_form.")
    if config.original_document_id is not None:
        document = _document_to_change(dataset, config.original_document_id)
        _set_technique(dataset, config)
        _change_document(dataset, document, source, config)
    else:
        assert source is not None
        _set_technique(dataset, config)
        dataset.rule = dataset.rule if config.process_rule is None else _stored_rule(config.process_rule)
        dataset.rule = dataset.rule or StoredRule(AUTOMATIC["mode"], AUTOMATIC["rules"])
        document = dataset.replaceable_document(source.name)
        if document is None:
            document = _create_document(dataset, dataset.rule, source, config)
        else:
            # A document with this name is replaced: it keeps its id and position, and gets a new batch.
            document.source, document.rule, document.batch = source, dataset.rule, new_batch()
            document.created_from, document.doc_language = "api", config.doc_language
            document.restart_indexing()
    dataset.data_source_type, dataset.doc_form = "upload_file", config.doc_form
    knowledge = request.app.knowledge
    if knowledge.index_at_once:
        await index(knowledge, dataset, document, request.app.failures)
    return json_response({"document": dump(serialize_document(knowledge, dataset, document)), "batch": document.batch})


def _create_document(
    dataset: StoredDataset, rule: StoredRule, source: SourceFile, config: KnowledgeConfig
) -> StoredDocument:
    document = StoredDocument(
        name=source.name,
        position=dataset.next_position(),
        source=source,
        doc_form=config.doc_form,
        doc_language=config.doc_language,
        rule=rule,
    )
    if dataset.built_in_fields:
        created = strftime("%Y-%m-%d %H:%M:%S", gmtime())
        times = {"upload_date": created, "last_update_date": created}
        document.metadata = {**document.built_in(), **times, "source": "upload_file"}
    dataset.documents[document.id] = document
    return document


def _set_technique(dataset: StoredDataset, config: KnowledgeConfig) -> None:
    """Set the indexing technique of a knowledge base from its first document.

    This is for one that was created without a technique.
    """
    if dataset.indexing_technique is not None:
        return
    dataset.indexing_technique = config.indexing_technique
    if dataset.embeds:
        set_embedding_model(dataset, config.embedding_model_provider, config.embedding_model)
        if dataset.retrieval_model is None:
            payload = config.retrieval_model
            dataset.retrieval_model = _DEFAULT_SEARCH if payload is None else payload.plain()


def _document_to_change(dataset: StoredDataset, document_id: str) -> StoredDocument:
    document = dataset.documents.get(record_id(document_id))
    if document is None:
        raise ApiError(404, "not_found", "Document not found")
    if document.display_status != "available":
        raise _invalid("Document is not available")
    return document


def _change_document(
    dataset: StoredDataset, document: StoredDocument, source: SourceFile | None, config: KnowledgeConfig
) -> None:
    if config.process_rule is not None:
        document.rule = dataset.rule = _stored_rule(config.process_rule)
    if source is not None:
        document.source, document.name, document.data_source_type = source, source.name, "upload_file"
    document.name = config.name or document.name
    document.created_from, document.doc_form, document.reached, document.latency = "web", config.doc_form, {}, None
    document.restart_indexing()


def _stored_rule(rule: ProcessRule) -> StoredRule:
    automatic = rule.mode == "automatic"
    return StoredRule(AUTOMATIC["mode"], AUTOMATIC["rules"]) if automatic else StoredRule(rule.mode, rule.stored())


def _text_source(name: str, text: str) -> SourceFile:
    return SourceFile(name[:_MAX_NAME_LENGTH], text.encode(), "text/plain", "txt", len(text))


async def _file_source(request: ApiRequest) -> SourceFile | None:
    assert request.form is not None
    part = request.form.get("file")
    if not isinstance(part, UploadFile):
        return None
    if len({name for name, value in request.form.multi_items() if isinstance(value, UploadFile)}) > 1:
        raise ApiError(400, "too_many_files", "Only one file is allowed.")
    name = part.filename or ""
    if not name:
        raise ApiError(400, "filename_not_exists_error", "The specified filename does not exist.")
    if "/" in name or "\\" in name:
        raise _invalid("Filename contains invalid characters")
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if len(name) > _MAX_NAME_LENGTH:
        name = f"{name.partition('.')[0][:_MAX_NAME_LENGTH]}.{extension}"
    if extension not in _EXTENSIONS:
        raise ApiError(415, "unsupported_file_type", "File type not allowed.")
    content = await part.read()
    if len(content) > size_limit(extension) * MEGABYTE:
        raise ApiError(413, "file_too_large")
    return SourceFile(name, content, part.content_type or "", extension, len(content))


def _data(request: ApiRequest, dataset: StoredDataset) -> dict[str, Any]:
    """Return the settings that were sent with a file, as JSON in the field `data`."""
    if dataset.provider == "external":
        raise _invalid("External datasets are not supported.")
    assert request.form is not None
    payload = request.form.get("data")
    data: Any = {}
    if isinstance(payload, str):
        try:
            data = json.loads(payload)
        except ValueError as error:
            raise _invalid(str(error)) from None
    if not isinstance(data, dict):
        raise ApiError(500, "unknown", "Internal Server Error")  # the server does not expect anything else
    form = dataset.doc_form if dataset.pipeline is not None and dataset.doc_form else "text_model"
    return {"doc_form": form, "doc_language": "English", **cast("dict[str, Any]", data)}


@router.operation("downloadDocument")
async def get_download_url(request: ApiRequest) -> Response:
    _, document = find_document(request)
    if document.data_source_type != "upload_file":
        raise ApiError(404, "not_found", "Document does not have an uploaded file to download.")
    url = signed_url(request.app, request.origin, document.source.id, as_attachment=True)
    return json_response(dump(DownloadURL(url=url)))


@router.operation("downloadDocumentsZip", body="json")
async def download_zip(request: ApiRequest) -> Response:
    dataset, payload = find_dataset(request), request.payload(DocumentBatchDownloadZipPayload)
    matches = [dataset.documents.get(str(document_id)) for document_id in payload.document_ids]
    documents = [document for document in matches if document is not None]
    if len(documents) < len(matches):
        raise ApiError(404, "not_found", "Document not found.")
    if any(document.data_source_type != "upload_file" for document in documents):
        raise ApiError(404, "not_found", "Only uploaded-file documents can be downloaded as ZIP.")
    sources = [document.source for document in documents]
    headers = {"Content-Disposition": f"attachment; filename={uuid4().hex}.zip", "Cache-Control": "no-cache"}
    return Response(_zip_archive(sources), 200, headers, media_type="application/zip")


def _zip_archive(sources: list[SourceFile]) -> bytes:
    archive, names = io.BytesIO(), set[str]()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for source in sources:
            stem, dot, extension = source.name.rpartition(".")
            name, number = source.name, 1
            while name in names:
                name = f"{stem} ({number}){dot}{extension}" if dot else f"{source.name} ({number})"
                number += 1
            names.add(name)
            zipped.writestr(name, source.content)
    return archive.getvalue()
