"""The transport that sends each request through a proxy or directly."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import httpx

from .. import tls as _tls
from ..exceptions import EnvironmentProblem
from ..forks import keep_inherited, start_anew_after_fork
from ..http import DEFAULT_CONNECTIONS, DEFAULT_KEEPALIVE_EXPIRY, limits_of
from ..proxies import ROUTE, Proxies, Proxy
from ..synchronization import sync_lock
from .connection_pool import AsyncConnectionPool

__all__ = ["AsyncProxyRouter", "new_async_transport"]


def new_async_transport(
    *,
    max_connections: int = DEFAULT_CONNECTIONS,
    keepalive_expiry: float = DEFAULT_KEEPALIVE_EXPIRY,
    trust_env: bool = True,
    tls: ssl.SSLContext | None = None,
    proxy: str | None = None,
) -> httpx.AsyncBaseTransport:
    """Return a connection pool; if there are proxies, a router to it and to them.

    Args:
        max_connections: Maximum number of concurrent calls.
        keepalive_expiry: Seconds for which an idle connection is kept.
        trust_env: Read proxies and certificates from the environment.
        tls: Context to use in place of the default one.
        proxy: Proxy for all servers, in place of those of the environment.
    """
    pool = AsyncConnectionPool(
        max_connections=max_connections, keepalive_expiry=keepalive_expiry, trust_env=trust_env, tls=tls
    )
    proxies = Proxies.of_environment() if trust_env and proxy is None else None
    if proxy is not None:
        proxies = Proxies.single(proxy)
    if proxies is None:
        return pool
    limits = limits_of(max_connections, keepalive_expiry)
    return AsyncProxyRouter(pool, proxies, limits, lambda: tls or _tls.default_context(trust_env))


class AsyncProxyRouter(httpx.AsyncBaseTransport):
    """A transport that sends requests through a proxy, or directly.

    The proxied requests use httpx's own pool.

    A proxy is only connected to, and only has to be valid, when a request goes through it.

    Args:
        direct: Transport of requests that go to their server directly.
        proxies: Proxies and exceptions.
        limits: Limits of the pools of proxies.
        context: Returns the TLS context.
    """

    def __init__(
        self,
        direct: httpx.AsyncBaseTransport,
        proxies: Proxies,
        limits: httpx.Limits,
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._direct = direct
        self._proxies = proxies
        self._limits = limits
        self._context = context
        self._lock = sync_lock()
        self._transports: dict[Proxy, httpx.AsyncBaseTransport] = {}
        start_anew_after_fork(self)

    def start_anew(self) -> None:
        """Forget the connections of the parent process. Called in a child process."""
        self._lock = sync_lock()
        keep_inherited(self._transports)
        self._transports = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        route = self._proxies.route_to(request.url)
        request.extensions[ROUTE] = route
        through = self._direct if route.kind != "proxy" or route.proxy is None else self._transport_of(route.proxy)
        return await through.handle_async_request(request)

    def _transport_of(self, proxy: Proxy) -> httpx.AsyncBaseTransport:
        with self._lock:
            transport = self._transports.get(proxy)
            if transport is None:
                try:
                    transport = httpx.AsyncHTTPTransport(proxy=proxy.url, verify=self._context(), limits=self._limits)
                except EnvironmentProblem:
                    raise
                except (ValueError, ImportError, httpx.InvalidURL) as error:
                    # The library's description of a URL that it cannot parse may contain a part of its password.
                    reason = "its URL is not valid" if isinstance(error, httpx.InvalidURL) else error
                    raise proxy.problem(reason) from None
                self._transports[proxy] = transport
            return transport

    async def aclose(self) -> None:
        """Close the connections of all transports."""
        with self._lock:
            transports = [self._direct, *self._transports.values()]
            self._transports.clear()
        for transport in transports:
            await transport.aclose()
