"""`dify knowledge list`, `create`, `show`, `update`, `delete` and `search`: knowledge bases."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Context, command, examples, single
from ..options import All, Keyword, Limit, Yes, confirm
from ..terminal.screen import sanitize
from .options import DatasetId, Model, Provider, Retrieval, Technique, json_object_option, literal

__all__ = ["create", "delete", "list", "search", "show", "update"]

Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="tag-id", help="Filter by tag; repeatable.")]

list, create, show, update, delete, search = single(), single(), single(), single(), single(), single()

_COLUMNS = ("id", "name", "indexing_technique", "document_count", "word_count")
_TECHNIQUES = ("high_quality", "economy")
_PERMISSIONS = ("only_me", "all_team_members", "partial_members")

Description = Annotated[
    str | None, typer.Option("--description", metavar="text", help="Description of up to 400 characters.")
]
Permission = Annotated[
    str | None,
    typer.Option("--permission", metavar="permission", help="Access: only_me, all_team_members or partial_members."),
]


@command(
    list, "list", key="knowledge", epilog=examples("dify knowledge list", "dify knowledge list --keyword hand --json")
)
async def list_datasets(
    ctx: Context,
    keyword: Keyword = None,
    tag: Tags = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the knowledge bases of the workspace, newest first."""
    pager = ctx.client.knowledge.datasets.list(keyword=keyword, tag_ids=tag, limit=100 if all else min(limit + 1, 100))
    await ctx.output.pages(pager, _COLUMNS, limit=limit, all=all)


@command(create, "create", key="knowledge", epilog=examples("dify knowledge create Handbook --indexing economy"))
async def create_dataset(
    ctx: Context,
    name: Annotated[str, typer.Argument(metavar="name", help="Name of 1 to 40 characters.")],
    description: Description = None,
    indexing: Technique = None,
    permission: Permission = None,
    retrieval: Retrieval = None,
    embedding_model: Model = None,
    embedding_provider: Provider = None,
) -> None:
    """Create an empty knowledge base and print its id."""
    dataset = await ctx.client.knowledge.datasets.create(
        name,
        description=description,
        indexing_technique=literal(indexing, "--indexing", _TECHNIQUES),
        permission=literal(permission, "--permission", _PERMISSIONS),
        retrieval_model=json_object_option(retrieval, "--retrieval"),
        embedding_model=embedding_model,
        embedding_model_provider=embedding_provider,
    )
    ctx.output.item(dataset, _COLUMNS)


@command(show, "show", key="knowledge")
async def show_dataset(ctx: Context, dataset_id: DatasetId) -> None:
    """Show a knowledge base."""
    ctx.output.item(await ctx.client.knowledge.datasets.get(dataset_id))


@command(update, "update", key="knowledge", epilog=examples('dify knowledge update DATASET_ID --name "Handbook 2"'))
async def update_dataset(
    ctx: Context,
    dataset_id: DatasetId,
    name: Annotated[str | None, typer.Option("--name", metavar="name", help="Name of 1 to 40 characters.")] = None,
    description: Description = None,
    indexing: Technique = None,
    permission: Permission = None,
    retrieval: Retrieval = None,
    embedding_model: Model = None,
    embedding_provider: Provider = None,
) -> None:
    """Change the settings of a knowledge base; omitted settings are not changed."""
    dataset = await ctx.client.knowledge.datasets.update(
        dataset_id,
        name=name,
        description=description,
        indexing_technique=literal(indexing, "--indexing", _TECHNIQUES),
        permission=literal(permission, "--permission", _PERMISSIONS),
        retrieval_model=json_object_option(retrieval, "--retrieval"),
        embedding_model=embedding_model,
        embedding_model_provider=embedding_provider,
    )
    ctx.output.item(dataset, _COLUMNS)


@command(delete, "delete", key="knowledge")
async def delete_dataset(ctx: Context, dataset_id: DatasetId, yes: Yes = False) -> None:
    """Delete a knowledge base and its documents."""
    confirm(f"Delete the knowledge base {dataset_id} and all its documents?", yes)
    await ctx.client.knowledge.datasets.delete(dataset_id)
    ctx.output.status("deleted")


@command(
    search,
    "search",
    key="knowledge",
    epilog=examples(
        'dify knowledge search DATASET_ID "days of leave"', "dify knowledge search DATASET_ID tea --json | jq .score"
    ),
)
async def search_dataset(
    ctx: Context,
    dataset_id: DatasetId,
    query: Annotated[str, typer.Argument(metavar="query", help="Query of up to 250 characters.")],
    retrieval: Retrieval = None,
) -> None:
    """Search a knowledge base and print the best matches first."""
    response = await ctx.client.knowledge.datasets.retrieve(
        dataset_id, query, retrieval_model=json_object_option(retrieval, "--retrieval")
    )
    if ctx.as_json:
        ctx.output.rows(response.records, ())
        return
    for record in response.records:
        document = record.segment.document if record.segment is not None else None
        name = (document.name if document is not None else record.title) or ""
        score = "" if record.score is None else f"{record.score:.3f}"
        ctx.output.text(f"{score}\t{name}\t{' '.join(sanitize(record.text).split())}")
