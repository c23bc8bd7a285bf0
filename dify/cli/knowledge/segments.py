"""`dify knowledge segments`: segments (chunks) of a document."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..command import Context, command, examples
from ..groups import group
from ..inputs import read_text, valid_text
from ..options import All, Keyword, Limit, Yes, confirm
from .options import DatasetId, DocumentId, SegmentId

__all__ = ["segments"]

segments = group("Manage segments, the chunks of a document.")
segments.info.name = "knowledge segments"

_COLUMNS = ("id", "position", "status", "content")

Answer = Annotated[
    str | None, typer.Option("--answer", metavar="text", help="Answer, for question-and-answer documents.")
]
Keywords = Annotated[
    list[str] | None, typer.Option("--word", metavar="word", help="Keyword of the segment; repeatable.")
]


@command(
    segments, "list", key="knowledge", epilog=examples("dify knowledge segments list DATASET_ID DOCUMENT_ID --all")
)
async def list_segments(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    keyword: Keyword = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the segments of a document, in order."""
    pager = ctx.client.knowledge.segments.list(
        dataset_id, document_id, keyword=keyword, limit=100 if all else min(limit + 1, 100)
    )
    await ctx.output.pages(pager, _COLUMNS, limit=limit, all=all)


@command(segments, "show", key="knowledge")
async def show(ctx: Context, dataset_id: DatasetId, document_id: DocumentId, segment_id: SegmentId) -> None:
    """Show a segment."""
    ctx.output.item((await ctx.client.knowledge.segments.get(dataset_id, document_id, segment_id)).data)


@command(
    segments,
    "add",
    key="knowledge",
    epilog=examples('dify knowledge segments add DATASET_ID DOCUMENT_ID "Lemons are sour." --word lemon'),
)
async def add(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    content: Annotated[str, typer.Argument(metavar="text", help="Text; - reads standard input.")],
    answer: Answer = None,
    word: Keywords = None,
) -> None:
    """Add a segment to an indexed document."""
    segment: dict[str, Any] = {"content": read_text("-") if content == "-" else valid_text(content)}
    segment |= {} if answer is None else {"answer": answer}
    segment |= {} if not word else {"keywords": word}
    response = await ctx.client.knowledge.segments.create(dataset_id, document_id, [segment])
    ctx.output.rows(response.data, _COLUMNS)


@command(segments, "update", key="knowledge")
async def update(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    segment_id: SegmentId,
    content: Annotated[str | None, typer.Option("--content", metavar="text", help="New text.")] = None,
    answer: Answer = None,
    word: Keywords = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Include the segment in searches or exclude it.")
    ] = None,
) -> None:
    """Change a segment and index it again. Omitted settings are not changed."""
    if content is None and answer is None and not word and enabled is None:
        raise typer.BadParameter("nothing to change; pass --content, --answer, --word, --enable or --disable")
    response = await ctx.client.knowledge.segments.update(
        dataset_id, document_id, segment_id, content=content, answer=answer, keywords=word or None, enabled=enabled
    )
    ctx.output.item(response.data, _COLUMNS)


@command(segments, "delete", key="knowledge")
async def delete(
    ctx: Context, dataset_id: DatasetId, document_id: DocumentId, segment_id: SegmentId, yes: Yes = False
) -> None:
    """Delete a segment."""
    confirm(f"Delete the segment {segment_id}?", yes)
    await ctx.client.knowledge.segments.delete(dataset_id, document_id, segment_id)
    ctx.output.status("deleted")
