"""The typer app: what holds for every command, and the list of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from dify import __version__

from . import chat, run
from .exits import EXIT_CODES

__all__ = ["app"]

_HELP = """Talk to the apps of a Dify server.

The key of the app comes from DIFY_API_KEY and from nowhere else, so that it stands in no shell history and no process
list. The server's address comes from --base-url or DIFY_BASE_URL; without either it is Dify Cloud.
"""

_EPILOG = "\b\n" + "\n".join(
    [
        "Examples:",
        '  dify chat "What is Dify?"',
        "  dify run topic=tea count:=3",
        '  dify chat --emulator "Hello"   (no server, no key)',
        "",
        "\b",
        "Exit codes:",
        *(f"  {line}" for line in EXIT_CODES),
    ]
)

app = typer.Typer(
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
    # Markup would eat the brackets of dify[emulator], and help is the same words in a pipe as on a terminal.
    rich_markup_mode=None,
    # Plain tracebacks: the pretty ones can show local variables, among them keys.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dify {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del version


app.command("chat", help=chat.HELP, epilog=chat.EXAMPLES)(chat.chat)
app.command("run", help=run.HELP, epilog=run.EXAMPLES)(run.run)
