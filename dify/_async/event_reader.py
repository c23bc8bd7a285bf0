"""The connection of an event stream.

Responses are opened, read event by event, and closed from any task or thread.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from .._config import RequestOptions
from .._net import exceptions as _net
from .._net.cancel_token import CancelToken
from .._protocol.request import Call
from .._protocol.responses import too_large
from .._streaming.decode import EventDecoder
from .._streaming.kinds import StreamKind
from ..errors import DifyError, ResponseValidationError
from .transport import AsyncExchange, AsyncTransport

__all__ = ["AsyncEventReader"]


class AsyncEventReader:
    """Reads typed events from one response after another.

    Attributes:
        exchange: The response that events are read from, or None before the first one.
        closed: The reader was closed; what is open is closed, and nothing more is opened.
        failure: The exception that ended the response, or None if the server ended it.
    """

    def __init__(self, transport: AsyncTransport, kind: StreamKind[Any], options: RequestOptions | None) -> None:
        self._transport = transport
        self._kind = kind
        self._options = options
        self._token = CancelToken()
        self._waiting = False  # for a response, or for bytes: `aclose` then wakes the waiting task or thread
        self._chunks: AsyncIterator[bytes]
        self._decoder: EventDecoder
        self._at_end = False  # the server has ended the response, and its last event was delivered
        self._was_cancelled = False  # the last read; connections of our own pool continue, others have ended
        self._size = 0  # bytes of all responses
        self._idle = False  # since `_alive_at`, nothing but comments and blank lines arrived
        self._alive_at = 0.0
        self.exchange: AsyncExchange | None = None
        self.closed = False
        self.failure: Exception | None = None

    async def open(self, call: Call) -> AsyncExchange | None:
        """Send a call and return its response, or None if the reader is closed meanwhile."""
        self._waiting = True  # before `closed` is read; `aclose` writes and reads in the opposite order
        try:
            if self.closed:
                return None
            exchange = await self._transport.open(call, self._options, self._token)
        except DifyError:
            if self.closed:
                return None
            raise
        finally:
            self._waiting = False
        if self.closed:
            await exchange.aclose()
            return None
        return exchange

    def start(self, exchange: AsyncExchange) -> None:
        """Read from this response from now on."""
        self.exchange = exchange
        self.failure = None
        self._idle = self._at_end = self._was_cancelled = False
        self._chunks = exchange.chunks()
        self._decoder = self._kind.decoder(exchange.limits.frame)

    async def read(self, grace: float | None) -> Iterator[Any] | None:
        """Return the events of the next chunk.

        None at the end of the response, which `failure` explains, or when closed.

        Args:
            grace: Seconds after which the response counts as ended; None for no limit but the read timeout.

        Raises:
            ResponseValidationError: The body is not encoded as its header says, or an event or the stream is too large.
        """
        assert self.exchange is not None
        if not self._idle:
            self._alive_at = (
                time.monotonic()
            )  # not earlier: the time that the caller spends on events is not the server's
        chunk: bytes | None = None
        self._waiting = True
        try:
            if self.closed or self._at_end:
                return None
            if grace is None:
                chunk = await anext(self._chunks, None)
            else:
                with self.exchange.deadline.move_on_after(grace):
                    chunk = await anext(self._chunks, None)
        except (_net.HTTPError, ResponseValidationError, TimeoutError) as error:
            if isinstance(error, ResponseValidationError) and not self.exchange.broke_off:
                raise
            if not self.closed:  # closing breaks the connection
                self.failure = error
            return None
        except BaseException:
            self._was_cancelled = True
            if not self.exchange.continues:
                await self.exchange.aclose()
            raise
        finally:
            self._waiting = False
        if chunk is None:
            if self._was_cancelled and self.failure is None:
                self.failure = RuntimeError("a read was cancelled, and this HTTP client cannot continue it")
                return None
            self._at_end = True
            last = self._decoder.finish()
            return iter(last) if last else None
        self._was_cancelled = False
        self._size += len(chunk)
        if self._size > self.exchange.limits.stream:
            raise too_large(f"the stream is larger than {self.exchange.limits.stream} bytes", "stream")
        events = self._decoder.feed(chunk)
        self._idle = self._decoder.idle
        if self._idle:
            limit = self.exchange.limit
            if limit is not None and time.monotonic() - self._alive_at > limit:
                self.failure = TimeoutError(f"nothing but blank lines and comments arrived for {limit:g} s")
                return None
        return events

    def abandon(self) -> None:
        """Close the response without waiting, from anywhere."""
        self.closed = True
        if self.exchange is not None:
            self.exchange.abandon()

    async def aclose(self) -> None:
        """Close the response. A task or thread that waits for it wakes up, and closes it."""
        self.closed = True
        if self._waiting and self._token.cancel():
            return
        if self.exchange is not None:
            await self.exchange.aclose()
