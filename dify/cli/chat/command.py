"""`dify chat`: send one message, or start a conversation at the terminal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..command import Context, command, examples, single
from ..inputs import INPUT_HELP, parse_inputs, read_text, valid_text
from ..options import Files
from .ask import ask

__all__ = ["chat"]

chat = single()

HELP = """Send a message to a chat app, an agent or a chatflow, and print the answer as it arrives.

Without a message, on a terminal, start a conversation; type /help there to list its commands.

The answer is written to standard output. An agent's thoughts and tool calls, the conversation id and the usage are
written to standard error, if that is a terminal or --verbose is set. Ctrl-C stops the run on the server.
"""


@command(
    chat,
    "chat",
    user=True,
    emulator="message",
    help=HELP,
    epilog=examples(
        'dify chat "What is Dify?"',
        "dify chat",
        'dify chat --conversation ID "And in one line?"',
        'dify chat --input language=French --file photo.jpg "What is this?"',
        "dify chat - < question.txt",
        'dify chat --emulator "Hello"',
        more=INPUT_HELP,
    ),
)
async def send_or_converse(
    ctx: Context,
    message: Annotated[
        str | None, typer.Argument(metavar="message", help="Message to send; - reads standard input.")
    ] = None,
    conversation: Annotated[
        str | None, typer.Option("--conversation", "-c", metavar="id", help="Continue this conversation.")
    ] = None,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="key=value", help="Set an input of the app; repeatable."),
    ] = None,
    file: Files = None,
) -> None:
    """Send a message, or start a conversation; the help text is HELP."""
    inputs = parse_inputs(input or [])
    if message is None and sys.stdin.isatty() and sys.stdout.isatty() and not ctx.as_json:
        from .interactive import converse

        await converse(ctx, inputs, conversation, file or [])
        return
    query = valid_text(read_text("-").rstrip("\n") if message == "-" else message or "")
    if not query.strip():
        raise typer.BadParameter("the message is empty; pass a message, or - to read standard input")
    await ask(ctx, query, conversation, inputs, file or [])
