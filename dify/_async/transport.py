"""The transport: sends a call, retries it where that is safe, and returns the open response or raises."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any, TypeVar

from .._config import RequestOptions, ResponseLimits, Settings, merged
from .._log import log
from .._net import exceptions as _net, http as _http
from .._net.decompression import Inflater
from .._net.http import Request, Response
from .._net.sockets import Hangup, Wire
from .._protocol.error_mapping import masked, status_error
from .._protocol.request import Call, encode_json
from .._protocol.responses import Acknowledgement, body_error, connection_error, deadline_error, parse_response
from .._protocol.retry import retry_delay
from ..errors import APITimeoutError, ConfigurationError, DifyError, InvalidArgumentError, ResponseValidationError
from ..types.http import HTTPInfo
from ._io import Deadline, shielded, sleep
from .pool import AsyncPool
from .upload_body import AsyncUploadBody

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
                        raise ResponseValidationError(
                            f"the response is larger than {cap} bytes",
                            http=self.info,
                            param="limits",
                            reason="too_large",
                            hint="raise `ResponseLimits(answer=)`",
                        )
        except TimeoutError:
            raise APITimeoutError(
                "the rest of the response did not arrive in time", sent=True, param="timeout"
            ) from None
        except _net.HTTPError as error:
            raise body_error(error, self.info.method) from _net.bare(error)
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
        except (TimeoutError, _net.HTTPError):
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
        """Make a call and return its response as `cast_to`."""
        return await self.read_as(await self.open(call, options), cast_to)

    async def send(self, call: Call, options: RequestOptions | None = None) -> None:
        """Make a call that returns nothing, and check that the server confirms it."""
        await self.fetch(call, Acknowledgement, options)

    async def read_as(self, exchange: AsyncExchange, cast_to: type[T]) -> T:
        """Read the body of an open response as `cast_to`."""
        body = await exchange.read()
        if exchange.info.status == 206:
            raise ResponseValidationError("the server sent only a part of the response (HTTP 206)", http=exchange.info)
        try:
            return parse_response(body, cast_to, exchange.info)
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
        body = None if call.upload is None else AsyncUploadBody(call.upload, call.form)
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(call, settings, hangup, body)
            except DifyError as caught:
                error = caught
            if body is not None and body.error is error:
                raise error  # reading a file through this client has failed, which is no failure of this call
            hangup.attempt(None)
            delay = retry_delay(error, call, attempt=attempt, max_retries=settings.max_retries)
            if delay is not None and not hangup.over:
                log.info("%s: %s; attempt %d in %.2f s", call.operation, type(error).__name__, attempt + 1, delay)
                await sleep(delay)
            if delay is None or hangup.over:
                # Without the traceback, whose frames hold the request and so the key.
                raise masked(error, settings.secrets()).with_traceback(None)

    async def _attempt(
        self, call: Call, settings: Settings, hangup: Hangup, body: AsyncUploadBody | None
    ) -> AsyncExchange:
        # Each read may succeed while the headers never end, so that they have a limit of their own.
        gap = _http.read_timeout(settings.timeout)
        limit = None if gap is None else 2 * gap
        wire = Wire()
        hangup.attempt(wire)
        deadline = Deadline(limit, wire)
        started = time.monotonic()
        try:
            request = self._request(call, settings, body, deadline)
            with deadline:
                request.extensions["dify_wire"] = wire
                response = await self.pool.http().send(request, stream=True, auth=None, follow_redirects=False)
        except Exception as error:  # noqa: BLE001 - connections, hooks and files may raise anything
            if body is not None and body.error is not None:
                raise body.error from None  # as the file raised it, before the HTTP library wrapped it
            failure = self._error(error, call, settings, limit, wire)
            raise failure from (None if failure is error else _net.bare(error))
        info = _http.info_of(response, time.monotonic() - started, settings.secrets())
        log.debug("%s: %s %s: %d after %.2f s", call.operation, call.method, call.path, info.status, info.elapsed)
        if wire.stream is None:  # not on connections of ours
            wire.take(_http.socket_of(response))
        exchange = AsyncExchange(response, info, wire, limit, settings.limits)
        if 200 <= info.status < 300:
            return exchange
        operation = call.operation if call.address is None else ""  # a signed link is no route of the API
        raise status_error(info, await exchange.read_start(), settings.secrets(), operation)

    def _error(self, error: Exception, call: Call, settings: Settings, limit: float | None, wire: Wire) -> Exception:
        """Return the exception to raise for one that was raised before the response headers arrived."""
        match error:
            case TimeoutError():
                return deadline_error(limit, call, settings.base_url, sent=not wire.unsent)
            case _net.HTTPError() | _net.InvalidURL():
                return connection_error(error, call, settings.base_url)
            case RuntimeError() if self.pool.closed:  # by another task or thread
                return self.pool.closed_error()
            case RuntimeError() if "loop" in str(error):  # asyncio raises no other class for it
                return ConfigurationError(
                    f"the http_client belongs to another event loop ({error})",
                    param="http_client",
                    reason="event_loop",
                    hint="create client and http_client in the event loop that uses them",
                )
            case UnicodeError():
                return InvalidArgumentError(f"the request cannot be sent: {error}")
            case _:
                return error

    def _request(self, call: Call, settings: Settings, body: AsyncUploadBody | None, deadline: Deadline) -> Request:
        key = call.key_for(settings)
        accept = {"stream": "text/event-stream", "json": "application/json"}.get(call.accept, "*/*")
        of_body: dict[str, str] = {}  # they describe the body, so that the user's headers do not override them
        content: Any = None
        if body is not None:
            body.deadline = deadline
            of_body = body.headers
            content = body
        elif call.json is not None:
            of_body["Content-Type"] = "application/json"
            content = encode_json(call.json)
        headers = merged({"Accept": accept, "Accept-Encoding": "gzip"}, call.headers_for(settings))
        return _http.build(
            self.pool.http(),
            call.method,
            call.url(settings.base_url),
            merged(headers, of_body),
            key,
            content,
            settings.timeout,
        )
