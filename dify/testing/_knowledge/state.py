"""Knowledge bases, their documents and chunks, tags and metadata fields. Nothing here needs a web framework."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from .._answers import ReadDocument
from .._ids import new_id, now
from .pipelines import StoredPipeline

__all__ = [
    "ACCOUNT",
    "Knowledge",
    "SourceFile",
    "StoredChild",
    "StoredDataset",
    "StoredDocument",
    "StoredField",
    "StoredSegment",
    "StoredTag",
    "new_batch",
]

ACCOUNT = "Emulator"
"""The name of the account that everything is made by."""

_batches = count(100_000)


def new_batch() -> str:
    """A batch as the server words it: the time and six digits."""
    return f"{time.strftime('%Y%m%d%H%M%S', time.gmtime())}{next(_batches) % 900_000 + 100_000}"


@dataclass
class SourceFile:
    """The file that a document was made of; of a document made of text, the file that the server writes for it."""

    name: str
    content: bytes
    mime_type: str
    extension: str
    size: int
    id: str = field(default_factory=new_id)
    created_at: float = field(default_factory=time.time)


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
    """A chunk. Its words are counted in characters, as the server does, and a token is a word."""

    content: str
    position: int
    answer: str | None = None
    keywords: list[str] | None = None
    counts_tokens: bool = True
    enabled: bool = True
    disabled_at: int | None = None
    updated_by: str | None = None
    id: str = field(default_factory=new_id)
    index_node_id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)
    indexed_at: int = field(default_factory=now)
    children: dict[str, StoredChild] = field(default_factory=dict[str, StoredChild])

    @property
    def text(self) -> str:
        """All that it says: a question with its answer."""
        return self.content + (self.answer or "")

    @property
    def word_count(self) -> int:
        """Its length."""
        return len(self.text)

    @property
    def tokens(self) -> int:
        """Its tokens; keyword indexes count none."""
        return len(self.text.split()) if self.counts_tokens else 0

    def set_children(self, texts: list[str]) -> None:
        """Put other child chunks in place of those it has."""
        children = [StoredChild(text, position) for position, text in enumerate(texts, 1)]
        self.children = {child.id: child for child in children}


@dataclass
class StoredDocument:
    """A document. `pieces` are the texts of its chunks-to-be while it is being indexed."""

    name: str
    position: int
    source: SourceFile
    doc_form: str
    doc_language: str
    rule: dict[str, Any]
    id: str = field(default_factory=new_id)
    rule_id: str = field(default_factory=new_id)
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
    pieces: list[str] = field(default_factory=list[str])
    segments: dict[str, StoredSegment] = field(default_factory=dict[str, StoredSegment])
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def indexed(self) -> bool:
        """Whether indexing is through with it."""
        return self.status == "completed"

    @property
    def available(self) -> bool:
        """Whether searches look into it."""
        return self.indexed and self.enabled and not self.archived

    @property
    def display_status(self) -> str:
        """How far it is, as the console words it."""
        if self.status in ("waiting", "error", "paused"):
            return "queuing" if self.status == "waiting" else self.status
        if not self.indexed:
            return "indexing"
        if self.archived:
            return "archived"
        return "available" if self.enabled else "disabled"

    def in_order(self) -> list[StoredSegment]:
        """Its chunks by their position."""
        return sorted([*self.segments.values()], key=lambda segment: segment.position)

    def add(self, segment: StoredSegment) -> StoredSegment:
        """Add a chunk, and count it in."""
        self.segments[segment.id] = segment
        self.recount()
        return segment

    def recount(self) -> None:
        """Sum up what the chunks have."""
        segments = [*self.segments.values()]
        self.word_count = sum(segment.word_count for segment in segments)
        self.tokens = sum(segment.tokens for segment in segments)

    def next_position(self) -> int:
        """The position of a chunk that is added."""
        return max((segment.position for segment in [*self.segments.values()]), default=0) + 1

    def begin_again(self) -> None:
        """Index it anew, under the same batch; what it had is gone, only the counts stay until it is through."""
        self.status, self.error, self.reached, self.latency = "waiting", None, {}, None
        self.segments, self.pieces = {}, []
        self.created_from, self.started, self.updated_at, self.rule_id = "web", time.perf_counter(), now(), new_id()


def _built_in(document: StoredDocument) -> list[tuple[str, str, str, Any]]:
    # The server keeps times in metadata as text of a number with a fraction.
    values = (
        ("document_name", "string", document.name),
        ("uploader", "string", ACCOUNT),
        ("upload_date", "time", str(float(document.created_at))),
        ("last_update_date", "time", str(float(document.updated_at))),
        ("source", "string", "file_upload"),
    )
    return [("built-in", *value) for value in values]


@dataclass
class StoredField:
    """A metadata field of a knowledge base."""

    name: str
    type: str
    id: str = field(default_factory=new_id)


@dataclass
class StoredTag:
    """A tag, and the ids of the knowledge bases that have it."""

    name: str
    id: str = field(default_factory=new_id)
    bound: dict[str, None] = field(default_factory=dict[str, None])


@dataclass
class StoredDataset:
    """A knowledge base."""

    name: str
    description: str = ""
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
    rule: dict[str, Any] | None = None
    built_in_fields: bool = False
    fields: dict[str, StoredField] = field(default_factory=dict[str, StoredField])
    documents: dict[str, StoredDocument] = field(default_factory=dict[str, StoredDocument])
    pipeline: StoredPipeline | None = None

    def searchable(self) -> Iterator[tuple[StoredDocument, StoredSegment]]:
        """Every chunk that a search may find."""
        for document in [*self.documents.values()]:
            if document.available:
                for segment in document.in_order():
                    if segment.enabled:
                        yield document, segment

    def values(self, document: StoredDocument) -> list[tuple[str, str, str, Any]]:
        """What a document has in the metadata fields: id, name, type and value of each."""
        own = [
            (each.id, each.name, each.type, document.metadata[each.id])
            for each in [*self.fields.values()]
            if each.id in document.metadata
        ]
        return own + (_built_in(document) if self.built_in_fields else [])

    def next_position(self) -> int:
        """The position of a document that is added."""
        return max((document.position for document in [*self.documents.values()]), default=0) + 1


@dataclass
class Knowledge:
    """The workspace's knowledge: everything that a `dataset-` key reaches.

    Attributes:
        read_document: What makes text of a document's file; by default the file is taken for UTF-8.
        at_once: Whether a document is indexed as soon as it is made.
        account_id: Id of the account that everything is made by.
        datasets: The knowledge bases, oldest first.
        tags: The tags, oldest first.
    """

    read_document: ReadDocument | None = None
    at_once: bool = False
    account_id: str = field(default_factory=new_id)
    datasets: dict[str, StoredDataset] = field(default_factory=dict[str, StoredDataset])
    tags: dict[str, StoredTag] = field(default_factory=dict[str, StoredTag])

    def file(self, file_id: str) -> SourceFile | None:
        """The file behind a document, by the file's id."""
        for dataset in [*self.datasets.values()]:
            for document in [*dataset.documents.values()]:
                if document.source.id == file_id:
                    return document.source
        return None

    def remove(self, dataset: StoredDataset) -> None:
        """Delete a knowledge base, and take it off its tags."""
        del self.datasets[dataset.id]
        for tag in [*self.tags.values()]:
            tag.bound.pop(dataset.id, None)
