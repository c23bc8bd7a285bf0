"""The typer app: what holds for every command, and the list of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from dify import __version__

from .exits import EXIT_CODES
from .lazy import HELP_NAMES, lazy

__all__ = ["app"]

_HELP = """Talk to the apps and knowledge bases of a Dify server.

Keys come from DIFY_API_KEY and DIFY_KNOWLEDGE_API_KEY, or from a profile (dify profile set); never from an argument, so
that they stand in no shell history and no process list. The server's address comes from --base-url, the profile or
DIFY_BASE_URL; without any it is Dify Cloud.
"""

_EPILOG = "\b\n" + "\n".join(
    [
        "Examples:",
        '  dify chat "What is Dify?"',
        "  dify run topic=tea count:=3",
        "  dify knowledge documents upload DATASET_ID handbook/",
        "  dify batch rows.csv --out results.jsonl --concurrency 8",
        '  dify chat --emulator "Hello"   (no server, no key)',
        "",
        "\b",
        "Exit codes:",
        *(f"  {line}" for line in EXIT_CODES),
    ]
)

_COMMANDS = {
    "chat": ("chat", "Ask a chat app, an agent or a chatflow, or talk with it."),
    "complete": ("complete", "Run a completion app."),
    "run": ("run", "Run a workflow, and print its outputs."),
    "events": ("run", "Follow a run that goes on at the server."),
    "batch": ("batch", "Run a workflow or completion app over the rows of a file."),
    "status": ("logs", "Show a run as the server has stored it."),
    "stop": ("logs", "Ask the server to stop a task."),
    "logs": ("logs", "List the runs of a workflow app."),
    "forms": ("forms", "Forms with which runs ask a person."),
    "upload": ("files", "Upload files for use in calls."),
    "download": ("files", "Download a file of a message."),
    "transcribe": ("audio", "Turn speech into text."),
    "speak": ("audio", "Turn text into speech."),
    "conversations": ("conversations", "Conversations, and what chatflows remember in them."),
    "messages": ("messages", "Messages, next questions, ratings."),
    "feedbacks": ("messages", "List the ratings of the app's answers."),
    "annotations": ("annotations", "Fixed answers to known questions."),
    "info": ("info", "The server's version, the app's kind, and the inputs it takes."),
    "app": ("info", "Show the app: name, kind, description."),
    "parameters": ("info", "Show the app's inputs, features and limits."),
    "site": ("info", "Show how the app's own site looks."),
    "meta": ("info", "Show the icons of the app's tools."),
    "end-user": ("info", "Show an end user of the app."),
    "knowledge": ("knowledge", "Knowledge bases, documents, segments, tags, metadata."),
    "request": ("request", "Call any route of the API."),
    "profile": ("profile", "Servers and keys, kept in a config file."),
    "emulator": ("emulator", "A Dify server on this machine, for trying things out."),
}

app = typer.Typer(
    cls=lazy(_COMMANDS),
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
    # Markup would eat the brackets of dify[emulator], and help is the same words in a pipe as on a terminal.
    rich_markup_mode=None,
    # Plain tracebacks: the pretty ones can show local variables, among them keys.
    pretty_exceptions_enable=False,
    context_settings=HELP_NAMES,
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
