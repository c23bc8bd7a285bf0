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

from .faults import RESET_EXTENSION

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["EmulatorServer", "ResettingProtocol", "serving"]


_NO_LINGER = struct.pack("ii", 1, 0)
"""What makes a socket end with a reset in place of a goodbye."""


class ResettingProtocol(H11Protocol):
    """A connection that the app may reset."""

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


_TICK = 0.1
"""Seconds between two updates of the headers that uvicorn keeps ready."""

_LOOK = 0.002
"""Seconds between two looks at whether the last connection has closed."""


class EmulatorServer(uvicorn.Server):
    """A server in a thread that another thread ends."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Stop accepting and close; to be called from any thread."""
        self.should_exit = True
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._ended.set)

    async def main_loop(self) -> None:
        """Run until `end` is called."""
        self._loop = asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            try:
                await asyncio.wait_for(self._ended.wait(), _TICK)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the connections; answers in progress have the time of `timeout_graceful_shutdown` to end."""
        for server in self.servers:
            server.close()
        for each in sockets or ():
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            tasks: list[asyncio.Task[Any]] = list(self.server_state.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.sleep(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


@contextmanager
def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int, before_stop: Callable[[], None]) -> Generator[str]:
    """A server in a thread, by default on 127.0.0.1, while the block runs; gives its origin."""

    # It listens before the server's thread is there: whoever connects at once waits in the backlog, not in a loop here.
    listening = _listen(host, port)
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
    thread = threading.Thread(target=server.run, args=([listening],), name="dify-emulator-server", daemon=True)
    thread.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listening.getsockname()[1]}"
    finally:
        before_stop()
        server.end()
        thread.join()
        listening.close()
