"""A workflow that asks a person: start it, show its forms in the terminal, submit the answers, and follow the run to its end.

    DIFY_API_KEY=app-... DIFY_BASE_URL=https://dify.example.com python human_approval.py version=2
    python human_approval.py --emulator version=2       # with an emulator: no server, no key

The arguments are the inputs of the workflow. The id of a paused run is stored in a file (--state): you can stop the program
with Ctrl-C at a prompt, and another person can start it again the next day to continue the run.
"""

import argparse
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dify import APIStatusError, Dify, FormAnswer, WorkflowFailedError, WorkflowRun
from dify.types import PauseReason

DONE_ALREADY = ("human_input_form_submitted", "human_input_form_expired")


def fill(client: Dify, form: PauseReason) -> bool:
    """Prompt for a form and submit it. Return False for a form that is answered elsewhere, such as by e-mail."""
    if form.form_token is None:
        return False
    try:
        shown = client.human_input.get(form.form_token)
        until = "" if shown.expiration_time is None else f" (until {shown.expiration_time:%Y-%m-%d %H:%M} UTC)"
        print(f"--- {form.node_title}{until}\n{shown.form_content}")
        inputs: dict[str, str] = {}
        for field in shown.inputs:
            name = field.output_variable_name
            default = (shown.resolved_default_values or {}).get(name) or ""
            inputs[name] = input(f"{name}{f' [{default}]' if default else ''}: ").strip() or default
        buttons = [button.id for button in shown.user_actions]
        action = ""
        while action not in buttons:
            action = input(f"{' or '.join(buttons)}: ").strip()
        client.human_input.submit(form.form_token, action=action, inputs=inputs)
    except APIStatusError as error:
        if error.code not in DONE_ALREADY:
            raise
        print(f"{form.node_title}: {error.hint}")  # the form has already been submitted, or has expired
    return True


def follow(client: Dify, workflow_run_id: str, answered: set[str | None]) -> WorkflowRun:
    """Return the run at its end, or at a form that has not been answered."""
    # continue_on_pause: right after a submit, the server may still report the pause that has just ended.
    stream = client.workflows.events(workflow_run_id, include_state_snapshot=True, continue_on_pause=True)
    with stream:
        for event in stream:
            if event.event == "node_finished":
                print(f"{event.data.title}: {event.data.status}")
            elif event.event == "workflow_paused" and any(
                reason.form_id not in answered for reason in event.data.reasons
            ):
                break
    assert stream.snapshot is not None  # set by the first event
    return stream.snapshot


def noted(state: Path) -> str | None:
    """Return the id of the paused run, or None."""
    return state.read_text(encoding="utf-8").strip() if state.exists() else None


def work(client: Dify, inputs: dict[str, str], state: Path) -> bool:
    """Start a run, or continue the paused one, until it ends. Return True unless it failed."""
    run_id = noted(state)
    try:
        if run_id is not None:
            print(f"going on with run {run_id}")
            run = client.workflows.events(run_id, include_state_snapshot=True).final()
        else:
            run = client.workflows.run(inputs)
    except WorkflowFailedError as failed:
        run = failed.run
    answered: set[str | None] = set()
    while run.paused:
        state.write_text(run.workflow_run_id, encoding="utf-8")
        for form in run.forms:
            if form.form_id not in answered and fill(client, form):
                answered.add(form.form_id)
        if not run.forms or any(form.form_id not in answered for form in run.forms):
            print(f"run {run.workflow_run_id} waits for something else; start this program again later")
            return False
        run = follow(client, run.workflow_run_id, answered)
    state.unlink(missing_ok=True)
    print(f"{run.status}: {run.error or json.dumps(run.outputs, ensure_ascii=False)}")
    return run.status != "failed"


@contextmanager
def open_client(emulated: bool, user: str) -> Generator[Dify]:
    """Open a client of the server in the environment, or of an emulator with a form."""
    if emulated:
        from dify.testing import Emulator, EmulatorForm, EmulatorRequest, Node

        def answer(request: EmulatorRequest) -> Generator[Any, FormAnswer | None, None]:
            yield Node("Build", outputs={"version": request.inputs.get("version", "1")})
            filled = yield EmulatorForm(
                "Deploy this version?", inputs=["note"], actions=["approve", "reject"], title="Approval"
            )
            approved = filled is not None and filled.action == "approve"
            yield Node("Deploy" if approved else "Throw away")
            yield {"deployed": approved, "note": filled.inputs["note"] if filled is not None else ""}

        with Emulator(answer, mode="workflow") as emulator:
            yield emulator.sync_client(user=user)
    else:
        with Dify(user=user) as client:
            yield client


def main() -> bool:
    parser = argparse.ArgumentParser(description="Run a workflow that asks a person.")
    parser.add_argument("inputs", nargs="*", metavar="name=value", help="inputs of the workflow")
    parser.add_argument("--state", type=Path, default=Path("approval.run"), help="file for the id of the paused run")
    parser.add_argument("--user", default="approvals", help="Dify's user; use the same one each time")
    parser.add_argument("--emulator", action="store_true", help="use an emulator: no server, no key")
    arguments = parser.parse_args()
    inputs = dict(argument.split("=", 1) for argument in arguments.inputs)
    with open_client(arguments.emulator, arguments.user) as client:
        try:
            return work(client, inputs, arguments.state)
        except (EOFError, KeyboardInterrupt):
            print("\nstart this program again to go on")
            return False


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
