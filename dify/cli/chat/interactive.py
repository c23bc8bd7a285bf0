"""A conversation at the terminal: messages, and commands that begin with a slash."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from ..attachments import Attachment, parse_attachments
from ..command import Context
from ..error_messages import error_message
from ..exits import CommandError, exit_code_for
from ..inputs import Input
from ..state import state_folder
from ..terminal.interrupts import on_interrupt
from ..terminal.line_editor import LineEditor, open_line_editor, strip_quotes
from ..terminal.screen import one_line, report, sanitize
from .ask import ask
from .completions import complete
from .last_conversation import LastConversation

if TYPE_CHECKING:
    from dify import ChatResponse
    from dify.types import Message

__all__ = ["converse"]

_PAGE_SIZE = 100
"""Messages of the history to request at a time: the server's maximum."""

_HELP = """\
/new           start a new conversation
/files PATH…   attach files or URLs to the next message; without a path, list them
/history [N]   show the messages of this conversation, or the last N
/suggested     show suggested questions
/like, /dislike [TEXT]   rate the last answer, with an optional comment
/quit          quit (or press Ctrl-D)
Ctrl-C         stop the answer
Alt-Enter      start a new line; several pasted lines are one message
\"\"\"            begin and end a message of several lines
Tab            complete a command or a path"""


async def converse(
    ctx: Context,
    inputs: Sequence[Input],
    conversation: str | None,
    files: Sequence[Attachment],
    last: LastConversation | None,
    *,
    keep_history: bool = True,
) -> None:
    """Read messages and commands until the user quits.

    Args:
        ctx: The command's objects.
        inputs: Inputs of the app.
        conversation: Id of the conversation to continue, or None.
        files: Files of the first message.
        last: The store of the conversation's id, or None.
        keep_history: Keep the messages typed at the prompt for later conversations.
    """
    editor = open_line_editor(complete, state_folder() / "chat_history" if keep_history else None)
    await _Conversation(ctx, inputs, conversation, files, last).run(editor)


class _Conversation:
    def __init__(
        self,
        ctx: Context,
        inputs: Sequence[Input],
        conversation: str | None,
        files: Sequence[Attachment],
        last: LastConversation | None,
    ) -> None:
        self._ctx = ctx
        self._inputs = inputs
        self._conversation = conversation
        self._files = list(files)
        self._stored = last
        self._last: ChatResponse | None = None

    async def run(self, editor: LineEditor) -> None:
        self._ctx.screen.message("Type a message, /help for the commands, or Ctrl-D to quit.")
        while (text := await editor.read()) is not None:
            message = strip_quotes(text)
            if message is None and text.startswith("/") and "\n" not in text.strip():
                command = text.strip()
                if command in ("/quit", "/exit"):
                    return
                await self._handle(self._run_command(command))
            else:
                message = text.strip() if message is None else message
                if message.strip():
                    await self._handle(self._send(message))

    async def _handle(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a command or send a message. Errors are printed and Ctrl-C cancels; the conversation continues after both."""
        task = asyncio.ensure_future(work)
        try:
            with on_interrupt(task.cancel):
                await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if not task.cancelled() or (current is not None and current.cancelling()):
                raise
        except Exception as error:
            if exit_code_for(error) is None:
                raise
            report(error_message(error, "chat", self._ctx.session.source))

    async def _send(self, query: str) -> None:
        files, self._files = self._files, []
        try:
            self._last = await ask(self._ctx, query, self._conversation, self._inputs, files, last=self._stored)
        except BaseException:
            self._files = files  # the message was not answered: keep its files for the next one
            raise
        self._conversation = self._last.conversation_id or self._conversation

    async def _run_command(self, line: str) -> None:
        client, screen = self._ctx.client, self._ctx.screen
        name, _, argument = line.partition(" ")
        match name:
            case "/new":
                self._conversation = self._last = None
                screen.message("started a new conversation")
            case "/files":
                self._attach(argument)
            case "/history":
                await self._print_history(argument.strip())
            case "/suggested":
                if self._last is None:
                    raise CommandError("there is no answer yet; send a message first")
                for question in await client.messages.suggested_questions(self._last.message_id):
                    print(sanitize(one_line(question)))
            case "/like" | "/dislike":
                if self._last is None:
                    raise CommandError("there is no answer to rate yet; send a message first")
                rating = "like" if name == "/like" else "dislike"
                await client.messages.feedback(self._last.message_id, rating, content=argument.strip() or None)
                screen.message("rating saved")
            case "/help":
                screen.message(_HELP)
            case _:
                raise CommandError(f"unknown command {sanitize(name)}; type /help for the commands")

    def _attach(self, argument: str) -> None:
        try:
            self._files += parse_attachments(argument)
        except (ValueError, FileNotFoundError) as error:
            raise CommandError(str(error)) from None
        names = ", ".join(sanitize(file.name) for file in self._files)
        self._ctx.screen.message(f"files for the next message: {names or 'none'}")

    async def _print_history(self, count: str) -> None:
        if count and (not count.isdecimal() or int(count) == 0):
            raise CommandError("/history takes a number of messages, such as /history 20; without one it shows all")
        if self._conversation is None:
            raise CommandError("the conversation has no messages yet")
        limit = int(count) if count else None
        messages: list[Message] = []
        pager = self._ctx.client.messages.list(self._conversation, limit=min(limit or _PAGE_SIZE, _PAGE_SIZE))
        async for page in pager.pages():
            messages[:0] = page.data  # the newest page comes first; inside a page, the oldest message
            if limit is not None and len(messages) >= limit:
                break
        for message in messages if limit is None else messages[-limit:]:
            self._ctx.screen.message(f"> {one_line(message.query)}")
            print(sanitize(message.answer))
