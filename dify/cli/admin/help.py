"""`dify help` and `dify version`."""

from __future__ import annotations

from typing import Annotated

import typer

from dify import __version__

from ..command import examples, single
from ..groups import CONTEXT_SETTINGS, Command

__all__ = ["help", "version"]

help, version = single(), single()


@help.command(
    "help",
    cls=Command,
    context_settings=CONTEXT_SETTINGS,
    epilog=examples("dify help", "dify help chat", "dify help knowledge documents upload"),
)
def show_help(
    command: Annotated[list[str] | None, typer.Argument(metavar="command", help="Name of the command.")] = None,
) -> None:
    """Show the help of a command; without a name, list the commands."""
    from ..app import app

    app([*(command or []), "--help"], prog_name="dify")


@version.command("version", cls=Command, context_settings=CONTEXT_SETTINGS)
def show_version() -> None:
    """Show the version of the command and of the client."""
    typer.echo(f"dify {__version__}")
