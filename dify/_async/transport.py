"""The rim: sends a call, tries again where that is safe, raises what went wrong, and hands back an open answer."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import TypeVar

from .._config import RequestOptions, ResponseLimits, Settings, merged
from .._log import log
from .._net import http as _http
from .._net.decompression import Inflater
from .._net.http import Request, Response
from .._net.sockets import Hangup, Wire
from .._protocol.error_mapping import masked
from .._protocol.request import Call, encode_json
from .._protocol.responses import (
    AttemptFailed,
    acknowledged,
    answer_from,
    cut_error,
    failed_answer,
    failed_exchange,
    overdue,
)
from .._protocol.retry import decide
from ..errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigurationError,
    DifyError,
    InvalidArgumentError,
    ResponseValidationError,
)
from ..types.http import HTTPInfo
from ._io import Deadline, read_upload, shielded, sleep
from .pool import CLOSED, AsyncPool

__all__ = ["AsyncExchange", "AsyncTransport"]

T = TypeVar("T")


class AsyncExchange:
    """An answer whose headers have come; its body is still to be read, within `limit` seconds where it is no stream."""

    def __init__(
        self, response: Response, info: HTTPInfo, wire: Wire, limit: float | None, limits: ResponseLimits
    ) -> None:
        self._response = response
        self.wire = wire
        self.limits = limits
        self.limit = limit
        self.info = info
        self.broke_off = False
        """Whether the body ended well as far as HTTP knows, but too early for its encoding."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, decoded a bounded piece at a time.

        Raises:
            ResponseValidationError: The body is not encoded as was asked for, or not as its header says.
        """
        encoding = self.info.headers.get("content-encoding", "")
        inflater = Inflater(encoding)
        if not inflater.known:
            raise ResponseValidationError(
                f"the answer is encoded as {encoding!r}; only gzip was asked for", http=self.info
            )
        source = _http.raw_stream(self._response)
        return source if inflater.identity else self._opened(source, inflater)

    async def _opened(self, source: AsyncIterator[bytes], inflater: Inflater) -> AsyncIterator[bytes]:
        try:
            async for chunk in source:
                for piece in inflater.feed(chunk):
                    yield piece
        except ValueError as error:
            raise ResponseValidationError(str(error), http=self.info) from None
        if not inflater.whole:
            self.broke_off = True
            raise ResponseValidationError("the answer's compressed body broke off", http=self.info)

    async def read(self) -> bytes:
        """The whole body, and the exchange closed.

        Raises:
            ResponseValidationError: It is larger than the limit, or not encoded as it should be.
            APIConnectionError: It broke off, or did not come in time.
        """
        cap = self.limits.answer
        body = bytearray()  # and no list: an answer in pieces of a byte would take forty times its room
        try:
            with Deadline(self.limit, self.wire):
                async for chunk in self.chunks():
                    body += chunk
                    if len(body) > cap:
                        raise ResponseValidationError(f"the answer is larger than {cap} bytes", http=self.info)
        except TimeoutError:
            raise APITimeoutError("the rest of the answer did not come in time", sent=True) from None
        except _http.HTTPError as error:
            raise cut_error(error, self.info.method) from _http.bare(error)
        finally:
            await self.aclose()
        return bytes(body)

    async def read_start(self) -> bytes:
        """The start of an error's body as far as it comes: whatever happens to it, the status is what counts."""
        cap = self.limits.error
        parts: list[bytes] = []
        size = 0
        try:
            with Deadline(self.limit, self.wire):
                async for chunk in _http.raw_stream(self._response):
                    parts.append(chunk)
                    size += len(chunk)
                    if size >= cap:
                        break
        except (TimeoutError, _http.HTTPError):
            pass
        finally:
            await self.aclose()
        raw = b"".join(parts)[:cap]
        opened = bytearray()
        try:
            for piece in Inflater(self.info.headers.get("content-encoding", "")).feed(raw):
                opened += piece
                if len(opened) >= cap:
                    break
        except ValueError:
            return raw
        return bytes(opened[:cap])

    def cut(self) -> bool:
        """End a blocked read at once, from any thread; the exchange can then only be closed. False where that cannot be."""
        return self.wire.cut()

    async def aclose(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""
        # As Python ends, a stream that was left open is collected; its sockets close by themselves, and a library that then
        # asks `datetime` for a duration ends Python 3.13.0 with a segmentation fault.
        if not self._response.is_closed and not sys.is_finalizing():
            with shielded():
                await self._response.aclose()


class AsyncTransport:
    """Sends calls with one client's settings over a shared pool."""

    def __init__(self, settings: Settings, pool: AsyncPool) -> None:
        self.settings = settings
        self.pool = pool

    async def fetch(self, call: Call, cast_to: type[T], options: RequestOptions | None = None) -> T:
        """Make a call and read its answer as `cast_to`."""
        return await self.read_as(await self.open(call, options), cast_to)

    async def read_as(self, exchange: AsyncExchange, cast_to: type[T]) -> T:
        """Read an open answer as `cast_to`."""
        body = await exchange.read()
        if exchange.info.status == 206:
            raise ResponseValidationError("the server sent a part of the answer (HTTP 206)", http=exchange.info)
        try:
            return answer_from(body, cast_to, exchange.info)
        except DifyError as error:
            raise masked(error, self.settings.secrets()) from None

    async def send(self, call: Call, options: RequestOptions | None = None) -> None:
        """Make a call that returns nothing, and check that the server says that it was done."""
        exchange = await self.open(call, options)
        body = await exchange.read()
        try:
            acknowledged(body, exchange.info, call.operation)
        except DifyError as error:
            raise masked(error, self.settings.secrets()) from None

    async def open(
        self, call: Call, options: RequestOptions | None = None, hangup: Hangup | None = None
    ) -> AsyncExchange:
        """Make a call, trying again where that is safe, up to the headers of a successful answer.

        The first call of an end user goes ahead: others of that user wait for the headers of its answer.

        Args:
            call: The call.
            options: Settings for it alone.
            hangup: Ends it from elsewhere; then nothing is tried again.

        Raises:
            ConfigurationError: A key is missing or the client is closed; nothing was sent.
            APIConnectionError: No answer came.
            APIStatusError: The server answered with an error.
        """
        settings = self.settings.with_options(options)
        hangup = hangup or Hangup()
        first = await self.pool.first_calls.turn(call, settings, hangup)
        with first or nullcontext():
            return await self._open(call, settings, hangup)

    async def _open(self, call: Call, settings: Settings, hangup: Hangup) -> AsyncExchange:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(call, settings, hangup)
            except AttemptFailed as caught:
                failed = caught
            hangup.attempt(None)
            wait = None
            if failed.failure is not None and not hangup.over:
                wait = decide(
                    failed.failure,
                    attempt=attempt,
                    max_retries=settings.max_retries,
                    repeatable=call.repeatable,
                    rewindable=call.upload is None or call.upload.rewindable,
                )
            if wait is None:
                raise masked(failed.error, settings.secrets()) from failed.cause
            log.info("%s: %s; attempt %d in %.2f s", call.operation, type(failed.error).__name__, attempt + 1, wait)
            await sleep(wait)
            if hangup.over:
                raise masked(failed.error, settings.secrets()) from failed.cause

    async def _attempt(self, call: Call, settings: Settings, hangup: Hangup) -> AsyncExchange:
        # Twice the read timeout for the headers: each read may succeed and they may still never end.
        gap = _http.read_timeout(settings.timeout)
        limit = None if gap is None else 2 * gap
        wire = Wire()
        hangup.attempt(wire)
        patience = Deadline(limit, wire)
        broken: list[Exception] = []
        started = time.monotonic()
        try:
            request = self._request(call, settings, patience, broken)
            with patience:
                request.extensions["dify_wire"] = wire
                response = await self.pool.http().send(request, stream=True, auth=None, follow_redirects=False)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is raised, in our words where we have any
            if broken:  # the user's own file, whose errors are the user's, however they came here
                raise broken[0] from None
            raise self._failure(error, call, settings, limit, wire) from None
        info = _http.info_of(response, time.monotonic() - started, settings.secrets())
        log.debug("%s: %s %s: %d after %.2f s", call.operation, call.method, call.path, info.status, info.elapsed)
        if wire.stream is None:  # not on connections of ours
            wire.take(_http.socket_of(response))
        exchange = AsyncExchange(response, info, wire, limit, settings.limits)
        if 200 <= info.status < 300:
            return exchange
        operation = call.operation if call.address is None else ""  # a signed link is no route of the API
        raise failed_answer(info, await exchange.read_start(), settings.secrets(), operation)

    def _failure(self, error: Exception, call: Call, settings: Settings, limit: float | None, wire: Wire) -> Exception:
        """What is to be raised where there is no answer."""
        match error:
            case TimeoutError():
                return overdue(limit, call, call.server(settings.base_url), unsent=wire.unsent)
            case _http.HTTPError() | _http.InvalidURL():
                return failed_exchange(error, call, call.server(settings.base_url))
            case RuntimeError() if "closed" in str(error) and "client" in str(error):  # by another task or thread
                return ConfigurationError(CLOSED)
            case RuntimeError() if "loop" in str(error):
                return ConfigurationError(
                    f"the HTTP client that was given belongs to another event loop ({error}): make both in the loop that "
                    "uses them"
                )
            case UnicodeError():
                return InvalidArgumentError(f"the request cannot be sent: {error}")
            case _:
                return error

    def _request(self, call: Call, settings: Settings, patience: Deadline, broken: list[Exception]) -> Request:
        key = call.key_for(settings)
        accept = {"stream": "text/event-stream", "json": "application/json"}.get(call.accept, "*/*")
        of_body: dict[str, str] = {}  # which the user's headers do not change
        content: bytes | AsyncIterator[bytes] | None = None
        if call.upload is not None:
            of_body["Content-Type"], head, tail = _http.form_envelope(call.upload, call.form)
            if call.upload.size is not None:
                of_body["Content-Length"] = str(len(head) + call.upload.size + len(tail))
            content = self._form(call, head, tail, patience, broken)
        elif call.json is not None:
            of_body["Content-Type"] = "application/json"
            content = encode_json(call.json)
        headers = merged({"Accept": accept, "Accept-Encoding": "gzip"}, call.headers_for(settings))
        headers = merged(headers, of_body)
        return _http.build(
            self.pool.http(), call.method, call.url(settings.base_url), headers, key, content, settings.timeout
        )

    async def _form(
        self, call: Call, head: bytes, tail: bytes, patience: Deadline, broken: list[Exception]
    ) -> AsyncIterator[bytes]:
        assert call.upload is not None
        left = call.upload.size
        yield head
        async for chunk in self._noting(read_upload(call.upload), broken):
            patience.restart()  # as long as it moves, a large file may take its time
            if left is not None:
                # What was announced is sent, should the file grow meanwhile; more would be read as the next request.
                chunk = chunk[:left]
                left -= len(chunk)
            if chunk:
                yield chunk
        if left:
            raise APIConnectionError(f"{call.upload.filename} became {left} bytes shorter while it was sent", sent=True)
        patience.restart()
        yield tail

    async def _noting(self, chunks: AsyncIterator[bytes], broken: list[Exception]) -> AsyncIterator[bytes]:
        """The chunks of a file, and what went wrong in reading it."""
        try:
            async for chunk in chunks:
                yield chunk
        except Exception as error:
            broken.append(error)
            raise
