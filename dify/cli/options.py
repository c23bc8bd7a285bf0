"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .attachments import Attachment, attachment

__all__ = ["All", "Files", "Inputs", "Keyword", "Limit", "Yes", "confirmed", "literal"]

Inputs = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="Values of the app's fields; see below.")
]


def _attachment(word: str) -> Attachment:
    try:
        return attachment(word)
    except FileNotFoundError as error:
        raise typer.BadParameter(str(error)) from None


Files = Annotated[
    list[Any] | None,
    typer.Option(
        "--file",
        "-f",
        metavar="PATH|URL",
        help="A file to upload and pass on, or the address from which the server fetches one; repeatable.",
        parser=_attachment,
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="Show so many at most.")]
All = Annotated[bool, typer.Option("--all", help="Show all there are.")]
Keyword = Annotated[str | None, typer.Option("--keyword", "-k", metavar="TEXT", help="Only those that hold this text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def literal(value: str | None, name: str, known: tuple[str, ...]) -> Any:
    """A value that is one of a few words.

    Raises:
        typer.BadParameter: It is none of them.
    """
    if value is not None and value not in known:
        raise typer.BadParameter(f"{name} is one of {', '.join(known)}")
    return value


def confirmed(question: str, yes: bool) -> None:
    """Have somebody at a terminal confirm; a script has to say --yes.

    Raises:
        Failure: It is not wanted, or nobody can be asked.
    """
    import sys

    from .exits import USAGE, Failure
    from .prompts import ask

    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"{question} Say --yes where nobody can be asked.", USAGE)
    if (ask(f"{question} [y/N] ") or "").strip().lower() not in ("y", "yes"):
        raise Failure("nothing was done")
