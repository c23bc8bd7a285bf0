"""Clients, requests, responses and timeouts of httpx."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import httpx
from pydantic import SecretStr

from .._log import redact
from .._version import __version__
from ..types.http import HTTPInfo
from .connection import BODY
from .proxies import ROUTE, Proxies, Route

__all__ = [
    "DEFAULT_CONNECTIONS",
    "DEFAULT_KEEPALIVE_EXPIRY",
    "DEFAULT_TIMEOUT",
    "USER_AGENT",
    "AsyncHTTPClient",
    "CookielessAsyncClient",
    "CookielessClient",
    "HTTPClient",
    "Limits",
    "Request",
    "Response",
    "Timeout",
    "TimeoutTypes",
    "abort",
    "body_of",
    "build_request",
    "client_settings",
    "continues",
    "info_of",
    "is_host",
    "join_address",
    "kind_of_client",
    "last_segment",
    "limits_of",
    "raw_iter",
    "raw_stream",
    "route_of",
    "timeout_of",
]

AsyncHTTPClient = httpx.AsyncClient
HTTPClient = httpx.Client
Limits = httpx.Limits
Request = httpx.Request
Response = httpx.Response
Timeout = httpx.Timeout
TimeoutTypes = float | httpx.Timeout

DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
"""Read: longer than the 10 s between the server's pings. No pool timeout: a stream keeps its connection as long as it runs."""

DEFAULT_CONNECTIONS = 1000
"""Concurrent calls; each stream keeps a connection as long as it runs."""

DEFAULT_KEEPALIVE_EXPIRY = 4.0
"""Seconds for which an idle connection is kept: less than the 5 s of Apache, Node and Uvicorn, the 60 s of load balancers and
the 75 s of nginx."""


_LIBRARY_AGENT = f"python-httpx/{httpx.__version__}"
USER_AGENT = f"dify-python/{__version__} {_LIBRARY_AGENT}"
"""`User-Agent` of requests, unless the headers of a call, the client or the user's HTTP client have their own."""


def timeout_of(value: TimeoutTypes) -> Timeout:
    """Return a timeout in httpx's form.

    Seconds apply to connect, read and write, never to the wait for the pool.
    """
    if isinstance(value, httpx.Timeout):
        return value
    if value == float("inf"):
        return httpx.Timeout(None)
    return httpx.Timeout(value, pool=None)


class _NoCookies(httpx.Cookies):
    """A cookie jar that ignores the cookies of responses."""

    # A policy that rejects all cookies would do the same, but costs a tenth of a call.
    def extract_cookies(self, response: Response) -> None:
        pass


class _Cookieless:
    @cached_property
    def _jar(self) -> httpx.Cookies:
        return _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        """Cookies that the user has set."""
        return self._jar

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        self._jar.update(cookies)


class CookielessAsyncClient(_Cookieless, httpx.AsyncClient):
    """An `httpx.AsyncClient` that ignores the cookies of responses."""


class CookielessClient(_Cookieless, httpx.Client):
    """An `httpx.Client` that ignores the cookies of responses."""


def client_settings(transport: httpx.AsyncBaseTransport | httpx.BaseTransport) -> dict[str, Any]:
    """Return the arguments for a client of httpx on this transport.

    The transport selects proxies itself. Redirects are not followed.
    """
    return {"transport": transport, "timeout": DEFAULT_TIMEOUT, "follow_redirects": False, "trust_env": False}


def limits_of(max_connections: int, keepalive_expiry: float) -> Limits:
    """Return the limits of httpx's own pool, which is used behind a proxy."""
    # That pool walks all its connections on every change and counts open ones as idle, so that a small limit on idle ones
    # keeps a thousand streams cheap.
    return httpx.Limits(
        max_connections=max_connections, max_keepalive_connections=20, keepalive_expiry=keepalive_expiry
    )


def route_of(request: Request, http: AsyncHTTPClient | HTTPClient) -> Route | None:
    """Return the way that a request took, or None if it is unknown.

    The error of the request names its proxy.
    """
    route = request.extensions.get(ROUTE)
    if route is None and http.trust_env:  # a client of the user's own, which selects by the same variables
        proxies = Proxies.of_environment()
        return proxies.route_to(request.url) if proxies else None
    return route


def is_host(name: str) -> bool:
    """Return True if httpx can connect to a host of this name.

    An IPv6 address is in brackets.
    """
    try:
        url = httpx.URL(f"http://{name}/")
        host = url.raw_host.decode("ascii").removesuffix(".")
        return bool(url.host) and all(0 < len(label) < 64 for label in host.split(".")) and len(host) < 254
    except (httpx.InvalidURL, UnicodeError):
        return False


def join_address(base_url: str, link: str) -> str | None:
    """Return the URL of a link on a page of `base_url`.

    None if it is not an http(s) URL with a host.
    """
    try:
        url = httpx.URL(base_url).join(link)
    except httpx.InvalidURL:
        return None
    return str(url) if url.scheme in ("http", "https") and url.host and not url.userinfo else None


def body_of(response: Response) -> bytes | AsyncIterator[bytes] | Iterator[bytes] | None:
    """Return the decompressed body of a user's response.

    As bytes; as chunks if it is unread; None if it was read and not kept.
    """
    try:
        return response.content
    except httpx.ResponseNotRead:
        if response.is_stream_consumed or response.is_closed:
            return None
        is_async = isinstance(response.stream, httpx.AsyncByteStream)
        return response.aiter_bytes() if is_async else response.iter_bytes()


def last_segment(response: Response) -> str:
    """Return the last segment of the path that a response comes from.

    Empty if the response belongs to no request.
    """
    try:
        return response.url.path.rpartition("/")[2]
    except RuntimeError:
        return ""


def kind_of_client(client: object) -> str:
    """Return the kind of an object that is not a client of httpx, for messages.

    Example:
        >>> kind_of_client(5)
        'a int'
    """
    kind = type(client)
    library = kind.__module__.partition(".")[0]
    if library in ("builtins", "httpx", "dify"):
        return f"a {kind.__name__}"
    return f"a {kind.__name__} of the package {library}, which is another library than httpx"


def info_of(response: Response, elapsed: float, secrets: tuple[str, ...], retries: int = 0) -> HTTPInfo:
    """Return the public description of an exchange.

    It has no cookies, no request headers, and no keys that the server repeats.
    """
    headers = {n: redact(v, secrets) for n, v in response.headers.items() if n != "set-cookie"}
    request = response.request
    return HTTPInfo(response.status_code, headers, elapsed, request.method, redact(str(request.url), secrets), retries)


def _body_of_pool(response: Response) -> Any:
    """Return the body of a pool of ours.

    None if there is none, or if a library such as VCR.py has read and replaced it.
    """
    body: Any = response.extensions.get(BODY)
    return None if body is None or body.is_closed else body


def abort(response: Response) -> bool:
    """Close the connection of a response without waiting.

    False if it does not belong to a pool of ours.
    """
    body: Any = response.extensions.get(BODY)
    if body is not None:
        body.abort()
    return body is not None


def continues(response: Response) -> bool:
    """Return True if a cancelled read of the body loses nothing."""
    return _body_of_pool(response) is not None


def raw_stream(response: Response) -> AsyncIterator[bytes]:
    """Return the bytes of a response as they arrive, still compressed."""
    body = _body_of_pool(response)
    if body is not None:
        return body  # without the generator that the library puts around it, which a cancelled read ends
    # Not `aiter_raw`, which adds two generators to every chunk and rejects the complete responses of test doubles.
    return response.stream.__aiter__()  # type: ignore[union-attr]  # pyright: ignore


def raw_iter(response: Response) -> Iterator[bytes]:
    """Return the bytes of a response as they arrive, still compressed."""
    body = _body_of_pool(response)
    if body is not None:
        return body
    return response.stream.__iter__()  # type: ignore[union-attr]  # pyright: ignore


def build_request(
    http: AsyncHTTPClient | HTTPClient,
    method: str,
    url: str,
    headers: Mapping[str, str | None],
    key: SecretStr | None,
    content: bytes | AsyncIterable[bytes] | Iterable[bytes] | None,
    timeout: Timeout,
) -> Request:
    """Return a request with the API key.

    The headers of the user's own HTTP client are sent unless `headers` has them, except for its authorization and cookies.
    A header that is None in `headers` is not sent.
    """
    present = {name: value for name, value in headers.items() if value is not None}
    request = http.build_request(method, url, headers=present, content=content, timeout=timeout)
    for name in ("Authorization", "Cookie"):
        if name in request.headers:  # `pop` would do, but takes five times as long
            del request.headers[name]
            for own in present:
                if own.lower() == name.lower():
                    request.headers[name] = present[own]
    if request.headers.get("User-Agent") == _LIBRARY_AGENT:
        request.headers["User-Agent"] = USER_AGENT
    if len(present) < len(headers):
        for name in headers.keys() - present.keys():
            request.headers.pop(name, None)
    if key is not None:
        request.headers["Authorization"] = "Bearer " + key.get_secret_value()
    return request
