"""Asking somebody at the terminal: lines, secrets, and the forms of runs that wait for a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .exits import Failure
from .render import complain, harmless
from .session import at_the_keyboard

if TYPE_CHECKING:
    from dify import AsyncDify, FormAnswer, FormInput, PauseReason

    from .render import Screen

__all__ = ["ask", "ask_forms", "can_ask", "choose", "fill_in", "secret"]


def can_ask() -> bool:
    """Whether there is somebody to ask: standard input and standard error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(prompt: str) -> str | None:
    """A line from the terminal; None where its end was reached (Ctrl-D). The prompt goes to standard error."""
    with at_the_keyboard():
        sys.stdout.flush()
        sys.stderr.write(prompt)
        sys.stderr.flush()
        try:
            return input()
        except EOFError:
            sys.stderr.write("\n")
            return None


def secret(prompt: str) -> str:
    """A text that is not shown while it is typed; from a pipe, its first line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    from getpass import getpass

    with at_the_keyboard():
        return getpass(prompt, stream=sys.stderr).strip()


def choose(prompt: str, options: Sequence[str], *, default: str | None = None) -> int | None:
    """Which of the options, by its number or its own words; None at the end of input."""
    for number, option in enumerate(options, 1):
        sys.stderr.write(f"  {number}  {harmless(option)}\n")
    while True:
        line = ask(prompt)
        if line is None:
            return None
        line = line.strip()
        if not line and default in options:
            return options.index(default)
        if line.isdecimal() and 1 <= int(line) <= len(options):
            return int(line) - 1
        if line in options:
            return options.index(line)
        complain(f"one of 1 to {len(options)}, please", label="Note")


async def ask_forms(client: AsyncDify, screen: Screen, forms: Sequence[PauseReason], waits: str) -> None:
    """Put the forms of a run before the person at the terminal, and send the answers.

    One that was answered elsewhere meanwhile, or has expired, is passed over: its run goes on.

    Args:
        client: With what to send them.
        screen: Where to show them.
        forms: Those with a token.
        waits: What to say of the run where it is left waiting: without its id and the token nobody finds it again.

    Raises:
        Failure: One was not answered.
    """
    from asyncio import CancelledError

    from dify import APIStatusError, DifyError

    for form in forms:
        try:
            if not await fill_in(client, screen, form):
                raise Failure(waits)
        except (KeyboardInterrupt, CancelledError):
            complain(waits, label="Note")
            raise
        except DifyError as error:
            if not isinstance(error, APIStatusError) or error.status_code != 412:
                complain(waits, label="Note")
                raise
            complain(f"{error.message.rstrip('.')}; the run goes on without this answer", label="Note")


async def fill_in(client: AsyncDify, screen: Screen, form: PauseReason) -> bool:
    """Put a form before the person at the terminal, and send the answer; once more where the server does not take it.

    Returns:
        Whether an answer was given; without one (Ctrl-D) the run goes on waiting.
    """
    from dify import BadRequestError

    before: dict[str, Any] = {}
    while (answer := await _answer(client, screen, form, before)) is not None and form.form_token is not None:
        try:
            await client.human_input.submit(form.form_token, action=answer.action, inputs=answer.inputs)
        except BadRequestError as error:
            if error.code != "invalid_form_data":
                raise
            complain(str(error), label="Note")
            before = answer.inputs
        else:
            return True
    return False


async def _answer(client: AsyncDify, screen: Screen, form: PauseReason, before: dict[str, Any]) -> FormAnswer | None:
    """What the person answers, or None where the input ended; `before` has the values that were not taken."""
    from dify import FormAnswer

    screen.say(f"── {form.node_title or form.node_id or 'A form'} ──")
    if form.form_content:
        sys.stderr.write(f"{harmless(form.form_content.strip())}\n")
    values: dict[str, Any] = {}
    defaults = {**(form.resolved_default_values or {}), **before}
    for field in form.inputs or []:
        name = field.output_variable_name
        if field.type in ("file", "file-list"):
            value = await _files(client, screen, field, before.get(name))
        else:
            value = _text(field, defaults.get(name))
        if value is None:
            return None
        values[name] = value
    actions = form.actions or []
    chosen = choose("Which? ", [action.title or action.id for action in actions]) if actions else None
    return None if chosen is None else FormAnswer(action=actions[chosen].id, inputs=values)


def _text(field: FormInput, default: Any) -> Any:
    """What is typed or chosen for a field, or None where the input ended."""
    name = harmless(field.output_variable_name)
    if default is None and field.default is not None and field.default.type == "constant":
        default = field.default.value
    shown = f" [{harmless(str(default))}]" if default not in (None, "") else ""
    source = field.option_source
    if field.type == "select" and source is not None and isinstance(source.value, list) and source.value:
        chosen = choose(f"{name}{shown if default in source.value else ''}? ", source.value, default=default)
        return None if chosen is None else source.value[chosen]
    line = ask(f"{name}{shown}: ")
    return default if line == "" and default is not None else line


async def _files(client: AsyncDify, screen: Screen, field: FormInput, before: Any) -> Any:
    """The file or files for a field, or None where the input ended."""
    from .attachments import attach, attachments_in

    many = field.type == "file-list"
    prompt = f"{harmless(field.output_variable_name)} ({'paths of files' if many else 'path of a file'})"
    while True:
        line = ask(f"{prompt}: " if before is None else f"{prompt} [as before]: ")
        if line is None:
            return None
        if not line.strip() and before is not None:
            return before
        try:
            files = attachments_in(line)
        except (ValueError, FileNotFoundError) as error:
            complain(str(error), label="Note")
            continue
        if not files or (len(files) > 1 and not many):
            complain("the path of one file, please", label="Note")
            continue
        attached = await attach(client, files, screen.note)
        return attached if many else attached[0]
