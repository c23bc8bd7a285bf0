"""Documents of a knowledge base: how they are cut, what they are, and how far indexing is."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ._base import Answer, Model, Timestamp
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
    "DownloadURL",
    "IndexingState",
    "IndexingStatus",
    "PreProcessingRule",
    "ProcessRule",
    "ProcessRules",
    "Segmentation",
    "StoredProcessRule",
]

IndexingState = Literal["waiting", "parsing", "cleaning", "splitting", "indexing", "paused", "completed", "error"] | str
"""How far the indexing of a document is; it ends at "completed" or "error"."""

DisplayStatus = Literal["queuing", "indexing", "paused", "error", "available", "disabled", "archived"] | str
"""How far a document is, as the console shows it; also what the list of documents can be filtered by."""


# ------------------------------------------------------------------------------------------------------- requests
class PreProcessingRule(Model):
    """Whether to remove something before a text is cut: extra spaces, URLs and e-mail addresses, or stopwords."""

    id: Literal["remove_extra_spaces", "remove_urls_emails", "remove_stopwords"]
    enabled: bool


class Segmentation(Model):
    """Where to cut.

    Attributes:
        max_tokens: The most tokens that a chunk may have.
        separator: The text to cut at; the server's default is a line break.
        chunk_overlap: How many tokens a chunk repeats from the one before; the server's default is 0.
    """

    max_tokens: int
    separator: str | None = None
    chunk_overlap: int | None = None


class ProcessRules(Model):
    """The rules of a "custom" or "hierarchical" `ProcessRule`.

    Attributes:
        pre_processing_rules: What to clean up before cutting.
        segmentation: Where to cut into chunks (in "hierarchical" mode, the parent chunks).
        parent_mode: In "hierarchical" mode, whether the parent is the whole document or a paragraph of it.
        subchunk_segmentation: In "hierarchical" mode, where to cut the parents into child chunks.
    """

    pre_processing_rules: list[PreProcessingRule] | None = None
    segmentation: Segmentation | None = None
    parent_mode: Literal["full-doc", "paragraph"] | None = None
    subchunk_segmentation: Segmentation | None = None


class ProcessRule(Model):
    """How the server cuts a document into chunks.

    Attributes:
        mode: "automatic" needs no rules; "custom" takes `rules`; "hierarchical" takes `rules` too and goes with
            `doc_form="hierarchical_model"`.
        rules: What to clean up and where to cut.

    Example:
        >>> rule = ProcessRule(mode="custom", rules=ProcessRules(segmentation=Segmentation(max_tokens=500)))
        >>> rule.model_dump(mode="json", exclude_none=True)
        {'mode': 'custom', 'rules': {'segmentation': {'max_tokens': 500}}}
    """

    mode: Literal["automatic", "custom", "hierarchical"]
    rules: ProcessRules | None = None


# -------------------------------------------------------------------------------------------------------- answers
class DocumentFile(Model):
    """The file that a document was made from; `size` is in bytes."""

    id: str
    name: str | None = None
    size: int | None = None
    extension: str | None = None
    mime_type: str | None = None
    created_by: str | None = None
    created_at: Timestamp | None = None


class DataSourceDetail(Model):
    """Where a document comes from. Sources other than files send members of their own, kept in `model_extra`."""

    upload_file: DocumentFile | None = None


class Document(Model):
    """A document of a knowledge base, as lists and the calls that make or change one show it.

    Much is None until the document is indexed, `tokens` and `word_count` among it. `data_source_info` is as the source
    has it, such as `{"upload_file_id": …}`; `data_source_detail_dict` says more of the file. Servers
    promise the form of neither.
    """

    id: str
    name: str
    position: int | None = None
    data_source_type: Literal["upload_file", "notion_import"] | str | None = None
    data_source_info: dict[str, Any] | Any | None = None
    # What is no such detail is kept as it came.
    data_source_detail_dict: Annotated[DataSourceDetail | Any | None, Field(union_mode="left_to_right")] = None
    dataset_process_rule_id: str | None = None
    created_from: Literal["api", "web", "rag-pipeline"] | str | None = None
    created_by: str | None = None
    created_at: Timestamp | None = None
    tokens: int | None = None
    indexing_status: IndexingState | None = None
    error: str | None = None
    enabled: bool | None = None
    disabled_at: Timestamp | None = None
    disabled_by: str | None = None
    archived: bool | None = None
    display_status: DisplayStatus | None = None
    word_count: int | None = None
    hit_count: int | None = None
    doc_form: DocForm | str | None = None
    doc_metadata: list[MetadataValue] | None = None
    summary_index_status: str | None = None
    need_summary: bool | None = None


class DocumentBatch(Answer):
    """A document that was made or changed; indexing goes on, and `batch` is what `indexing_status` asks about."""

    document: Document
    batch: str


class StoredProcessRule(Model):
    """How a document was cut. `rules` is as the server stored it, which is not always as it was sent."""

    id: str | None = None
    dataset_id: str | None = None
    mode: Literal["automatic", "custom", "hierarchical"] | str | None = None
    rules: dict[str, Any] | None = None


class DocumentDetail(Answer):
    """All about one document. With `metadata="only"` the server sends no more than `id`, `doc_type`, `doc_metadata`.

    `indexing_latency` is in seconds. `dataset_process_rule` is the knowledge base's rule, `document_process_rule` the
    one that this document was cut by.
    """

    id: str
    name: str | None = None
    position: int | None = None
    data_source_type: Literal["upload_file", "notion_import"] | str | None = None
    data_source_info: DataSourceDetail | None = None
    dataset_process_rule_id: str | None = None
    dataset_process_rule: StoredProcessRule | None = None
    document_process_rule: StoredProcessRule | None = None
    created_from: Literal["api", "web", "rag-pipeline"] | str | None = None
    created_by: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    tokens: int | None = None
    indexing_status: IndexingState | None = None
    indexing_latency: float | None = None
    error: str | None = None
    enabled: bool | None = None
    disabled_at: Timestamp | None = None
    disabled_by: str | None = None
    archived: bool | None = None
    display_status: DisplayStatus | None = None
    segment_count: int | None = None
    average_segment_length: float | None = None
    hit_count: int | None = None
    doc_form: DocForm | str | None = None
    doc_language: str | None = None
    doc_type: str | None = None
    doc_metadata: list[MetadataValue] | dict[str, Any] | None = None
    summary_index_status: str | None = None
    need_summary: bool | None = None


class DocumentIndexing(Model):
    """How far the indexing of one document is. The segment counts can be None before it is cut."""

    id: str
    indexing_status: IndexingState
    processing_started_at: Timestamp | None = None
    parsing_completed_at: Timestamp | None = None
    cleaning_completed_at: Timestamp | None = None
    splitting_completed_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    paused_at: Timestamp | None = None
    stopped_at: Timestamp | None = None
    error: str | None = None
    completed_segments: int | None = None
    total_segments: int | None = None


class IndexingStatus(Answer):
    """How far the documents of a batch are."""

    data: list[DocumentIndexing]


class DownloadURL(Answer):
    """A signed link to the file behind a document; it expires. `str(link)` is the URL.

    It has no host where the operator set no base URL for files; it is relative to the server's root then.
    """

    url: str

    def __str__(self) -> str:
        """The URL."""
        return self.url
