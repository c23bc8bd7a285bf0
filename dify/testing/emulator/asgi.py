"""Transports for httpx that call an ASGI app in this process.

httpx's own ASGI transport collects the complete response first. These transports return each chunk as the app sends it,
wait until it is read, and send the app a disconnect when the response is closed early.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    MutableMapping,
)
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias, TypeVar, cast

import httpx

__all__ = ["RESET_EXTENSION", "AsyncTransport", "SyncTransport", "Timeout", "open_client", "open_sync_client"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

RESET_EXTENSION = "dify.testing.reset"
"""Name of the ASGI extension that resets the connection of a request: a function without arguments."""

Timeout: TypeAlias = float | httpx.Timeout
"""A timeout as clients accept it."""

T = TypeVar("T")
ASGIMessage: TypeAlias = MutableMapping[str, Any]
ASGIApp: TypeAlias = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[ASGIMessage]], Callable[[ASGIMessage], Awaitable[None]]],
    Awaitable[None],
]


class _Exchange:
    """A request to the app, which runs as a task, and its response."""

    def __init__(self, app: ASGIApp, request: httpx.Request, body: AsyncIterator[bytes]) -> None:
        self._app = app
        self._request = request
        self._read_timeout: float | None = request.extensions.get("timeout", {}).get("read")
        self._body = body
        self._body_ended = False
        self._disconnected = asyncio.Event()
        # One chunk at a time: the app must not produce what has not been requested yet.
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._started: asyncio.Future[tuple[int, list[tuple[bytes, bytes]]]] = (
            asyncio.get_running_loop().create_future()
        )
        self._reset = self._complete = False
        scope = _scope(request)
        scope["extensions"][RESET_EXTENSION] = self._on_reset
        self._task = asyncio.create_task(self._run(scope))

    def _on_reset(self) -> None:
        self._reset = True

    async def response_start(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Wait for the status and the headers."""
        try:
            async with self._timeout():
                await asyncio.wait({self._task, self._started}, return_when=asyncio.FIRST_COMPLETED)
        except (asyncio.CancelledError, httpx.ReadTimeout):
            await self.close(cancel=True)
            raise
        if not self._started.done():
            self._started.cancel()
            await self._task  # raises the exception of the app
            raise httpx.ReadError("the emulator reset the connection", request=self._request)
        return self._started.result()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the chunks of the body."""
        while (chunk := await self._next()) is not None:
            yield chunk
        await self._task
        if not self._complete:
            # The message that httpcore has for a socket.
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body (incomplete chunked read)",
                request=self._request,
            )

    async def _next(self) -> bytes | None:
        async with self._timeout():
            return await self._chunks.get()

    @asynccontextmanager
    async def _timeout(self) -> AsyncGenerator[None]:
        """Apply the client's read timeout."""
        try:
            async with asyncio.timeout(self._read_timeout):
                yield
        except TimeoutError:
            raise httpx.ReadTimeout(
                "the emulator sent no data within the read timeout", request=self._request
            ) from None

    async def close(self, *, cancel: bool = False) -> None:
        """Send the app a disconnect, or cancel it, and wait until it has returned."""
        self._disconnected.set()
        if cancel:
            self._task.cancel()
        # Unblock an app that waits to send. Once is enough, because its further chunks are dropped.
        with suppress(asyncio.QueueEmpty):
            self._chunks.get_nowait()
        if not self._task.done():  # if it is done, its event loop may be closed
            await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.exception()  # mark it as retrieved, because there is no reader to raise it to
        with suppress(asyncio.QueueFull):  # unblock a reader in another thread, for which the response ends early
            self._chunks.put_nowait(None)

    async def _run(self, scope: MutableMapping[str, Any]) -> None:
        try:
            await self._app(scope, self._receive, self._send)
        except asyncio.CancelledError:
            self._disconnected.set()  # the event loop is closing, so no chunk will be read any more
            raise
        finally:
            if not self._disconnected.is_set():
                await self._chunks.put(None)

    async def _receive(self) -> ASGIMessage:
        if not self._body_ended:
            try:
                chunk = await anext(self._body)
            except StopAsyncIteration:
                self._body_ended = True
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.request", "body": chunk, "more_body": True}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: ASGIMessage) -> None:
        if message["type"] == "http.response.start":
            self._started.set_result((message["status"], list(message.get("headers", ()))))
        else:  # http.response.body
            # A response to HEAD has no body: servers drop it, whatever the app sends.
            if message.get("body") and not self._disconnected.is_set() and self._request.method != "HEAD":
                await self._chunks.put(bytes(message["body"]))
            self._complete = not message.get("more_body", False)


def _scope(request: httpx.Request) -> MutableMapping[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
        "extensions": {},
    }


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._exchange.chunks():
            yield chunk

    async def aclose(self) -> None:
        await self._exchange.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """A transport that calls an ASGI app on the caller's event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        exchange = _Exchange(self._app, request, aiter(request.stream))
        status, headers = await exchange.response_start()
        return httpx.Response(status, headers=headers, stream=_AsyncBody(exchange))


class _SyncBody(httpx.SyncByteStream):
    def __init__(self, exchange: _Exchange, wait: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._exchange = exchange
        self._wait = wait

    def __iter__(self) -> Iterator[bytes]:
        chunks = self._exchange.chunks()
        while (chunk := self._wait(_next(chunks))) is not None:
            yield chunk

    def close(self) -> None:
        self._wait(self._exchange.close())


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)


async def _iterate(body: httpx.SyncByteStream) -> AsyncIterator[bytes]:
    if isinstance(body, httpx.ByteStream):  # in memory
        for chunk in body:
            yield chunk
        return
    # In a thread: the chunks may come from a download of the same emulator, which needs the event loop.
    chunks, end = iter(body), object()
    while (piece := await asyncio.to_thread(next, chunks, end)) is not end:
        yield cast(bytes, piece)


class SyncTransport(httpx.BaseTransport):
    """A transport that calls an ASGI app on an event loop in a thread of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        exchange, status, headers = self._wait(self._send(request, request.stream))
        return httpx.Response(status, headers=headers, stream=_SyncBody(exchange, self._wait))

    async def _send(
        self, request: httpx.Request, body: httpx.SyncByteStream
    ) -> tuple[_Exchange, int, list[tuple[bytes, bytes]]]:
        exchange = _Exchange(self._app, request, _iterate(body))
        return exchange, *await exchange.response_start()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._running_loop()).result()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon, so that the interpreter can exit although a client was not closed.
                self._thread = threading.Thread(target=_run_loop, args=(self._loop,), name="dify-emulator", daemon=True)
                self._thread.start()
            return self._loop

    def close(self) -> None:
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        # The runner cancels the remaining tasks when it closes.
        runner.get_loop().run_forever()


def open_client(app: ASGIApp) -> httpx.AsyncClient:
    """Return an async httpx client that sends every request to the app."""
    return httpx.AsyncClient(transport=AsyncTransport(app), trust_env=False)


def open_sync_client(app: ASGIApp) -> httpx.Client:
    """Return an httpx client that sends every request to the app.

    Closing it ends the thread of its transport.
    """
    return httpx.Client(transport=SyncTransport(app), trust_env=False)
