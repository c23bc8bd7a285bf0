"""Segments (the chunks of a document) and their child chunks."""

from typing import Any, Literal

from ._base import Model, ResponseModel, Timestamp

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
"""Chunk structure of a document: plain chunks, chunks with child chunks, or questions with answers."""


# ------------------------------------------------------------------------------------------------------- requests
class SegmentInput(Model):
    """A chunk to add to a document, for `segments.create`."""

    content: str
    """Text of the chunk, not blank. In a "qa_model" document, the question."""
    answer: str | None = None
    """Answer; required in a "qa_model" document, ignored in others."""
    keywords: list[str] | None = None
    """Keywords for the keyword search. None lets the server extract them."""
    attachment_ids: list[str] | None = None
    """Ids of uploaded files to attach."""


class SegmentUpdate(Model):
    """Changes to a chunk, for `segments.update`. None leaves a value as it is."""

    content: str | None = None
    """New text."""
    answer: str | None = None
    """New answer, in a "qa_model" document."""
    keywords: list[str] | None = None
    """New keywords, which replace the old ones."""
    enabled: bool | None = None
    """True to include the chunk in retrieval, False to exclude it."""
    regenerate_child_chunks: bool | None = None
    """True to split the chunk into new child chunks, in a "hierarchical_model" document. The server's default is False."""
    attachment_ids: list[str] | None = None
    """Ids of uploaded files to attach."""
    summary: str | None = None
    """New text for the summary index."""


# -------------------------------------------------------------------------------------------------------- answers
class ChildChunk(Model):
    """A child chunk: a part of a chunk in a "hierarchical_model" document."""

    id: str
    """UUID of the child chunk."""
    segment_id: str
    """UUID of the chunk."""
    content: str
    """Text of the child chunk."""
    position: int | None = None
    """Position in the chunk, from 1."""
    word_count: int | None = None
    """Length of the text in characters."""
    type: Literal["automatic", "customized"] | str | None = None
    """Origin: "automatic" if the server split the chunk, "customized" if created or changed through the API."""
    created_at: Timestamp | None = None
    """Time the child chunk was created."""
    updated_at: Timestamp | None = None
    """Time of the last change."""


class SegmentAttachment(Model):
    """A file attached to a chunk."""

    id: str
    """UUID of the file."""
    name: str | None = None
    """File name."""
    size: int | None = None
    """Size in bytes."""
    extension: str | None = None
    """Extension of the file name."""
    mime_type: str | None = None
    """MIME type of the content, such as "image/png"."""
    source_url: str | None = None
    """Signed URL of the content, valid for about 5 minutes by default."""


class _SegmentFields(Model):
    """Fields that chunks have in lists and in retrieval results."""

    id: str
    """UUID of the chunk."""
    document_id: str
    """UUID of the document."""
    content: str
    """Text of the chunk; in a "qa_model" document, the question."""
    position: int | None = None
    """Position in the document, from 1."""
    sign_content: str | None = None
    """Text with signed links to its images. None in retrieval results."""
    answer: str | None = None
    """Answer in a "qa_model" document. None in others."""
    word_count: int | None = None
    """Length of the text in characters."""
    tokens: int | None = None
    """Number of tokens, counted with the embedding model; 0 for economy indexing."""
    keywords: list[str] | None = None
    """Keywords of the chunk. None in lists of hierarchical documents."""
    index_node_id: str | None = None
    """Id of the chunk in the vector index. None until it is indexed."""
    index_node_hash: str | None = None
    """Hash of the indexed text. None until it is indexed."""
    hit_count: int | None = None
    """Number of times that retrieval found the chunk."""
    enabled: bool | None = None
    """True if retrieval may find the chunk."""
    disabled_at: Timestamp | None = None
    """Time the chunk was disabled. None if it is enabled."""
    disabled_by: str | None = None
    """UUID of the account that disabled the chunk. None if it is enabled."""
    status: Literal["waiting", "indexing", "completed", "error", "paused", "re_segment"] | str | None = None
    """Indexing state of the chunk. A chunk can be created and still end at "error"."""
    created_by: str | None = None
    """UUID of the account that created the chunk."""
    created_at: Timestamp | None = None
    """Time the chunk was created."""
    indexing_at: Timestamp | None = None
    """Time the indexing started. None before."""
    completed_at: Timestamp | None = None
    """Time the indexing finished. None before."""
    error: str | None = None
    """Reason that the chunk could not be indexed. None if there is none."""
    stopped_at: Timestamp | None = None
    """Time the indexing was stopped. None if it was not."""


class Segment(_SegmentFields):
    """A chunk of a document."""

    updated_at: Timestamp | None = None
    """Time of the last change."""
    updated_by: str | None = None
    """UUID of the account that changed the chunk last. None if none did."""
    child_chunks: list[ChildChunk] | None = None
    """Child chunks; empty unless the document is a "hierarchical_model"."""
    attachments: list[SegmentAttachment] | None = None
    """Files attached to the chunk. None on older servers."""
    summary: str | None = None
    """Summary of the chunk. None unless the knowledge base has a summary index."""


class SegmentDetail(ResponseModel):
    """A chunk with the structure of its document."""

    data: Segment
    """Chunk."""
    doc_form: DocForm | str | None = None
    """Chunk structure of the document."""


class SegmentList(ResponseModel):
    """The created chunks with the structure of their document."""

    data: list[Segment]
    """Created chunks, in the order of the request."""
    doc_form: DocForm | str | None = None
    """Chunk structure of the document."""


class ChildChunkDetail(ResponseModel):
    """A created or changed child chunk."""

    data: ChildChunk
    """Child chunk."""


class RetrievedDocument(Model):
    """The document of a chunk in a retrieval result."""

    id: str
    """UUID of the document."""
    name: str | None = None
    """Name of the document."""
    data_source_type: str | None = None
    """Origin of the document, such as "upload_file"."""
    doc_type: str | None = None
    """Category of the document. None if it has none."""
    doc_metadata: dict[str, Any] | Any | None = None
    """Metadata values by field name, usually an object. None if there are none."""


class RetrievedSegment(_SegmentFields):
    """A chunk in a retrieval result.

    Matching child chunks and files are in `RetrieveRecord`.
    """

    document: RetrievedDocument | None = None
    """Document that the chunk belongs to."""
