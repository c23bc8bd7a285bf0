"""Knowledge bases, their documents and chunks, tags and metadata fields. Nothing here needs a web framework."""

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
"""The name of the account that everything is made by."""

BUILT_IN = {
    "document_name": "string",
    "uploader": "string",
    "upload_date": "time",
    "last_update_date": "time",
    "source": "string",
}
"""The built-in metadata fields and their types."""

SOURCES = {
    "upload_file": "file_upload",
    "local_file": "file_upload",
    "website_crawl": "website",
    "online_document": "online_document",
    "online_drive": "online_drive",
}
"""Values of the built-in metadata field `source`, by the origin of the document."""

STEPS = ("waiting", "parsing", "cleaning", "splitting", "indexing", "completed")
"""The states that a document goes through; a failure ends in "error"."""

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
class StoredRule:
    """Splitting rule of documents. A document created without a rule uses the rule of the previous document."""

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
    """A chunk. Its words are counted in characters, as the server does, and a token is a word."""

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

    def enable(self) -> None:
        """Let searches find it."""
        self.enabled, self.disabled_at = True, None

    def disable(self) -> None:
        """Hide it from searches."""
        self.enabled, self.disabled_at = False, now()

    def fail(self, problem: str) -> None:
        """It could not be indexed."""
        self.disable()
        self.status, self.error = "error", problem

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
    pieces: list[str] = field(default_factory=list[str])
    segments: dict[str, StoredSegment] = field(default_factory=dict[str, StoredSegment])
    # Values are kept by the field's name, as the server does; which fields the document has, by their ids.
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    field_ids: list[str] = field(default_factory=list[str])

    @property
    def under_way(self) -> bool:
        """True while the document is being indexed."""
        return self.status in STEPS[:-1]

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
        """Index it anew; what it had is gone, only the counts stay until it is through."""
        self.status, self.error = "waiting", None
        self.segments, self.pieces = {}, []
        self.started, self.updated_at = time.perf_counter(), now()

    def built_in(self) -> dict[str, Any]:
        """The values of the built-in metadata fields; times are text of a number with a fraction."""
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
    """A tag, and the ids of the knowledge bases that have it."""

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
        """Every chunk that a search may find."""
        for document in [*self.documents.values()]:
            if document.available:
                for segment in document.in_order():
                    if segment.enabled:
                        yield document, segment

    def named(self, name: str) -> StoredDocument | None:
        """The document of a name that one made of text or of a file replaces; disabled ones are never replaced."""
        found = [
            document
            for document in [*self.documents.values()]
            if document.name == name and document.enabled and document.data_source_type == "upload_file"
        ]
        return found[-1] if found else None

    def values(self, document: StoredDocument) -> list[tuple[str, str, str, Any]] | None:
        """Return id, name, type and value of each metadata field of a document; None if it has no values."""
        if not document.metadata:
            return None
        bound = [self.fields[id] for id in document.field_ids if id in self.fields]
        own = [(each.id, each.name, each.type, document.metadata.get(each.name)) for each in bound]
        return own + [("built-in", name, BUILT_IN[name], value) for name, value in document.built_in().items()]

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

    def segment(self, segment_id: str) -> tuple[StoredDocument, StoredSegment] | None:
        """A chunk and its document, by the chunk's id."""
        for dataset in [*self.datasets.values()]:
            for document in [*dataset.documents.values()]:
                if (found := document.segments.get(segment_id)) is not None:
                    return document, found
        return None

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


Collect = Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""What a datasource node finds for its inputs."""

PARAGRAPHS: dict[str, Any] = {
    "mode": "custom",
    "rules": {
        "pre_processing_rules": [],
        "segmentation": {"separator": "\n\n", "max_tokens": 500, "chunk_overlap": 0},
    },
}
"""How a pipeline cuts its documents: at empty lines."""


def collect_one_page(inputs: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The page that a datasource finds which was not told what there is."""
    url = str(inputs.get("url") or "https://example.com")
    return [{"source_url": url, "title": "Page", "content": f"The content of {url}.", "description": ""}]


@dataclass
class StoredPipeline:
    """A published pipeline: its one datasource node, and what that finds."""

    datasource_type: str
    node_id: str
    variables: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    collect: Collect | None = None
    id: str = field(default_factory=new_id)
    workflow_id: str = field(default_factory=new_id)

    def plugin(self) -> dict[str, Any]:
        """The datasource node as the API shows it, with the variables that are its own."""
        variables = [self._variable(each) for each in self.variables]
        return {
            "node_id": self.node_id,
            "plugin_id": "langgenius/emulator",
            "provider_name": "emulator",
            "datasource_type": self.datasource_type,
            "title": "emulator",
            "user_input_variables": [each for each in variables if each["belong_to_node_id"] == self.node_id],
            "credentials": [],
        }

    def _variable(self, given: dict[str, Any]) -> dict[str, Any]:
        usual: dict[str, Any] = {
            "belong_to_node_id": self.node_id,
            "type": "text-input",
            "label": given.get("variable", ""),
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
        return {**usual, **given}
