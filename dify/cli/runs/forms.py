"""`dify forms`: forms of runs that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ..command import Context, command, examples
from ..exits import USAGE, CommandError
from ..groups import group
from ..inputs import INPUT_HELP, parse_inputs, resolve_inputs
from ..terminal.form_prompts import answer_form
from ..terminal.prompts import is_interactive

__all__ = ["forms"]

forms = group(
    "Show and submit the forms of runs that wait for a person. `dify run` and `dify chat` print the form token of a pause."
)
forms.info.name = "forms"

Token = Annotated[
    str, typer.Argument(metavar="form-token", help="Token of the form, as `dify run` and `dify chat` print it.")
]


@command(forms, "show", epilog=examples("dify forms show FORM_TOKEN"))
async def show(ctx: Context, form_token: Token) -> None:
    """Show the text, the fields and the actions of a form."""
    form = await ctx.client.human_input.get(form_token)
    if ctx.as_json:
        ctx.output.item(form)
        return
    ctx.output.text(form.form_content)
    for field in form.inputs:
        default = (form.resolved_default_values or {}).get(field.output_variable_name)
        ctx.output.text(f"field\t{field.output_variable_name}\t{field.type}\t{'' if default is None else default}")
    for action in form.user_actions:
        ctx.output.text(f"action\t{action.id}\t{action.title or ''}")


@command(
    forms,
    "submit",
    user=True,
    epilog=examples("dify forms submit FORM_TOKEN approve note=go", more=INPUT_HELP),
)
async def submit(
    ctx: Context,
    form_token: Token,
    action: Annotated[
        str, typer.Argument(metavar="action", help="Id or title of the action, as `dify forms show` lists it.")
    ],
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="key=value", help="Values of the form's fields; see Inputs below.")
    ] = None,
) -> None:
    """Submit a form. The run continues; follow it with `dify events RUN_ID`."""
    parsed = parse_inputs(inputs or [])
    form = await ctx.client.human_input.get(form_token)
    action_id = _action_id([(item.id, item.title) for item in form.user_actions], action)
    values = await resolve_inputs(ctx.client, parsed, ctx.screen.note)
    await ctx.client.human_input.submit(form_token, action=action_id, inputs=values)
    ctx.output.status("submitted")


def _action_id(actions: Sequence[tuple[str, str | None]], name: str) -> str:
    """Return the id of the action with this id or title; upper and lower case of titles are not distinguished.

    Raises:
        typer.BadParameter: No action, or more than one, has this name.
    """
    if any(name == id for id, _ in actions):
        return name
    matches = [id for id, title in actions if (title or "").casefold() == name.casefold()]
    if len(matches) != 1:
        choices = ", ".join(f"{id} ({title})" if title else id for id, title in actions)
        raise typer.BadParameter(f"{name!r} is not an action of the form; choose one of: {choices}")
    return matches[0]


@command(forms, "answer", user=True)
async def answer(ctx: Context, form_token: Token) -> None:
    """Prompt for each field of a form and submit it."""
    from dify.types import PauseReason

    if not is_interactive():
        raise CommandError("`dify forms answer` requires a terminal; use `dify forms submit` instead", USAGE)
    form = await ctx.client.human_input.get(form_token)
    reason = PauseReason(
        type="human_input_required",
        form_content=form.form_content,
        inputs=form.inputs,
        actions=form.user_actions,
        resolved_default_values=form.resolved_default_values,
        form_token=form_token,
    )
    if not await answer_form(ctx.client, ctx.screen, reason):
        raise CommandError("the form was not submitted")
    ctx.output.status("submitted")
