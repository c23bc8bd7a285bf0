"""Calls on kept connections that the gateway closes meanwhile: each arrives once, and ends right."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from dify import DefaultAsyncHttpxClient, DefaultHttpxClient

from ..support.server import Server
from .conftest import Close, Connect, Start
from .programs import IDLE, REVERSE
from .upstream import BLOCK, TEXT, Account, connections_to

KEEPING = [name for name in REVERSE if name != "tinyproxy"]
"""tinyproxy closes every connection after one answer, and says so."""

LONGEST = 5.0
"""Seconds within which every gateway of these tests closes an idle connection."""


class ClosedMeanwhile:
    """Holds the next request back until the gateway has closed the connection that was chosen for it.

    The event loop is held, too: a loop that is busy sees the end of a connection as late as this.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.armed = False
        self.closed = 0

    def _trace(self, event: str) -> None:
        if event != "http11.send_request_headers.started" or not self.armed:
            return
        self.armed = False
        end = time.monotonic() + LONGEST
        while connections_to(self._port, established=True):
            assert time.monotonic() < end, "the gateway keeps the connection"
            time.sleep(0.001)
        self.closed += 1

    def hook(self, request: httpx.Request) -> None:
        # Apache announces its time, in whole seconds, to clients that send this header. The client respects it.
        del request.headers["Connection"]
        request.extensions["trace"] = lambda event, _: self._trace(event)

    async def async_hook(self, request: httpx.Request) -> None:
        del request.headers["Connection"]

        async def trace(event: str, _: Any) -> None:
            self._trace(event)

        request.extensions["trace"] = trace


def calls(client: Any) -> dict[str, tuple[Callable[[str], Awaitable[Any]], Callable[[str], Any]]]:
    """Calls of each kind, and what each returns for its marker."""

    async def send(marker: str) -> str:
        return (await client.chat.send(marker)).answer

    async def upload(marker: str) -> int:
        return (await client.files.upload(BLOCK * 8, filename=marker)).size

    async def run(marker: str) -> str:
        return (await client.workflows.get(marker)).id

    return {
        "send": (send, lambda marker: TEXT + marker),
        "upload": (upload, lambda marker: len(BLOCK) * 8),
        "run": (run, lambda marker: marker),
    }


@pytest.mark.parametrize("kind", ["send", "upload", "run"])
@pytest.mark.parametrize("name", KEEPING)
async def test_a_call_whose_connection_is_closed_before_its_first_byte_goes_out_on_another(
    name: str, kind: str, upstream: Server, start: Start, connect: Connect, close: Close, face: str
) -> None:
    idle, times = (1.0, 1) if name == "squid" else (0.3, 2)
    gateway = start(name, REVERSE[name], upstream, idle=idle)
    port = gateway.setup.port
    account = Account(upstream)
    closed = ClosedMeanwhile(port)
    async_http = DefaultAsyncHttpxClient(event_hooks={"request": [closed.async_hook]})
    with DefaultHttpxClient(event_hooks={"request": [closed.hook]}) as http:
        async with async_http, connect(gateway.url, http_client=async_http if face == "async" else http) as client:
            call, expected = calls(client)[kind]
            for n in range(times):
                assert await client.workflows.get(f"before-{n}")  # leaves its connection
                closed.armed = True
                await account.of(f"{kind}-{n}", call, expected(f"{kind}-{n}"))
    close(account, gateway)
    assert closed.closed == times
    for _, error in account.typed:
        raise error
    assert account.right == times


AT_ONCE = 16
ROUNDS = 16
WINDOW = 0.004
"""Seconds before and after the gateway's time in which the calls begin."""


@pytest.mark.parametrize("name", KEEPING)
async def test_calls_around_the_end_of_an_idle_connection_arrive_once_or_not_at_all(
    name: str, upstream: Server, start: Start, connect: Connect, close: Close
) -> None:
    idle, rounds = (1.0, 2) if name == "squid" else (IDLE, ROUNDS)
    gateway = start(name, REVERSE[name], upstream, idle=idle)
    account = Account(upstream)
    async with connect(gateway.url) as client:
        call, expected = calls(client)["send"]

        async def one(caller: int) -> None:
            for n in range(rounds):
                marker = f"send-{caller}-{n}"
                await account.of(marker, call, expected(marker))
                turn = (caller * rounds + n * 7) % (AT_ONCE * 4) / (AT_ONCE * 4)
                until = time.monotonic() + idle + WINDOW * (2 * turn - 1)
                await asyncio.sleep(until - time.monotonic() - 0.001)
                while time.monotonic() < until:  # noqa: ASYNC110 - the timer of the loop is too coarse
                    await asyncio.sleep(0)

        await asyncio.gather(*map(one, range(AT_ONCE)))
    close(account, gateway)
    assert account.right + len(account.typed) == account.calls == AT_ONCE * rounds
