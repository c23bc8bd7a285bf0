"""The socket under a call: until when it is waited for, and how to end a wait from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from ssl import SSLContext
from typing import Any, Protocol

import httpcore

from . import http as _http
from .http import AsyncNetworkStream, NetworkStream, Request

__all__ = ["Hangup", "TimedStream", "Wire"]

_PIECE = 1 << 18
"""Bytes that are written at once, and read at once while as much as was asked for keeps coming."""


class Patience(Protocol):
    """The end of the time for a call, as far as it is of use while the call goes out."""

    def pause(self) -> None:
        """No end, for now."""
        ...

    def restart(self) -> None:
        """All of the time again, from now."""
        ...


class Wire:
    """What a call and its connection know of each other: the socket, so that it can be ended from outside; the time, so that
    it ends by itself; and whether anything can have gone out yet.
    """

    def __init__(self) -> None:
        self.stream: AsyncNetworkStream | NetworkStream | None = None
        self.until: float | None = None
        self.patience: Patience | None = None
        self.unsent = False
        self._given_up = False

    @classmethod
    def of(cls, request: Request) -> Wire:
        """That of a call; a new one for a request that somebody else makes."""
        wire = request.extensions.get("dify_wire")
        return wire if isinstance(wire, Wire) else cls()

    def pause(self) -> None:
        """Waiting for a connection is not the server's time."""
        if self.patience is not None:
            self.patience.pause()

    def restart(self) -> None:
        """Now it is."""
        if self.patience is not None:
            self.patience.restart()

    def take(self, stream: AsyncNetworkStream | NetworkStream | None) -> None:
        """The socket that the call goes out on."""
        self.stream = stream
        self.unsent = False
        if isinstance(stream, TimedStream):
            stream.wire = self
        if self._given_up and stream is not None:  # before there was a socket
            _http.shut(stream)

    @property
    def foreign(self) -> bool:
        """Whether the socket is somebody else's, which knows nothing of `until`."""
        return self.stream is not None and not isinstance(self.stream, TimedStream)

    def cut(self) -> bool:
        """Shut the connection down, so that a thread that waits for its next byte wakes up; False where there is none (yet)."""
        self._given_up = True
        return self.stream is not None and _http.shut(self.stream)


class Hangup:
    """Ends a call from another task or thread: the attempt that is under way, and with it those that would follow."""

    def __init__(self) -> None:
        self.over = False
        self._wire: Wire | None = None
        self._wake: Callable[[], None] | None = None

    def waits(self, wake: Callable[[], None] | None) -> None:
        """The call waits for another one, and `wake` ends that; None when it waits no more."""
        self._wake = wake
        if self.over and wake is not None:
            wake()

    def attempt(self, wire: Wire | None) -> None:
        """An attempt begins, or is over without an answer: its socket may then be another call's."""
        self._wire = wire
        if self.over and wire is not None:
            wire.cut()

    def end(self) -> bool:
        """Nobody wants the answer any more; False where nobody who waits for it could be woken."""
        self.over = True
        wake = self._wake
        if wake is not None:
            wake()
            return True
        return self._wire is not None and self._wire.cut()


class TimedStream(NetworkStream):
    """A blocking socket that gives up when the time of its call is over.

    A blocked read cannot be ended from outside but by another thread. One thread per call, or two, cost as much as the call:
    here each read and write waits no longer than what is left.
    """

    def __init__(self, stream: NetworkStream) -> None:
        self._stream = stream
        self._full = False
        self.wire: Wire | None = None

    def _left(self, timeout: float | None, late: type[Exception]) -> float | None:
        """The seconds to wait; raises `late` when the time is over."""
        until = None if self.wire is None else self.wire.until
        if until is None:
            return timeout
        left = until - time.monotonic()
        if left <= 0:  # even where the next byte is there already: else drops would go on forever
            raise late("the time for the call is over")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # The library asks for 64 KiB each time and takes any length; for a large file fewer reads are a sixth of the time.
        most = _PIECE if self._full else max_bytes
        data = self._stream.read(most, self._left(timeout, httpcore.ReadTimeout))
        self._full = len(data) >= max_bytes
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for piece in _pieces(buffer):
            self._stream.write(piece, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        return self._stream.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _pieces(buffer: bytes) -> Iterable[bytes]:
    """What is written at once is a piece for which the time is looked at but once."""
    if len(buffer) <= _PIECE:
        return (buffer,)
    return (buffer[start : start + _PIECE] for start in range(0, len(buffer), _PIECE))
