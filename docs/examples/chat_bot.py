"""A bot for a chat service such as Discord or Slack: one conversation per channel, answers that grow while they come.

    DIFY_API_KEY=app-... DIFY_BASE_URL=https://dify.example.com python chat_bot.py
    python chat_bot.py --emulator           # no server and no key: a Dify in this process

Here the chat service is this terminal: each line is a message, as `channel user: text` or just text. `Channel` says what a real
service has to offer; nothing else in this file knows which one it is. `!new` begins a new conversation, `!quit` ends.
"""

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from dify import AsyncDify, ConversationNotFoundError, DifyError, RateLimitError, StreamInterruptedError, TextReplaced

LONGEST = 2000
"""Characters in a message; Discord's limit."""
PAUSE = 1.0
"""Seconds between two edits of a message; services refuse more of them."""


@dataclass(frozen=True)
class Incoming:
    """A message that somebody wrote."""

    channel: str
    user: str
    text: str


class Channel(Protocol):
    """What the bot needs of a chat service: to post a message, and to change it."""

    async def post(self, channel: str, text: str) -> int: ...

    async def edit(self, message: int, text: str) -> None: ...


class Bot:
    """Answers messages with a Dify app.

    In a service, its own client calls `on_message`: in discord.py from the event of that name, in Slack's Bolt from
    `@app.message()`.
    """

    def __init__(self, client: AsyncDify, channel: Channel, *, pause: float = PAUSE) -> None:
        self._client = client
        self._channel = channel
        self._pause = pause
        self._conversations: dict[str, str] = {}  # of each channel; a real bot keeps these in a database
        self._turn: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def on_message(self, message: Incoming) -> None:
        """Answer one message; those of one channel are answered one after the other."""
        async with self._turn[message.channel]:
            if message.text == "!new":
                self._conversations.pop(message.channel, None)
                await self._channel.post(message.channel, "A new conversation.")
                return
            posted = await self._channel.post(message.channel, "...")
            text = await self._answer(message, posted)
            await self._channel.edit(posted, text[:LONGEST] or "(no answer)")
            for start in range(LONGEST, len(text), LONGEST):
                await self._channel.post(message.channel, text[start : start + LONGEST])

    async def _answer(self, message: Incoming, posted: int) -> str:
        """The answer, or what to say in its place; on the way, what has come is shown."""
        try:
            return await self._stream(message, posted)
        except ConversationNotFoundError:  # deleted in Dify, or the app was exchanged
            self._conversations.pop(message.channel, None)
            return await self._stream(message, posted)
        except RateLimitError as error:
            return f"Too much at once. Please ask again in {error.retry_after or 30:.0f} seconds."
        except StreamInterruptedError as error:
            said = error.partial.answer if error.partial is not None else ""
            return f"{said} (The connection broke off.)".strip()
        except DifyError as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # for the operator, not for the channel
            return "Something went wrong. It has been written down."

    async def _stream(self, message: Incoming, posted: int) -> str:
        # All who write in a channel share its conversation, so the channel is Dify's user, and the name goes into the text.
        shown, last = "", time.monotonic()
        query = f"{message.user}: {message.text}" if message.user else message.text
        stream = self._client.chat.stream(
            query, user=f"channel-{message.channel}", conversation_id=self._conversations.get(message.channel)
        )
        async with stream:
            async for piece in stream.text_stream:
                shown = piece if isinstance(piece, TextReplaced) else shown + piece
                if time.monotonic() - last >= self._pause and len(shown) <= LONGEST:
                    await self._channel.edit(posted, shown)
                    last = time.monotonic()
            reply = await stream.final()
        self._conversations[message.channel] = reply.conversation_id
        return reply.answer


class Terminal:
    """This terminal as a chat service."""

    def __init__(self) -> None:
        self._channels: list[str] = []

    async def post(self, channel: str, text: str) -> int:
        self._channels.append(channel)
        if text != "...":
            print(f"[{channel}] {text}", flush=True)
        return len(self._channels) - 1

    async def edit(self, message: int, text: str) -> None:
        print(f"[{self._channels[message]}] {text}", flush=True)


def read(line: str) -> Incoming:
    """A line as a message: `channel user: text`, or just text."""
    head, colon, text = line.strip().partition(": ")
    if colon and len(words := head.split()) == 2:
        return Incoming(channel=words[0], user=words[1], text=text)
    return Incoming(channel="general", user="", text=line.strip())


@asynccontextmanager
async def open_client(emulated: bool) -> AsyncGenerator[AsyncDify]:
    """A client of the server that the environment names, or of an emulator that counts what was said."""
    if emulated:
        from dify.testing import Emulator, EmulatorRequest

        def answer(request: EmulatorRequest) -> str:
            return f"({len(request.history) + 1}) You said: {request.query}"

        async with Emulator(answer, mode="chat") as emulator:
            yield emulator.client()
    else:
        async with AsyncDify() as client:
            yield client


async def main() -> None:
    parser = argparse.ArgumentParser(description="A chat bot in the terminal.")
    parser.add_argument("--emulator", action="store_true", help="answer in this process: no server, no key")
    asked = parser.parse_args()
    async with open_client(asked.emulator) as client:
        bot = Bot(client, Terminal())
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() == "!quit":
                break
            if line.strip():
                await bot.on_message(read(line))


if __name__ == "__main__":
    asyncio.run(main())
