"""Send one message to a chat app, show the answer, and fill in the forms of a chatflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..attachments import Attachment, upload_attachments
from ..command import Context
from ..exits import NOT_FOUND, CommandError
from ..inputs import Input, resolve_inputs
from ..output import plain
from ..terminal.form_prompts import answer_forms
from ..terminal.interrupts import stop_on_interrupt
from ..terminal.prompts import is_interactive
from ..terminal.screen import event_to_dict, to_json
from .last_conversation import LastConversation
from .view import ChatView, print_summary

if TYPE_CHECKING:
    from dify import AsyncChatStream, ChatResponse

__all__ = ["ask"]


async def ask(
    ctx: Context,
    query: str,
    conversation: str | None,
    inputs: Sequence[Input],
    attachments: Sequence[Attachment],
    *,
    events: bool = False,
    last: LastConversation | None = None,
) -> ChatResponse:
    """Send a message, show the answer and the summary, and prompt for the forms of a chatflow.

    With `--json` the response is printed as one object, also one that is incomplete.

    Args:
        ctx: The command's objects.
        query: The message.
        conversation: Id of the conversation to continue, or None.
        inputs: Inputs of the app.
        attachments: Files of the message.
        events: Print each event of the stream as a line of JSON instead.
        last: The store of the conversation's id, or None.

    Raises:
        CommandError: The chatflow waits for a person, and there is no terminal or the user did not answer;
            its run was stopped; or the conversation in `last` does not exist any more.
    """
    from dify import ConversationNotFoundError

    client, screen = ctx.client, ctx.screen
    files: list[Any] = await upload_attachments(client, attachments, screen.note)
    values = await resolve_inputs(client, inputs, screen.note)
    view = ChatView(screen)
    stream = client.chat.stream(query, inputs=values, conversation_id=conversation, files=files or None)
    try:
        reply = await _show(ctx, stream, view, events=events, last=last)
    except ConversationNotFoundError as error:
        if last is None or not last.is_stored(conversation):
            raise
        last.forget()
        raise CommandError(
            f"the last conversation {conversation} does not exist any more; "
            "to start a new one, omit --continue, or type /new at the prompt",
            NOT_FOUND,
        ) from error
    answered: set[str | None] = set()
    while reply.paused and reply.workflow_run_id is not None and is_interactive() and not (ctx.as_json or events):
        pending = [form for form in reply.forms if form.form_token and form.form_id not in answered]
        if not pending:
            break
        await answer_forms(client, screen, pending, _waiting_message(reply))
        answered |= {form.form_id for form in pending}
        stream = client.chat.events(reply.workflow_run_id, include_state_snapshot=True, continue_on_pause=True)
        view = ChatView(screen, before=view.shown)
        next_reply = await _show(ctx, stream, view, answered)
        # The replay of a run that has ended does not name the conversation.
        if not next_reply.conversation_id:
            next_reply = next_reply.model_copy(update={"conversation_id": reply.conversation_id})
        reply = next_reply
    if reply.paused:
        raise CommandError(_waiting_message(reply))
    print_summary(screen, reply, complete=view.complete)
    return reply


async def _show(
    ctx: Context,
    stream: AsyncChatStream,
    view: ChatView,
    answered: set[str | None] | None = None,
    *,
    events: bool = False,
    last: LastConversation | None = None,
) -> ChatResponse:
    """Show a stream until it ends, or until it pauses for a form that is not in `answered`."""
    try:
        async with stop_on_interrupt(stream):
            async for event in stream:
                view.note_end(event)
                if events:
                    ctx.screen.line(to_json(event_to_dict(event)))
                elif not ctx.as_json:
                    view.show(event, stream)
                if (
                    event.event == "workflow_paused"
                    and answered is not None
                    and any(form.form_id not in answered for form in event.data.reasons)
                ):
                    snapshot = stream.snapshot
                    assert snapshot is not None  # set by the first event
                    return snapshot
        reply = await stream.final()
        if not (ctx.as_json or events):
            view.finish(reply.answer)
        return reply
    finally:
        ctx.screen.end_answer()
        if last is not None and stream.snapshot is not None and stream.snapshot.conversation_id:
            last.save(stream.snapshot.conversation_id)
        if ctx.as_json and not events and stream.snapshot is not None:
            ctx.screen.line(to_json(plain(stream.snapshot)))


def _waiting_message(reply: ChatResponse) -> str:
    forms = "; ".join(f"{form.node_title or form.node_id}, form token {form.form_token}" for form in reply.forms)
    return f"the chatflow is waiting for a person: {forms or 'it is paused'} (run {reply.workflow_run_id})"
