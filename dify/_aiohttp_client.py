"""An HTTP client on aiohttp, for many concurrent streams."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from ._config import connections_from, environment_error, keepalive_from
from ._net import http as _http, tls
from ._net.aiohttp_transport import AiohttpTransport
from ._net.exceptions import EnvironmentProblem
from ._net.http import CookielessAsyncClient, TimeoutTypes

__all__ = ["DefaultAioHttpClient"]


class DefaultAioHttpClient(CookielessAsyncClient):
    """An `httpx.AsyncClient` on aiohttp, for hundreds of concurrent streams.

    The caller closes it.

    Requires the extra: `pip install "dify[aiohttp]"`. Works in a single event loop of asyncio.

    Args:
        verify: Certificates to trust, as an `ssl.SSLContext`; False disables verification.
        trust_env: Read proxies and certificates from the environment.
        max_connections: Maximum number of concurrent calls; 1,000 by default.
        keepalive_expiry: Seconds for which an idle connection is kept for the next call; 4 by default.
        timeout: Seconds, or an `httpx.Timeout`, for requests made without a Dify client, which has its own setting.
        headers: Headers for every request.

    Raises:
        ImportError: The extra `aiohttp` is not installed.
        ConfigurationError: `max_connections` is not a positive number, or `keepalive_expiry` a negative one.

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
        keepalive_expiry: float | None = None,
        timeout: TimeoutTypes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        limit = connections_from(max_connections)
        try:
            context = tls.custom_context(verify) or tls.default_context(trust_env)
        except EnvironmentProblem as error:
            raise environment_error(error) from None
        settings = _http.client_settings(AiohttpTransport(context, limit, keepalive_from(keepalive_expiry), trust_env))
        if timeout is not None:
            settings["timeout"] = _http.timeout_of(timeout)
        super().__init__(**settings, headers=dict(headers or {}))
