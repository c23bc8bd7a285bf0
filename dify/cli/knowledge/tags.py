"""`dify knowledge tags`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Context, command, examples
from ..groups import group
from ..options import Yes, confirm
from .options import DatasetId

__all__ = ["tags"]

tags = group("Manage tags of knowledge bases.")
tags.info.name = "knowledge tags"

_COLUMNS = ("id", "name", "binding_count")
TagId = Annotated[str, typer.Argument(metavar="tag-id", help="Id of the tag.")]
TagIds = Annotated[list[str], typer.Argument(metavar="tag-id", help="Ids of the tags.")]
Name = Annotated[str, typer.Argument(metavar="name", help="Name of 1 to 50 characters.")]


@command(tags, "list", key="knowledge")
async def list_tags(ctx: Context) -> None:
    """List the tags of the workspace."""
    ctx.output.rows(await ctx.client.knowledge.tags.list(), _COLUMNS)


@command(tags, "of", key="knowledge")
async def list_tags_of_dataset(ctx: Context, dataset_id: DatasetId) -> None:
    """List the tags of a knowledge base."""
    ctx.output.rows((await ctx.client.knowledge.tags.for_dataset(dataset_id)).data, ("id", "name"))


@command(tags, "create", key="knowledge")
async def create(ctx: Context, name: Name) -> None:
    """Create a tag."""
    ctx.output.item(await ctx.client.knowledge.tags.create(name), _COLUMNS)


@command(tags, "rename", key="knowledge")
async def rename(ctx: Context, tag_id: TagId, name: Name) -> None:
    """Rename a tag."""
    ctx.output.item(await ctx.client.knowledge.tags.update(tag_id, name), _COLUMNS)


@command(tags, "delete", key="knowledge")
async def delete(ctx: Context, tag_id: TagId, yes: Yes = False) -> None:
    """Delete a tag and remove it from all knowledge bases."""
    confirm(f"Delete the tag {tag_id}?", yes)
    await ctx.client.knowledge.tags.delete(tag_id)
    ctx.output.status("deleted")


@command(tags, "bind", key="knowledge", epilog=examples("dify knowledge tags bind DATASET_ID TAG_ID TAG_ID"))
async def bind(ctx: Context, dataset_id: DatasetId, tag_ids: TagIds) -> None:
    """Add tags to a knowledge base."""
    await ctx.client.knowledge.tags.bind(tag_ids, target_id=dataset_id)
    ctx.output.status("tags added")


@command(tags, "unbind", key="knowledge")
async def unbind(ctx: Context, dataset_id: DatasetId, tag_ids: TagIds) -> None:
    """Remove tags from a knowledge base."""
    await ctx.client.knowledge.tags.unbind(tag_ids, target_id=dataset_id)
    ctx.output.status("tags removed")
