"""The server behind `Emulator.serve`: one that ends in milliseconds, where uvicorn's own looks every tenth of a second."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn

__all__ = ["EmulatorServer"]

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
