"""The deadline of an attempt, for both faces.

A task that waits can be cancelled, so that `AsyncDeadline` is a cancel scope. A thread that waits for its socket cannot:
`Deadline` sets the time at which the socket stops waiting, or shuts it down from another thread where the socket belongs to a
pool that is not ours.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from ssl import SSLContext
from typing import Any, Self

import anyio
import httpcore
from httpcore import AsyncNetworkStream, NetworkStream
from httpx import HTTPError, ReadTimeout, Request, Response, WriteTimeout

from .socket_state import acknowledged_bytes, shut_down

__all__ = ["AsyncDeadline", "Attempt", "Deadline", "TimedStream"]

_EXTENSION = "dify_deadline"
_PIECE = 1 << 18
"""Bytes that are written at once, and read at once while the connection is busy."""


class Attempt:
    """One attempt of a call: its time limit, its socket, and its delivery.

    Its delivery is the fact whether the request may have been sent.

    Attributes:
        seconds: Time limit of each phase: until the response headers, and until the end of the body. None for no limit.
        stream: The socket. None before there is one.
        is_cut: True after `cut`.
        connecting: True while the attempt waits for a connection, so that nothing has been sent.
        unsent: True if the connection was lost before the server could receive the request.
        rewindable: True if the body can be sent again after a part of it was read.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self.stream: AsyncNetworkStream | NetworkStream | None = None
        self.connecting = False
        self.unsent = False
        self.rewindable = False
        self.is_cut = False

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return the attempt that sends a request.

        A new one for a request that was not made by this package.
        """
        attempt = request.extensions.get(_EXTENSION)
        return attempt if isinstance(attempt, cls) else cls()

    def bind(self, request: Request) -> None:
        """Let the connection pool find this attempt by the request."""
        request.extensions[_EXTENSION] = self

    def attach(self, stream: AsyncNetworkStream | NetworkStream | None) -> None:
        """Set the socket that the request is sent on."""
        self.stream = stream
        self.connecting = False
        if self.is_cut and stream is not None:
            shut_down(stream)

    def received(self, response: Response) -> None:
        """Note the socket of a response that came through another pool than ours."""
        if self.stream is None:
            self.attach(response.extensions.get("network_stream"))

    def cut(self) -> bool:
        """Shut the socket down, now or as soon as there is one.

        False if there is none yet.
        """
        self.is_cut = True
        return self.stream is not None and shut_down(self.stream)


class AsyncDeadline(Attempt):
    """The time limit of an attempt, as a context manager that raises `TimeoutError`.

    It can be entered again.
    """

    _scope: anyio.CancelScope

    def __enter__(self) -> Self:
        self._block = anyio.fail_after(self.seconds)
        self._scope = self._block.__enter__()
        return self

    def __exit__(self, *exc: Any) -> bool | None:
        return self._block.__exit__(*exc)

    def pause(self) -> None:
        """Stop the clock until `restart`."""
        self._scope.deadline = math.inf

    def restart(self) -> None:
        """Start the clock anew."""
        if self.seconds is not None:
            self._scope.deadline = anyio.current_time() + self.seconds

    def move_on_after(self, seconds: float) -> AbstractContextManager[Any]:
        """Return a block that is left without an exception after this time."""
        return anyio.move_on_after(seconds)


class Deadline(Attempt):
    """The time limit of an attempt, as a context manager that raises `TimeoutError`.

    It can be entered again.

    Attributes:
        until: Time by `time.monotonic` at which a `TimedStream` stops waiting. None for no limit.
    """

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__(seconds)
        self.until: float | None = None
        self._end: float | None = None  # like `until`, but infinite while the clock is stopped
        self._watchdog: _Watchdog | None = None

    def attach(self, stream: AsyncNetworkStream | NetworkStream | None) -> None:
        """Set the socket that the request is sent on."""
        super().attach(stream)
        if isinstance(stream, TimedStream):
            stream.deadline = self

    def __enter__(self) -> Self:
        if self.seconds is not None:
            self._start(self.seconds)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if self._end is not None and self._stop(error):
            raise TimeoutError from None

    def pause(self) -> None:
        """Stop the clock until `restart`."""
        if self._end is not None:
            self._end, self.until = math.inf, None

    def restart(self) -> None:
        """Start the clock anew, unless the time is over."""
        now = time.monotonic()
        if self._end is not None and self.seconds is not None and now < self._end:
            self._end = self.until = now + self.seconds

    @contextmanager
    def move_on_after(self, seconds: float) -> Generator[None]:
        """Leave the block without an exception after this time.

        This closes the connection.
        """
        self._start(seconds)
        try:
            yield
        except BaseException as error:
            if not self._stop(error):
                raise
        else:
            self._stop(None)

    def _start(self, seconds: float) -> None:
        self._end = self.until = time.monotonic() + seconds
        if self.stream is not None and not isinstance(self.stream, TimedStream):
            self._watchdog = _Watchdog(self)

    def _stop(self, error: BaseException | None) -> bool:
        """Stop the clock; True if the block ended because the time was over."""
        end, self._end, self.until = self._end, None, None
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is not None:
            watchdog.stop()
            return watchdog.expired and (error is None or isinstance(error, HTTPError))
        return isinstance(error, (ReadTimeout, WriteTimeout)) and end is not None and time.monotonic() >= end


class _Watchdog:
    """A thread that shuts the socket of an attempt down when its time is over."""

    def __init__(self, deadline: Deadline) -> None:
        self.expired = False
        self._deadline = deadline
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dify-deadline", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while (until := self._deadline.until) is not None and (left := until - time.monotonic()) > 0:
            if self._stopped.wait(left):
                return
        if not self._stopped.is_set():
            self.expired = True
            self._deadline.cut()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()  # so that no thread outlives the call that it watches


class TimedStream(NetworkStream):
    """A blocking socket that stops waiting when the deadline of its attempt is over.

    A thread per call, which could shut the socket down, would cost as much as the call.
    """

    def __init__(self, stream: NetworkStream) -> None:
        self._stream = stream
        self._busy = False
        self._acknowledged_at_end: int | None = None
        self.deadline: Deadline | None = None

    def _left(self, timeout: float | None, late: type[Exception]) -> float | None:
        """Return the seconds to wait; raise `late` if the time is over."""
        until = None if self.deadline is None else self.deadline.until
        if until is None:
            return timeout
        left = until - time.monotonic()
        if left <= 0:  # although the next byte may be there: a server that sends single bytes would never time out
            raise late("the time for the call is over")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # httpcore asks for 64 KiB and accepts any length. Fewer, larger reads take a sixth of the time for a large file.
        size = _PIECE if self._busy else max_bytes
        data = self._stream.read(size, self._left(timeout, httpcore.ReadTimeout))
        self._busy = len(data) >= max_bytes
        if not data:
            self._acknowledged_at_end = acknowledged_bytes(self._stream)
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
        return self._acknowledged_at_end if info == "acknowledged_at_end" else self._stream.get_extra_info(info)


def _pieces(buffer: bytes) -> Iterable[bytes]:
    """Split a large buffer, so that the deadline is checked between its pieces."""
    if len(buffer) <= _PIECE:
        return (buffer,)
    return (buffer[start : start + _PIECE] for start in range(0, len(buffer), _PIECE))
