"""`dify run`: run a workflow, see its nodes at work, and get its outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import session as s
from .exits import Failure
from .inputs import SYNTAX, Pair, parse_pairs, values_of
from .render import Screen, complain, to_json, wire_form

if TYPE_CHECKING:
    from dify import WorkflowRun

__all__ = ["EXAMPLES", "HELP", "run"]

HELP = """Run a workflow, and print its outputs as JSON.

The outputs go to standard output. The nodes at work are shown on standard error: live on a terminal, as plain lines with
--verbose otherwise. A run that fails, is stopped or waits for a person exits with 1. Ctrl-C asks the server to stop.
"""

EXAMPLES = "\b\nExamples:\n" + "\n".join(
    [
        "  dify run topic=tea",
        "  dify run topic=tea count:=3 letter=@letter.txt contract@contract.pdf",
        "  dify run topic=tea | jq -r .text",
        "  dify run --emulator topic=tea",
        "",
        "\b",
        "Inputs:",
        *(f"  {line}" for line in SYNTAX),
    ]
)


def run(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="Values of the start node's fields; see below.")
    ] = None,
    workflow_id: Annotated[
        str | None, typer.Option("--workflow-id", metavar="ID", help="A published version to run; not the app's id.")
    ] = None,
    user: s.UserOption = "cli",
    base_url: s.BaseUrlOption = None,
    json: s.JsonOption = False,
    verbose: s.VerboseOption = False,
    emulator: s.EmulatorOption = False,
) -> None:
    """Run a workflow; see HELP."""
    session = s.Session("run", user, base_url, emulator, again=inputs or [])
    pairs = parse_pairs(inputs or [])
    screen = Screen(verbose=verbose, as_json=json)

    async def work() -> None:
        await _run(session, screen, pairs, workflow_id, as_json=json)

    s.perform(session, work)


async def _run(
    session: s.Session, screen: Screen, pairs: list[Pair], workflow_id: str | None, *, as_json: bool
) -> None:
    from .progress import showing

    async with session.client() as client:
        values = await values_of(client, pairs, screen.note)
        stream = client.workflows.stream(values, workflow_id=workflow_id)
        # The progress is put away before anything is said about a stop.
        async with s.stopping(stream):
            with showing(screen) as show:
                async for event in stream:
                    show(event)
                    if as_json:
                        screen.line(to_json(wire_form(event)))
        result = await stream.final()
    _check(result)
    if not as_json:
        screen.line(to_json(result.outputs, indent=2))


def _check(result: WorkflowRun) -> None:
    """Refuse a run that has no whole outputs to print; a failed one has been raised by the client."""
    if result.paused:
        forms = "; ".join(f"{form.node_title or form.node_id}, form token {form.form_token}" for form in result.forms)
        raise Failure(f"run {result.workflow_run_id} waits for a person: {forms or 'it is paused'}")
    if result.status == "partial-succeeded":
        complain(f"some nodes of run {result.workflow_run_id} failed, and it went on", label="Warning")
    elif result.status != "succeeded":
        raise Failure(f"run {result.workflow_run_id} ended {result.status}: {result.error or 'no reason given'}")
