"""Documents made of text and of files, and what replaces them."""

from __future__ import annotations

import json
from typing import Any, cast

from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route

from .._core import Core
from .._knowledge.cutting import AUTOMATIC
from .._knowledge.indexing import index_if_at_once
from .._knowledge.payloads import DocumentSettings, DocumentTextCreatePayload, DocumentTextUpdate, KnowledgeConfig
from .._knowledge.shown import document_shown
from .._knowledge.state import SourceFile, StoredDataset, StoredDocument
from .._scoped import DATASET, DOCUMENT, dataset_of, document_of, knowledge_routes
from .._wire import Call, WireError, checked, json_answer, shown
from .datasets import embed
from .files import MEGABYTE, size_limit

# What a machine runs is no document. Which types a server takes depends on what reads files there: here all others.
_REFUSED = {"exe", "dll", "so", "bin", "com", "msi", "bat", "sh"}
_NOTHING = "Data source or Process rule is required"


def routes(core: Core) -> list[Route]:
    """The routes of this noun; those with underscores are the old spellings."""
    return knowledge_routes(
        core,
        ("POST", f"{DATASET}/document/create-by-text", _create_from_text, "json"),
        ("POST", f"{DATASET}/document/create_by_text", _create_from_text, "json"),
        ("POST", f"{DATASET}/document/create-by-file", _create_from_file, "form"),
        ("POST", f"{DATASET}/document/create_by_file", _create_from_file, "form"),
        ("POST", f"{DOCUMENT}/update-by-text", _update_from_text, "json"),
        ("POST", f"{DOCUMENT}/update_by_text", _update_from_text, "json"),
        ("POST", f"{DOCUMENT}/update-by-file", _update_from_file, "form"),
        ("POST", f"{DOCUMENT}/update_by_file", _update_from_file, "form"),
        ("PATCH", DOCUMENT, _update_from_file, "form"),
    )


def _dataset(call: Call, kind: str) -> StoredDataset:
    # A 404 here also names the routes that look alike.
    other = "file" if kind == "text" else "text"
    base = "/v1/datasets/<uuid:dataset_id>/document/create"
    return dataset_of(call, f"{base}-by-{kind}", f"{base}_by_{kind}", f"{base}-by-{other}")


async def _create_from_text(call: Call) -> Response:
    dataset, sent = _dataset(call, "text"), call.payload(DocumentTextCreatePayload)
    return await _create(call, dataset, _written(sent.name, sent.text), sent)


async def _create_from_file(call: Call) -> Response:
    dataset = _dataset(call, "file")
    try:
        source = await _uploaded(call)
    except WireError as error:
        if error.code in ("file_too_large", "unsupported_file_type"):
            raise WireError(400, "invalid_param") from None  # here the server does not say what is wrong
        raise
    if source is None:
        raise WireError(400, "no_file_uploaded", "Please upload your file.")
    return await _create(call, dataset, source, checked(DocumentSettings, _data(call)), needs_rule=True)


async def _create(
    call: Call, dataset: StoredDataset, source: SourceFile, sent: DocumentSettings, *, needs_rule: bool = False
) -> Response:
    if sent.original_document_id is not None:
        document = dataset.documents.get(sent.original_document_id)
        if document is None:
            raise WireError(404, "not_found", "Document not found")
        return await _replace(call, dataset, document, source, sent)
    if dataset.indexing_technique is None and sent.indexing_technique is None:
        checked(KnowledgeConfig, {"name": source.name})
    rule = _rule(sent) or dataset.rule  # without one of its own a document follows the one before it
    if rule is None and needs_rule:
        raise WireError(400, "invalid_param", "process_rule is required.")
    if not dataset.documents:
        _settle(dataset, sent)
    dataset.indexing_technique = dataset.indexing_technique or sent.indexing_technique
    embed(dataset)
    document = StoredDocument(
        name=source.name,
        position=dataset.next_position(),
        source=source,
        doc_form=sent.doc_form,
        doc_language=sent.doc_language,
        rule=rule or AUTOMATIC,
    )
    dataset.data_source_type, dataset.doc_form, dataset.rule = "upload_file", sent.doc_form, document.rule
    dataset.documents[document.id] = document
    return await _answer(call, dataset, document)


def _settle(dataset: StoredDataset, sent: DocumentSettings) -> None:
    """The first document decides what the knowledge base was not told when it was made."""
    if dataset.retrieval_model is None and sent.retrieval_model is not None:
        dataset.retrieval_model = sent.retrieval_model.model_dump(mode="json")
    if dataset.embedding_model is None and sent.embedding_model is not None:
        dataset.embedding_model = sent.embedding_model
        dataset.embedding_model_provider = sent.embedding_model_provider


async def _update_from_text(call: Call) -> Response:
    dataset, document = document_of(call, missing="Document not found")
    sent = call.payload(DocumentTextUpdate)
    source = None if sent.text is None else _written(sent.name or document.name, sent.text)
    return await _replace(call, dataset, document, source, sent)


async def _update_from_file(call: Call) -> Response:
    dataset, document = document_of(call, missing="Document not found")
    source = await _uploaded(call)
    return await _replace(call, dataset, document, source, checked(DocumentSettings, _data(call)))


async def _replace(
    call: Call, dataset: StoredDataset, document: StoredDocument, source: SourceFile | None, sent: DocumentSettings
) -> Response:
    rule = _rule(sent)
    if source is None and rule is None:
        raise WireError(400, "invalid_param", _NOTHING)
    if source is not None:
        document.source, document.name = source, source.name
    document.rule = dataset.rule = rule or document.rule
    document.begin_again()
    return await _answer(call, dataset, document)


async def _answer(call: Call, dataset: StoredDataset, document: StoredDocument) -> Response:
    knowledge = call.core.knowledge
    await index_if_at_once(knowledge, dataset, document, call.core.failures)
    return json_answer({"document": shown(document_shown(knowledge, dataset, document)), "batch": document.batch})


def _rule(sent: DocumentSettings) -> dict[str, Any] | None:
    if sent.process_rule is None:
        return None
    rule = sent.process_rule.model_dump(mode="json")
    return AUTOMATIC if rule["mode"] == "automatic" else rule


def _written(name: str, text: str) -> SourceFile:
    return SourceFile(name, text.encode(), "text/plain", "txt", len(text))


async def _uploaded(call: Call) -> SourceFile | None:
    assert call.form is not None
    if sum(isinstance(value, UploadFile) for _, value in call.form.multi_items()) > 1:
        raise WireError(400, "too_many_files", "Only one file is allowed.")
    part = call.form.get("file")
    if not isinstance(part, UploadFile):
        return None
    name = part.filename or ""
    if not name:
        raise WireError(400, "filename_not_exists_error", "The specified filename does not exist.")
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension in _REFUSED:
        raise WireError(415, "unsupported_file_type", "File type not allowed.")
    content = await part.read()
    if len(content) > size_limit(extension) * MEGABYTE:
        raise WireError(413, "file_too_large")
    return SourceFile(name, content, part.content_type or "", extension, len(content))


def _data(call: Call) -> dict[str, Any]:
    assert call.form is not None
    sent = call.form.get("data")
    if not isinstance(sent, str) or not sent:
        return {}
    try:
        data: Any = json.loads(sent)
    except ValueError as error:
        raise WireError(400, "invalid_param", str(error)) from None
    if not isinstance(data, dict):
        raise WireError(400, "invalid_param", "data is not an object")
    return cast("dict[str, Any]", data)
