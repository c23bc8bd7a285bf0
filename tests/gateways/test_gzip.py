"""Compressed answers as gateways may send them: several members, blocks without content, bytes after the end."""

from __future__ import annotations

import gzip
import time
import zlib

import pytest

from dify import DifyError, StreamInterruptedError

from ..support import raw_frames as frames
from ..support.server import Exchange, Gone, Server
from .conftest import Connect, Start
from .programs import REVERSE
from .upstream import CONTENT

HALF = len(CONTENT) // 2


@pytest.mark.parametrize("name", REVERSE)
async def test_a_download_of_two_gzip_members_is_whole(name: str, start: Start, connect: Connect) -> None:
    def answer(x: Exchange) -> None:
        body = gzip.compress(CONTENT[:HALF], 1) + gzip.compress(CONTENT[HALF:], 1)
        x.bytes(body, "application/octet-stream", "Content-Encoding: gzip")

    with Server(answer) as server:
        gateway = start(name, REVERSE[name], server)
        async with connect(gateway.url) as client:
            assert await client.files.download("f-1").read() == CONTENT


async def test_gzip_blocks_without_content_do_not_keep_a_stream_alive(start: Start, connect: Connect) -> None:
    def answer(x: Exchange) -> None:
        x.head(200, "text/event-stream", "Content-Encoding: gzip", "Transfer-Encoding: chunked")
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        x.chunk(packer.compress(frames.message("a")) + packer.flush(zlib.Z_SYNC_FLUSH))
        until = time.monotonic() + 4
        while time.monotonic() < until and not x.server.stopping.wait(0.05):
            x.chunk(b"\x00\x00\x00\xff\xff")  # an empty stored block
        raise Gone

    with Server(answer) as server:
        gateway = start("nginx", REVERSE["nginx"], server)
        begun = time.monotonic()
        async with connect(gateway.url, timeout=0.5) as client:
            with pytest.raises(DifyError):
                await client.chat.send("hi")
        assert time.monotonic() - begun < 3


async def test_raw_bytes_within_gzip_are_an_interrupted_stream(start: Start, connect: Connect) -> None:
    def answer(x: Exchange) -> None:
        x.head(200, "text/event-stream", "Content-Encoding: gzip", "Transfer-Encoding: chunked")
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        x.chunk(packer.compress(frames.message("Hello")) + packer.flush(zlib.Z_SYNC_FLUSH))
        x.chunk(b"\xff" + frames.message(" world"))
        x.end()

    with Server(answer) as server:
        gateway = start("haproxy", REVERSE["haproxy"], server)
        async with connect(gateway.url) as client:
            with pytest.raises(StreamInterruptedError) as caught:
                await client.chat.send("hi")
    assert caught.value.partial.answer == "Hello"
