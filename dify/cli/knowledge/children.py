"""`dify knowledge children`: child chunks, the parts of a segment."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Job, command
from ..lazy import group
from ..options import All, Keyword, Limit, Yes, confirmed
from .options import DatasetId, DocumentId, SegmentId

__all__ = ["children"]

children = group("Child chunks, the parts of a segment in a hierarchical document.")
children.info.name = "knowledge children"

_SHOWN = ("id", "position", "content")
ChildId = Annotated[str, typer.Argument(metavar="CHILD_ID", help="The child chunk.")]
Content = Annotated[str, typer.Argument(metavar="TEXT")]


@command(children, "list", key="knowledge")
async def list_all(
    job: Job,
    dataset_id: DatasetId,
    document_id: DocumentId,
    segment_id: SegmentId,
    keyword: Keyword = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the child chunks of a segment in their order."""
    found = job.client.knowledge.child_chunks.list(
        dataset_id, document_id, segment_id, keyword=keyword, limit=100 if all else min(limit + 1, 100)
    )
    await job.out.pages(found, _SHOWN, limit=limit, all=all)


@command(children, "add", key="knowledge")
async def add(
    job: Job, dataset_id: DatasetId, document_id: DocumentId, segment_id: SegmentId, content: Content
) -> None:
    """Add a child chunk."""
    made = await job.client.knowledge.child_chunks.create(dataset_id, document_id, segment_id, content)
    job.out.one(made.data, _SHOWN)


@command(children, "update", key="knowledge")
async def update(
    job: Job, dataset_id: DatasetId, document_id: DocumentId, segment_id: SegmentId, child_id: ChildId, content: Content
) -> None:
    """Change the text of a child chunk."""
    changed = await job.client.knowledge.child_chunks.update(dataset_id, document_id, segment_id, child_id, content)
    job.out.one(changed.data, _SHOWN)


@command(children, "delete", key="knowledge")
async def delete(
    job: Job, dataset_id: DatasetId, document_id: DocumentId, segment_id: SegmentId, child_id: ChildId, yes: Yes = False
) -> None:
    """Delete a child chunk."""
    confirmed(f"Delete the child chunk {child_id}?", yes)
    await job.client.knowledge.child_chunks.delete(dataset_id, document_id, segment_id, child_id)
    job.out.done("deleted")
