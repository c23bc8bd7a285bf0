"""Indexing, one step at a time: each look at a document takes it a step further."""

from __future__ import annotations

import time

from ...script.ids import now
from ..answers import EmulatorError, EmulatorFile, text_of
from .keywords import keywords_of
from .models import STEPS, Knowledge, StoredDataset, StoredDocument, StoredSegment
from .splitting import SplitError, split_children, split_text

__all__ = ["advance", "index", "index_segment", "set_children"]


async def index(
    knowledge: Knowledge, dataset: StoredDataset, document: StoredDocument, failures: list[Exception]
) -> None:
    """Index a document to the end."""
    while document.under_way:
        await advance(knowledge, dataset, document, failures)


async def advance(
    knowledge: Knowledge, dataset: StoredDataset, document: StoredDocument, failures: list[Exception]
) -> None:
    """Take the next step, if there is one."""
    if not document.under_way:
        return
    step = STEPS[STEPS.index(document.status) + 1]
    if step == "splitting" and (problem := await _cut(knowledge, document, failures)) is not None:
        document.status, document.error = "error", problem
        document.reached["stopped"] = now()
        return
    if step == "completed":
        _complete(dataset, document)
    document.reached[document.status] = now()
    document.status = step


async def _cut(knowledge: Knowledge, document: StoredDocument, failures: list[Exception]) -> str | None:
    """Make the texts of a document's chunks; gives why there are none."""
    rule = document.rule.plain()
    try:
        document.pieces = split_text(await _text(knowledge, document), rule, document.doc_form)
        if document.doc_form == "hierarchical_model":
            for piece in document.pieces:
                split_children(piece, rule)
    except EmulatorError as error:
        return error.message
    except SplitError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # a mistake of the user's function: kept for the test to see
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
    for position, piece in enumerate(document.pieces, 1):
        segment = StoredSegment(piece, position, counts_tokens=dataset.embeds)
        if document.doc_form == "qa_model":
            # Where a server has a model make up questions, the chunk asks and answers itself.
            segment.answer = piece
        document.segments[segment.id] = segment
        if document.doc_form == "hierarchical_model":
            segment.set_children(split_children(piece, document.rule.plain()))
        elif dataset.lists_keywords:
            segment.keywords = keywords_of(piece)
    dataset.has_vectors = dataset.has_vectors or (dataset.embeds and bool(document.segments))
    document.pieces = []
    document.recount()
    document.latency = time.perf_counter() - document.started
    document.updated_at = now()


def index_segment(dataset: StoredDataset, document: StoredDocument, segment: StoredSegment) -> None:
    """Index a chunk that was added: its children or its keywords are made; if they cannot be, it has failed."""
    if document.doc_form == "hierarchical_model":
        set_children(dataset, document, segment)
    elif dataset.lists_keywords:
        segment.keywords = segment.keywords or keywords_of(segment.content)
    dataset.has_vectors = dataset.has_vectors or (dataset.embeds and segment.enabled)


def set_children(dataset: StoredDataset, document: StoredDocument, segment: StoredSegment) -> None:
    """Make the child chunks of a chunk anew, which takes embeddings; if they cannot be made, it has failed."""
    if not dataset.embeds:
        segment.fail("The knowledge base index technique is not high quality!")
        return
    try:
        segment.set_children(split_children(segment.content, document.rule.plain()))
    except SplitError as error:
        segment.fail(str(error))
