"""The HTTP client of `AsyncDify`, for programs that change a part of it."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .._config import connections_from, keepalive_from
from .._net import http as _http, tls
from .._net._async.proxy_router import new_async_transport
from .._net.http import CookielessAsyncClient, TimeoutTypes
from .._net.proxies import proxy_passwords, proxy_urls

__all__ = ["DefaultAsyncHttpxClient"]


class DefaultAsyncHttpxClient(CookielessAsyncClient):
    """An `httpx.AsyncClient` with the settings of `AsyncDify`.

    These are the connection pool, the timeouts, no cookies and no redirects.

    Use it for a proxy that the environment does not name, for your own certificates, or for hooks. The caller closes it.

    Args:
        proxy: URL of a proxy. Behind a proxy, this one or one of the environment, httpx's own connection pool is used.
        verify: Certificates to trust, as an `ssl.SSLContext`; False disables verification.
        trust_env: Read proxies and certificates from the environment.
        max_connections: Maximum number of concurrent calls; 1,000 by default.
        keepalive_expiry: Seconds for which an idle connection is kept for the next call; 4 by default.
        timeout: Seconds, or an `httpx.Timeout`, for requests made without a Dify client, which has its own setting.
        headers: Headers for every request.
        event_hooks: Hooks of httpx, by "request" and "response".

    Raises:
        ConfigurationError: `max_connections` is not a positive number, or `keepalive_expiry` a negative one.

    Example:
        ```python
        async with DefaultAsyncHttpxClient(max_connections=50) as http_client:
            shared = AsyncDify(api_key="app-...", user="alice", http_client=http_client)
            print(shared.base_url)
        ```
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: ssl.SSLContext | bool = True,
        trust_env: bool = True,
        max_connections: int | None = None,
        keepalive_expiry: float | None = None,
        timeout: TimeoutTypes | None = None,
        headers: Mapping[str, str] | None = None,
        event_hooks: Mapping[str, list[Callable[..., Awaitable[Any]]]] | None = None,
    ) -> None:
        transport = new_async_transport(
            max_connections=connections_from(max_connections),
            keepalive_expiry=keepalive_from(keepalive_expiry),
            trust_env=trust_env,
            tls=tls.custom_context(verify),
            proxy=proxy,
        )
        settings = _http.client_settings(transport)
        self.proxy_passwords = proxy_passwords(proxy_urls(trust_env) if proxy is None else [proxy])
        """Passwords of the proxies, which are masked in errors."""
        if timeout is not None:
            settings["timeout"] = _http.timeout_of(timeout)
        super().__init__(**settings, headers=dict(headers or {}), event_hooks=event_hooks)
