"""`dify knowledge segments`: the chunks of a document."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..command import Job, command, examples
from ..inputs import checked, read_text
from ..lazy import group
from ..options import All, Keyword, Limit, Yes, confirmed
from .options import DatasetId, DocumentId, SegmentId

__all__ = ["segments"]

segments = group("Segments, the chunks of a document.")
segments.info.name = "knowledge segments"

_SHOWN = ("id", "position", "status", "content")

Answer = Annotated[str | None, typer.Option("--answer", metavar="TEXT", help="For question-and-answer documents.")]
Keywords = Annotated[list[str] | None, typer.Option("--word", metavar="WORD", help="A word to find it by; repeatable.")]


@command(
    segments, "list", key="knowledge", epilog=examples("dify knowledge segments list DATASET_ID DOCUMENT_ID --all")
)
async def list_all(
    job: Job,
    dataset_id: DatasetId,
    document_id: DocumentId,
    keyword: Keyword = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the segments of a document in their order."""
    found = job.client.knowledge.segments.list(
        dataset_id, document_id, keyword=keyword, limit=100 if all else min(limit + 1, 100)
    )
    await job.out.pages(found, _SHOWN, limit=limit, all=all)


@command(segments, "show", key="knowledge")
async def show(job: Job, dataset_id: DatasetId, document_id: DocumentId, segment_id: SegmentId) -> None:
    """Show a segment."""
    job.out.one((await job.client.knowledge.segments.get(dataset_id, document_id, segment_id)).data)


@command(
    segments,
    "add",
    key="knowledge",
    epilog=examples('dify knowledge segments add DATASET_ID DOCUMENT_ID "Lemons are sour." --word lemon'),
)
async def add(
    job: Job,
    dataset_id: DatasetId,
    document_id: DocumentId,
    content: Annotated[str, typer.Argument(metavar="TEXT", help="The text; - reads it from standard input.")],
    answer: Answer = None,
    word: Keywords = None,
) -> None:
    """Add a segment to a document that is indexed."""
    chunk: dict[str, Any] = {"content": read_text("-") if content == "-" else checked(content)}
    chunk |= {} if answer is None else {"answer": answer}
    chunk |= {} if not word else {"keywords": word}
    made = await job.client.knowledge.segments.create(dataset_id, document_id, [chunk])
    job.out.rows(made.data, _SHOWN)


@command(segments, "update", key="knowledge")
async def update(
    job: Job,
    dataset_id: DatasetId,
    document_id: DocumentId,
    segment_id: SegmentId,
    content: Annotated[str | None, typer.Option("--content", metavar="TEXT", help="The new text.")] = None,
    answer: Answer = None,
    word: Keywords = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether searches may find it.")] = None,
) -> None:
    """Change a segment and index it anew; what is not named stays."""
    changed = await job.client.knowledge.segments.update(
        dataset_id, document_id, segment_id, content=content, answer=answer, keywords=word or None, enabled=enabled
    )
    job.out.one(changed.data, _SHOWN)


@command(segments, "delete", key="knowledge")
async def delete(
    job: Job, dataset_id: DatasetId, document_id: DocumentId, segment_id: SegmentId, yes: Yes = False
) -> None:
    """Delete a segment."""
    confirmed(f"Delete the segment {segment_id}?", yes)
    await job.client.knowledge.segments.delete(dataset_id, document_id, segment_id)
    job.out.done("deleted")
