"""Connections: as many as there are calls at once, and a stack of idle ones.

The HTTP library's own pool walks all its connections on every change, which costs a thousand streams more than their data does,
and a request that is cancelled at the wrong moment leaves a connection in it that nobody can use again. Here a call owns its
connection: nothing is walked, and what was cancelled is closed, whatever state it was in.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable

from .._net import exceptions as _net, http as _http
from .._net.http import (
    AsyncBaseTransport,
    AsyncBody,
    AsyncHTTP11Connection,
    AsyncNetworkStream,
    Origin,
    Request,
    Response,
)
from .._net.sockets import Wire
from ._io import Slots, connect, lock, shielded, timed

__all__ = ["AsyncConnections"]


class _Line:
    """One open connection."""

    __slots__ = ("connection", "idle_since", "origin", "spent", "stream")

    def __init__(self, origin: Origin, stream: AsyncNetworkStream, idle_seconds: float) -> None:
        self.origin = origin
        self.stream = stream
        self.connection = AsyncHTTP11Connection(origin, stream, keepalive_expiry=idle_seconds)
        self.idle_since = 0.0
        self.spent = False
        """Whether nobody must use it again: what may still come of this answer would be read as the next one."""

    async def aclose(self) -> None:
        with shielded():
            await self.connection.aclose()


async def _connect(origin: Origin, seconds: float | None, tls: Callable[[], ssl.SSLContext]) -> AsyncNetworkStream:
    host = origin.host.decode("ascii")
    stream = await connect(host, origin.port, seconds)
    if origin.scheme != b"https":
        return stream
    try:
        return await stream.start_tls(tls(), server_hostname=host, timeout=seconds)
    except BaseException:  # a cancelled handshake leaves its socket open
        with shielded():
            await stream.aclose()
        raise


class _Body(AsyncBody):
    """An answer's body; closing it gives the connection back, or closes it where it cannot be used again."""

    def __init__(self, body: AsyncBody, line: _Line, owner: AsyncConnections) -> None:
        self._body = body
        self._line: _Line | None = line
        self._owner = owner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body:
                yield chunk
        except _net.CORE_ERRORS as error:
            raise _net.translated(error) from None

    async def aclose(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        try:
            with shielded():
                await self._body.aclose()
        finally:
            await self._owner.give_back(line)


class AsyncConnections(AsyncBaseTransport):
    """A transport for the HTTP library's client.

    Args:
        most: How many calls may be under way at once; more wait for one to end.
        most_idle: How many idle connections are kept.
        idle_seconds: For how long they are.
        trust_env: Whether the environment may name the certificates to trust.
        tls: The certificates to trust, in place of the usual ones.
    """

    def __init__(
        self,
        *,
        most: int = _http.DEFAULT_CONNECTIONS,
        most_idle: int = 100,
        idle_seconds: float = 30.0,
        trust_env: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._slots = Slots(most)
        # Made when it is needed: reading the certificates takes longer than a call does.
        self._tls = lambda: tls or _http.tls_context(trust_env)
        self._most_idle = most_idle
        self._idle_seconds = idle_seconds
        self._lists = lock()  # around both of them; nothing is awaited inside
        self._idle: list[_Line] = []
        self._busy: set[_Line] = set()
        self._closed = False

    async def handle_async_request(self, request: Request) -> Response:
        wire = Wire.of(request)
        wire.unsent = True
        if not self._slots.take():
            await self._wait(request, wire)
        line: _Line | None = None
        try:
            line = await self._line_for(request)
            wire.take(line.stream)
            answer = await line.connection.handle_async_request(_http.core_request(request))
        except BaseException as error:
            # Whatever it was, this connection is of no more use, and a cancelled one may be in any state.
            self._slots.release()
            if line is not None:
                await self._drop(line)
            if isinstance(error, _net.CORE_ERRORS):
                raise _net.translated(error) from None
            raise
        line.spent = _http.promises_more(answer)
        return _http.answer_of(answer, _Body(_http.body_of(answer), line, self))

    async def _wait(self, request: Request, wire: Wire) -> None:
        wire.pause()
        if not await self._slots.wait(_http.pool_seconds(request)):
            raise _net.named("PoolTimeout", "")
        wire.restart()

    async def _line_for(self, request: Request) -> _Line:
        origin = _http.origin_of(request)
        while (idle := self._take_idle(origin)) is not None:
            if not idle.connection.has_expired():
                return idle
            await self._drop(idle)
        if not self._closed:
            stream = await _connect(origin, _http.connect_seconds(request), self._tls)
            line = _Line(origin, timed(stream), self._idle_seconds)
            with self._lists:
                if not self._closed:
                    self._busy.add(line)
                    return line
            await line.aclose()
        raise RuntimeError("the client was closed before this call had a connection")

    def _take_idle(self, origin: Origin) -> _Line | None:
        """The idle connection that was used last, which is the least likely to be closed by now; it is busy from here on."""
        with self._lists:
            for index in range(len(self._idle) - 1, -1, -1):
                if self._idle[index].origin == origin:
                    line = self._idle.pop(index)
                    self._busy.add(line)
                    return line
        return None

    def _take_over(self) -> _Line | None:
        """The oldest idle connection, which lies first, where it is over the number or the time."""
        with self._lists:
            idle, oldest = self._idle, time.monotonic() - self._idle_seconds
            if idle and (len(idle) > self._most_idle or idle[0].idle_since < oldest):
                return idle.pop(0)
        return None

    async def _drop(self, line: _Line) -> None:
        with self._lists:
            self._busy.discard(line)
        await line.aclose()

    async def give_back(self, line: _Line) -> None:
        """A call is done with its connection."""
        self._slots.release()
        line.idle_since = time.monotonic()
        spent = line.spent or _http.has_rest(line.connection)
        with self._lists:
            self._busy.discard(line)
            if kept := not self._closed and not spent and line.connection.is_idle():
                self._idle.append(line)
        if not kept:
            await line.aclose()
        # Closed here, since nothing else looks at them; meanwhile other calls take and give back, too.
        while (over := self._take_over()) is not None:
            await over.aclose()

    async def aclose(self) -> None:
        """Close every connection, also those whose answers are still being read; calls that wait for one fail."""
        with self._lists:
            self._closed = True
            lines = [*self._idle, *self._busy]
            self._idle.clear()
            self._busy.clear()
        for line in lines:
            _http.shut(line.stream)  # closing alone does not wake whoever waits for its next byte in another thread
            await line.aclose()
        self._slots.release()  # wakes who waits first; it fails, and gives its slot to the next
