"""`dify knowledge children`: child chunks of a segment."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Context, command
from ..groups import group
from ..options import All, Keyword, Limit, Yes, confirm
from .options import DatasetId, DocumentId, SegmentId

__all__ = ["children"]

children = group("Manage child chunks, the parts of a segment in a hierarchical document.")
children.info.name = "knowledge children"

_COLUMNS = ("id", "position", "content")
ChildId = Annotated[str, typer.Argument(metavar="child-id", help="Id of the child chunk.")]
Content = Annotated[str, typer.Argument(metavar="text", help="Text of the child chunk.")]


@command(children, "list", key="knowledge")
async def list_children(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    segment_id: SegmentId,
    keyword: Keyword = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the child chunks of a segment, in order."""
    pager = ctx.client.knowledge.child_chunks.list(
        dataset_id, document_id, segment_id, keyword=keyword, limit=100 if all else min(limit + 1, 100)
    )
    await ctx.output.pages(pager, _COLUMNS, limit=limit, all=all)


@command(children, "add", key="knowledge")
async def add(
    ctx: Context, dataset_id: DatasetId, document_id: DocumentId, segment_id: SegmentId, content: Content
) -> None:
    """Add a child chunk."""
    child = await ctx.client.knowledge.child_chunks.create(dataset_id, document_id, segment_id, content)
    ctx.output.item(child.data, _COLUMNS)


@command(children, "update", key="knowledge")
async def update(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    segment_id: SegmentId,
    child_id: ChildId,
    content: Content,
) -> None:
    """Change the text of a child chunk."""
    child = await ctx.client.knowledge.child_chunks.update(dataset_id, document_id, segment_id, child_id, content)
    ctx.output.item(child.data, _COLUMNS)


@command(children, "delete", key="knowledge")
async def delete(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    segment_id: SegmentId,
    child_id: ChildId,
    yes: Yes = False,
) -> None:
    """Delete a child chunk."""
    confirm(f"Delete the child chunk {child_id}?", yes)
    await ctx.client.knowledge.child_chunks.delete(dataset_id, document_id, segment_id, child_id)
    ctx.output.status("deleted")
