"""Indexing, one step at a time: each look at a document takes it a step further."""

from __future__ import annotations

import time

from .._answers import EmulatorError, EmulatorFile, text_of
from .._ids import now
from .cutting import children_of, chunks_of
from .state import Knowledge, StoredDataset, StoredDocument, StoredSegment

__all__ = ["STEPS", "advance", "index_if_at_once"]

STEPS = ("waiting", "parsing", "cleaning", "splitting", "indexing", "completed")
"""The states that a document goes through; a failure ends in "error"."""


async def index_if_at_once(
    knowledge: Knowledge, dataset: StoredDataset, document: StoredDocument, failures: list[Exception]
) -> None:
    """Index a document to the end, where the emulator was made so."""
    while knowledge.at_once and document.status in STEPS[:-1]:
        await advance(knowledge, dataset, document, failures)


async def advance(
    knowledge: Knowledge, dataset: StoredDataset, document: StoredDocument, failures: list[Exception]
) -> None:
    """Take the next step, if there is one."""
    if document.status not in STEPS[:-1]:
        return
    step = STEPS[STEPS.index(document.status) + 1]
    if step == "splitting":
        try:
            text = await _text(knowledge, document)
        except EmulatorError as error:
            document.status, document.error = "error", error.message
            return
        except Exception as error:  # noqa: BLE001  # a mistake of the user's function: kept for the test to see
            failures.append(error)
            document.status, document.error = "error", str(error)
            return
        document.pieces = chunks_of(text, document.rule)
    if step == "completed":
        _complete(dataset, document)
    document.reached[document.status] = now()
    document.status = step


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
        segment = StoredSegment(piece, position, counts_tokens=dataset.indexing_technique == "high_quality")
        if document.doc_form == "qa_model":
            # Where a server has a model make up questions, the chunk asks and answers itself.
            segment.answer = piece
        elif document.doc_form == "hierarchical_model":
            segment.set_children(children_of(piece, document.rule))
        document.segments[segment.id] = segment
    document.pieces = []
    document.recount()
    document.latency = time.perf_counter() - document.started
    document.updated_at = now()
