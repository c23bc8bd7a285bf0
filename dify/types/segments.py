"""Segments (the chunks of a document) and their child chunks."""

from typing import Any, Literal

from ._base import Answer, Model, Timestamp

__all__ = [
    "ChildChunk",
    "ChildChunkDetail",
    "DocForm",
    "RetrievedDocument",
    "RetrievedSegment",
    "Segment",
    "SegmentAttachment",
    "SegmentDetail",
    "SegmentInput",
    "SegmentList",
    "SegmentUpdate",
]

DocForm = Literal["text_model", "hierarchical_model", "qa_model"]
"""How a document is cut: plain chunks, chunks with child chunks, or questions with answers."""


# ------------------------------------------------------------------------------------------------------- requests
class SegmentInput(Model):
    """A chunk to add to a document, for `segments.create`.

    Attributes:
        content: The text; must not be blank. In a "qa_model" document, the question.
        answer: The answer; a "qa_model" document requires it, others ignore it.
        keywords: Words to find the chunk by.
        attachment_ids: Ids of uploaded files to attach.
    """

    content: str
    answer: str | None = None
    keywords: list[str] | None = None
    attachment_ids: list[str] | None = None


class SegmentUpdate(Model):
    """What to change in a chunk, for `segments.update`; what is left out stays.

    Attributes:
        content: The new text.
        answer: The new answer, in a "qa_model" document.
        keywords: The new keywords, which replace the old.
        enabled: Whether retrieval may find the chunk.
        regenerate_child_chunks: Whether to cut the chunk into child chunks anew, in a "hierarchical_model" document.
            The server's default is False.
        attachment_ids: Ids of uploaded files to attach.
        summary: Text for the summary index.
    """

    content: str | None = None
    answer: str | None = None
    keywords: list[str] | None = None
    enabled: bool | None = None
    regenerate_child_chunks: bool | None = None
    attachment_ids: list[str] | None = None
    summary: str | None = None


# -------------------------------------------------------------------------------------------------------- answers
class ChildChunk(Model):
    """A piece of a chunk in a "hierarchical_model" document; "customized" when made or changed through the API."""

    id: str
    segment_id: str
    content: str
    position: int | None = None
    word_count: int | None = None
    type: Literal["automatic", "customized"] | str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class SegmentAttachment(Model):
    """A file attached to a chunk; `size` is in bytes, `source_url` is signed and expires."""

    id: str
    name: str | None = None
    size: int | None = None
    extension: str | None = None
    mime_type: str | None = None
    source_url: str | None = None


class _SegmentFields(Model):
    id: str
    document_id: str
    content: str
    position: int | None = None
    sign_content: str | None = None
    answer: str | None = None
    word_count: int | None = None
    tokens: int | None = None
    keywords: list[str] | None = None
    index_node_id: str | None = None
    index_node_hash: str | None = None
    hit_count: int | None = None
    enabled: bool | None = None
    disabled_at: Timestamp | None = None
    disabled_by: str | None = None
    status: Literal["waiting", "indexing", "completed", "error", "paused", "re_segment"] | str | None = None
    created_by: str | None = None
    created_at: Timestamp | None = None
    indexing_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    error: str | None = None
    stopped_at: Timestamp | None = None


class Segment(_SegmentFields):
    """A chunk of a document. `position` counts from 1; `sign_content` is the content with signed links to its images.

    `error` says why a chunk could not be indexed: a chunk can be made and still have `status` "error".
    """

    updated_at: Timestamp | None = None
    updated_by: str | None = None
    child_chunks: list[ChildChunk] | None = None
    attachments: list[SegmentAttachment] | None = None
    summary: str | None = None


class SegmentDetail(Answer):
    """One chunk, in `data`, and how its document is cut."""

    data: Segment
    doc_form: DocForm | str | None = None


class SegmentList(Answer):
    """The chunks that a call has made, in `data`, and how their document is cut."""

    data: list[Segment]
    doc_form: DocForm | str | None = None


class ChildChunkDetail(Answer):
    """One child chunk, in `data`."""

    data: ChildChunk


class RetrievedDocument(Model):
    """The document of a retrieved chunk. `doc_metadata` has the values by name; servers do not promise its form."""

    id: str
    name: str | None = None
    data_source_type: str | None = None
    doc_type: str | None = None
    doc_metadata: dict[str, Any] | Any | None = None


class RetrievedSegment(_SegmentFields):
    """A chunk as retrieval finds it; what it found inside it is in `RetrieveRecord.child_chunks` and `.files`."""

    document: RetrievedDocument | None = None
