"""`dify run` and `dify events`: run a workflow or follow one, see its nodes at work, and get its outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import session as s
from .attachments import attach
from .command import Job, command, examples, single
from .exits import Failure
from .inputs import SYNTAX, parse_pairs, values_of
from .options import Files, Inputs
from .prompts import ask_forms, can_ask
from .render import complain, to_json, wire_form

if TYPE_CHECKING:
    from dify import AsyncWorkflowStream, WorkflowRun

__all__ = ["events", "run"]

run = single()
events = single()

HELP = """Run a workflow, and print its outputs as JSON.

The outputs go to standard output. The nodes at work are shown on standard error: live on a terminal, as plain lines with
--verbose otherwise. On a terminal, forms that the run puts before a person are asked there; elsewhere such a run exits
with 1, as one that fails or is stopped does. Ctrl-C asks the server to stop.
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
        more=["Inputs:", *(f"  {line}" for line in SYNTAX)],
    ),
)
async def run_workflow(
    job: Job,
    inputs: Inputs = None,
    workflow_id: Annotated[
        str | None, typer.Option("--workflow-id", metavar="ID", help="A published version to run; not the app's id.")
    ] = None,
    file: Files = None,
) -> None:
    """Run a workflow; see HELP."""
    pairs = parse_pairs(inputs or [])
    files = await attach(job.client, file or [], job.screen.note)
    values = await values_of(job.client, pairs, job.screen.note)
    result = await _shown(job, job.client.workflows.stream(values, workflow_id=workflow_id, files=files or None))
    await _to_its_end(job, result)


@command(
    events,
    "events",
    user=True,
    epilog=examples("dify events RUN_ID", "dify events RUN_ID --new --wait", "dify events RUN_ID --json | jq .event"),
)
async def follow_run(
    job: Job,
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="The run, of a workflow or a chatflow.")],
    new: Annotated[
        bool, typer.Option("--new", help="Only what comes from now on; not what has happened so far.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay when the run pauses, until it goes on and ends.")] = False,
) -> None:
    """Follow a run that goes on at the server, and print its outputs as JSON.

    For a run that was paused or whose connection was cut. Ctrl-C leaves; the run goes on. Needs the --user who began it.
    """
    stream = job.client.workflows.events(run_id, include_state_snapshot=not new or None, continue_on_pause=wait or None)
    await _to_its_end(job, await _shown(job, stream, stop=False))


async def _shown(
    job: Job, stream: AsyncWorkflowStream, *, stop: bool = True, answered: set[str | None] | None = None
) -> WorkflowRun:
    """Show a stream to its end, or to a form that was not answered yet."""
    from .progress import showing

    # The progress is put away before anything is said about a stop.
    async with s.stopping(stream) if stop else stream:
        with showing(job.screen) as show:
            async for event in stream:
                show(event)
                if job.as_json:
                    job.screen.line(to_json(wire_form(event)))
                if (
                    event.event == "workflow_paused"
                    and answered is not None
                    and any(form.form_id not in answered for form in event.data.reasons)
                ):
                    snapshot = stream.snapshot
                    assert snapshot is not None  # an event has come
                    return snapshot
    return await stream.final()


async def _to_its_end(job: Job, result: WorkflowRun) -> None:
    """Ask the forms of a run that waits for a person, follow it, and print what comes of it.

    Raises:
        Failure: The run has no whole outputs to print; a failed one has been raised by the client.
    """
    client, answered = job.client, set[str | None]()
    while result.paused and can_ask() and not job.as_json:
        waiting = [form for form in result.forms if form.form_token and form.form_id not in answered]
        if not waiting:
            break
        await ask_forms(client, job.screen, waiting, _waits(result))
        answered |= {form.form_id for form in waiting}
        # Right after an answer the server may still show the pause that it ends.
        follow = client.workflows.events(result.workflow_run_id, include_state_snapshot=True, continue_on_pause=True)
        result = await _shown(job, follow, answered=answered)
    if result.paused:
        raise Failure(_waits(result))
    if result.status == "partial-succeeded":
        complain(f"some nodes of run {result.workflow_run_id} failed, and it went on", label="Warning")
    elif result.status != "succeeded":
        raise Failure(f"run {result.workflow_run_id} ended {result.status}: {result.error or 'no reason given'}")
    if not job.as_json:
        job.screen.line(to_json(result.outputs, indent=2))


def _waits(result: WorkflowRun) -> str:
    forms = "; ".join(f"{form.node_title or form.node_id}, form token {form.form_token}" for form in result.forms)
    return f"run {result.workflow_run_id} waits for a person: {forms or 'it is paused'}"
