"""A transport for httpx on aiohttp."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from .connection import new_response
from .exceptions import named
from .forks import keep_inherited, start_anew_after_fork
from .proxies import ROUTE, Proxies

__all__ = ["AiohttpTransport"]


class AiohttpTransport(httpx.AsyncBaseTransport):
    """The transport of httpx-aiohttp with delivery reports and without cookies.

    It reports whether a request may have been sent.

    httpx-aiohttp raises a connect timeout for a lost connection, after which a call that must not run twice would be repeated.
    """

    def __init__(self, tls: ssl.SSLContext, max_connections: int, keepalive_expiry: float, trust_env: bool) -> None:
        try:
            import aiohttp
            import httpx_aiohttp
        except ImportError:
            raise ImportError('DefaultAioHttpClient needs httpx-aiohttp: pip install "dify[aiohttp]"') from None

        def session() -> aiohttp.ClientSession:
            client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=keepalive_expiry, ssl=tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=trust_env,
            )
            # aiohttp repeats a GET whose connection was lost; retries are decided by our own rules. aiohttp's test kit disables
            # it in the same way. tests/_net/test_private_attributes.py fails when the attribute changes.
            client._retry_connection = False  # pyright: ignore[reportPrivateUsage]
            return client

        self._new = partial(httpx_aiohttp.AiohttpTransport, client=session)
        self._inner: httpx.AsyncBaseTransport | None = None
        self._proxies = Proxies.of_environment(like_aiohttp=True) if trust_env else None
        start_anew_after_fork(self)

    def start_anew(self) -> None:
        """Forget the connections of the parent process. Called in a child process."""
        keep_inherited(self._inner)
        self._inner = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._proxies is not None:
            route = request.extensions[ROUTE] = self._proxies.route_to(request.url)
            if route.proxy is not None and not route.proxy.url.startswith(("http://", "https://")):
                raise route.proxy.problem("aiohttp has http and https only")
        if self._inner is None:
            self._inner = self._new()
        with _translated():
            response = await self._inner.handle_async_request(request)
        return new_response(response, _Body(response.stream))

    async def aclose(self) -> None:
        if self._inner is not None:
            await self._inner.aclose()


class _Body(httpx.AsyncByteStream):
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
    """Raise the exception of httpx that corresponds to one of aiohttp."""
    import aiohttp

    try:
        yield
    except (httpx.HTTPError, aiohttp.ClientError, TimeoutError) as error:
        cause = error if not isinstance(error, httpx.HTTPError) else error.__cause__
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
