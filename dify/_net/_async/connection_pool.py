"""The connection pool: a stack of idle connections, and as many open ones as there are calls.

httpx's pool walks all its connections on every change, which costs a thousand streams more CPU than their data, and a request
that is cancelled at the wrong moment leaves a connection in it that nothing can use again. Here a call owns its connection:
nothing is walked, and a cancelled call closes its connection, whatever state that is in.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator

import httpcore
import httpx

from .. import tls as _tls
from ..backend import AsyncBackend
from ..connection import core_request, has_unread_bytes, has_unread_content, new_response, origin_of, step_timeout
from ..deadline import AsyncDeadline, shut_down
from ..exceptions import CORE_ERRORS, translated
from ..http import DEFAULT_CONNECTIONS
from ..synchronization import AsyncSemaphore, async_lock, async_shield

__all__ = ["AsyncConnectionPool"]


class _PooledConnection:
    """An open connection.

    Attributes:
        idle_since: Time at which the last call ended.
        tainted: True if more of the last response may still arrive, which the next call would read as its own response.
    """

    __slots__ = ("http", "idle_since", "origin", "stream", "tainted")

    def __init__(self, origin: httpcore.Origin, stream: httpcore.AsyncNetworkStream, idle_seconds: float) -> None:
        self.origin = origin
        self.stream = stream
        self.http = httpcore.AsyncHTTP11Connection(origin, stream, keepalive_expiry=idle_seconds)
        self.idle_since = 0.0
        self.tainted = False

    async def aclose(self) -> None:
        with async_shield():
            await self.http.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response; closing it returns the connection to the pool, or closes one that cannot be used again."""

    def __init__(self, body: httpx.AsyncByteStream, connection: _PooledConnection, pool: AsyncConnectionPool) -> None:
        self._body = body
        self._connection: _PooledConnection | None = connection
        self._pool = pool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body:
                yield chunk
        except CORE_ERRORS as error:
            raise translated(error) from None

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            with async_shield():
                await self._body.aclose()
        finally:
            await self._pool.release(connection)


class AsyncConnectionPool(httpx.AsyncBaseTransport):
    """A transport for a client of httpx.

    Args:
        max_connections: Maximum number of concurrent calls; others wait for one to end.
        max_idle: Maximum number of idle connections.
        idle_seconds: Seconds after which an idle connection is closed.
        trust_env: Read the certificates to trust from the environment.
        tls: Context to use in place of the default one.
    """

    def __init__(
        self,
        *,
        max_connections: int = DEFAULT_CONNECTIONS,
        max_idle: int = 100,
        idle_seconds: float = 30.0,
        trust_env: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._slots = AsyncSemaphore(max_connections)
        self._backend = AsyncBackend()
        self._trust_env = trust_env
        self._tls = tls
        self._max_idle = max_idle
        self._idle_seconds = idle_seconds
        self._lock = async_lock()  # around the following three; nothing is awaited while it is held
        self._idle: list[_PooledConnection] = []
        self._busy: set[_PooledConnection] = set()
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        deadline = AsyncDeadline.of(request)
        deadline.connecting = True
        if not self._slots.try_acquire():
            await self._wait(request, deadline)
        connection: _PooledConnection | None = None
        try:
            connection = await self._connection_for(request)
            deadline.attach(connection.stream)
            response = await connection.http.handle_async_request(core_request(request))
        except BaseException as error:
            # After any exception the connection may be in any state, also after the cancellation of the task.
            self._slots.release()
            if connection is not None:
                await self._drop(connection)
            if isinstance(error, CORE_ERRORS):
                raise translated(error) from None
            raise
        connection.tainted = has_unread_content(response)
        return new_response(response, _Body(response.stream, connection, self))  # type: ignore[arg-type]  # pyright: ignore

    async def _wait(self, request: httpx.Request, deadline: AsyncDeadline) -> None:
        deadline.pause()  # the deadline is for the server, which does not know of this request yet
        if not await self._slots.acquire(step_timeout(request, "pool")):
            raise httpx.PoolTimeout("")
        deadline.restart()

    async def _connection_for(self, request: httpx.Request) -> _PooledConnection:
        origin = origin_of(request)
        while (idle := self._take_idle(origin)) is not None:
            if not idle.http.has_expired():
                return idle
            await self._drop(idle)
        if not self._closed:
            stream = await self._connect(origin, step_timeout(request, "connect"))
            connection = _PooledConnection(origin, stream, self._idle_seconds)
            with self._lock:
                if not self._closed:
                    self._busy.add(connection)
                    return connection
            await connection.aclose()
        raise RuntimeError("the client was closed before this call had a connection")

    async def _connect(self, origin: httpcore.Origin, timeout: float | None) -> httpcore.AsyncNetworkStream:
        host = origin.host.decode("ascii")
        stream = await self._backend.connect_tcp(host, origin.port, timeout)
        if origin.scheme == b"https":
            try:
                stream = await stream.start_tls(self._context(), server_hostname=host, timeout=timeout)
            except BaseException:  # a cancelled handshake leaves its socket open
                with async_shield():
                    await stream.aclose()
                raise
        return self._backend.timed(stream)

    def _context(self) -> ssl.SSLContext:
        # The default one is created on first use: reading the certificates takes longer than a call.
        return self._tls or _tls.default_context(self._trust_env)

    def _take_idle(self, origin: httpcore.Origin) -> _PooledConnection | None:
        """Take the idle connection that was used last, which is the least likely to be closed by the server."""
        with self._lock:
            for index in range(len(self._idle) - 1, -1, -1):
                if self._idle[index].origin == origin:
                    connection = self._idle.pop(index)
                    self._busy.add(connection)
                    return connection
        return None

    def _take_excess(self) -> _PooledConnection | None:
        """Take the oldest idle connection if there are too many, or if it has been idle for too long."""
        with self._lock:
            idle, oldest = self._idle, time.monotonic() - self._idle_seconds
            if idle and (len(idle) > self._max_idle or idle[0].idle_since < oldest):
                return idle.pop(0)
        return None

    async def _drop(self, connection: _PooledConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
        await connection.aclose()

    async def release(self, connection: _PooledConnection) -> None:
        """Return the connection of a call that has ended."""
        self._slots.release()
        connection.idle_since = time.monotonic()
        reusable = not connection.tainted and not has_unread_bytes(connection.http)
        with self._lock:
            self._busy.discard(connection)
            if reusable := reusable and not self._closed and connection.http.is_idle():
                self._idle.append(connection)
        if not reusable:
            await connection.aclose()
        # Nothing else closes idle connections. Other calls may take and return some between two steps of this loop.
        while (excess := self._take_excess()) is not None:
            await excess.aclose()

    async def aclose(self) -> None:
        """Close every connection, including those whose responses are being read; calls that wait for one fail."""
        with self._lock:
            self._closed = True
            connections = [*self._idle, *self._busy]
            self._idle.clear()
            self._busy.clear()
        for connection in connections:
            shut_down(connection.stream)  # closing does not wake another thread that waits for the next byte
            await connection.aclose()
        self._slots.release()  # the first waiting call fails, and passes its slot to the next
