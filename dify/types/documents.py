"""Documents of a knowledge base: files, chunking rules and indexing progress."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field

from ._base import Model, ResponseModel, Timestamp
from .datasets import IndexingTechnique, RetrievalModel
from .metadata import MetadataValue
from .segments import DocForm

__all__ = [
    "DataSourceDetail",
    "DisplayStatus",
    "Document",
    "DocumentBatch",
    "DocumentDetail",
    "DocumentFile",
    "DocumentIndexing",
    "DocumentSettings",
    "DownloadURL",
    "IfExists",
    "IndexingState",
    "IndexingStatus",
    "NewDocumentSettings",
    "PreProcessingRule",
    "ProcessRule",
    "ProcessRules",
    "Segmentation",
    "StoredProcessRule",
]

IndexingState = Literal["waiting", "parsing", "cleaning", "splitting", "indexing", "paused", "completed", "error"] | str
"""Progress of a document's indexing; it ends at "completed" or "error"."""

DisplayStatus = Literal["queuing", "indexing", "paused", "error", "available", "disabled", "archived"] | str
"""State of a document as the console shows it; `documents.list(status=...)` filters by it."""

IfExists = Literal["error", "replace", "skip"]
"""Action if the knowledge base has a document of the same name: raise, replace that document, or send nothing."""


# ------------------------------------------------------------------------------------------------------- requests
class PreProcessingRule(Model):
    """A cleaning step before a text is split."""

    id: Literal["remove_extra_spaces", "remove_urls_emails", "remove_stopwords"]
    """Step: collapse extra spaces, remove URLs and email addresses, or remove stop words."""
    enabled: bool
    """True to apply the step."""


class Segmentation(Model):
    """Rules for splitting a text."""

    max_tokens: int
    """Maximum number of tokens of a chunk."""
    separator: str | None = None
    """Text to split at; the server's default is a line break."""
    chunk_overlap: int | None = None
    """Number of tokens that a chunk repeats from the one before; the server's default is 0."""


class ProcessRules(Model):
    """The rules of a "custom" or "hierarchical" `ProcessRule`."""

    pre_processing_rules: list[PreProcessingRule] | None = None
    """Cleaning steps before the text is split."""
    segmentation: Segmentation | None = None
    """Rules for splitting into chunks; in "hierarchical" mode, into parent chunks."""
    parent_mode: Literal["full-doc", "paragraph"] | None = None
    """Parent chunks in "hierarchical" mode: the whole document or its paragraphs. None in other modes."""
    subchunk_segmentation: Segmentation | None = None
    """Rules for splitting parents into child chunks, in "hierarchical" mode. None in other modes."""


class ProcessRule(Model):
    """Rules by which the server cleans a document and splits it into chunks.

    Example:
        >>> rule = ProcessRule(mode="custom", rules=ProcessRules(segmentation=Segmentation(max_tokens=500)))
        >>> rule.model_dump(mode="json", exclude_none=True)
        {'mode': 'custom', 'rules': {'segmentation': {'max_tokens': 500}}}
    """

    mode: Literal["automatic", "custom", "hierarchical"]
    """Kind of rules: "automatic" needs no `rules`, "custom" takes them, "hierarchical" takes them and requires
    `doc_form="hierarchical_model"`.
    """
    rules: ProcessRules | None = None
    """Rules for cleaning and splitting. None for "automatic"."""


class DocumentSettings(TypedDict, total=False):
    """Settings for splitting, indexing and searching a document.

    They are keyword arguments of `documents.replace_file`.
    """

    process_rule: ProcessRule | Mapping[str, Any] | None
    """Rules for cleaning and splitting. The first document of a knowledge base needs one, such as `{"mode": "automatic"}`;
    later ones follow the document before them if it is None.
    """
    doc_form: DocForm | None
    """Chunk structure, the same for all documents of a knowledge base. None for the server's default, "text_model"; a
    hierarchical `process_rule` implies "hierarchical_model".
    """
    doc_language: str | None
    """Language of question-and-answer documents. None for the server's default, "English"."""
    retrieval_model: RetrievalModel | Mapping[str, Any] | None
    """Search settings of the knowledge base; used with its first document."""
    embedding_model: str | None
    """Embedding model, the `model` of an entry of `models.list("text-embedding")`; used with the first document."""
    embedding_model_provider: str | None
    """The `provider` of that entry; required with `embedding_model`."""


class NewDocumentSettings(DocumentSettings, total=False):
    """Settings of a new document.

    They are keyword arguments of `documents.create_from_text` and `create_from_file`.
    """

    indexing_technique: IndexingTechnique | None
    """Index by embeddings ("high_quality") or by keywords ("economy"). The first document of a knowledge base needs it;
    some servers (1.14.2 among them) require it for every text. An embedding model implies "high_quality".
    """
    original_document_id: str | None
    """Id of the document to replace with this one."""


# -------------------------------------------------------------------------------------------------------- answers
class DocumentFile(Model):
    """The file that a document was made from."""

    id: str
    """UUID of the file."""
    name: str | None = None
    """File name."""
    size: int | None = None
    """Size in bytes."""
    extension: str | None = None
    """Extension without a dot, such as "txt"."""
    mime_type: str | None = None
    """MIME type of the content, such as "text/plain"."""
    created_by: str | None = None
    """UUID of the account that uploaded the file."""
    created_at: Timestamp | None = None
    """Time of the upload, with fractions of a second."""


class DataSourceDetail(Model):
    """The origin of a document.

    Members of sources other than files are in `model_extra`.
    """

    upload_file: DocumentFile | None = None
    """File of the document. None for other sources."""


class Document(Model):
    """A document of a knowledge base, in lists and in replies to changes.

    Statistics such as `tokens` and `word_count` are None until the document is indexed.
    """

    id: str
    """UUID of the document."""
    name: str
    """Name of the document."""
    position: int | None = None
    """Position in the knowledge base, from 1."""
    data_source_type: Literal["upload_file", "notion_import"] | str | None = None
    """Kind of source. Documents created from text have "upload_file" too."""
    data_source_info: dict[str, Any] | Any | None = None
    """Raw reference to the source, such as `{"upload_file_id": "..."}`; usually an object."""
    # Values of any other shape are kept unchanged.
    data_source_detail_dict: Annotated[DataSourceDetail | Any | None, Field(union_mode="left_to_right")] = None
    """Details of the source, such as the file. Kept as it is if it has another shape."""
    dataset_process_rule_id: str | None = None
    """UUID of the rules by which the document was split."""
    created_from: Literal["api", "web", "rag-pipeline"] | str | None = None
    """Origin: "api" for this API, "web" for the console, "rag-pipeline" for pipelines."""
    created_by: str | None = None
    """UUID of the account that created the document."""
    created_at: Timestamp | None = None
    """Time the document was created."""
    tokens: int | None = None
    """Number of tokens, counted with the embedding model. None until indexed; 0 for economy indexing."""
    indexing_status: IndexingState | None = None
    """Progress of the indexing."""
    error: str | None = None
    """Reason that the indexing failed. None if there is none."""
    enabled: bool | None = None
    """True if retrieval may use the document."""
    disabled_at: Timestamp | None = None
    """Time the document was disabled. None if it is enabled."""
    disabled_by: str | None = None
    """UUID of the account that disabled the document. None if it is enabled."""
    archived: bool | None = None
    """True if the document is archived, which excludes it from retrieval."""
    display_status: DisplayStatus | None = None
    """State as the console shows it."""
    word_count: int | None = None
    """Length of the text in characters. None until indexed."""
    hit_count: int | None = None
    """Number of times that retrieval found chunks of the document."""
    doc_form: DocForm | str | None = None
    """Chunk structure of the document."""
    doc_metadata: list[MetadataValue] | None = None
    """Metadata values, the built-in ones too if they are enabled. None or empty if there are none."""
    summary_index_status: str | None = None
    """State of the summary index: "SUMMARIZING" while it is built. None otherwise."""
    need_summary: bool | None = None
    """True if the document gets a summary index. None on servers up to 1.12."""


class DocumentBatch(ResponseModel):
    """A created or changed document, whose indexing has started."""

    document: Document
    """Document, usually not indexed yet."""
    batch: str
    """Id of the batch; `documents.indexing_status` and `documents.wait_indexed` take it."""


class StoredProcessRule(Model):
    """Rules by which a document was split, as stored."""

    id: str | None = None
    """UUID of the rules. None for the knowledge base's own rules."""
    dataset_id: str | None = None
    """UUID of the knowledge base. None for the knowledge base's own rules."""
    mode: Literal["automatic", "custom", "hierarchical"] | str | None = None
    """Kind of rules."""
    rules: dict[str, Any] | None = None
    """Rules as the server stored them. Their names may differ from those of `ProcessRules`, such as "delimiter"."""


class DocumentDetail(ResponseModel):
    """A document with all details.

    With `metadata="only"` it has no more than `id`, `doc_type` and `doc_metadata`.
    """

    id: str
    """UUID of the document."""
    name: str | None = None
    """Name of the document."""
    position: int | None = None
    """Position in the knowledge base, from 1."""
    data_source_type: Literal["upload_file", "notion_import"] | str | None = None
    """Kind of source. Documents created from text have "upload_file" too."""
    data_source_info: DataSourceDetail | None = None
    """Details of the source, such as the file."""
    dataset_process_rule_id: str | None = None
    """UUID of the rules by which the document was split."""
    dataset_process_rule: StoredProcessRule | None = None
    """Latest rules of the knowledge base."""
    document_process_rule: StoredProcessRule | None = None
    """Rules by which this document was split."""
    created_from: Literal["api", "web", "rag-pipeline"] | str | None = None
    """Origin: "api" for this API, "web" for the console, "rag-pipeline" for pipelines."""
    created_by: str | None = None
    """UUID of the account that created the document."""
    created_at: Timestamp | None = None
    """Time the document was created."""
    updated_at: Timestamp | None = None
    """Time of the last change."""
    completed_at: Timestamp | None = None
    """Time the indexing finished. None before."""
    tokens: int | None = None
    """Number of tokens, counted with the embedding model. None until indexed; 0 for economy indexing."""
    indexing_status: IndexingState | None = None
    """Progress of the indexing."""
    indexing_latency: float | None = None
    """Duration of the indexing in seconds. None until it has finished."""
    error: str | None = None
    """Reason that the indexing failed. None if there is none."""
    enabled: bool | None = None
    """True if retrieval may use the document."""
    disabled_at: Timestamp | None = None
    """Time the document was disabled. None if it is enabled."""
    disabled_by: str | None = None
    """UUID of the account that disabled the document. None if it is enabled."""
    archived: bool | None = None
    """True if the document is archived, which excludes it from retrieval."""
    display_status: DisplayStatus | None = None
    """State as the console shows it."""
    segment_count: int | None = None
    """Number of chunks."""
    average_segment_length: float | None = None
    """Average length of a chunk in characters; 0 until indexed."""
    hit_count: int | None = None
    """Number of times that retrieval found chunks of the document."""
    doc_form: DocForm | str | None = None
    """Chunk structure of the document."""
    doc_language: str | None = None
    """Language that was declared for the document, such as "English"."""
    doc_type: str | None = None
    """Category of the document. None if it has none, or with `metadata="without"`."""
    doc_metadata: list[MetadataValue] | dict[str, Any] | None = None
    """Metadata values. None if there are none, or with `metadata="without"`."""
    summary_index_status: str | None = None
    """State of the summary index: "SUMMARIZING" while it is built. None otherwise."""
    need_summary: bool | None = None
    """True if the document gets a summary index. None on servers up to 1.12."""


class DocumentIndexing(Model):
    """The indexing progress of a document."""

    id: str
    """UUID of the document."""
    indexing_status: IndexingState
    """Progress of the indexing."""
    processing_started_at: Timestamp | None = None
    """Time the processing started. None before."""
    parsing_completed_at: Timestamp | None = None
    """Time the text was extracted. None before."""
    cleaning_completed_at: Timestamp | None = None
    """Time the text was cleaned. None before."""
    splitting_completed_at: Timestamp | None = None
    """Time the text was split into chunks. None before."""
    completed_at: Timestamp | None = None
    """Time the indexing finished. None before."""
    paused_at: Timestamp | None = None
    """Time the indexing was paused. None if it is not paused."""
    stopped_at: Timestamp | None = None
    """Time the indexing was stopped. None if it was not."""
    error: str | None = None
    """Reason that the indexing failed. None if there is none."""
    completed_segments: int | None = None
    """Number of indexed chunks. None or 0 before the text is split."""
    total_segments: int | None = None
    """Number of chunks. None or 0 before the text is split."""


class IndexingStatus(ResponseModel):
    """The indexing progress of a batch."""

    data: list[DocumentIndexing]
    """Progress of each document of the batch."""


class DownloadURL(ResponseModel):
    """A signed link to the file of a document. `str(link)` is the URL."""

    url: str
    """URL, valid for a limited time. Without a host if the operator set no base URL for files: resolve it against the
    server's root then.
    """

    def __str__(self) -> str:
        """Return the URL."""
        return self.url
