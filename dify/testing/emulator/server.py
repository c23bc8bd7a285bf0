"""An HTTP server in a thread, for `Emulator.serve`."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .asgi import RESET_EXTENSION

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["EmulatorServer", "ResettingProtocol", "run_server"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


_NO_LINGER = struct.pack("ii", 1, 0)
"""Value of `SO_LINGER` that makes closing a socket send a reset."""


class ResettingProtocol(H11Protocol):
    """An HTTP connection that the app can reset."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app: Any = self.app

        async def with_reset(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[RESET_EXTENSION] = self._reset
            await app(scope, receive, send)

        self.app = with_reset

    def _reset(self) -> None:
        raw: Any = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()


_TICK_INTERVAL = 0.1
"""Seconds between two calls of `on_tick`, which updates uvicorn's default headers."""

_POLL_INTERVAL = 0.002
"""Seconds between two checks for open connections during shutdown."""


class EmulatorServer(uvicorn.Server):
    """A server that stops within milliseconds.

    uvicorn's own checks for its end every 0.1 seconds.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Stop the server. It can be called from any thread."""
        self.should_exit = True
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._stopping.set)

    async def main_loop(self) -> None:
        """Run until `stop` is called."""
        self._loop = asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            try:
                await asyncio.wait_for(self._stopping.wait(), _TICK_INTERVAL)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the connections.

        Responses in progress have `timeout_graceful_shutdown` seconds to complete.
        """
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(_POLL_INTERVAL)
        except TimeoutError:
            tasks: list[asyncio.Task[Any]] = list(self.server_state.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.sleep(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


@contextmanager
def run_server(app: ASGIApp, *, host: str = "127.0.0.1", port: int, before_stop: Callable[[], None]) -> Generator[str]:
    """Run a server in a thread while the block runs, and yield its origin.

    `before_stop` is called when the block ends.
    """

    # The socket listens before the thread starts: early connections wait in its backlog.
    listener = _listen(host, port)
    config = uvicorn.Config(
        cast("Any", app),
        http=ResettingProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = EmulatorServer(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="dify-emulator-server", daemon=True)
    thread.start()
    try:
        authority = f"[{host}]" if ":" in host else host
        yield f"http://{authority}:{listener.getsockname()[1]}"
    finally:
        before_stop()
        server.stop()
        thread.join()
        listener.close()
