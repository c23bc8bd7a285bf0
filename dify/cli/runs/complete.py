"""`dify complete`: run a completion app."""

from __future__ import annotations

from typing import Annotated

import typer

from ..attachments import upload_attachments
from ..command import Context, command, examples, single
from ..inputs import INPUT_HELP, parse_inputs, resolve_inputs
from ..options import Files, Inputs
from ..terminal.interrupts import stop_on_interrupt
from ..terminal.screen import event_to_dict, to_json

__all__ = ["complete"]

complete = single()


@command(
    complete,
    "complete",
    user=True,
    emulator="inputs",
    epilog=examples(
        "dify complete topic=tea",
        'dify complete --query "Write about tea" tone=calm',
        "dify complete --emulator topic=tea",
        more=INPUT_HELP,
    ),
)
async def run_completion(
    ctx: Context,
    inputs: Inputs = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", metavar="text", help="Query, for apps that take one.")
    ] = None,
    file: Files = None,
) -> None:
    """Run a completion app and print the text as it arrives. Ctrl-C stops the task on the server."""
    client, screen = ctx.client, ctx.screen
    parsed = parse_inputs(inputs or [])
    files = await upload_attachments(client, file or [], screen.note)
    values = await resolve_inputs(client, parsed, screen.note)
    stream = client.completions.stream(values, query=query, files=files or None)
    shown = ""
    try:
        async with stop_on_interrupt(stream):
            async for event in stream:
                snapshot = stream.snapshot
                if ctx.as_json:
                    screen.line(to_json(event_to_dict(event)))
                elif snapshot is not None and snapshot.answer != shown:
                    if not snapshot.answer.startswith(shown):
                        screen.end_answer()
                        screen.message("[the server replaced the text]")
                        shown = ""
                    screen.answer(snapshot.answer[len(shown) :])
                    shown = snapshot.answer
        reply = await stream.final()
    finally:
        screen.end_answer()
    if reply.usage is not None and reply.usage.total_tokens is not None:
        screen.note(f"usage {reply.usage.total_tokens} tokens")
