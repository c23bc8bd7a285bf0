"""The root of the command: its help, its options and the list of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from dify import __version__

from .exits import EXIT_CODES
from .groups import CONTEXT_SETTINGS, lazy

__all__ = ["app"]

_HELP = """Work with Dify apps and knowledge bases from the command line.

Keys are read from DIFY_API_KEY and DIFY_KNOWLEDGE_API_KEY, or from a profile (see `dify profile set --help`). No option
takes a key, because it would appear in the shell history and in the process list. The server is set by --base-url, the
profile or DIFY_BASE_URL; the default is Dify Cloud.
"""

_DOCUMENTATION = "https://docs.dify.ai"

_EPILOG = "\b\n" + "\n".join(
    [
        "Examples:",
        '  dify chat "What is Dify?"',
        "  dify run topic=tea count:=3",
        "  dify knowledge documents upload DATASET_ID handbook/",
        "  dify batch rows.csv --out results.jsonl --concurrency 8",
        '  dify chat --emulator "Hello"   (without a server or a key)',
        "",
        "\b",
        "Exit codes:",
        *(f"  {line}" for line in EXIT_CODES),
        "",
        "\b",
        "Run `dify help COMMAND` for the options and examples of a command.",
        f"Documentation of Dify: {_DOCUMENTATION}",
    ]
)

_COMMANDS = {
    "Apps": {
        "chat": ("chat.command", "Send a message to a chat app, or start a conversation."),
        "complete": ("runs.complete", "Run a completion app."),
        "run": ("runs.run", "Run a workflow and print its outputs."),
        "events": ("runs.run", "Follow a run on the server."),
        "batch": ("batch.command", "Run an app on each row of a file."),
        "status": ("runs.logs", "Show a run."),
        "stop": ("runs.logs", "Stop a task."),
        "logs": ("runs.logs", "List the runs of a workflow app."),
        "forms": ("runs.forms", "Show and submit the forms of paused runs."),
    },
    "Files and audio": {
        "upload": ("files.transfer", "Upload files to use as inputs."),
        "download": ("files.transfer", "Download a file of a message."),
        "transcribe": ("files.audio", "Convert speech to text."),
        "speak": ("files.audio", "Convert text to speech."),
    },
    "Conversations": {
        "conversations": ("chat.conversations", "Manage conversations and their variables."),
        "messages": ("chat.messages", "List and rate messages, and suggest questions."),
        "feedbacks": ("chat.messages", "List the ratings of the app's answers."),
        "annotations": ("chat.annotations", "Manage fixed answers to known questions."),
    },
    "App and server": {
        "info": ("admin.info", "Show the server's version, and the app and its inputs."),
        "app": ("admin.info", "Show the app's name, kind and description."),
        "parameters": ("admin.info", "Show the app's inputs, features and limits."),
        "site": ("admin.info", "Show the settings of the app's web page."),
        "meta": ("admin.info", "Show the icons of the app's tools."),
        "end-user": ("admin.info", "Show an end user of the app."),
        "request": ("admin.request", "Send a request to any API route."),
    },
    "Knowledge bases": {
        "knowledge": ("knowledge", "Manage knowledge bases and their documents."),
    },
    "Configuration and development": {
        "profile": ("admin.profile", "Manage servers and keys in the config file."),
        "emulator": ("admin.emulator", "Start a local Dify server for development and tests."),
        "help": ("admin.help", "Show the help of a command."),
        "version": ("admin.help", "Show the version."),
    },
}

app = typer.Typer(
    cls=lazy(_COMMANDS),
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
    # Markup would remove the brackets of dify[emulator], and would make help differ between a pipe and a terminal.
    rich_markup_mode=None,
    # Pretty tracebacks can show local variables, and so keys.
    pretty_exceptions_enable=False,
    context_settings=CONTEXT_SETTINGS,
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"dify {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del version
