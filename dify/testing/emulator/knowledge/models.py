"""Models of knowledge bases, without the web framework.

These are documents, chunks, tags, metadata fields and pipelines.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from ...script.ids import new_id, now
from ..answers import ReadDocument

__all__ = [
    "ACCOUNT",
    "BUILT_IN",
    "PARAGRAPHS",
    "SOURCES",
    "STEPS",
    "Collect",
    "Knowledge",
    "SourceFile",
    "StoredChild",
    "StoredDataset",
    "StoredDocument",
    "StoredField",
    "StoredPipeline",
    "StoredRule",
    "StoredSegment",
    "StoredTag",
    "collect_one_page",
    "new_batch",
]


ACCOUNT = "Emulator"
"""Name of the account that creates everything."""

BUILT_IN = {
    "document_name": "string",
    "uploader": "string",
    "upload_date": "time",
    "last_update_date": "time",
    "source": "string",
}
"""Built-in metadata fields and their types."""

SOURCES = {
    "upload_file": "file_upload",
    "local_file": "file_upload",
    "website_crawl": "website",
    "online_document": "online_document",
    "online_drive": "online_drive",
}
"""Values of the built-in metadata field `source`, by the origin of the document."""

STEPS = ("waiting", "parsing", "cleaning", "splitting", "indexing", "completed")
"""Statuses of a document during its indexing. After a failure the status is "error"."""

_batches = count(100_000)


def new_batch() -> str:
    """Return the id of a new batch: the time and six digits."""
    return f"{time.strftime('%Y%m%d%H%M%S', time.gmtime())}{next(_batches) % 900_000 + 100_000}"


@dataclass
class SourceFile:
    """The file of a document.

    For a document from a text, it is the file that the server creates.
    """

    name: str
    content: bytes
    mime_type: str
    extension: str
    size: int
    id: str = field(default_factory=new_id)
    created_at: float = field(default_factory=time.time)


@dataclass
class StoredRule:
    """Splitting rule of documents.

    A document created without a rule uses the rule of the previous document.
    """

    mode: str
    rules: dict[str, Any] | None
    id: str = field(default_factory=new_id)

    def plain(self) -> dict[str, Any]:
        """Mode and rules."""
        return {"mode": self.mode, "rules": self.rules}


@dataclass
class StoredChild:
    """A child chunk."""

    content: str
    position: int
    type: str = "automatic"
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)


@dataclass
class StoredSegment:
    """A chunk.

    As on a server, its word count is in characters. Each word counts as a token.
    """

    content: str
    position: int
    answer: str | None = None
    keywords: list[str] | None = None
    counts_tokens: bool = True
    enabled: bool = True
    disabled_at: int | None = None
    status: str = "completed"
    error: str | None = None
    updated_by: str | None = None
    id: str = field(default_factory=new_id)
    index_node_id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)
    indexed_at: int = field(default_factory=now)
    children: dict[str, StoredChild] = field(default_factory=dict[str, StoredChild])

    @property
    def text(self) -> str:
        """Content and, in question-and-answer form, the answer."""
        return self.content + (self.answer or "")

    @property
    def word_count(self) -> int:
        """Number of characters."""
        return len(self.text)

    @property
    def tokens(self) -> int:
        """Number of tokens, which is 0 without embeddings."""
        return len(self.text.split()) if self.counts_tokens else 0

    def enable(self) -> None:
        """Include it in searches."""
        self.enabled, self.disabled_at = True, None

    def disable(self) -> None:
        """Exclude it from searches."""
        self.enabled, self.disabled_at = False, now()

    def fail(self, message: str) -> None:
        """Set the status "error"."""
        self.disable()
        self.status, self.error = "error", message

    def set_children(self, texts: list[str]) -> None:
        """Replace its child chunks."""
        children = [StoredChild(text, position) for position, text in enumerate(texts, 1)]
        self.children = {child.id: child for child in children}


@dataclass
class StoredDocument:
    """A document.

    `pending_texts` are the texts of its future chunks while it is being indexed.
    """

    name: str
    position: int
    source: SourceFile
    doc_form: str
    doc_language: str
    rule: StoredRule
    id: str = field(default_factory=new_id)
    data_source_type: str = "upload_file"
    batch: str = field(default_factory=new_batch)
    created_from: str = "api"
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)
    status: str = "waiting"
    error: str | None = None
    enabled: bool = True
    disabled_at: int | None = None
    archived: bool = False
    tokens: int | None = None
    word_count: int | None = None
    started: float = field(default_factory=time.perf_counter)
    latency: float | None = None
    reached: dict[str, int] = field(default_factory=dict[str, int])
    pending_texts: list[str] = field(default_factory=list[str])
    segments: dict[str, StoredSegment] = field(default_factory=dict[str, StoredSegment])
    # As on a server, values are stored by field name, and the fields of the document by id.
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    field_ids: list[str] = field(default_factory=list[str])

    @property
    def is_indexing(self) -> bool:
        """True while the document is being indexed."""
        return self.status in STEPS[:-1]

    @property
    def indexed(self) -> bool:
        """True once it is indexed."""
        return self.status == "completed"

    @property
    def available(self) -> bool:
        """True if searches include it."""
        return self.indexed and self.enabled and not self.archived

    @property
    def display_status(self) -> str:
        """Status as the console shows it."""
        if self.status in ("waiting", "error", "paused"):
            return "queuing" if self.status == "waiting" else self.status
        if not self.indexed:
            return "indexing"
        if self.archived:
            return "archived"
        return "available" if self.enabled else "disabled"

    def in_order(self) -> list[StoredSegment]:
        """Return its chunks by position."""
        return sorted([*self.segments.values()], key=lambda segment: segment.position)

    def add(self, segment: StoredSegment) -> StoredSegment:
        """Add a chunk and update the counts."""
        self.segments[segment.id] = segment
        self.recount()
        return segment

    def recount(self) -> None:
        """Update the counts of words and tokens."""
        segments = [*self.segments.values()]
        self.word_count = sum(segment.word_count for segment in segments)
        self.tokens = sum(segment.tokens for segment in segments)

    def next_position(self) -> int:
        """Return the position of the next chunk."""
        return max((segment.position for segment in [*self.segments.values()]), default=0) + 1

    def restart_indexing(self) -> None:
        """Remove its chunks and start its indexing. The counts stay until it is indexed."""
        self.status, self.error = "waiting", None
        self.segments, self.pending_texts = {}, []
        self.started, self.updated_at = time.perf_counter(), now()

    def built_in(self) -> dict[str, Any]:
        """Return the values of the built-in metadata fields. Times are floats as text."""
        values = (
            self.name,
            ACCOUNT,
            str(float(self.created_at)),
            str(float(self.updated_at)),
            SOURCES.get(self.data_source_type, "file_upload"),
        )
        return dict(zip(BUILT_IN, values, strict=True))


@dataclass
class StoredField:
    """A metadata field of a knowledge base."""

    name: str
    type: str
    id: str = field(default_factory=new_id)


@dataclass
class StoredTag:
    """A tag, with the ids of its knowledge bases."""

    name: str
    id: str = field(default_factory=new_id)
    bound: dict[str, None] = field(default_factory=dict[str, None])


@dataclass
class StoredDataset:
    """A knowledge base."""

    name: str
    description: str | None = ""
    provider: str = "vendor"
    permission: str = "only_me"
    indexing_technique: str | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    retrieval_model: dict[str, Any] | None = None
    summary_index_setting: dict[str, Any] = field(default_factory=dict[str, Any])
    partial_member_list: list[str] = field(default_factory=list[str])
    id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)
    data_source_type: str | None = None
    doc_form: str | None = None
    rule: StoredRule | None = None
    has_vectors: bool = False
    built_in_fields: bool = False
    fields: dict[str, StoredField] = field(default_factory=dict[str, StoredField])
    documents: dict[str, StoredDocument] = field(default_factory=dict[str, StoredDocument])
    pipeline: StoredPipeline | None = None

    @property
    def embeds(self) -> bool:
        """True if chunks get embeddings; chunks of economy knowledge bases get keywords."""
        return self.indexing_technique == "high_quality"

    @property
    def lists_keywords(self) -> bool:
        """True if chunks are indexed by keywords."""
        return self.indexing_technique == "economy"

    def searchable(self) -> Iterator[tuple[StoredDocument, StoredSegment]]:
        """Yield the documents and chunks that searches include."""
        for document in [*self.documents.values()]:
            if document.available:
                for segment in document.in_order():
                    if segment.enabled:
                        yield document, segment

    def replaceable_document(self, name: str) -> StoredDocument | None:
        """Return the document that a new document with this name replaces.

        Disabled documents are not replaced.
        """
        matches = [
            document
            for document in [*self.documents.values()]
            if document.name == name and document.enabled and document.data_source_type == "upload_file"
        ]
        return matches[-1] if matches else None

    def values(self, document: StoredDocument) -> list[tuple[str, str, str, Any]] | None:
        """Return id, name, type and value of each metadata field of a document.

        None if it has no values.
        """
        if not document.metadata:
            return None
        bound = [self.fields[id] for id in document.field_ids if id in self.fields]
        values = [(field.id, field.name, field.type, document.metadata.get(field.name)) for field in bound]
        return values + [("built-in", name, BUILT_IN[name], value) for name, value in document.built_in().items()]

    def next_position(self) -> int:
        """Return the position of the next document."""
        return max((document.position for document in [*self.documents.values()]), default=0) + 1


@dataclass
class Knowledge:
    """Knowledge bases and tags of a workspace.

    API keys with the prefix `dataset-` give access to them.

    Attributes:
        read_document: Function that returns the text of a document's file. None to decode UTF-8.
        index_at_once: Index documents completely when they are created.
        account_id: Id of the account that creates everything.
        datasets: Knowledge bases, oldest first.
        tags: Tags, oldest first.
    """

    read_document: ReadDocument | None = None
    index_at_once: bool = False
    account_id: str = field(default_factory=new_id)
    datasets: dict[str, StoredDataset] = field(default_factory=dict[str, StoredDataset])
    tags: dict[str, StoredTag] = field(default_factory=dict[str, StoredTag])

    def segment(self, segment_id: str) -> tuple[StoredDocument, StoredSegment] | None:
        """Return a chunk and its document by the id of the chunk."""
        for dataset in [*self.datasets.values()]:
            for document in [*dataset.documents.values()]:
                if (segment := document.segments.get(segment_id)) is not None:
                    return document, segment
        return None

    def file(self, file_id: str) -> SourceFile | None:
        """Return the file of a document by the id of the file."""
        for dataset in [*self.datasets.values()]:
            for document in [*dataset.documents.values()]:
                if document.source.id == file_id:
                    return document.source
        return None

    def remove(self, dataset: StoredDataset) -> None:
        """Delete a knowledge base and its bindings to tags."""
        del self.datasets[dataset.id]
        for tag in [*self.tags.values()]:
            tag.bound.pop(dataset.id, None)


Collect = Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""Function that returns the pages or files that a datasource node finds for its inputs."""

PARAGRAPHS: dict[str, Any] = {
    "mode": "custom",
    "rules": {
        "pre_processing_rules": [],
        "segmentation": {"separator": "\n\n", "max_tokens": 500, "chunk_overlap": 0},
    },
}
"""Rule by which a pipeline splits its documents: at empty lines."""


def collect_one_page(inputs: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the page that a datasource without a function finds."""
    url = str(inputs.get("url") or "https://example.com")
    return [{"source_url": url, "title": "Page", "content": f"The content of {url}.", "description": ""}]


@dataclass
class StoredPipeline:
    """A published pipeline with one datasource node."""

    datasource_type: str
    node_id: str
    variables: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    collect: Collect | None = None
    id: str = field(default_factory=new_id)
    workflow_id: str = field(default_factory=new_id)

    def plugin(self) -> dict[str, Any]:
        """Return the datasource node of the API, with its own variables."""
        variables = [self._variable(variable) for variable in self.variables]
        return {
            "node_id": self.node_id,
            "plugin_id": "langgenius/emulator",
            "provider_name": "emulator",
            "datasource_type": self.datasource_type,
            "title": "emulator",
            "user_input_variables": [
                variable for variable in variables if variable["belong_to_node_id"] == self.node_id
            ],
            "credentials": [],
        }

    def _variable(self, fields: dict[str, Any]) -> dict[str, Any]:
        defaults: dict[str, Any] = {
            "belong_to_node_id": self.node_id,
            "type": "text-input",
            "label": fields.get("variable", ""),
            "description": "",
            "variable": "",
            "max_length": 256,
            "default_value": None,
            "placeholder": None,
            "unit": None,
            "tooltips": None,
            "allowed_file_types": None,
            "allowed_file_extensions": [],
            "allowed_file_upload_methods": [],
            "required": False,
            "options": [],
        }
        return {**defaults, **fields}
