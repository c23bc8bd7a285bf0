"""`dify annotations`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Context, command, examples
from ..groups import group
from ..options import All, Keyword, Limit, Yes, confirm, literal

__all__ = ["annotations"]

annotations = group("Manage annotations: fixed answers to known questions.")
annotations.info.name = "annotations"

AnnotationId = Annotated[str, typer.Argument(metavar="annotation-id", help="Id of the annotation.")]
Question = Annotated[str, typer.Argument(metavar="question", help="Question that the annotation answers.")]
Answer = Annotated[str, typer.Argument(metavar="answer", help="Answer to the question.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the job is complete.")]
_COLUMNS = ("id", "question", "answer", "hit_count")


@command(annotations, "list", epilog=examples("dify annotations list --keyword Rome"))
async def list_annotations(ctx: Context, keyword: Keyword = None, limit: Limit = 20, all: All = False) -> None:
    """List the app's annotations, newest first."""
    pager = ctx.client.annotations.list(keyword=keyword, limit=100 if all else min(limit + 1, 100))
    await ctx.output.pages(pager, _COLUMNS, limit=limit, all=all)


@command(annotations, "create", epilog=examples('dify annotations create "Where are you?" "In Rome."'))
async def create(ctx: Context, question: Question, answer: Answer) -> None:
    """Create an annotation."""
    ctx.output.item(await ctx.client.annotations.create(question, answer), _COLUMNS)


@command(annotations, "update")
async def update(ctx: Context, annotation_id: AnnotationId, question: Question, answer: Answer) -> None:
    """Replace the question and the answer of an annotation."""
    ctx.output.item(await ctx.client.annotations.update(annotation_id, question, answer), _COLUMNS)


@command(annotations, "delete")
async def delete(ctx: Context, annotation_id: AnnotationId, yes: Yes = False) -> None:
    """Delete an annotation."""
    confirm(f"Delete the annotation {annotation_id}?", yes)
    await ctx.client.annotations.delete(annotation_id)
    ctx.output.status("deleted")


@command(
    annotations,
    "enable",
    epilog=examples("dify annotations enable --provider langgenius/openai/openai --model text-embedding-3-small"),
)
async def enable(
    ctx: Context,
    provider: Annotated[str, typer.Option("--provider", metavar="name", help="Provider of the embedding model.")],
    model: Annotated[str, typer.Option("--model", metavar="name", help="Embedding model.")],
    threshold: Annotated[
        float, typer.Option("--threshold", metavar="score", help="Minimum similarity of questions, from 0 to 1.")
    ] = 0.9,
    wait: Wait = True,
) -> None:
    """Answer matching questions with annotations."""
    job = await ctx.client.annotations.enable_reply(
        embedding_provider_name=provider, embedding_model_name=model, score_threshold=threshold
    )
    ctx.output.item(await ctx.client.annotations.wait_reply("enable", job.job_id) if wait else job)


@command(annotations, "disable")
async def disable(ctx: Context, wait: Wait = True) -> None:
    """Stop answering questions with annotations."""
    job = await ctx.client.annotations.disable_reply()
    ctx.output.item(await ctx.client.annotations.wait_reply("disable", job.job_id) if wait else job)


@command(annotations, "job")
async def show_job(
    ctx: Context,
    action: Annotated[str, typer.Argument(metavar="enable|disable", help="Action of the job.")],
    job_id: Annotated[str, typer.Argument(metavar="job-id", help="Id of the job.")],
) -> None:
    """Show the status of a job that was started with --no-wait."""
    choice = literal(action, "the action", ("enable", "disable"))
    ctx.output.item(await ctx.client.annotations.reply_status(choice, job_id))
