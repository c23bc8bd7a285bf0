"""Every kind of call through every gateway: the answer is right, arrives once, and no connection is left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ..support.server import Server
from .conftest import Close, Connect, Start
from .programs import REVERSE
from .upstream import BLOCK, CONTENT, TEXT, Account

MANY = 6
"""Calls of each kind, at once."""

WAYS: dict[str, dict[str, Any]] = {
    "passing on": {},
    "compressing": {"gzip": True},
    "buffering": {"buffering": True},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REVERSE)
async def test_every_kind_of_call_ends_right(
    name: str, way: str, upstream: Server, start: Start, connect: Connect, close: Close
) -> None:
    gateway = start(name, REVERSE[name], upstream, **WAYS[way])
    account = Account(upstream)
    async with connect(gateway.url) as client:

        async def send(marker: str) -> str:
            return (await client.chat.send(marker)).answer

        async def stream(marker: str) -> str:
            return "".join([piece async for piece in client.chat.stream(marker).text_stream])

        async def upload(marker: str) -> int:
            return (await client.files.upload(BLOCK * 8, filename=marker)).size

        async def download(marker: str) -> bytes:
            return await client.files.download(marker).read()

        async def run(marker: str) -> str:
            return (await client.workflows.get(marker)).id

        for _ in range(2):  # the second time on connections that were kept
            made = range(account.calls, account.calls + MANY)
            await asyncio.gather(
                *(account.of(f"send-{n}", send, f"{TEXT}send-{n}") for n in made),
                *(account.of(f"stream-{n}", stream, f"{TEXT}stream-{n}") for n in made),
                *(account.of(f"upload-{n}.bin", upload, len(BLOCK) * 8) for n in made[:4]),
                *(account.of(f"download-{n}", download, CONTENT) for n in made[:4]),
                *(account.of(f"run-{n}", run, f"run-{n}") for n in made),
            )
    close(account, gateway)
    assert account.typed == []
    assert account.right == account.calls == 2 * (3 * MANY + 8)
