"""Knowledge objects in response bodies, with the fields of Dify 1.14.2."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from dify.types.datasets import Dataset, RetrieveRecord
from dify.types.documents import Document, DocumentDetail, DocumentIndexing
from dify.types.metadata import MetadataField
from dify.types.segments import ChildChunk, Segment
from dify.types.tags import Tag

from .ai_models import DEFAULT_EMBEDDING
from .models import (
    ACCOUNT,
    BUILT_IN,
    STEPS,
    Knowledge,
    SourceFile,
    StoredChild,
    StoredDataset,
    StoredDocument,
    StoredField,
    StoredSegment,
    StoredTag,
)
from .search import Hit
from .splitting import DEFAULT

__all__ = [
    "retrieval_settings",
    "serialize_child_chunk",
    "serialize_dataset",
    "serialize_document",
    "serialize_document_detail",
    "serialize_field",
    "serialize_indexing",
    "serialize_record",
    "serialize_segment",
    "serialize_tag",
]


_NO_ICON = dict.fromkeys(("icon_type", "icon", "icon_background", "icon_url"))

_NO_EXTERNAL = dict.fromkeys(
    (
        "external_knowledge_id",
        "external_knowledge_api_id",
        "external_knowledge_api_name",
        "external_knowledge_api_endpoint",
    )
)

_NO_SUMMARY = dict.fromkeys(("enable", "model_name", "model_provider_name", "summary_prompt"))

_DEFAULT_RETRIEVAL: dict[str, Any] = {
    "search_method": "semantic_search",
    "reranking_enable": False,
    "reranking_mode": None,
    "reranking_model": {"reranking_provider_name": "", "reranking_model_name": ""},
    "weights": None,
    "top_k": 2,
    "score_threshold_enabled": False,
    "score_threshold": None,
}


def retrieval_settings(dataset: StoredDataset) -> dict[str, Any]:
    """Return the search settings of a knowledge base, with defaults."""
    settings = {**_DEFAULT_RETRIEVAL, **(dataset.retrieval_model or {})}
    model: dict[str, Any] = settings["reranking_model"] or {}
    names = ("reranking_provider_name", "reranking_model_name")
    known = {name: settings[name] for name in _DEFAULT_RETRIEVAL}
    return {**known, "reranking_model": {name: model.get(name) for name in names}}


def _has_default_model(dataset: StoredDataset) -> bool:
    model = (dataset.embedding_model_provider, dataset.embedding_model)
    return model == DEFAULT_EMBEDDING


def serialize_dataset(
    knowledge: Knowledge, dataset: StoredDataset, *, available: bool | None = True, detail: bool = False
) -> Dataset:
    """Return a knowledge base.

    `available` is None in the responses of its creation and its changes.
    """
    documents = [*dataset.documents.values()]
    settings = retrieval_settings(dataset)
    if dataset.retrieval_model is None:
        external = {"top_k": settings["top_k"], "score_threshold": 0.0, "score_threshold_enabled": None}
    else:
        external = {name: settings[name] for name in ("top_k", "score_threshold", "score_threshold_enabled")}
    if detail and not dataset.embeds:
        settings = {**settings, "search_method": "keyword_search"}
    copied = (
        "id name description provider permission data_source_type indexing_technique created_at updated_at "
        "embedding_model embedding_model_provider doc_form"
    )
    return Dataset.model_validate(
        {
            **{name: getattr(dataset, name) for name in copied.split()},
            "app_count": 0,
            "document_count": len(documents),
            "word_count": sum(document.word_count or 0 for document in documents),
            "created_by": knowledge.account_id,
            "author_name": ACCOUNT,
            "updated_by": knowledge.account_id,
            "embedding_available": available and (not dataset.embeds or _has_default_model(dataset)),
            "retrieval_model_dict": settings,
            "summary_index_setting": {**_NO_SUMMARY, **dataset.summary_index_setting},
            "tags": [
                {"id": tag.id, "name": tag.name, "type": "knowledge"}
                for tag in [*knowledge.tags.values()]
                if dataset.id in tag.bound
            ],
            "external_knowledge_info": _NO_EXTERNAL,
            "external_retrieval_model": external,
            "doc_metadata": _fields(dataset),
            "built_in_field_enabled": dataset.built_in_fields,
            "pipeline_id": None if dataset.pipeline is None else dataset.pipeline.id,
            "runtime_mode": "general" if dataset.pipeline is None else "rag_pipeline",
            "chunk_structure": None if dataset.pipeline is None else dataset.doc_form,
            "icon_info": _NO_ICON,
            "is_published": False,
            "total_documents": len(documents),
            "total_available_documents": sum(document.available for document in documents),
            "enable_api": True,
            "is_multimodal": False,
        }
    )


def _fields(dataset: StoredDataset) -> list[MetadataField]:
    built_in = BUILT_IN.items() if dataset.built_in_fields else ()
    fields = [serialize_field(field) for field in [*dataset.fields.values()]]
    return fields + [MetadataField(id="built-in", name=name, type=kind) for name, kind in built_in]


def _file(knowledge: Knowledge, source: SourceFile) -> dict[str, Any]:
    names = ("id", "name", "size", "extension", "mime_type", "created_at")
    return {"upload_file": {**{name: getattr(source, name) for name in names}, "created_by": knowledge.account_id}}


def _common(knowledge: Knowledge, document: StoredDocument) -> dict[str, Any]:
    copied = (
        "id position name created_from created_at tokens error enabled disabled_at archived display_status doc_form"
    )
    return {
        **{name: getattr(document, name) for name in copied.split()},
        "data_source_type": document.data_source_type,
        "dataset_process_rule_id": document.rule.id,
        "created_by": knowledge.account_id,
        "indexing_status": document.status,
        "disabled_by": None if document.disabled_at is None else knowledge.account_id,
        "hit_count": 0,
        "summary_index_status": None,
        "need_summary": False,
    }


def _values(dataset: StoredDataset, document: StoredDocument) -> list[dict[str, Any]] | None:
    values = dataset.values(document)
    return (
        None if values is None else [dict(zip(("id", "name", "type", "value"), item, strict=True)) for item in values]
    )


def serialize_document(knowledge: Knowledge, dataset: StoredDataset, document: StoredDocument) -> Document:
    """Return a document as lists, creations and changes return it."""
    return Document.model_validate(
        {
            **_common(knowledge, document),
            "data_source_info": {"upload_file_id": document.source.id},
            "data_source_detail_dict": _file(knowledge, document.source),
            "word_count": document.word_count,
            "doc_metadata": _values(dataset, document) or [],
        }
    )


def serialize_document_detail(
    knowledge: Knowledge, dataset: StoredDataset, document: StoredDocument, metadata: str
) -> DocumentDetail:
    """Return a document's details: "all", "without" or "only" its metadata."""
    doc_metadata = {"doc_type": None, "doc_metadata": _values(dataset, document)}
    if metadata == "only":
        return DocumentDetail.model_validate({"id": document.id, **doc_metadata})
    segments = len(document.segments)
    return DocumentDetail.model_validate(
        {
            **_common(knowledge, document),
            "data_source_info": _file(knowledge, document.source),
            "dataset_process_rule": DEFAULT if dataset.rule is None else dataset.rule.plain(),
            "document_process_rule": {"id": document.rule.id, "dataset_id": dataset.id, **document.rule.plain()},
            "completed_at": document.reached.get("indexing") if document.indexed else None,
            "updated_at": document.updated_at,
            "indexing_latency": document.latency,
            "segment_count": segments,
            "average_segment_length": (document.word_count or 0) // segments if segments else 0,
            "doc_language": document.doc_language,
            **(doc_metadata if metadata == "all" else {}),
        }
    )


def serialize_indexing(document: StoredDocument) -> DocumentIndexing:
    """Return the indexing status of a document."""
    reached, segments = document.reached, len(document.segments)
    has_chunks = document.status in STEPS[4:]
    return DocumentIndexing.model_validate(
        {
            "id": document.id,
            "indexing_status": document.status,
            "processing_started_at": reached.get("waiting"),
            "parsing_completed_at": reached.get("parsing"),
            "cleaning_completed_at": reached.get("cleaning"),
            "splitting_completed_at": reached.get("splitting"),
            "completed_at": reached.get("indexing"),
            "paused_at": None,
            "error": document.error,
            "stopped_at": reached.get("stopped"),
            "completed_segments": segments,
            "total_segments": segments or (len(document.pending_texts) if has_chunks else 0),
        }
    )


def serialize_child_chunk(segment: StoredSegment, child: StoredChild) -> ChildChunk:
    """Return a child chunk."""
    return ChildChunk.model_validate({**vars(child), "segment_id": segment.id, "word_count": len(child.content)})


def _segment(knowledge: Knowledge, document: StoredDocument, segment: StoredSegment) -> dict[str, Any]:
    copied = "id position content answer word_count tokens index_node_id enabled disabled_at status error created_at"
    return {
        **{name: getattr(segment, name) for name in copied.split()},
        "document_id": document.id,
        "index_node_hash": sha256(segment.text.encode()).hexdigest(),
        "hit_count": 0,
        "disabled_by": None if segment.disabled_at is None else knowledge.account_id,
        "created_by": knowledge.account_id,
        "indexing_at": segment.indexed_at,
        "completed_at": segment.indexed_at,
        "stopped_at": None,
    }


def serialize_segment(knowledge: Knowledge, document: StoredDocument, segment: StoredSegment) -> Segment:
    """Return a chunk of a document."""
    return Segment.model_validate(
        {
            **_segment(knowledge, document, segment),
            "sign_content": segment.content,
            "keywords": segment.keywords,
            "updated_at": segment.updated_at,
            "updated_by": segment.updated_by,
            "child_chunks": [serialize_child_chunk(segment, child) for child in segment.children.values()],
            "attachments": [],
            "summary": None,
        }
    )


def serialize_record(knowledge: Knowledge, hit: Hit) -> RetrieveRecord:
    """Return a chunk in the result of a search."""
    document = hit.document
    fields = {"id": document.id, "data_source_type": document.data_source_type, "name": document.name, "doc_type": None}
    return RetrieveRecord.model_validate(
        {
            "segment": {
                **_segment(knowledge, document, hit.segment),
                "sign_content": None,
                "keywords": hit.segment.keywords or [],
                "document": {**fields, "doc_metadata": document.metadata or None},
            },
            "child_chunks": [
                {"id": child.id, "content": child.content, "position": child.position, "score": score}
                for child, score in hit.children
            ],
            "score": hit.score,
            "tsne_position": None,
            "files": [],
            "summary": None,
        }
    )


def serialize_tag(tag: StoredTag) -> Tag:
    """Return a tag, with the number of its knowledge bases."""
    return Tag(id=tag.id, name=tag.name, type="knowledge", binding_count=len(tag.bound))


def serialize_field(field: StoredField) -> MetadataField:
    """Return a metadata field."""
    return MetadataField(id=field.id, type=field.type, name=field.name)
