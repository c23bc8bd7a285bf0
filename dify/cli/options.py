"""Arguments and options that several commands share."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from .attachments import Attachment, parse_attachment
from .exits import USAGE, CommandError

__all__ = ["All", "Files", "Inputs", "Keyword", "Limit", "Overwrite", "Yes", "confirm", "literal"]

Inputs = Annotated[list[str] | None, typer.Argument(metavar="key=value", help="Inputs of the app; see Inputs below.")]


def _attachment(word: str) -> Attachment:
    try:
        return parse_attachment(word)
    except FileNotFoundError as error:
        raise typer.BadParameter(str(error)) from None


Files = Annotated[
    list[Any] | None,
    typer.Option(
        "--file",
        "-f",
        metavar="path|url",
        help="Attach a file: upload a path, or let the server fetch a URL; repeatable.",
        parser=_attachment,
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, metavar="n", help="Maximum number of items to list.")]
All = Annotated[bool, typer.Option("--all", help="List all items.")]
Keyword = Annotated[str | None, typer.Option("--keyword", "-k", metavar="text", help="Filter by text.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")]


def literal(value: str | None, name: str, choices: tuple[str, ...]) -> Any:
    """Return the value of an option with fixed choices.

    Raises:
        typer.BadParameter: The value is not among the choices.
    """
    if value is not None and value not in choices:
        raise typer.BadParameter(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value


def confirm(question: str, yes: bool) -> None:
    """Ask the user to confirm, unless `yes` (the option `--yes`) is set.

    Raises:
        CommandError: The user declined, or there is no terminal.
    """
    from .terminal.prompts import prompt_line

    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Cannot prompt for confirmation; pass --yes.", USAGE)
    if (prompt_line(f"{question} [y/N] ") or "").strip().lower() not in ("y", "yes"):
        raise CommandError("cancelled")
