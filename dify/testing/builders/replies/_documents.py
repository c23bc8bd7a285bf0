"""Replies about documents and their chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from dify.types import (
    ChildChunk,
    ChildChunkDetail,
    DataSourceDetail,
    Document,
    DocumentBatch,
    DocumentDetail,
    DocumentFile,
    DocumentIndexing,
    DownloadURL,
    IndexingStatus,
    MetadataValue,
    Segment,
    SegmentDetail,
    SegmentList,
    StoredProcessRule,
)

from ._common import ACCOUNT, WHEN, id_of

__all__ = [
    "child_chunk",
    "child_chunk_detail",
    "document",
    "document_batch",
    "document_detail",
    "download_url",
    "indexing_status",
    "segment",
    "segment_detail",
    "segment_list",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

State = Literal["waiting", "parsing", "cleaning", "splitting", "indexing", "paused", "completed", "error"]
Form = Literal["text_model", "hierarchical_model", "qa_model"]
BATCH = "20260102030405000000"
_RULES: dict[str, Any] = {
    "pre_processing_rules": [
        {"id": "remove_extra_spaces", "enabled": True},
        {"id": "remove_urls_emails", "enabled": False},
    ],
    "segmentation": {"delimiter": "\n", "max_tokens": 500, "chunk_overlap": 50},
}
_SHOWN = {"waiting": "queuing", "paused": "paused", "error": "error", "completed": "available"}


def document(
    name: str = "handbook.md",
    *,
    id: str | None = None,
    status: State = "completed",
    error: str | None = None,
    word_count: int = 100,
    metadata: Sequence[MetadataValue] = (),
) -> Document:
    """Build a document as lists show it.

    Args:
        name: Name.
        id: UUID; by default derived from the name.
        status: Indexing status.
        error: Reason for a failed indexing, with status "error".
        word_count: Number of characters. Unknown before indexing.
        metadata: Values of the metadata fields.

    Example:
        >>> document("tea.md").display_status
        'available'
    """
    file = _file(name)
    done = status == "completed"
    return Document(
        id=id or id_of("document", name),
        position=1,
        data_source_type="upload_file",
        data_source_info={"upload_file_id": file.id},
        data_source_detail_dict=DataSourceDetail(upload_file=file),
        dataset_process_rule_id=id_of("rule"),
        name=name,
        created_from="api",
        created_by=ACCOUNT,
        created_at=WHEN,
        tokens=0 if done else None,
        indexing_status=status,
        error=error,
        enabled=True,
        disabled_at=None,
        disabled_by=None,
        archived=False,
        display_status=_SHOWN.get(status, "indexing"),
        word_count=word_count if done else None,
        hit_count=0,
        doc_form="text_model",
        doc_metadata=list(metadata),
        summary_index_status=None,
        need_summary=False,
    )


def _file(name: str) -> DocumentFile:
    return DocumentFile(
        id=id_of("file", name),
        name=name,
        size=1024,
        extension=name.rpartition(".")[2] if "." in name else "txt",
        mime_type="text/plain",
        created_by=ACCOUNT,
        created_at=WHEN,
    )


def document_batch(name: str = "handbook.md", *, batch: str = BATCH, status: State = "waiting") -> DocumentBatch:
    """Build the reply to the creation or change of a document, before indexing.

    Example:
        >>> document_batch("tea.md").document.indexing_status
        'waiting'
    """
    return DocumentBatch(document=document(name, status=status), batch=batch)


def document_detail(name: str = "handbook.md", *, id: str | None = None, status: State = "completed") -> DocumentDetail:
    """Build the details of a document.

    Example:
        >>> document_detail("tea.md").doc_form
        'text_model'
    """
    rule = id_of("rule")
    return DocumentDetail(
        id=id or id_of("document", name),
        position=1,
        data_source_type="upload_file",
        data_source_info=DataSourceDetail(upload_file=_file(name)),
        dataset_process_rule_id=rule,
        dataset_process_rule=StoredProcessRule(mode="automatic", rules=_RULES),
        document_process_rule=StoredProcessRule(
            id=rule, dataset_id=id_of("dataset", "Handbook"), mode="automatic", rules=_RULES
        ),
        name=name,
        created_from="api",
        created_by=ACCOUNT,
        created_at=WHEN,
        tokens=0,
        indexing_status=status,
        completed_at=WHEN if status == "completed" else None,
        updated_at=WHEN,
        indexing_latency=0.1,
        error=None,
        enabled=True,
        disabled_at=None,
        disabled_by=None,
        archived=False,
        doc_type=None,
        doc_metadata=None,
        segment_count=1,
        average_segment_length=100,
        hit_count=0,
        display_status=_SHOWN.get(status, "indexing"),
        doc_form="text_model",
        doc_language="English",
        summary_index_status=None,
        need_summary=False,
    )


def indexing_status(
    status: State = "completed",
    *,
    completed_segments: int | None = None,
    total_segments: int | None = None,
    error: str | None = None,
    document_id: str | None = None,
) -> IndexingStatus:
    """Build the indexing status of a batch.

    Args:
        status: Indexing status.
        completed_segments: Number of indexed chunks; by default derived from `status`.
        total_segments: Number of chunks.
        error: Reason for a failed indexing, with status "error".
        document_id: UUID of the document.

    Example:
        >>> indexing_status("indexing", completed_segments=1, total_segments=3).data[0].completed_segments
        1
    """
    order: list[State] = ["waiting", "parsing", "cleaning", "splitting", "indexing", "completed"]
    reached = order.index(status) if status in order else len(order) - 2
    known = (1 if reached >= order.index("indexing") else 0) if total_segments is None else total_segments
    done = (known if status == "completed" else 0) if completed_segments is None else completed_segments
    return IndexingStatus(
        data=[
            DocumentIndexing(
                id=document_id or id_of("document", "handbook.md"),
                indexing_status=status,
                processing_started_at=WHEN if reached > 0 else None,
                parsing_completed_at=WHEN if reached > 1 else None,
                cleaning_completed_at=WHEN if reached > 2 else None,
                splitting_completed_at=WHEN if reached > 3 else None,
                completed_at=WHEN if status == "completed" else None,
                paused_at=WHEN if status == "paused" else None,
                error=error,
                stopped_at=WHEN if status == "error" else None,
                completed_segments=done,
                total_segments=known,
            )
        ]
    )


def download_url(url: str = "https://files.dify.test/handbook.md") -> DownloadURL:
    """Build a signed link to the file of a document.

    Example:
        >>> str(download_url())
        'https://files.dify.test/handbook.md'
    """
    return DownloadURL(url=url)


def segment(
    content: str = "Tea is made from leaves.",
    *,
    id: str | None = None,
    document_id: str | None = None,
    answer: str | None = None,
    keywords: Sequence[str] = (),
    position: int = 1,
    enabled: bool = True,
    child_chunks: Sequence[ChildChunk] = (),
) -> Segment:
    """Build a chunk of a document.

    Args:
        content: Text.
        id: UUID; by default derived from the text.
        document_id: UUID of the document.
        answer: The answer, in a document of questions and answers.
        keywords: Keywords.
        position: Position in the document, from 1.
        enabled: True if searches include it.
        child_chunks: Child chunks.

    Example:
        >>> segment("Tea.").word_count
        4
    """
    return Segment(
        **_segment(content, id, document_id, answer, keywords, position, enabled),
        sign_content=content,
        updated_at=WHEN,
        updated_by=None,
        child_chunks=list(child_chunks),
        attachments=[],
        summary=None,
    )


def _segment(
    content: str,
    id: str | None,
    document_id: str | None,
    answer: str | None,
    keywords: Sequence[str],
    position: int,
    enabled: bool,
) -> dict[str, Any]:
    return {
        "id": id or id_of("segment", content),
        "position": position,
        "document_id": document_id or id_of("document", "handbook.md"),
        "content": content,
        "answer": answer,
        "word_count": len(content),  # Dify counts characters
        "tokens": 0,
        "keywords": list(keywords),
        "index_node_id": id_of("node", content),
        "index_node_hash": id_of("hash", content).replace("-", "") * 2,
        "hit_count": 0,
        "enabled": enabled,
        "disabled_at": None,
        "disabled_by": None,
        "status": "completed",
        "created_by": ACCOUNT,
        "created_at": WHEN,
        "indexing_at": WHEN,
        "completed_at": WHEN,
        "error": None,
        "stopped_at": None,
    }


def retrieved(content: str, document_name: str) -> dict[str, Any]:
    """Return a search result: a chunk with its document."""
    return {
        **_segment(content, None, id_of("document", document_name), None, (), 1, True),
        "sign_content": None,
        "document": {
            "id": id_of("document", document_name),
            "data_source_type": "upload_file",
            "name": document_name,
            "doc_type": None,
            "doc_metadata": None,
        },
    }


def segment_detail(content: str = "Tea is made from leaves.", *, doc_form: Form = "text_model") -> SegmentDetail:
    """Build the reply of `segments.get` and `segments.update`: one chunk.

    Example:
        >>> segment_detail("Tea.").data.content
        'Tea.'
    """
    return SegmentDetail(data=segment(content), doc_form=doc_form)


def segment_list(*contents: str, doc_form: Form = "text_model") -> SegmentList:
    """Build the reply of `segments.create`: the new chunks.

    Example:
        >>> len(segment_list("Tea.", "Coffee.").data)
        2
    """
    texts = contents or ("Tea is made from leaves.",)
    made = [segment(text, position=position) for position, text in enumerate(texts, 1)]
    return SegmentList(data=made, doc_form=doc_form)


def child_chunk(
    content: str = "leaves", *, id: str | None = None, segment_id: str | None = None, position: int = 1
) -> ChildChunk:
    """Build a child chunk.

    Example:
        >>> child_chunk("leaves").type
        'customized'
    """
    return ChildChunk(
        id=id or id_of("child", content),
        segment_id=segment_id or id_of("segment", "Tea is made from leaves."),
        content=content,
        position=position,
        word_count=len(content),
        type="customized",
        created_at=WHEN,
        updated_at=WHEN,
    )


def child_chunk_detail(content: str = "leaves") -> ChildChunkDetail:
    """Build the reply to the creation or change of a child chunk.

    Example:
        >>> child_chunk_detail("leaves").data.content
        'leaves'
    """
    return ChildChunkDetail(data=child_chunk(content))
