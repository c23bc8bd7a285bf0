"""A bot for a chat service such as Discord or Slack: a conversation per channel, messages that grow while the answer arrives.

    DIFY_API_KEY=app-... DIFY_BASE_URL=https://dify.example.com python chat_bot.py
    python chat_bot.py --emulator           # with an emulator: no server, no key

The chat service is the terminal: each line is a message, `channel user: text` or only text. To connect another service,
implement `Channel`. `!new` starts a new conversation, `!quit` exits.
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
"""Maximum number of characters of a message, as in Discord."""
PAUSE = 1.0
"""Seconds between two edits of a message, because services limit them."""


@dataclass(frozen=True)
class Incoming:
    """A message of a user."""

    channel: str
    user: str
    text: str


class Channel(Protocol):
    """A chat service: posts messages and edits them."""

    async def post(self, channel: str, text: str) -> int: ...

    async def edit(self, message: int, text: str) -> None: ...


class Bot:
    """A bot that answers messages with a Dify app.

    Call `on_message` from the client of the service: in discord.py from the event of that name, in Slack's Bolt from
    `@app.message()`.
    """

    def __init__(self, client: AsyncDify, channel: Channel, *, pause: float = PAUSE) -> None:
        self._client = client
        self._channel = channel
        self._pause = pause
        self._conversations: dict[str, str] = {}  # by channel; store them in a database
        self._turn: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def on_message(self, message: Incoming) -> None:
        """Answer a message. Messages of one channel are answered one after another."""
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
        """Return the answer, or an apology; meanwhile, show the text received so far."""
        try:
            return await self._stream(message, posted)
        except ConversationNotFoundError:  # deleted in Dify, or the key belongs to another app
            self._conversations.pop(message.channel, None)
            return await self._stream(message, posted)
        except RateLimitError as error:
            return f"The app is busy. Please ask again in {error.retry_after or 30:.0f} seconds."
        except StreamInterruptedError as error:
            text = error.partial.answer if error.partial is not None else ""
            return f"{text} (The connection was lost.)".strip()
        except DifyError as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # for the operator
            return "Something went wrong. The error has been logged."

    async def _stream(self, message: Incoming, posted: int) -> str:
        # The users of a channel share its conversation, so the channel is the user for Dify, and the text contains the name.
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
    """The terminal as a chat service."""

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
    """Parse a line: `channel user: text`, or only text."""
    head, colon, text = line.strip().partition(": ")
    if colon and len(words := head.split()) == 2:
        return Incoming(channel=words[0], user=words[1], text=text)
    return Incoming(channel="general", user="", text=line.strip())


@asynccontextmanager
async def open_client(emulated: bool) -> AsyncGenerator[AsyncDify]:
    """Open a client of the server in the environment, or of an emulator that counts messages."""
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
    parser.add_argument("--emulator", action="store_true", help="use an emulator: no server, no key")
    arguments = parser.parse_args()
    async with open_client(arguments.emulator) as client:
        bot = Bot(client, Terminal())
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() == "!quit":
                break
            if line.strip():
                await bot.on_message(read(line))


if __name__ == "__main__":
    asyncio.run(main())
