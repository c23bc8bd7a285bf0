"""`dify logs`, `dify status` and `dify stop`: list, show and stop runs on the server."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from ..command import Context, command, examples, single
from ..options import All, Keyword, Limit, literal

__all__ = ["logs", "status", "stop"]

logs, status, stop = single(), single(), single()


@command(logs, "logs", epilog=examples("dify logs --status failed", "dify logs --json --all > runs.jsonl"))
async def list_logs(
    ctx: Context,
    keyword: Keyword = None,
    status: Annotated[
        str | None,
        typer.Option("--status", metavar="status", help="Filter by status: succeeded, failed or stopped."),
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="time", help="List runs started after this time (ISO 8601).")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="time", help="List runs started before this time (ISO 8601).")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="user", help="Filter by the id of the end user.")] = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the runs of a workflow app, newest first."""
    literal(status, "--status", ("succeeded", "failed", "stopped"))
    pager = ctx.client.workflows.logs(
        keyword=keyword,
        status=status,
        created_after=_time(after, "--after"),
        created_before=_time(before, "--before"),
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
    await ctx.output.pages(pager, columns, limit=limit, all=all)


def _time(text: str | None, option: str) -> str | None:
    """Return the value of an option that takes a time.

    Raises:
        typer.BadParameter: The value is not a time.
    """
    if text is None:
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option} must be an ISO 8601 time, such as 2026-11-01T00:00:00Z, not {text!r}"
        ) from None
    return text


@command(status, "status", epilog=examples("dify status RUN_ID", "dify status RUN_ID --json | jq .outputs"))
async def show_run(
    ctx: Context, run_id: Annotated[str, typer.Argument(metavar="run-id", help="Run of a workflow or chatflow.")]
) -> None:
    """Show a run of a workflow or chatflow."""
    ctx.output.item(await ctx.client.workflows.get(run_id))


@command(stop, "stop", user=True, epilog=examples("dify stop TASK_ID", "dify stop TASK_ID --of chat"))
async def stop_task(
    ctx: Context,
    task_id: Annotated[
        str, typer.Argument(metavar="task-id", help="task_id of the events (see --json), not the run's id.")
    ],
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="kind", help="Kind of app: workflow, chat or completion.  [default: the app's]"),
    ] = None,
) -> None:
    """Send a stop request for a task, as the --user who started it.

    Dify accepts the request for any task id, also for unknown ones.
    """
    client = ctx.client
    kind = of or (await client.app.info()).mode or ""
    match kind:
        case "workflow":
            await client.workflows.stop(task_id)
        case "completion":
            await client.completions.stop(task_id)
        case "chat" | "agent-chat" | "advanced-chat" | "agent":
            await client.chat.stop(task_id)
        case _:
            subject = "--of is" if of else "the app's kind is"
            raise typer.BadParameter(f"{subject} {kind!r}; pass --of workflow, chat or completion")
    ctx.output.status("sent a stop request to the server")
