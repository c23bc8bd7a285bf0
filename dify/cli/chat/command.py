"""`dify chat`: send one message, or start a conversation at the terminal."""

from __future__ import annotations

import os
import stat
import sys
from typing import Annotated

import typer

from ..command import Context, command, examples, single
from ..inputs import INPUT_HELP, parse_inputs, read_text, valid_text
from ..options import Files
from .ask import ask
from .last_conversation import LastConversation

__all__ = ["chat"]

chat = single()

HELP = """Send a message to a chat app, an agent or a chatflow, and print the answer as it arrives.

Without a message, on a terminal, start a conversation; type /help there to list its commands. Text from a pipe or a
redirected file is the message, or the context before it: `cat log.txt | dify chat "explain"` sends both.

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
        'dify chat --continue "And in one line?"',
        'dify chat --conversation ID "And in French?"',
        'dify chat --input language=French --file photo.jpg "What is this?"',
        'git diff | dify chat "Write a commit message"',
        "dify chat < question.txt",
        'dify chat --json "Hello" | jq -r .answer',
        'dify chat --emulator "Hello"',
        more=INPUT_HELP,
    ),
)
async def send_or_converse(
    ctx: Context,
    message: Annotated[
        str | None,
        typer.Argument(
            metavar="message", help="Message to send, after the text of standard input; - is that text alone."
        ),
    ] = None,
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="id", help="Continue this conversation.")
    ] = None,
    continue_last: Annotated[
        bool, typer.Option("--continue", "-c", help="Continue the last conversation with this app and user.")
    ] = False,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="key=value", help="Set an input of the app; repeatable."),
    ] = None,
    file: Files = None,
    events: Annotated[bool, typer.Option("--events", help="Print each event of the stream as a line of JSON.")] = False,
    history: Annotated[
        bool,
        typer.Option(
            "--history/--no-history",
            envvar="DIFY_HISTORY",
            help="Keep the messages typed at the prompt, and the conversation for --continue.",
        ),
    ] = True,
) -> None:
    """Send a message, or start a conversation; the help text is HELP."""
    inputs = parse_inputs(input or [])
    last = LastConversation(ctx) if history and not ctx.session.emulator else None
    if continue_last:
        if conversation is not None:
            raise typer.BadParameter("--continue and --conversation cannot be used together")
        if last is None:
            other = "--emulator" if ctx.session.emulator else "--no-history (or DIFY_HISTORY=0)"
            raise typer.BadParameter(f"--continue and {other} cannot be used together")
        conversation = last.load()
    if message is None and sys.stdin.isatty() and sys.stdout.isatty() and not (ctx.as_json or events):
        from .interactive import converse

        await converse(ctx, inputs, conversation, file or [], last, keep_history=history)
        return
    query = _query(message)
    if not query.strip():
        raise typer.BadParameter("the message is empty; pass a message, or pipe text to standard input")
    await ask(ctx, query, conversation, inputs, file or [], events=events, last=last)


def _query(message: str | None) -> str:
    """Return the message, after the text of standard input if that is a pipe or a file."""
    if message == "-":
        return valid_text(read_text("-").rstrip("\n"))
    context = read_text("-").strip("\n") if _has_piped_text() else ""
    return valid_text("\n\n".join(part for part in (context, message) if part))


def _has_piped_text() -> bool:
    """Return whether standard input is a pipe, a socket or a file; /dev/null and a terminal have no text."""
    if sys.stdin.isatty():
        return False
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):  # a test's buffer in memory
        return True
    return not stat.S_ISCHR(mode)
