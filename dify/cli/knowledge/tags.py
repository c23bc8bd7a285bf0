"""`dify knowledge tags`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Job, command, examples
from ..lazy import group
from ..options import Yes, confirmed
from .options import DatasetId

__all__ = ["tags"]

tags = group("Tags of knowledge bases.")
tags.info.name = "knowledge tags"

_SHOWN = ("id", "name", "binding_count")
Id = Annotated[str, typer.Argument(metavar="TAG_ID")]
Ids = Annotated[list[str], typer.Argument(metavar="TAG_ID...")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="1 to 50 characters.")]


@command(tags, "list", key="knowledge")
async def list_all(job: Job) -> None:
    """List all tags of the workspace."""
    job.out.rows(await job.client.knowledge.tags.list(), _SHOWN)


@command(tags, "of", key="knowledge")
async def of(job: Job, dataset_id: DatasetId) -> None:
    """List the tags of one knowledge base."""
    job.out.rows((await job.client.knowledge.tags.for_dataset(dataset_id)).data, ("id", "name"))


@command(tags, "create", key="knowledge")
async def create(job: Job, name: Name) -> None:
    """Make a tag."""
    job.out.one(await job.client.knowledge.tags.create(name), _SHOWN)


@command(tags, "rename", key="knowledge")
async def rename(job: Job, tag_id: Id, name: Name) -> None:
    """Rename a tag."""
    job.out.one(await job.client.knowledge.tags.update(tag_id, name), _SHOWN)


@command(tags, "delete", key="knowledge")
async def delete(job: Job, tag_id: Id, yes: Yes = False) -> None:
    """Delete a tag, and take it off all knowledge bases."""
    confirmed(f"Delete the tag {tag_id}?", yes)
    await job.client.knowledge.tags.delete(tag_id)
    job.out.done("deleted")


@command(tags, "bind", key="knowledge", epilog=examples("dify knowledge tags bind DATASET_ID TAG_ID TAG_ID"))
async def bind(job: Job, dataset_id: DatasetId, tag_ids: Ids) -> None:
    """Put tags on a knowledge base."""
    await job.client.knowledge.tags.bind(tag_ids, target_id=dataset_id)
    job.out.done("bound")


@command(tags, "unbind", key="knowledge")
async def unbind(job: Job, dataset_id: DatasetId, tag_ids: Ids) -> None:
    """Take tags off a knowledge base."""
    await job.client.knowledge.tags.unbind(tag_ids, target_id=dataset_id)
    job.out.done("taken off")
