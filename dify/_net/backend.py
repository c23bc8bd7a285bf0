"""Opening connections, for both faces: network backends of httpcore."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

import httpcore

from .deadline import TimedStream
from .forks import detach_socket, keep_inherited

__all__ = ["AsyncBackend", "Backend"]


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """A backend with our own sockets on asyncio and uvloop, and anyio's on trio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # trio
            backend = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())
            return await backend.connect_tcp(host, port, timeout)
        from . import asyncio_backend

        return await asyncio_backend.connect(host, port, timeout)

    def abandon(self, stream: httpcore.AsyncNetworkStream) -> None:
        """Close this process's copy of a connection that the parent process has opened."""
        detach_socket(stream)
        keep_inherited(stream)
        abandon = getattr(stream, "abandon", None)  # of our own sockets
        if abandon is not None:
            abandon()

    def timed(self, stream: httpcore.AsyncNetworkStream) -> httpcore.AsyncNetworkStream:
        """Return the socket unchanged: a task that waits for it can be cancelled."""
        return stream


class Backend(httpcore.NetworkBackend):
    """Opens connections by httpcore's blocking sockets."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return httpcore.SyncBackend().connect_tcp(host, port, timeout)

    def abandon(self, stream: httpcore.NetworkStream) -> None:
        """Close this process's copy of a connection that the parent process has opened."""
        stream.close()

    def timed(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        """Return a socket that stops waiting when the deadline of its attempt is over."""
        return TimedStream(stream)
