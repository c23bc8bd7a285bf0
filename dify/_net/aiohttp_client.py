"""The one module that names aiohttp: a transport that carries many streams at less cost than httpx's own.

The package httpx-aiohttp makes aiohttp's client a transport of httpx. What this module adds is what a caller must be able to
rely on: whether a request may have gone out (that package calls a lost connection a connect timeout, after which even a call
that must not run twice would be made again), no exception of another library, and no cookies.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from .._config import connections_from
from . import http as _http
from .exceptions import HTTPError, named
from .http import AsyncBaseTransport, AsyncBody, CookielessAsyncClient, Request, Response, TimeoutTypes

__all__ = ["DefaultAioHttpClient"]


class DefaultAioHttpClient(CookielessAsyncClient):
    """An `httpx.AsyncClient` on aiohttp, for services with hundreds of streams at once. Yours to close.

    Needs the extra: `pip install "dify[aiohttp]"`. Only for asyncio, and for one event loop.

    Args:
        verify: The certificates to trust, as an `ssl.SSLContext`; False trusts everybody.
        trust_env: Whether the environment may name proxies and certificates.
        max_connections: How many calls may be under way at once; 1,000 by default.
        timeout: Seconds, or an `httpx.Timeout`, for what is sent without Dify's client; calls through it have their own.
        headers: Headers for every request.

    Raises:
        ImportError: The extra `aiohttp` is not installed.
        ConfigurationError: The number of connections can be none.

    Example:
        ```python
        async with DefaultAioHttpClient() as http_client:
            busy = AsyncDify(api_key="app-...", user="alice", http_client=http_client)
            print(busy.base_url)
        ```
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | bool = True,
        trust_env: bool = True,
        max_connections: int | None = None,
        timeout: TimeoutTypes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        most = connections_from(max_connections)
        transport = _AioTransport(_http.context_of(verify) or _http.tls_context(trust_env), most, trust_env)
        settings = _http.client_settings(transport, most, False)
        if timeout is not None:
            settings["timeout"] = _http.timeout_of(timeout)
        super().__init__(**settings, headers=dict(headers or {}))


class _AioTransport(AsyncBaseTransport):
    def __init__(self, tls: ssl.SSLContext, most: int, trust_env: bool) -> None:
        try:
            import aiohttp
            import httpx_aiohttp
        except ImportError:
            raise ImportError('DefaultAioHttpClient needs httpx-aiohttp: pip install "dify[aiohttp]"') from None

        def session() -> aiohttp.ClientSession:
            made = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=most, keepalive_timeout=30.0, ssl=tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=trust_env,
            )
            # aiohttp makes a lost GET again by itself; how often a call is made is for our own rules to say. Its test kit
            # switches this off in the same way.
            made._retry_connection = False  # pyright: ignore[reportPrivateUsage]
            return made

        self._inner = httpx_aiohttp.AiohttpTransport(client=session)

    async def handle_async_request(self, request: Request) -> Response:
        with _translated():
            answer = await self._inner.handle_async_request(request)
        return _http.answer_with(answer, _Body(_http.body_of(answer)))

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Body(AsyncBody):
    def __init__(self, body: Any) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for chunk in self._body:
                yield chunk

    async def aclose(self) -> None:
        with _translated():
            await self._body.aclose()


@contextmanager
def _translated() -> Generator[None]:
    """aiohttp's errors as those of httpx that say the same."""
    import aiohttp

    try:
        yield
    except (HTTPError, aiohttp.ClientError, TimeoutError) as error:
        cause = error if not isinstance(error, HTTPError) else error.__cause__
        raise named(_name_of(cause), str(error) or type(cause).__name__) from None


def _name_of(error: BaseException | None) -> str:
    import aiohttp

    match error:
        case aiohttp.ConnectionTimeoutError():
            return "ConnectTimeout"
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return "ProxyError"
        case aiohttp.ClientConnectorError():
            return "ConnectError"
        case TimeoutError():
            return "ReadTimeout"
        case aiohttp.InvalidURL():
            return "UnsupportedProtocol"
        case aiohttp.ClientResponseError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return "RemoteProtocolError"
        case _:
            return "ReadError"
