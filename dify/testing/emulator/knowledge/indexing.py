"""Indexing of documents and chunks.

Each request for a document advances its indexing by a step.
"""

from __future__ import annotations

import time

from ...script.ids import now
from ..answers import EmulatorError, EmulatorFile, text_of
from .keywords import keywords_of
from .models import STEPS, Knowledge, StoredDataset, StoredDocument, StoredSegment
from .splitting import SplitError, split_children, split_text

__all__ = ["advance", "create_children", "index", "index_segment"]


async def index(
    knowledge: Knowledge, dataset: StoredDataset, document: StoredDocument, failures: list[Exception]
) -> None:
    """Index a document completely."""
    while document.is_indexing:
        await advance(knowledge, dataset, document, failures)


async def advance(
    knowledge: Knowledge, dataset: StoredDataset, document: StoredDocument, failures: list[Exception]
) -> None:
    """Advance the indexing of a document by a step."""
    if not document.is_indexing:
        return
    step = STEPS[STEPS.index(document.status) + 1]
    if step == "splitting" and (message := await _split(knowledge, document, failures)) is not None:
        document.status, document.error = "error", message
        document.reached["stopped"] = now()
        return
    if step == "completed":
        _complete(dataset, document)
    document.reached[document.status] = now()
    document.status = step


async def _split(knowledge: Knowledge, document: StoredDocument, failures: list[Exception]) -> str | None:
    """Split a document into the texts of its chunks.

    Return the error message if that fails.
    """
    rule = document.rule.plain()
    try:
        document.pending_texts = split_text(await _text(knowledge, document), rule, document.doc_form)
        if document.doc_form == "hierarchical_model":
            for text in document.pending_texts:
                split_children(text, rule)
    except EmulatorError as error:
        return error.message
    except SplitError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # an exception of the user's function
        failures.append(error)
        return str(error)
    return None


async def _text(knowledge: Knowledge, document: StoredDocument) -> str:
    source = document.source
    if knowledge.read_document is None:
        return source.content.decode("utf-8-sig", "replace")
    file = EmulatorFile(
        type="document",
        transfer_method="local_file",
        upload_file_id=source.id,
        name=source.name,
        mime_type=source.mime_type,
        content=source.content,
    )
    return await text_of(knowledge.read_document, file)


def _complete(dataset: StoredDataset, document: StoredDocument) -> None:
    for position, text in enumerate(document.pending_texts, 1):
        segment = StoredSegment(text, position, counts_tokens=dataset.embeds)
        if document.doc_form == "qa_model":
            # A server generates questions and answers with a model. Here both are the text of the chunk.
            segment.answer = text
        document.segments[segment.id] = segment
        if document.doc_form == "hierarchical_model":
            segment.set_children(split_children(text, document.rule.plain()))
        elif dataset.lists_keywords:
            segment.keywords = keywords_of(text)
    dataset.has_vectors = dataset.has_vectors or (dataset.embeds and bool(document.segments))
    document.pending_texts = []
    document.recount()
    document.latency = time.perf_counter() - document.started
    document.updated_at = now()


def index_segment(dataset: StoredDataset, document: StoredDocument, segment: StoredSegment) -> None:
    """Create the child chunks or the keywords of a new chunk.

    If that fails, the chunk gets the status "error".
    """
    if document.doc_form == "hierarchical_model":
        create_children(dataset, document, segment)
    elif dataset.lists_keywords:
        segment.keywords = segment.keywords or keywords_of(segment.content)
    dataset.has_vectors = dataset.has_vectors or (dataset.embeds and segment.enabled)


def create_children(dataset: StoredDataset, document: StoredDocument, segment: StoredSegment) -> None:
    """Replace the child chunks of a chunk, which requires embeddings.

    If that fails, it gets the status "error".
    """
    if not dataset.embeds:
        segment.fail("The knowledge base index technique is not high quality!")
        return
    try:
        segment.set_children(split_children(segment.content, document.rule.plain()))
    except SplitError as error:
        segment.fail(str(error))
