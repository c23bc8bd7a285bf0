"""`dify logs`, `dify status` and `dify stop`: runs that are or were at the server."""

from __future__ import annotations

from typing import Annotated

import typer

from .command import Job, command, examples, single
from .options import All, Keyword, Limit

__all__ = ["logs", "status", "stop"]

logs, status, stop = single(), single(), single()


@command(logs, "logs", epilog=examples("dify logs --status failed", "dify logs --json --all > runs.jsonl"))
async def list_logs(
    job: Job,
    keyword: Keyword = None,
    status: Annotated[
        str | None,
        typer.Option("--status", metavar="STATUS", help="Only runs that ended succeeded, failed or stopped."),
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="TIME", help="Only runs begun after (ISO 8601).")
    ] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="TIME", help="Only runs begun before.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="USER", help="Only runs of this end user.")] = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the runs of a workflow app, newest first."""
    found = job.client.workflows.logs(
        keyword=keyword,
        status=status,
        created_after=after,
        created_before=before,
        created_by_end_user_session_id=by,
        limit=100 if all else min(limit + 1, 100),
    )
    columns = (
        "workflow_run.id",
        "workflow_run.status",
        "created_at",
        "workflow_run.elapsed_time",
        "workflow_run.error",
    )
    await job.out.pages(found, columns, limit=limit, all=all)


@command(status, "status", epilog=examples("dify status RUN_ID", "dify status RUN_ID --json | jq .outputs"))
async def show_run(job: Job, run_id: Annotated[str, typer.Argument(metavar="RUN_ID")]) -> None:
    """Show a run of a workflow or chatflow as the server has stored it."""
    job.out.one(await job.client.workflows.get(run_id))


@command(stop, "stop", user=True, epilog=examples("dify stop TASK_ID", "dify stop TASK_ID --of chat"))
async def stop_task(
    job: Job,
    task_id: Annotated[str, typer.Argument(metavar="TASK_ID", help="The task, from --json events; not the run.")],
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="KIND", help="workflow, chat or completion; by default the app is asked."),
    ] = None,
) -> None:
    """Ask the server to stop a task. Dify says yes to every task, known or not. Needs the --user who began it."""
    client = job.client
    kind = of or (await client.app.info()).mode or ""
    match kind:
        case "workflow":
            await client.workflows.stop(task_id)
        case "completion":
            await client.completions.stop(task_id)
        case "chat" | "agent-chat" | "advanced-chat" | "agent":
            await client.chat.stop(task_id)
        case _:
            raise typer.BadParameter(f"--of is workflow, chat or completion; the app says {kind!r}")
    job.out.done("the server was asked to stop")
