"""Sockets of an asyncio event loop, as a network stream of httpcore.

anyio's sockets, which work on every event loop, switch reading on and off around each read and yield to the loop after each
write. For a stream of small events that costs more than everything else. Here reading stays on, and pauses when the buffer is
full.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections import deque
from contextlib import suppress
from ipaddress import ip_address
from itertools import zip_longest
from ssl import SSLContext
from typing import Any, cast

import anyio
import httpcore
from httpcore import AsyncNetworkStream

from .socket_state import acknowledged_bytes

__all__ = ["LoopStream", "connect"]

_HELD = 1 << 16
"""Number of buffered bytes above which reading is paused."""

_TURN = 1 << 18
"""Number of bytes after which a writer yields to the event loop, although the system would accept more."""

_NEXT_SECONDS = 0.25
"""Seconds without a response after which the next address of a host is tried, too."""


class _Protocol(asyncio.Protocol):
    """The receive buffer of a connection, and the tasks that wait for it."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.parts: deque[bytes | memoryview] = deque()
        self.ended = False
        self.lost = False
        self.error: Exception | None = None
        self.full = False
        self.acknowledged_at_end: int | None = None
        self._held = 0
        self._paused = False
        self._reader: asyncio.Future[bool] | None = None
        self._writer: asyncio.Future[bool] | None = None
        self._latest = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # ----------------------------------------------------------------------------------- callbacks of the event loop
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        # A writer waits until the system has accepted everything. The limit is not 0: TLS transports pause at the limit itself.
        self.transport.set_write_buffer_limits(high=1, low=0)

    def data_received(self, data: bytes) -> None:
        self.parts.append(data)
        self._held += len(data)
        if self._held > _HELD and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self.ended = True
        self.acknowledged_at_end = acknowledged_bytes(self.transport)
        _wake(self._reader)
        # A connection without TLS stays open for writing.
        return self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = self.lost = True
        self.error = exc
        _wake(self._reader)
        _wake(self._writer)
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        _wake(self._writer)

    # ------------------------------------------------------------------------------------------------- waiting tasks
    def take(self, most: int) -> bytes:
        """Remove up to `most` bytes from the buffer."""
        part = self.parts.popleft()
        if len(part) > most:
            view = memoryview(part)
            self.parts.appendleft(view[most:])
            part = view[:most]
        self._held -= len(part)
        if self._paused and self._held <= _HELD and not self.lost:
            self._paused = False
            self.transport.resume_reading()
        return bytes(part)

    async def arrival(self, seconds: float | None) -> bool:
        """Wait for bytes or the end of the connection.

        False if neither happens within this number of seconds.
        """
        self._reader = self.loop.create_future()
        if seconds is not None:
            self._latest = self.loop.time() + seconds
            # A timer per read would be expensive; the existing one checks, when it fires, whether the time is over.
            if self._timer is None or self._timer.when() > self._latest:
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = self.loop.call_at(self._latest, self._late)
        try:
            return await self._reader
        finally:
            self._reader = None
            self._latest = float("inf")

    def _late(self) -> None:
        self._timer = None
        if self._reader is None or self._latest == float("inf"):
            return
        if self.loop.time() < self._latest:
            self._timer = self.loop.call_at(self._latest, self._late)
        else:
            _wake(self._reader, False)

    async def flushed(self, seconds: float | None) -> bool:
        """Wait until the system has accepted everything, or the connection is lost.

        False if neither happens in time.
        """
        if not self.full or self.lost:
            return True
        self._writer = self.loop.create_future()
        timer = None if seconds is None else self.loop.call_later(seconds, _wake, self._writer, False)
        try:
            return await self._writer
        finally:
            self._writer = None
            if timer is not None:
                timer.cancel()


def _wake(waiter: asyncio.Future[bool] | None, happened: bool = True) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(happened)


class LoopStream(AsyncNetworkStream):
    """A connection as a network stream of httpcore."""

    def __init__(self, protocol: _Protocol) -> None:
        self._protocol = protocol
        self._closed = False
        self._is_inherited = False
        self._unturned = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        protocol = self._protocol
        if not protocol.parts:
            if not protocol.ended and not await protocol.arrival(timeout):
                raise httpcore.ReadTimeout
            if not protocol.parts:
                if protocol.error is not None or self._closed:
                    raise httpcore.ReadError(str(protocol.error or "the connection was closed"))
                return b""
        return protocol.take(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        protocol = self._protocol
        accepted = False
        if not protocol.lost and not self._closed:
            protocol.transport.write(buffer)
            accepted = not protocol.transport.is_closing()  # asyncio reports an error of the first attempt later
            if accepted and not await protocol.flushed(timeout):
                raise httpcore.WriteTimeout
        if not accepted or protocol.full:
            raise httpcore.WriteError(str(protocol.error or "the connection was closed"))
        self._unturned += len(buffer)
        if self._unturned > _TURN:
            self._unturned = 0
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        self.abort()
        if not self._is_inherited:
            await asyncio.sleep(0)

    def abort(self) -> None:
        """Close the connection without waiting for the event loop."""
        self._closed = True
        if not self._is_inherited:
            self._protocol.transport.abort()

    def abandon(self) -> None:
        """Fail from now on, without a change to the transport.

        The transport belongs to the event loop of the parent process.
        """
        self._closed = self._is_inherited = self._protocol.ended = True
        self._protocol.parts.clear()

    async def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        protocol = self._protocol
        try:
            transport = await protocol.loop.start_tls(
                protocol.transport,
                protocol,
                ssl_context,
                server_hostname=server_hostname,
                ssl_handshake_timeout=timeout,
            )
        except OSError as error:
            protocol.transport.abort()
            # asyncio raises a plain ConnectionAbortedError for a handshake that takes too long.
            late = isinstance(error, TimeoutError) or "handshake is taking longer" in str(error)
            raise (httpcore.ConnectTimeout if late else httpcore.ConnectError)(str(error)) from None
        if transport is None:
            raise httpcore.ConnectError("the connection was lost during the TLS handshake")
        protocol.connection_made(transport)
        return self

    def get_extra_info(self, info: str) -> Any:
        transport = self._protocol.transport
        match info:
            case "is_readable":
                return self._protocol.ended or bool(self._protocol.parts) or _readable(transport)
            case "has_ended":
                return True if self._protocol.ended else None
            case "acknowledged_at_end":
                return self._protocol.acknowledged_at_end
            case "client_addr":
                return transport.get_extra_info("sockname")
            case "server_addr":
                return transport.get_extra_info("peername")
            case _:
                return transport.get_extra_info(info)


def _readable(transport: asyncio.Transport) -> bool:
    """Return True if data or an end has arrived that was not delivered yet."""
    sock = transport.get_extra_info("socket")
    # A TLS connection is closed a turn of the loop before its protocol learns of it.
    if sock is None or sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([sock], [], [], 0)[0])
    look = select.poll()
    look.register(sock.fileno(), select.POLLIN)
    return bool(look.poll(0))


async def connect(host: str, port: int, seconds: float | None) -> LoopStream:
    """Open a connection to the address of the host that answers first."""
    try:
        async with asyncio.timeout(seconds):
            return LoopStream(await _first_of(await _addresses(host, port), port))
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from None
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from None


async def _addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host, IPv6 and IPv4 alternating."""
    with suppress(ValueError):
        return [str(ip_address(host))]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    kinds: dict[int, list[str]] = {}
    for family, _, _, _, address in found:
        kinds.setdefault(family, []).append(str(address[0]))
    return [address for turn in zip_longest(*kinds.values()) for address in turn if address is not None]


async def _first_of(addresses: list[str], port: int) -> _Protocol:
    """Connect to the first address that answers.

    The next is tried when one fails or does not answer for a while.

    asyncio implements this, too, but leaks a connection when the call is cancelled at the wrong moment.
    """
    loop = asyncio.get_running_loop()
    if len(addresses) == 1:
        return (await loop.create_connection(_Protocol, addresses[0], port))[1]
    winners: list[_Protocol] = []
    errors: list[str] = []

    async def attempt(address: str, over: anyio.Event) -> None:
        try:
            winners.append((await loop.create_connection(_Protocol, address, port))[1])
            group.cancel_scope.cancel()
        except OSError as error:
            words = str(error)
            errors.append(words if address in words else f"{address}: {words}")  # uvloop does not name the address
        over.set()

    try:
        async with anyio.create_task_group() as group:
            for address in addresses:
                over = anyio.Event()
                group.start_soon(attempt, address, over)
                with anyio.move_on_after(_NEXT_SECONDS):
                    await over.wait()
    except BaseException:
        for winner in winners:
            winner.transport.abort()
        raise
    for late in winners[1:]:
        late.transport.abort()
    if winners:
        return winners[0]
    raise OSError("; ".join(errors) or "the host has no address")
