"""The design's chapter "Security", the row of limits: what a server sends may be as large as it likes, what is held may not."""

from __future__ import annotations

import gzip
import tracemalloc
from functools import cache
from typing import Any

import pytest

from dify import NotFoundError, ResponseLimits, ResponseValidationError, ServerError

from ..support import raw_frames as frames
from ..support.server import Exchange, Server
from .test_security import MIB, Ask, ask, get_run

__all__ = ["ask"]  # the fixture

SMALL = ResponseLimits(frame=MIB, answer=MIB, error=1 << 10)


@cache
def bomb() -> bytes:
    """40 MiB of a JSON string, in 40 KiB."""
    return gzip.compress(b'{"id": "' + b"A" * (40 * MIB) + b'"}', 6)


class Peak:
    """What the block around a call holds at most, in bytes."""

    def __enter__(self) -> Peak:
        tracemalloc.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


MOST = 6 * MIB
"""Four times the limit, and what the server in this process takes."""


@pytest.mark.parametrize("packed", [1, 2], ids=["once", "twice"])
async def test_a_bomb_is_given_up_at_the_limit(ask: Ask, packed: int) -> None:
    content = bomb() if packed == 1 else gzip.compress(bomb())
    encoding = ", ".join(["gzip"] * packed)
    with (
        Server(lambda x: x.bytes(content, "application/json", f"Content-Encoding: {encoding}")) as server,
        Peak() as peak,
        pytest.raises(ResponseValidationError, match=r"larger than|unsupported content encoding"),
    ):
        await ask(server, get_run, limits=SMALL)
    assert peak.held < MOST


async def test_a_bomb_in_a_stream_is_given_up_at_the_limit(ask: Ask) -> None:
    content = gzip.compress(b"data: " + b"A" * (40 * MIB))
    with (
        Server(lambda x: x.bytes(content, "text/event-stream", "Content-Encoding: gzip")) as server,
        Peak() as peak,
        pytest.raises(ResponseValidationError, match="larger than"),
    ):
        await ask(server, lambda client: client.chat.send("hi"), limits=SMALL)
    assert peak.held < MOST


async def test_a_bomb_as_an_error_is_opened_only_at_its_start_and_keeps_its_status(ask: Ask) -> None:
    content = bomb()
    with (
        Server(lambda x: x.bytes(content, "application/json", "Content-Encoding: gzip", status=500)) as server,
        Peak() as peak,
        pytest.raises(ServerError) as caught,
    ):
        await ask(server, get_run, limits=SMALL)
    assert peak.held < MOST
    assert len(caught.value.body or "") <= 1 << 10
    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize("what", ["frame", "answer"])
async def test_what_never_ends_is_given_up_at_the_limit(ask: Ask, what: str) -> None:
    def endless(x: Exchange) -> None:
        x.head(200, "text/event-stream" if what == "frame" else "application/json", "Connection: close")
        x.send(b'data: {"' if what == "frame" else b'{"id": "')
        while not x.server.stopping.is_set():
            x.send(b"A" * (1 << 16))

    def call(client: Any) -> Any:
        return client.chat.send("hi") if what == "frame" else get_run(client)

    with Server(endless) as server, Peak() as peak, pytest.raises(ResponseValidationError, match="larger than"):
        await ask(server, call, limits=SMALL)
    assert peak.held < MOST


async def test_an_errors_message_has_no_control_characters_and_a_bounded_length(ask: Ask) -> None:
    message = "\x1b[2J\r\nforged log line" + "x" * 10_000
    body = {"code": "not_found\x1b[31m", "message": message, "status": 404}
    with Server(lambda x: x.json(body, 404)) as server, pytest.raises(NotFoundError) as caught:
        await ask(server, get_run)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 3000
    assert caught.value.message == message  # whoever wants the server's own words has them


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"a":' * 100_000])
async def test_absurd_nesting_is_a_typed_error(ask: Ask, deep: bytes) -> None:
    with Server(lambda x: x.bytes(deep, "application/json")) as server, pytest.raises(ResponseValidationError):
        await ask(server, get_run)
    with Server(lambda x: x.bytes(deep, "application/json", status=404)) as server, pytest.raises(NotFoundError):
        await ask(server, get_run)
    stream = frames.message("Hel") + b"data: " + deep + b"\n\n"
    with Server(lambda x: x.bytes(stream, "text/event-stream")) as server, pytest.raises(ResponseValidationError):
        await ask(server, lambda client: client.chat.send("hi"))
