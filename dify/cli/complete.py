"""`dify complete`: a completion app, and its text as it comes."""

from __future__ import annotations

from typing import Annotated

import typer

from . import session as s
from .attachments import attach
from .command import Job, command, examples, single
from .inputs import SYNTAX, parse_pairs, values_of
from .options import Files, Inputs
from .render import to_json, wire_form

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
        more=["Inputs:", *(f"  {line}" for line in SYNTAX)],
    ),
)
async def run_completion(
    job: Job,
    inputs: Inputs = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", metavar="TEXT", help="The text, for apps that take one.")
    ] = None,
    file: Files = None,
) -> None:
    """Run a completion app; its text is printed as it comes. Ctrl-C asks the server to stop."""
    client, screen = job.client, job.screen
    pairs = parse_pairs(inputs or [])
    files = await attach(client, file or [], screen.note)
    values = await values_of(client, pairs, screen.note)
    stream = client.completions.stream(values, query=query, files=files or None)
    shown = ""
    try:
        async with s.stopping(stream):
            async for event in stream:
                snapshot = stream.snapshot
                if job.as_json:
                    screen.line(to_json(wire_form(event)))
                elif snapshot is not None and snapshot.answer != shown:
                    if not snapshot.answer.startswith(shown):
                        screen.end_answer()
                        screen.say("[the server replaced the text; it now reads]")
                        shown = ""
                    screen.answer(snapshot.answer[len(shown) :])
                    shown = snapshot.answer
        reply = await stream.final()
    finally:
        screen.end_answer()
    if reply.usage is not None and reply.usage.total_tokens is not None:
        screen.note(f"usage {reply.usage.total_tokens} tokens")
