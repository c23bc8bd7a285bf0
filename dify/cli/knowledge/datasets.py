"""`dify knowledge list`, `create` … `search`: knowledge bases."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Job, command, examples, single
from ..options import All, Keyword, Limit, Yes, confirmed
from ..render import harmless
from .options import DatasetId, Model, Provider, Retrieval, Technique, given_json, literal

__all__ = ["create", "delete", "list", "search", "show", "update"]

Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG_ID", help="Only those with this tag; repeatable.")
]

list, create, show, update, delete, search = single(), single(), single(), single(), single(), single()

_SHOWN = ("id", "name", "indexing_technique", "document_count", "word_count")
_TECHNIQUES = ("high_quality", "economy")
_PERMISSIONS = ("only_me", "all_team_members", "partial_members")

Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="Up to 400 characters.")]
Permission = Annotated[
    str | None, typer.Option("--permission", metavar="WHO", help="only_me, all_team_members or partial_members.")
]


@command(
    list, "list", key="knowledge", epilog=examples("dify knowledge list", "dify knowledge list --keyword hand --json")
)
async def list_all(
    job: Job,
    keyword: Keyword = None,
    tag: Tags = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the knowledge bases of the workspace, newest first."""
    found = job.client.knowledge.datasets.list(keyword=keyword, tag_ids=tag, limit=100 if all else min(limit + 1, 100))
    await job.out.pages(found, _SHOWN, limit=limit, all=all)


@command(create, "create", key="knowledge", epilog=examples("dify knowledge create Handbook --indexing economy"))
async def make(
    job: Job,
    name: Annotated[str, typer.Argument(metavar="NAME", help="1 to 40 characters.")],
    description: Description = None,
    indexing: Technique = None,
    permission: Permission = None,
    retrieval: Retrieval = None,
    embedding_model: Model = None,
    embedding_provider: Provider = None,
) -> None:
    """Make an empty knowledge base, and print its id."""
    made = await job.client.knowledge.datasets.create(
        name,
        description=description,
        indexing_technique=literal(indexing, "--indexing", _TECHNIQUES),
        permission=literal(permission, "--permission", _PERMISSIONS),
        retrieval_model=given_json(retrieval, "--retrieval"),
        embedding_model=embedding_model,
        embedding_model_provider=embedding_provider,
    )
    job.out.one(made, _SHOWN)


@command(show, "show", key="knowledge")
async def show_one(job: Job, dataset_id: DatasetId) -> None:
    """Show a knowledge base."""
    job.out.one(await job.client.knowledge.datasets.get(dataset_id))


@command(update, "update", key="knowledge", epilog=examples('dify knowledge update DATASET_ID --name "Handbook 2"'))
async def change(
    job: Job,
    dataset_id: DatasetId,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="1 to 40 characters.")] = None,
    description: Description = None,
    indexing: Technique = None,
    permission: Permission = None,
    retrieval: Retrieval = None,
    embedding_model: Model = None,
    embedding_provider: Provider = None,
) -> None:
    """Change a knowledge base; what is not named stays."""
    changed = await job.client.knowledge.datasets.update(
        dataset_id,
        name=name,
        description=description,
        indexing_technique=literal(indexing, "--indexing", _TECHNIQUES),
        permission=literal(permission, "--permission", _PERMISSIONS),
        retrieval_model=given_json(retrieval, "--retrieval"),
        embedding_model=embedding_model,
        embedding_model_provider=embedding_provider,
    )
    job.out.one(changed, _SHOWN)


@command(delete, "delete", key="knowledge")
async def remove(job: Job, dataset_id: DatasetId, yes: Yes = False) -> None:
    """Delete a knowledge base with all its documents."""
    confirmed(f"Delete the knowledge base {dataset_id} with all its documents?", yes)
    await job.client.knowledge.datasets.delete(dataset_id)
    job.out.done("deleted")


@command(
    search,
    "search",
    key="knowledge",
    epilog=examples(
        'dify knowledge search DATASET_ID "days of leave"', "dify knowledge search DATASET_ID tea --json | jq .score"
    ),
)
async def find(
    job: Job,
    dataset_id: DatasetId,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Up to 250 characters.")],
    retrieval: Retrieval = None,
) -> None:
    """Search a knowledge base, best first."""
    found = await job.client.knowledge.datasets.retrieve(
        dataset_id, query, retrieval_model=given_json(retrieval, "--retrieval")
    )
    if job.as_json:
        job.out.rows(found.records, ())
        return
    for record in found.records:
        document = record.segment.document if record.segment is not None else None
        name = (document.name if document is not None else record.title) or ""
        score = "" if record.score is None else f"{record.score:.3f}"
        job.out.text(f"{score}\t{name}\t{' '.join(harmless(record.text).split())}")
