"""A conversation at the terminal: questions line by line, and commands that begin with a slash."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from .attachments import Attachment, attachments_in
from .exits import Failure, code_of, line_of
from .inputs import Pair
from .render import complain, harmless, one_line
from .session import at_the_keyboard, interrupting

if TYPE_CHECKING:
    from dify import ChatResponse, Message

    from .command import Job

__all__ = ["talk"]

_PAGE = 100
"""Messages of the history to ask for at a time: the most that a server gives."""

_HELP = """\
/new           begin a new conversation
/files PATH…   files (or URLs) for the next message; without any, show which
/history [N]   what was said in this conversation, or the last N messages of it
/suggested     what could be asked next
/like, /dislike [TEXT]   rate the last answer
/quit          leave, as Ctrl-D does
Ctrl-C         while an answer comes, asks the server to stop"""


async def talk(job: Job, pairs: Sequence[Pair], conversation: str | None, files: Sequence[Attachment]) -> None:
    """Talk until the person leaves."""
    await _Talk(job, pairs, conversation, files).go_on()


class _Talk:
    def __init__(self, job: Job, pairs: Sequence[Pair], conversation: str | None, files: Sequence[Attachment]) -> None:
        self._job = job
        self._pairs = pairs
        self._conversation = conversation
        self._files = list(files)
        self._last: ChatResponse | None = None

    async def go_on(self) -> None:
        with suppress(ImportError):
            importlib.import_module("readline")  # lets a line be edited, and those before be called back
        self._job.screen.say("A conversation: /help says what can be done, Ctrl-D leaves.")
        while (line := self._line()) is not None:
            line = line.strip()
            if not line:
                continue
            if line in ("/quit", "/exit"):
                return
            await self._do(line)

    def _line(self) -> str | None:
        with at_the_keyboard():
            while True:
                try:
                    return input("> ")
                except EOFError:
                    print()
                    return None
                except KeyboardInterrupt:
                    print()  # the line is given up, as in a shell

    async def _do(self, line: str) -> None:
        """One line's work; it may fail or be stopped, and the conversation goes on."""
        task = asyncio.ensure_future(self._command(line) if line.startswith("/") else self._ask(line))
        try:
            with interrupting(task.cancel):
                await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
        except Exception as error:
            if code_of(error) is None:
                raise
            complain(str(error) if isinstance(error, Failure) else line_of(error, "chat", self._job.session.source))

    async def _ask(self, question: str) -> None:
        from .chat import ask_once

        files, self._files = self._files, []
        try:
            self._last = await ask_once(self._job, question, self._conversation, self._pairs, files)
        except BaseException:
            self._files = files  # they were not said yet
            raise
        self._conversation = self._last.conversation_id or self._conversation

    async def _command(self, line: str) -> None:
        client, say = self._job.client, self._job.screen.say
        name, _, rest = line.partition(" ")
        match name:
            case "/new":
                self._conversation = self._last = None
                say("a new conversation")
            case "/files":
                self._attach(rest)
            case "/history":
                await self._history(rest.strip())
            case "/suggested":
                if self._last is None:
                    raise Failure("there is no answer yet")
                for question in await client.messages.suggested(self._last.message_id):
                    print(harmless(one_line(question)))
            case "/like" | "/dislike":
                if self._last is None:
                    raise Failure("there is no answer yet to rate")
                rating = "like" if name == "/like" else "dislike"
                await client.messages.feedback(self._last.message_id, rating, content=rest.strip() or None)
                say("rated")
            case "/help":
                say(_HELP)
            case _:
                raise Failure(f"there is no {harmless(name)}; /help says what there is")

    def _attach(self, rest: str) -> None:
        try:
            self._files += attachments_in(rest)
        except (ValueError, FileNotFoundError) as error:
            raise Failure(str(error)) from None
        names = ", ".join(harmless(file.name) for file in self._files)
        self._job.screen.say(f"with the next message: {names or 'no files'}")

    async def _history(self, last: str) -> None:
        if last and (not last.isdecimal() or int(last) == 0):
            raise Failure("how many messages? /history 20, say; without a number, all of them")
        if self._conversation is None:
            raise Failure("nothing was said yet")
        wanted = int(last) if last else None
        said: list[Message] = []
        pager = self._job.client.messages.list(self._conversation, limit=min(wanted or _PAGE, _PAGE))
        async for page in pager.pages():
            said[:0] = page.data  # each page is older than the one before it, and begins with its oldest
            if wanted is not None and len(said) >= wanted:
                break
        for message in said if wanted is None else said[-wanted:]:
            self._job.screen.say(f"> {one_line(message.query)}")
            print(harmless(message.answer))
