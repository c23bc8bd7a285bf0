"""A workflow that asks a person: start it, show its forms here, submit the answers, and follow it to its end.

    DIFY_API_KEY=app-... DIFY_BASE_URL=https://dify.example.com python human_approval.py version=2
    python human_approval.py --emulator version=2       # no server and no key: a Dify in this process

Arguments are the workflow's inputs. The run that waits is noted in a file (--state): the program may be ended with Ctrl-C at a
question and started again tomorrow, by somebody else, and goes on with that run in place of starting another.
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
    """Show a form and submit what the person says; False where it is answered elsewhere, by e-mail perhaps."""
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
        print(f"{form.node_title}: {error.hint}")  # somebody was faster, or it was too late
    return True


def follow(client: Dify, workflow_run_id: str, answered: set[str | None]) -> WorkflowRun:
    """The run from here to its end, or to a form that is not among those answered."""
    # Stays over a pause: right after an answer the server may still show the pause that it ends.
    stream = client.workflows.events(workflow_run_id, include_state_snapshot=True, continue_on_pause=True)
    with stream:
        for event in stream:
            if event.event == "node_finished":
                print(f"{event.data.title}: {event.data.status}")
            elif event.event == "workflow_paused" and any(each.form_id not in answered for each in event.data.reasons):
                break
    assert stream.snapshot is not None  # an event has come
    return stream.snapshot


def noted(state: Path) -> str | None:
    """The run that waits, if there is one."""
    return state.read_text(encoding="utf-8").strip() if state.exists() else None


def work(client: Dify, inputs: dict[str, str], state: Path) -> bool:
    """Start the run, or go on with the one that waits, until it ends; whether it ended well."""
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
    """A client of the server that the environment names, or of an emulator with a workflow that asks."""
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
    parser.add_argument("inputs", nargs="*", metavar="name=value", help="the workflow's inputs")
    parser.add_argument("--state", type=Path, default=Path("approval.run"), help="where the run that waits is noted")
    parser.add_argument("--user", default="approvals", help="Dify's user; the same one each time")
    parser.add_argument("--emulator", action="store_true", help="answer in this process: no server, no key")
    asked = parser.parse_args()
    inputs = dict(each.split("=", 1) for each in asked.inputs)
    with open_client(asked.emulator, asked.user) as client:
        try:
            return work(client, inputs, asked.state)
        except (EOFError, KeyboardInterrupt):
            print("\nstart this program again to go on")
            return False


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
