"""`dify chat`: ask an app one thing, or talk with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import session as s
from .attachments import Attachment, attach
from .chat_view import ChatView, summarise
from .command import Job, command, examples, single
from .exits import Failure
from .inputs import SYNTAX, Pair, checked, parse_pairs, read_text, values_of
from .options import Files
from .prompts import ask_forms, can_ask
from .render import to_json, wire_form

if TYPE_CHECKING:
    from dify import AsyncChatStream, ChatResponse

__all__ = ["ask_once", "chat"]

chat = single()

HELP = """Ask a chat app, an agent or a chatflow; the answer is printed as it comes.

Without a MESSAGE, on a terminal, it is a conversation: /help there says what else can be done.

The answer goes to standard output. What an agent thinks and calls, the conversation's id and the usage go to standard
error, where that is a terminal or with --verbose. Ctrl-C asks the server to stop.
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
        more=["Inputs:", *(f"  {line}" for line in SYNTAX)],
    ),
)
async def ask_or_talk(
    job: Job,
    message: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE]", help="What to say; - reads it from standard input.")
    ] = None,
    conversation: Annotated[
        str | None, typer.Option("--conversation", "-c", metavar="ID", help="The conversation to go on with.")
    ] = None,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="KEY=VALUE", help="A value of the app's form; repeatable."),
    ] = None,
    file: Files = None,
) -> None:
    """Ask an app; see HELP."""
    pairs = parse_pairs(input or [])
    if message is None and sys.stdin.isatty() and sys.stdout.isatty() and not job.as_json:
        from .talk import talk

        await talk(job, pairs, conversation, file or [])
        return
    question = checked(read_text("-").rstrip("\n") if message == "-" else message or "")
    if not question.strip():
        raise typer.BadParameter("there is nothing to ask: MESSAGE is empty")
    await ask_once(job, question, conversation, pairs, file or [])


async def ask_once(
    job: Job, question: str, conversation: str | None, pairs: Sequence[Pair], attachments: Sequence[Attachment]
) -> ChatResponse:
    """Ask, show the answer and what belongs to it, and put the forms of a chatflow before whoever is there.

    Raises:
        Failure: The chatflow waits for a person, and nobody is there or answers; or its run was stopped.
    """
    client, screen = job.client, job.screen
    files: list[Any] = await attach(client, attachments, screen.note)
    inputs = await values_of(client, pairs, screen.note)
    view = ChatView(screen)
    stream = client.chat.stream(question, inputs=inputs, conversation_id=conversation, files=files or None)
    reply = await _shown(job, stream, view)
    answered: set[str | None] = set()
    while reply.paused and reply.workflow_run_id is not None and can_ask() and not job.as_json:
        waiting = [form for form in reply.forms if form.form_token and form.form_id not in answered]
        if not waiting:
            break
        await ask_forms(client, screen, waiting, _waits(reply))
        answered |= {form.form_id for form in waiting}
        follow = client.chat.events(reply.workflow_run_id, include_state_snapshot=True, continue_on_pause=True)
        view = ChatView(screen, before=view.shown)
        after = await _shown(job, follow, view, answered)
        # The replay of a run that has ended names no conversation.
        reply = after if after.conversation_id else after.model_copy(update={"conversation_id": reply.conversation_id})
    if reply.paused:
        raise Failure(_waits(reply))
    summarise(screen, reply, whole=view.whole)
    return reply


async def _shown(
    job: Job, stream: AsyncChatStream, view: ChatView, answered: set[str | None] | None = None
) -> ChatResponse:
    """Show a stream to its end, or to a form that was not answered yet."""
    try:
        async with s.stopping(stream):
            async for event in stream:
                view.note(event)
                if job.as_json:
                    job.screen.line(to_json(wire_form(event)))
                else:
                    view.show(event, stream)
                if (
                    event.event == "workflow_paused"
                    and answered is not None
                    and any(form.form_id not in answered for form in event.data.reasons)
                ):
                    snapshot = stream.snapshot
                    assert snapshot is not None  # an event has come
                    return snapshot
        reply = await stream.final()
        if not job.as_json:
            view.rest(reply.answer)
        return reply
    finally:
        job.screen.end_answer()


def _waits(reply: ChatResponse) -> str:
    forms = "; ".join(f"{form.node_title or form.node_id}, form token {form.form_token}" for form in reply.forms)
    return f"the chatflow waits for a person: {forms or 'it is paused'} (run {reply.workflow_run_id})"
