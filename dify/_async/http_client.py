"""The HTTP client that `AsyncDify` would make, for those who want one thing of it changed."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .._config import connections_from
from .._net import http as _http
from .._net.http import CookielessAsyncClient, TimeoutTypes
from .connections import AsyncConnections

__all__ = ["DefaultAsyncHttpxClient"]


class DefaultAsyncHttpxClient(CookielessAsyncClient):
    """An `httpx.AsyncClient` as `AsyncDify` makes it for itself: its connections, timeouts, no cookies, no redirects.

    For a proxy that the environment does not name, certificates of your own, or hooks. It is yours to close.

    Args:
        proxy: The proxy's address. Behind a proxy, this one or one of the environment, httpx's own pool is used.
        verify: The certificates to trust, as an `ssl.SSLContext`; False trusts everybody.
        trust_env: Whether the environment may name proxies and certificates.
        max_connections: How many calls may be under way at once; 1,000 by default.
        timeout: Seconds, or an `httpx.Timeout`, for what is sent without Dify's client; calls through it have their own.
        headers: Headers for every request.
        event_hooks: httpx's hooks, by "request" and "response".

    Raises:
        ConfigurationError: The number of connections can be none.

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
        timeout: TimeoutTypes | None = None,
        headers: Mapping[str, str] | None = None,
        event_hooks: Mapping[str, list[Callable[..., Awaitable[Any]]]] | None = None,
    ) -> None:
        most = connections_from(max_connections)
        connections = AsyncConnections(most=most, trust_env=trust_env, tls=_http.context_of(verify))
        settings = _http.client_settings(connections, most, trust_env, proxy)
        if timeout is not None:
            settings["timeout"] = _http.timeout_of(timeout)
        super().__init__(**settings, verify=verify, headers=dict(headers or {}), event_hooks=event_hooks)
