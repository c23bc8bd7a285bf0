"""`dify forms`: forms with which runs ask a person."""

from __future__ import annotations

from typing import Annotated

import typer

from .command import Job, command, examples
from .exits import USAGE, Failure
from .inputs import SYNTAX, parse_pairs, values_of
from .lazy import group
from .options import Inputs
from .prompts import can_ask, fill_in

__all__ = ["forms"]

forms = group("Forms with which runs ask a person. Their tokens are in what `dify run` and `dify chat` say of a pause.")
forms.info.name = "forms"

Token = Annotated[str, typer.Argument(metavar="FORM_TOKEN")]


@command(forms, "show", epilog=examples("dify forms show FORM_TOKEN"))
async def show(job: Job, form_token: Token) -> None:
    """Show a form: its text, its fields, its buttons."""
    form = await job.client.human_input.get(form_token)
    if job.as_json:
        job.out.one(form)
        return
    job.out.text(form.form_content)
    for field in form.inputs:
        default = (form.resolved_default_values or {}).get(field.output_variable_name)
        job.out.text(f"field\t{field.output_variable_name}\t{field.type}\t{'' if default is None else default}")
    for action in form.user_actions:
        job.out.text(f"action\t{action.id}\t{action.title or ''}")


@command(
    forms,
    "submit",
    user=True,
    epilog=examples(
        "dify forms submit FORM_TOKEN approve note=go", more=["Inputs:", *(f"  {line}" for line in SYNTAX)]
    ),
)
async def submit(
    job: Job,
    form_token: Token,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="Id of the button.")],
    inputs: Inputs = None,
) -> None:
    """Answer a form; its run goes on. `dify events RUN_ID` follows it."""
    values = await values_of(job.client, parse_pairs(inputs or []), job.screen.note)
    await job.client.human_input.submit(form_token, action=action, inputs=values)
    job.out.done("submitted")


@command(forms, "answer", user=True)
async def answer(job: Job, form_token: Token) -> None:
    """Answer a form by being asked for each of its fields."""
    from dify import PauseReason

    if not can_ask():
        raise Failure("this asks at a terminal; elsewhere use `dify forms submit`", USAGE)
    form = await job.client.human_input.get(form_token)
    reason = PauseReason(
        type="human_input_required",
        form_content=form.form_content,
        inputs=form.inputs,
        actions=form.user_actions,
        resolved_default_values=form.resolved_default_values,
        form_token=form_token,
    )
    if not await fill_in(job.client, job.screen, reason):
        raise Failure("the form was not answered")
    job.out.done("submitted")
