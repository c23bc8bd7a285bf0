"""`dify annotations`."""

from __future__ import annotations

from typing import Annotated

import typer

from .command import Job, command, examples
from .lazy import group
from .options import All, Keyword, Limit, Yes, confirmed

__all__ = ["annotations"]

annotations = group("Fixed answers to known questions.")
annotations.info.name = "annotations"

Id = Annotated[str, typer.Argument(metavar="ANNOTATION_ID")]
Question = Annotated[str, typer.Argument(metavar="QUESTION")]
Answer = Annotated[str, typer.Argument(metavar="ANSWER")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the server has done it.")]
_SHOWN = ("id", "question", "answer", "hit_count")


@command(annotations, "list", epilog=examples("dify annotations list --keyword Rome"))
async def list_all(job: Job, keyword: Keyword = None, limit: Limit = 20, all: All = False) -> None:
    """List the app's annotations, newest first."""
    found = job.client.annotations.list(keyword=keyword, limit=100 if all else min(limit + 1, 100))
    await job.out.pages(found, _SHOWN, limit=limit, all=all)


@command(annotations, "create", epilog=examples('dify annotations create "Where are you?" "In Rome."'))
async def create(job: Job, question: Question, answer: Answer) -> None:
    """Add an annotation."""
    job.out.one(await job.client.annotations.create(question, answer), _SHOWN)


@command(annotations, "update")
async def update(job: Job, annotation_id: Id, question: Question, answer: Answer) -> None:
    """Replace an annotation's question and answer."""
    job.out.one(await job.client.annotations.update(annotation_id, question, answer), _SHOWN)


@command(annotations, "delete")
async def delete(job: Job, annotation_id: Id, yes: Yes = False) -> None:
    """Delete an annotation."""
    confirmed(f"Delete the annotation {annotation_id}?", yes)
    await job.client.annotations.delete(annotation_id)
    job.out.done("deleted")


@command(
    annotations,
    "enable",
    epilog=examples("dify annotations enable --provider langgenius/openai/openai --model text-embedding-3-small"),
)
async def enable(
    job: Job,
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Provider of the embedding model.")],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="The embedding model.")],
    threshold: Annotated[float, typer.Option("--threshold", help="How alike questions have to be, 0 to 1.")] = 0.9,
    wait: Wait = True,
) -> None:
    """Let annotations answer."""
    begun = await job.client.annotations.enable_reply(
        embedding_provider_name=provider, embedding_model_name=model, score_threshold=threshold
    )
    job.out.one(await job.client.annotations.wait_reply("enable", begun.job_id) if wait else begun)


@command(annotations, "disable")
async def disable(job: Job, wait: Wait = True) -> None:
    """Stop annotations from answering."""
    begun = await job.client.annotations.disable_reply()
    job.out.one(await job.client.annotations.wait_reply("disable", begun.job_id) if wait else begun)


@command(annotations, "job")
async def job_status(
    job: Job,
    action: Annotated[str, typer.Argument(metavar="enable|disable", help="What the job does.")],
    job_id: Annotated[str, typer.Argument(metavar="JOB_ID")],
) -> None:
    """How far a job is that was begun with --no-wait."""
    if action not in ("enable", "disable"):
        raise typer.BadParameter("the job is one to enable or to disable")
    job.out.one(await job.client.annotations.reply_status(action, job_id))
