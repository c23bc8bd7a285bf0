"""The connection pool: idle connections, and one open connection per call.

httpx's pool walks all its connections on every change, which costs a thousand streams more CPU than their data, and a request
that is cancelled at the wrong moment leaves a connection in it that nothing can use again. Here a call owns its connection:
nothing is walked, and a cancelled call closes its connection, whatever state that is in.

A server closes idle connections at any time, also while a request is on its way. The request is sent again, on a new
connection, if it is certain that the server did not receive it: see `_was_not_received`.
"""

from __future__ import annotations

import math
import ssl
import sys
import time
import warnings
from collections.abc import AsyncIterator
from functools import partial

import httpcore
import httpx

from .. import tls as _tls
from ..backend import AsyncBackend
from ..connection import (
    BODY,
    content_of,
    core_request,
    has_bytes,
    has_content,
    has_unread_bytes,
    has_unread_content,
    keep_alive_seconds,
    new_response,
    origin_of,
    step_timeout,
)
from ..deadline import AsyncDeadline
from ..exceptions import CORE_ERRORS, translated
from ..forks import start_anew_after_fork
from ..http import DEFAULT_CONNECTIONS, DEFAULT_KEEPALIVE_EXPIRY
from ..socket_state import abort, acknowledged_bytes, has_ended, shut_down
from ..synchronization import AsyncSemaphore, async_in_loop, async_lock, async_shield
from .patched_transport import AsyncPatchedTransport, is_patched

__all__ = ["AsyncConnectionPool"]


class _PooledConnection:
    """An open connection.

    Attributes:
        is_reused: True if a call has ended on it.
        is_inherited: True in a child process if the parent has opened it.
        expires_at: Time at which it must not be used any more, once it is idle.
        tainted: True if more of the last response may still arrive, which the next call would read as its own response.
    """

    __slots__ = (
        "expires_at",
        "http",
        "in_loop",
        "is_inherited",
        "is_reused",
        "keepalive_expiry",
        "origin",
        "stream",
        "tainted",
    )

    def __init__(self, origin: httpcore.Origin, stream: httpcore.AsyncNetworkStream, keepalive_expiry: float) -> None:
        self.origin = origin
        self.stream = stream
        self.http = httpcore.AsyncHTTP11Connection(origin, stream)
        self.keepalive_expiry = keepalive_expiry
        self.in_loop = async_in_loop()
        self.is_reused = False
        self.is_inherited = False
        self.expires_at = math.inf
        self.tainted = False

    def responded(self, response: httpcore.Response) -> None:
        """Note what a response says about the connection."""
        self.tainted = has_unread_content(response)
        server_limit = keep_alive_seconds(response)
        if server_limit is not None:
            self.keepalive_expiry = min(self.keepalive_expiry, server_limit)

    def become_idle(self) -> None:
        """Start the time of being idle."""
        self.is_reused = True
        self.expires_at = time.monotonic() + self.keepalive_expiry

    def has_expired(self) -> bool:
        """Return True if the idle connection is too old, or if the server has closed it."""
        return time.monotonic() >= self.expires_at or self.http.has_expired()

    def abort(self) -> bool:
        """Close the socket without waiting, from any thread.

        False if its event loop has ended.
        """
        return self.in_loop(partial(abort, self.stream))

    async def aclose(self) -> None:
        with async_shield():
            await self.http.aclose()


class _RequestBody:
    """The body of a request on its way to the server.

    On a connection that was used before, its first piece is not sent if the server has closed the connection meanwhile:
    without a body, the server cannot process the request.

    Attributes:
        was_read: True after a piece of the body was read from its source.
        has_begun: True after the first piece was sent.
    """

    def __init__(self, request: httpx.Request, connection: _PooledConnection) -> None:
        self._body: httpx.AsyncByteStream = request.stream  # type: ignore[assignment]  # pyright: ignore
        self._stream = connection.stream
        self._checks = connection.is_reused and has_content(request)
        self.was_read = False
        self.has_begun = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._check()
        async for piece in self._body:
            self.was_read = True
            self._check()
            yield piece
            self.has_begun = True
        self.has_begun = True

    def _check(self) -> None:
        if self._checks and not self.has_begun and has_ended(self._stream):
            # The connection reads a response if there is one, and fails if there is none.
            raise httpcore.WriteError("the server closed the connection before the request was sent")


class _Body(httpx.AsyncByteStream):
    """The body of a response.

    Closing it returns the connection to the pool, or closes one that cannot be used again.

    If a read is cancelled, nothing is lost, and the next one continues: a generator, such as the body of httpcore, would end.
    """

    def __init__(
        self,
        body: httpx.AsyncByteStream,
        connection: _PooledConnection,
        pool: AsyncConnectionPool,
        timeout: float | None,
    ) -> None:
        self._body = body
        self._timeout = timeout
        # None once it is closed. httpx puts a response and its body into a reference cycle, which must not keep the pool alive.
        self._lease: tuple[_PooledConnection, AsyncConnectionPool] | None = (connection, pool)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._lease is None:
            raise StopAsyncIteration
        connection, _ = self._lease
        try:
            # httpcore has no public method for it. tests/_net/test_private_attributes.py fails when this one changes.
            content = content_of(await connection.http._receive_event(self._timeout))  # pyright: ignore
        except CORE_ERRORS as error:
            await self.aclose()
            raise translated(error) from None
        if content is None:
            raise StopAsyncIteration
        return content

    @property
    def is_closed(self) -> bool:
        """True once the connection has been returned or closed."""
        return self._lease is None

    def abort(self) -> None:
        """Close the connection without waiting, from any thread."""
        lease, self._lease = self._lease, None
        if lease is not None and not lease[0].is_inherited:
            connection, pool = lease
            connection.in_loop(partial(pool.abort, connection))

    async def aclose(self) -> None:
        lease, self._lease = self._lease, None
        if lease is None or lease[0].is_inherited:
            return
        connection, pool = lease
        try:
            with async_shield():
                await self._body.aclose()
        finally:
            await pool.release(connection)


class AsyncConnectionPool(httpx.AsyncBaseTransport):
    """A transport for a client of httpx.

    Args:
        max_connections: Maximum number of concurrent calls; others wait for one to end.
        max_idle: Maximum number of idle connections.
        keepalive_expiry: Seconds after which an idle connection is not used again. A server that announces a shorter time
            (`Keep-Alive: timeout=5`) is respected.
        trust_env: Read the certificates to trust from the environment.
        tls: Context to use in place of the default one.
    """

    def __init__(
        self,
        *,
        max_connections: int = DEFAULT_CONNECTIONS,
        max_idle: int = 100,
        keepalive_expiry: float = DEFAULT_KEEPALIVE_EXPIRY,
        trust_env: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._backend = AsyncBackend()
        self._trust_env = trust_env
        self._tls = tls
        self._max_idle = max_idle
        self._keepalive_expiry = keepalive_expiry
        self._closed = False
        self._idle: list[_PooledConnection] = []
        self._busy: set[_PooledConnection] = set()
        self.start_anew()
        start_anew_after_fork(self)

    def start_anew(self) -> None:
        """Start without connections.

        Called in a child process: connections belong to the process that opened them.
        """
        for connection in [*self._idle, *self._busy]:
            connection.is_inherited = True
            self._backend.abandon(connection.stream)
        self._slots = AsyncSemaphore(self._max_connections)
        self._lock = async_lock()  # around the following two and `_closed`; nothing is awaited while it is held
        self._idle = []
        self._busy = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if is_patched():
            return await AsyncPatchedTransport(self._handle).handle_async_request(request)
        return await self._handle(request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        deadline = AsyncDeadline.of(request)
        deadline.connecting = True
        if not self._slots.try_acquire():
            await self._wait(request, deadline)
        try:
            response = await self._send(request, deadline, await self._take_usable(origin_of(request)))
            if response is None:
                deadline.connecting = True
                response = await self._send(request, deadline, None)
            assert response is not None
            return response
        except BaseException as error:
            self._slots.release()
            if isinstance(error, CORE_ERRORS):
                raise translated(error) from None
            raise

    async def _send(
        self, request: httpx.Request, deadline: AsyncDeadline, idle: _PooledConnection | None
    ) -> httpx.Response | None:
        """Send a request on an idle connection, or else on a new one.

        None if it must be sent again, on a new one.
        """
        deadline.unsent = False
        connection = idle or await self._new_connection(request)
        body = _RequestBody(request, connection)
        acknowledged = acknowledged_bytes(connection.stream) if connection.is_reused else None
        try:
            deadline.attach(connection.stream)
            response = await connection.http.handle_async_request(core_request(request, body))
        except BaseException as error:
            # After any exception the connection may be in any state, also after the cancellation of the task.
            await self._drop(connection)
            # A connection that was shut down on this side says nothing about the server.
            was_shut_down = deadline.is_cut or self._closed
            if not was_shut_down and _was_not_received(error, connection, body, acknowledged):
                deadline.unsent = True
                if connection.is_reused and (deadline.rewindable or not body.was_read or has_bytes(request)):
                    return None
            raise
        connection.responded(response)
        content = _Body(response.stream, connection, self, step_timeout(request, "read"))  # type: ignore[arg-type]  # pyright: ignore
        result = new_response(response, content)
        result.extensions[BODY] = content
        return result

    async def _wait(self, request: httpx.Request, deadline: AsyncDeadline) -> None:
        deadline.pause()  # the deadline is for the server, which does not know of this request yet
        if not await self._slots.acquire(step_timeout(request, "pool")):
            raise httpx.PoolTimeout("")
        deadline.restart()

    async def _take_usable(self, origin: httpcore.Origin) -> _PooledConnection | None:
        """Take an idle connection that can be used, and close those that cannot."""
        while (idle := self._take_idle(origin)) is not None:
            if not idle.has_expired():
                return idle
            await self._drop(idle)
        return None

    async def _new_connection(self, request: httpx.Request) -> _PooledConnection:
        origin = origin_of(request)
        if not self._closed:
            stream = await self._connect(origin, step_timeout(request, "connect"))
            connection = _PooledConnection(origin, stream, self._keepalive_expiry)
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
        """Take the idle connection that was used last.

        The server is least likely to close it.
        """
        with self._lock:
            for index in range(len(self._idle) - 1, -1, -1):
                if self._idle[index].origin == origin:
                    connection = self._idle.pop(index)
                    self._busy.add(connection)
                    return connection
        return None

    def _take_excess(self) -> _PooledConnection | None:
        """Take the oldest idle connection if it is superfluous or idle for too long."""
        with self._lock:
            idle = self._idle
            if idle and (len(idle) > self._max_idle or idle[0].expires_at <= time.monotonic()):
                return idle.pop(0)
        return None

    async def _drop(self, connection: _PooledConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
        await connection.aclose()

    async def release(self, connection: _PooledConnection) -> None:
        """Return the connection of a call that has ended."""
        self._slots.release()
        connection.become_idle()
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

    def abort(self, connection: _PooledConnection) -> None:
        """Close the connection of a response that was dropped, without waiting."""
        self._busy.discard(connection)
        connection.abort()
        self._slots.release()

    def __del__(self) -> None:
        idle: list[_PooledConnection] = getattr(self, "_idle", [])
        if not sys.is_finalizing() and any([connection.abort() for connection in idle]):  # noqa: C419 - all of them
            message = "a client was not closed: use it with `async with`, or call its `aclose()`"
            warnings.warn(message, ResourceWarning, stacklevel=2, source=self)

    async def aclose(self) -> None:
        """Close every connection, including those whose responses are being read.

        Calls that wait for one fail.
        """
        with self._lock:
            self._closed = True
            connections = [*self._idle, *self._busy]
            self._idle.clear()
            self._busy.clear()
        for connection in connections:
            shut_down(connection.stream)  # closing does not wake another thread that waits for the next byte
            await connection.aclose()
        self._slots.release()  # the first waiting call fails, and passes its slot to the next


def _was_not_received(
    error: BaseException, connection: _PooledConnection, body: _RequestBody, acknowledged: int | None
) -> bool:
    """Return True if the server certainly did not receive a failed request.

    The request failed without a response.

    It is certain in two cases: the body was not sent, not even its start; or the server closed the connection while its
    system had acknowledged none of the request. After a reset the latter proves nothing, because a reset may overtake the
    acknowledgement.

    Args:
        error: The exception of the connection.
        connection: The connection.
        body: The body of the request.
        acknowledged: The number of acknowledged bytes before the request; None if unknown.
    """
    if not isinstance(error, (httpcore.NetworkError, httpcore.RemoteProtocolError)):
        return False
    if not body.has_begun:
        return True
    is_closed = isinstance(error, httpcore.RemoteProtocolError)
    return (
        is_closed
        and acknowledged is not None
        and connection.stream.get_extra_info("acknowledged_at_end") == acknowledged
    )
