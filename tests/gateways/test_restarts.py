"""Gateways that restart in the middle of streams: each stream ends with a typed error that keeps what came, and calls go on."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dify import StreamInterruptedError

from ..support import raw_frames as frames
from ..support.server import Exchange, Server
from .conftest import Close, Connect, Start
from .programs import REVERSE
from .upstream import TEXT, Account, answer, mark

STREAMS = 6


@pytest.mark.parametrize("name", REVERSE)
async def test_streams_keep_what_came_and_later_calls_end_right(
    name: str, start: Start, connect: Connect, close: Close
) -> None:
    restarted = threading.Event()

    def held(x: Exchange) -> None:
        if not mark(x.request).startswith("held"):
            return answer(x)
        x.sse(frames.message("Hello"))
        return x.hold(restarted)

    with Server(held) as server:
        gateway = start(name, REVERSE[name], server)
        account = Account(server)
        read: list[str] = []
        all_read = asyncio.Event()
        async with connect(gateway.url) as client:

            async def stream(marker: str) -> str:
                async for piece in client.chat.stream(marker).text_stream:
                    read.append(piece)
                    if len(read) == STREAMS:
                        all_read.set()
                return "whole"

            async def send(marker: str) -> str:
                return (await client.chat.send(marker)).answer

            streams = [asyncio.ensure_future(account.of(f"held-{n}", stream, None)) for n in range(STREAMS)]
            await asyncio.wait_for(all_read.wait(), 60)
            await asyncio.to_thread(gateway.restart)
            await asyncio.gather(*streams)
            restarted.set()
            await asyncio.gather(*(account.of(f"send-{n}", send, f"{TEXT}send-{n}") for n in range(STREAMS)))
    close(account, gateway)
    assert account.right == STREAMS
    errors = [error for _, error in account.typed]
    assert len(errors) == STREAMS
    assert all(isinstance(error, StreamInterruptedError) and error.partial.answer == "Hello" for error in errors)
