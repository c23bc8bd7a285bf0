"""The transport: sends calls and retries them where that is safe.

It returns the open response or raises an error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext
from logging import DEBUG
from typing import Any, TypeVar

from .._config import RequestOptions, ResponseLimits, Settings, environment_error, merged
from .._log import fields_of, log, redact
from .._net import exceptions as _net, http as _http
from .._net.cancel_token import CancelToken
from .._net.deadline import AsyncDeadline
from .._net.decompression import Inflater
from .._net.http import Request, Response
from .._net.synchronization import async_shield
from .._protocol.connection_errors import connection_error, deadline_error, response_error
from .._protocol.error_mapping import masked, status_error
from .._protocol.request import Call, encode_json
from .._protocol.responses import Acknowledgement, body_error, parse_response, too_large
from .._protocol.retry import retry_delay
from ..errors import APITimeoutError, ConfigurationError, DifyError, InvalidArgumentError, ResponseValidationError
from ..types.http import HTTPInfo
from ._io import close_soon, sleep
from .shared_clients import AsyncSharedClients
from .upload_body import AsyncUploadBody

__all__ = ["AsyncExchange", "AsyncTransport"]

T = TypeVar("T")


class AsyncExchange:
    """A response whose headers have arrived and whose body is still to be read.

    Attributes:
        info: Status and headers.
        deadline: Time limit of the body, unless it is a stream.
        limits: Maximum sizes of the body.
        continues: True if a read of the body that is cancelled loses nothing, so that the next one continues.
        broke_off: True if the compressed body broke off, although HTTP reported more data, or the end of all.
    """

    def __init__(
        self,
        response: Response,
        info: HTTPInfo,
        deadline: AsyncDeadline,
        limits: ResponseLimits,
        transport: AsyncTransport,
    ) -> None:
        self._response = response
        self._transport = transport
        self.info = info
        self.deadline = deadline
        self.limits = limits
        self.continues = False
        self.broke_off = False

    @property
    def limit(self) -> float | None:
        """Time limit of the body in seconds. None for no limit."""
        return self.deadline.seconds

    def chunks(self) -> AsyncIterator[bytes]:
        """Return the chunks of the body, decompressed in pieces of bounded size.

        Raises:
            ResponseValidationError: The body has another encoding than was asked for, or than its header names.
            TimeoutError: Compressed data arrived without content for twice the read timeout.
        """
        encoding = self.info.headers.get("content-encoding", "")
        inflater = Inflater(encoding)
        if not inflater.known:
            raise ResponseValidationError(
                f"the response has the unsupported content encoding {encoding!r}; gzip was requested", http=self.info
            )
        source = _http.raw_stream(self._response)
        if inflater.identity:
            self.continues = _http.continues(self._response)
            return source
        return self._inflated(source, inflater)

    async def _inflated(self, source: AsyncIterator[bytes], inflater: Inflater) -> AsyncIterator[bytes]:
        content_at = time.monotonic()
        try:
            async for chunk in source:
                is_empty = True
                for piece in inflater.feed(chunk):
                    is_empty = False
                    yield piece
                now = time.monotonic()
                if not is_empty:
                    content_at = now  # not earlier: the time that the caller spends on a piece is not the server's
                elif self.limit is not None and now - content_at > self.limit:
                    raise TimeoutError(f"compressed data without content arrived for {self.limit:g} s")
        except ValueError as error:
            self.broke_off = inflater.broken
            raise ResponseValidationError(str(error), http=self.info) from None
        if not inflater.whole:
            self.broke_off = True
            raise ResponseValidationError("the compressed body of the response broke off", http=self.info)

    async def read(self) -> bytes:
        """Read the body and close the exchange.

        Raises:
            ResponseValidationError: The body is larger than the limit, or its encoding is invalid.
            APIConnectionError: The connection was lost, or the time limit is over.
        """
        limit = self.limits.answer
        body = bytearray()  # a list of chunks would take forty times the memory for a body that arrives byte by byte
        try:
            with self.deadline:
                async for chunk in self.chunks():
                    body += chunk
                    if len(body) > limit:
                        raise too_large(f"the response is larger than {limit} bytes", "answer", self.info)
        except TimeoutError:
            raise APITimeoutError(
                "the rest of the response did not arrive in time", sent=True, param="timeout"
            ) from None
        except _net.HTTPError as error:
            raise self._transport.body_error(error, self.info.method) from _net.bare(error)
        finally:
            await self.aclose()
        return bytes(body)

    async def read_start(self) -> bytes:
        """Read the start of an error body, without keys, and close the exchange.

        A body that breaks off is returned as far as it came.
        """
        limit = self.limits.error
        raw = bytearray()
        try:
            with self.deadline:
                async for chunk in _http.raw_stream(self._response):
                    raw += chunk
                    if len(raw) >= limit:
                        break
        except (TimeoutError, _net.HTTPError):
            pass  # the status is known, and more useful than the reason why its body is incomplete
        finally:
            await self.aclose()
        del raw[limit:]
        body = bytearray()
        try:
            for piece in Inflater(self.info.headers.get("content-encoding", "")).feed(bytes(raw)):
                body += piece
                if len(body) >= limit:
                    break
        except ValueError:
            body = raw
        # As Latin-1, in which every byte is a character: the body may be in any encoding, and keys are ASCII.
        return redact(str(body[:limit], "latin-1"), self._transport.secrets).encode("latin-1")

    def cut(self) -> bool:
        """Wake the thread that reads the body, which ends in an error.

        False if there is no socket to shut down.
        """
        return self.deadline.cut()

    def abandon(self) -> None:
        """Close the connection without waiting, from any thread."""
        if not self._response.is_closed and not sys.is_finalizing() and not _http.abort(self._response):
            close_soon(self._response.aclose)

    def __del__(self) -> None:
        self.abandon()

    async def aclose(self) -> None:
        """Return the connection to the pool, or close it if its body was not read."""
        # While Python exits, a stream that was left open is collected. Sockets are closed by the system then, and a library
        # that asks `datetime` for a duration crashes Python 3.13.0.
        if not self._response.is_closed and not sys.is_finalizing():
            with async_shield():
                await self._response.aclose()


class AsyncTransport:
    """Sends calls with one client's settings over a shared pool."""

    def __init__(self, settings: Settings, pool: AsyncSharedClients) -> None:
        self.settings = settings
        self.pool = pool

    @property
    def secrets(self) -> tuple[str, ...]:
        """API keys and passwords of proxies, for redaction."""
        return self.settings.secrets() + self.pool.secrets()

    def body_error(self, error: Exception, operation: str) -> DifyError:
        """Return the error for a body that did not arrive completely, without keys."""
        failure = body_error(error, operation)
        failure.__cause__ = _net.bare(error)  # its text is masked, too
        return masked(failure, self.secrets)

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
            raise masked(error, self.secrets) from None

    async def open(
        self, call: Call, options: RequestOptions | None = None, token: CancelToken | None = None
    ) -> AsyncExchange:
        """Make a call up to its response headers, retrying it where that is safe.

        The first call of an end user is sent alone: other calls of that user wait for its response headers.

        Args:
            call: The call.
            options: Settings of this call.
            token: Cancels the call from another task or thread.

        Raises:
            ConfigurationError: A key is missing or the client is closed; nothing was sent.
            APIConnectionError: No response arrived.
            APIStatusError: The response has an error status.
        """
        settings = self.settings.with_options(options)
        call = call.with_extras(options)
        token = token or CancelToken()
        try:
            first = await self.pool.first_calls.turn(call, settings, token)
            with first or nullcontext():
                return await self._open(call, settings, token)
        finally:
            if call.upload is not None and call.upload.release is not None:
                with async_shield():
                    await call.upload.release()

    async def _open(self, call: Call, settings: Settings, token: CancelToken) -> AsyncExchange:
        body = None if call.upload is None else AsyncUploadBody(call.upload, call.form)
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(call, settings, token, body, retries=attempt - 1)
            except DifyError as caught:
                error = caught
            if body is not None and body.error is error:
                raise error  # reading the file has failed, by another call of this package
            token.follow(None)
            delay = retry_delay(error, call, attempt=attempt, max_retries=settings.max_retries)
            if delay is not None and not token.cancelled:
                name = type(error).__name__
                fields = fields_of(
                    call.operation, getattr(error, "http", None), error=name, attempt=attempt + 1, delay=delay
                )
                log.info("%s: %s; attempt %d in %.2f s", call.operation, name, attempt + 1, delay, extra=fields)
                await sleep(delay)
            if delay is None or token.cancelled:
                # Without the traceback, whose frames hold the request and so the API key.
                raise masked(error, self.secrets).with_traceback(None)

    async def _attempt(
        self, call: Call, settings: Settings, token: CancelToken, body: AsyncUploadBody | None, *, retries: int
    ) -> AsyncExchange:
        # Each read may succeed while the headers never end, so that they have a time limit of their own.
        gap = settings.timeout.read
        deadline = AsyncDeadline(None if gap is None else 2 * gap)
        token.follow(deadline)
        started = time.monotonic()
        request: Request | None = None
        try:
            request = self._request(call, settings, body, deadline)
            with deadline:
                response = await self.pool.http().send(request, stream=True, auth=None, follow_redirects=False)
        except Exception as error:  # noqa: BLE001 - connections, hooks and files may raise anything
            if body is not None and body.error is not None:
                raise body.error from None  # as the file raised it, before httpx wrapped it
            failure = self._error(error, call, settings, deadline, request)
            raise failure from (None if failure is error else _net.bare(error))
        deadline.received(response)
        info = _http.info_of(response, time.monotonic() - started, self.secrets, retries)
        if log.isEnabledFor(DEBUG):
            fields = fields_of(call.operation, info, method=call.method, path=call.path)
            line = "%s: %s %s: %d after %.2f s"
            log.debug(line, call.operation, call.method, call.path, info.status, info.elapsed, extra=fields)
        exchange = AsyncExchange(response, info, deadline, settings.limits, self)
        if 200 <= info.status < 300:
            return exchange
        operation = call.operation if call.address is None else ""  # a signed link is not a route of the API
        refusal = status_error(info, await exchange.read_start(), operation)
        raise response_error(refusal, None if self.pool.closed else _http.route_of(request, self.pool.http()))

    def _error(
        self, error: Exception, call: Call, settings: Settings, deadline: AsyncDeadline, request: Request | None
    ) -> Exception:
        """Return the exception for one raised before the response headers arrived."""
        match error:
            case TimeoutError():
                return deadline_error(deadline.seconds, call, settings.base_url, sent=not deadline.connecting)
            case _net.EnvironmentProblem():
                return environment_error(error)
            case _net.HTTPError() | _net.InvalidURL():
                route = None if request is None or self.pool.closed else _http.route_of(request, self.pool.http())
                return connection_error(error, call, settings.base_url, route, sent=not deadline.unsent)
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
                return InvalidArgumentError(f"the request cannot be sent: {error}", param=None)
            case _:
                return error

    def _request(
        self, call: Call, settings: Settings, body: AsyncUploadBody | None, deadline: AsyncDeadline
    ) -> Request:
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
        request = _http.build_request(
            self.pool.http(),
            call.method,
            call.url(settings.base_url),
            merged(headers, of_body),
            key,
            content,
            settings.timeout,
        )
        deadline.rewindable = call.upload is None or call.upload.rewindable
        deadline.bind(request)
        return request
