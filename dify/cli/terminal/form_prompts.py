"""Prompts for the forms of runs that wait for a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..attachments import parse_attachments, upload_attachments
from ..exits import CommandError
from .prompts import prompt_choice, prompt_line
from .screen import report, sanitize

if TYPE_CHECKING:
    from dify import AsyncDify, FormAnswer, FormInput
    from dify.types import PauseReason

    from .screen import Screen

__all__ = ["answer_form", "answer_forms"]


async def answer_forms(client: AsyncDify, screen: Screen, forms: Sequence[PauseReason], waiting_message: str) -> None:
    """Prompt for the forms of a run and submit the answers.

    A form that was submitted elsewhere or has expired in the meantime is skipped: its run continues.

    Args:
        client: The client that submits the answers.
        screen: The writer of notes.
        forms: Forms that have a token.
        waiting_message: Printed if the run is left waiting. It must contain the run's id and the forms' tokens, which the
            user needs to continue the run later.

    Raises:
        CommandError: The user ended the input before a form was complete.
    """
    from asyncio import CancelledError

    from dify import APIStatusError, DifyError

    for form in forms:
        try:
            if not await answer_form(client, screen, form):
                raise CommandError(waiting_message)
        except (KeyboardInterrupt, CancelledError):
            report(waiting_message, label="Note")
            raise
        except DifyError as error:
            if not isinstance(error, APIStatusError) or error.status_code != 412:
                report(waiting_message, label="Note")
                raise
            report(f"{error.message.rstrip('.')}; the run continues without this answer", label="Note")


async def answer_form(client: AsyncDify, screen: Screen, form: PauseReason) -> bool:
    """Prompt for a form and submit the answer; prompt again if the server rejects the values.

    Returns:
        True if the answer was submitted; False at the end of input (Ctrl-D): the run is then still waiting.
    """
    from dify import BadRequestError

    rejected: dict[str, Any] = {}
    while (answer := await _prompt_form(client, screen, form, rejected)) is not None and form.form_token is not None:
        try:
            await client.human_input.submit(form.form_token, action=answer.action, inputs=answer.inputs)
        except BadRequestError as error:
            if error.code != "invalid_form_data":
                raise
            report(str(error), label="Note")
            rejected = answer.inputs
        else:
            return True
    return False


async def _prompt_form(
    client: AsyncDify, screen: Screen, form: PauseReason, rejected: dict[str, Any]
) -> FormAnswer | None:
    """Prompt for all fields and the action; None at the end of input. Rejected values are offered as defaults."""
    from dify import FormAnswer

    screen.message(f"── {form.node_title or form.node_id or 'Form'} ──")
    if form.form_content:
        sys.stderr.write(f"{sanitize(form.form_content.strip())}\n")
    values: dict[str, Any] = {}
    defaults = {**(form.resolved_default_values or {}), **rejected}
    for field in form.inputs or []:
        name = field.output_variable_name
        if field.type in ("file", "file-list"):
            value = await _prompt_files(client, screen, field, rejected.get(name))
        else:
            value = _prompt_text(field, defaults.get(name))
        if value is None:
            return None
        values[name] = value
    actions = form.actions or []
    index = prompt_choice("Action: ", [action.title or action.id for action in actions]) if actions else None
    return None if index is None else FormAnswer(action=actions[index].id, inputs=values)


def _prompt_text(field: FormInput, default: Any) -> Any:
    """Prompt for a text or a choice; None at the end of input."""
    name = sanitize(field.output_variable_name)
    if default is None and field.default is not None and field.default.type == "constant":
        default = field.default.value
    suffix = f" [{sanitize(str(default))}]" if default not in (None, "") else ""
    source = field.option_source
    if field.type == "select" and source is not None and isinstance(source.value, list) and source.value:
        index = prompt_choice(f"{name}{suffix if default in source.value else ''}: ", source.value, default=default)
        return None if index is None else source.value[index]
    line = prompt_line(f"{name}{suffix}: ")
    return default if line == "" and default is not None else line


async def _prompt_files(client: AsyncDify, screen: Screen, field: FormInput, rejected: Any) -> Any:
    """Prompt for paths and upload the files; None at the end of input."""
    multiple = field.type == "file-list"
    prompt = f"{sanitize(field.output_variable_name)} ({'paths of files' if multiple else 'path of a file'})"
    while True:
        line = prompt_line(f"{prompt}: " if rejected is None else f"{prompt} [unchanged]: ")
        if line is None:
            return None
        if not line.strip() and rejected is not None:
            return rejected
        try:
            files = parse_attachments(line)
        except (ValueError, FileNotFoundError) as error:
            report(str(error), label="Note")
            continue
        if not files or (len(files) > 1 and not multiple):
            report("enter the path of one file" if not multiple else "enter at least one path", label="Note")
            continue
        uploaded = await upload_attachments(client, files, screen.note)
        return uploaded if multiple else uploaded[0]
