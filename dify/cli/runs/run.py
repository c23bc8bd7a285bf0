"""`dify run` and `dify events`: run a workflow, or follow a run on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..attachments import upload_attachments
from ..command import Context, command, examples, single
from ..exits import CommandError
from ..inputs import INPUT_HELP, parse_inputs, resolve_inputs
from ..options import Files, Inputs
from ..output import plain
from ..terminal.form_prompts import answer_forms
from ..terminal.interrupts import stop_on_interrupt
from ..terminal.prompts import is_interactive
from ..terminal.screen import event_to_dict, report, to_json

if TYPE_CHECKING:
    from dify import AsyncWorkflowStream, WorkflowRun

__all__ = ["events", "run"]

run = single()
events = single()

HELP = """Run a workflow and print its outputs as JSON.

The outputs are written to standard output. The progress of the nodes is written to standard error: live on a terminal,
as plain lines with --verbose in a pipe. On a terminal you are prompted for the forms of the run; in a pipe, a run that
waits for a person exits with 1, as a failed or stopped one does. Ctrl-C stops the run on the server.
"""


@command(
    run,
    "run",
    user=True,
    emulator="inputs",
    help=HELP,
    epilog=examples(
        "dify run topic=tea",
        "dify run topic=tea count:=3 letter=@letter.txt contract@contract.pdf",
        """dify run '{"topic": "tea"}'""",
        "dify run @inputs.json",
        "dify run topic=tea | jq -r .text",
        "dify run --emulator topic=tea",
        more=INPUT_HELP,
    ),
)
async def run_workflow(
    ctx: Context,
    inputs: Inputs = None,
    workflow_id: Annotated[
        str | None,
        typer.Option("--workflow-id", metavar="id", help="Published version to run (not the app's id)."),
    ] = None,
    file: Files = None,
) -> None:
    """Run a workflow; the help text is HELP."""
    parsed = parse_inputs(inputs or [])
    files = await upload_attachments(ctx.client, file or [], ctx.screen.note)
    values = await resolve_inputs(ctx.client, parsed, ctx.screen.note)
    stream = ctx.client.workflows.stream(values, workflow_id=workflow_id, files=files or None)
    await _finish(ctx, await _show(ctx, stream))


@command(
    events,
    "events",
    user=True,
    epilog=examples("dify events RUN_ID", "dify events RUN_ID --new --wait", "dify events RUN_ID --json | jq .event"),
)
async def follow_run(
    ctx: Context,
    run_id: Annotated[str, typer.Argument(metavar="run-id", help="Run of a workflow or chatflow.")],
    new: Annotated[bool, typer.Option("--new", help="Skip the events that have already happened.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Keep waiting when the run pauses, until it ends.")] = False,
) -> None:
    """Follow a run on the server and print its outputs as JSON.

    Use it for a run that was paused, or after the connection was lost. Ctrl-C ends the command, not the run. Requires the
    --user who started the run.
    """
    stream = ctx.client.workflows.events(run_id, include_state_snapshot=not new or None, continue_on_pause=wait or None)
    await _finish(ctx, await _show(ctx, stream, stop=False))


async def _show(
    ctx: Context, stream: AsyncWorkflowStream, *, stop: bool = True, answered: set[str | None] | None = None
) -> WorkflowRun:
    """Show a stream until it ends, or until it pauses for a form that is not in `answered`."""
    from .progress import show_progress

    # The outer context reports the stop: the inner one has then removed the live display.
    async with stop_on_interrupt(stream) if stop else stream:
        with show_progress(ctx.screen) as update:
            async for event in stream:
                update(event)
                if ctx.as_json:
                    ctx.screen.line(to_json(event_to_dict(event)))
                if (
                    event.event == "workflow_paused"
                    and answered is not None
                    and any(form.form_id not in answered for form in event.data.reasons)
                ):
                    snapshot = stream.snapshot
                    assert snapshot is not None  # set by the first event
                    return snapshot
    return await stream.final()


async def _finish(ctx: Context, result: WorkflowRun) -> None:
    """Prompt for the forms of a paused run, follow it to its end, and print its outputs.

    Raises:
        CommandError: The run waits for a person, or was stopped. A failed run has been raised by the client.
    """
    client, answered = ctx.client, set[str | None]()
    while result.paused and is_interactive() and not ctx.as_json:
        pending = [form for form in result.forms if form.form_token and form.form_id not in answered]
        if not pending:
            break
        await answer_forms(client, ctx.screen, pending, _waiting_message(result))
        answered |= {form.form_id for form in pending}
        # Shortly after an answer, the server may still replay the pause that it ends.
        stream = client.workflows.events(result.workflow_run_id, include_state_snapshot=True, continue_on_pause=True)
        result = await _show(ctx, stream, answered=answered)
    if result.paused:
        raise CommandError(_waiting_message(result))
    if result.status == "partial-succeeded":
        report(f"run {result.workflow_run_id} succeeded partially: some nodes failed", label="Warning")
    elif result.status != "succeeded":
        reason = result.error or "no reason given"
        raise CommandError(f"run {result.workflow_run_id} ended with status {result.status}: {reason}")
    if not ctx.as_json:
        ctx.screen.line(to_json(plain(result.outputs), indent=2))


def _waiting_message(result: WorkflowRun) -> str:
    forms = "; ".join(f"{form.node_title or form.node_id}, form token {form.form_token}" for form in result.forms)
    return f"run {result.workflow_run_id} is waiting for a person: {forms or 'it is paused'}"
