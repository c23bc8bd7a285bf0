"""A way to an ASGI app within this process: transports for httpx.

httpx's own ASGI transport collects the whole answer before it hands anything out; these hand out each piece as the app
sends it, wait until it is taken, and tell the app when the reader leaves.
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
from typing import Any, TypeAlias, TypeVar

import httpx

from .faults import RESET_EXTENSION

__all__ = ["AsyncDoor", "SyncDoor", "Timeout", "open_client", "open_sync_client"]

Timeout: TypeAlias = float | httpx.Timeout
"""What clients take for a timeout."""

T = TypeVar("T")
ASGIMessage: TypeAlias = MutableMapping[str, Any]
ASGIApp: TypeAlias = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[ASGIMessage]], Callable[[ASGIMessage], Awaitable[None]]],
    Awaitable[None],
]


class _Exchange:
    """One request to the app, run as a task of its own, and its answer as it comes."""

    def __init__(self, app: ASGIApp, request: httpx.Request, body: AsyncIterator[bytes]) -> None:
        self._app = app
        self._request = request
        self._patience: float | None = request.extensions.get("timeout", {}).get("read")
        self._body = body
        self._body_ended = False
        self._left = asyncio.Event()
        # One piece at a time: the app is not to make what nobody has asked for yet.
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._started: asyncio.Future[tuple[int, list[tuple[bytes, bytes]]]] = (
            asyncio.get_running_loop().create_future()
        )
        self._reset = self._complete = False
        scope = _scope(request)
        scope["extensions"][RESET_EXTENSION] = self._on_reset
        self._task = asyncio.create_task(self._run(scope))

    def _on_reset(self) -> None:
        self._reset = True

    async def answer(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Status and headers, once they are sent."""
        try:
            async with self._patiently():
                await asyncio.wait({self._task, self._started}, return_when=asyncio.FIRST_COMPLETED)
        except (asyncio.CancelledError, httpx.ReadTimeout):
            await self.leave(cancel=True)
            raise
        if not self._started.done():
            self._started.cancel()
            await self._task  # raises what the app raised
            if self._reset:
                raise httpx.ReadError("the emulator reset the connection", request=self._request)
            raise RuntimeError("the app ended without an answer")
        return self._started.result()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        while (piece := await self._next()) is not None:
            yield piece
        await self._task
        if not self._complete:
            # In the words that clients hear from a socket.
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body (incomplete chunked read)",
                request=self._request,
            )

    async def _next(self) -> bytes | None:
        async with self._patiently():
            return await self._pieces.get()

    @asynccontextmanager
    async def _patiently(self) -> AsyncGenerator[None]:
        """The client's read timeout holds here as it does on a socket."""
        try:
            async with asyncio.timeout(self._patience):
                yield
        except TimeoutError:
            raise httpx.ReadTimeout("the emulator sent nothing in time", request=self._request) from None

    async def leave(self, *, cancel: bool = False) -> None:
        """The reader leaves: the app sees the disconnect and comes to its end, which this waits for."""
        self._left.set()
        if cancel:
            self._task.cancel()
        # Frees an app that waits to send; what it sends from now on is dropped, so once is enough.
        with suppress(asyncio.QueueEmpty):
            self._pieces.get_nowait()
        if not self._task.done():  # else its loop may have ended, and it cannot be waited for
            await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.exception()  # seen; the reader is no longer there to be told
        with suppress(asyncio.QueueFull):  # frees a reader in another thread, which sees a connection that was cut
            self._pieces.put_nowait(None)

    async def _run(self, scope: MutableMapping[str, Any]) -> None:
        try:
            await self._app(scope, self._receive, self._send)
        except asyncio.CancelledError:
            self._left.set()  # the loop ends under it: nobody is there any more to take what is made
            raise
        finally:
            if not self._left.is_set():
                await self._pieces.put(None)

    async def _receive(self) -> ASGIMessage:
        if not self._body_ended:
            try:
                piece = await anext(self._body)
            except StopAsyncIteration:
                self._body_ended = True
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.request", "body": piece, "more_body": True}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: ASGIMessage) -> None:
        if message["type"] == "http.response.start":
            if not self._started.done():
                self._started.set_result((message["status"], list(message.get("headers", ()))))
        elif message["type"] == "http.response.body":
            # An answer to HEAD has no body, whatever the app sends: servers drop it.
            if message.get("body") and not self._left.is_set() and self._request.method != "HEAD":
                await self._pieces.put(bytes(message["body"]))
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
        async for piece in self._exchange.pieces():
            yield piece

    async def aclose(self) -> None:
        await self._exchange.leave()


class AsyncDoor(httpx.AsyncBaseTransport):
    """A transport that hands requests to an ASGI app, on the caller's event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        exchange = _Exchange(self._app, request, aiter(request.stream))
        status, headers = await exchange.answer()
        return httpx.Response(status, headers=headers, stream=_AsyncBody(exchange))


class _SyncBody(httpx.SyncByteStream):
    def __init__(self, exchange: _Exchange, wait: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._exchange = exchange
        self._wait = wait

    def __iter__(self) -> Iterator[bytes]:
        pieces = self._exchange.pieces()
        while (piece := self._wait(_next(pieces))) is not None:
            yield piece

    def close(self) -> None:
        self._wait(self._exchange.leave())


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


async def _given(body: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in body:
        yield piece


class SyncDoor(httpx.BaseTransport):
    """A transport that hands requests to an ASGI app, on an event loop in a thread of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        exchange, status, headers = self._wait(self._send(request, iter(request.stream)))
        return httpx.Response(status, headers=headers, stream=_SyncBody(exchange, self._wait))

    async def _send(
        self, request: httpx.Request, body: Iterator[bytes]
    ) -> tuple[_Exchange, int, list[tuple[bytes, bytes]]]:
        exchange = _Exchange(self._app, request, _given(body))
        return exchange, *await exchange.answer()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._running_loop()).result()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon, so that a client that nobody closed does not keep the interpreter.
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
        # Runner ends what is still running when it closes; it only wants a main task, which is to wait for the stop.
        runner.get_loop().run_forever()


def open_client(app: ASGIApp) -> httpx.AsyncClient:
    """An httpx client that reaches the app and nothing else."""
    return httpx.AsyncClient(transport=AsyncDoor(app), trust_env=False)


def open_sync_client(app: ASGIApp) -> httpx.Client:
    """The same without `await`; closing it ends the thread behind it."""
    return httpx.Client(transport=SyncDoor(app), trust_env=False)
