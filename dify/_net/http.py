"""The one module that names the HTTP library (httpx) and the event-stream parser (httpx-sse).

Another library would be a change to this file: clients and their limits, requests, what its exceptions mean, the envelope of
a multipart form, and the parsing of one block of an event stream.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache, cached_property
from typing import Any, cast
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
import httpx_sse
from pydantic import SecretStr

from .._log import redact
from .._protocol.uploads import Upload
from ..types.http import HTTPInfo

__all__ = [
    "DEFAULT_TIMEOUT",
    "AsyncHTTPClient",
    "HTTPClient",
    "Request",
    "Response",
    "Timeout",
    "TimeoutTypes",
]

AsyncHTTPClient = httpx.AsyncClient
HTTPClient = httpx.Client
Request = httpx.Request
Response = httpx.Response
Timeout = httpx.Timeout
TimeoutTypes = float | httpx.Timeout

DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
"""Read: above the server's ping every 10 s. No pool timeout: a stream may hold its connection for as long as it runs."""

DEFAULT_CONNECTIONS = 1000
"""Calls at once: sized for streams, each of which holds a connection for as long as it runs."""


# What our own connections are made of (dify/_async/connections.py): the library's protocol and sockets, without its pool.
AsyncBaseTransport = httpx.AsyncBaseTransport
BaseTransport = httpx.BaseTransport
AsyncBody = httpx.AsyncByteStream
Body = httpx.SyncByteStream
AsyncHTTP11Connection = httpcore.AsyncHTTP11Connection
HTTP11Connection = httpcore.HTTP11Connection
AsyncNetworkStream = httpcore.AsyncNetworkStream
NetworkStream = httpcore.NetworkStream
Origin = httpcore.Origin


def async_network() -> httpcore.AsyncNetworkBackend:
    """Opens sockets, under asyncio and trio."""
    return cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())


def network() -> httpcore.NetworkBackend:
    """Opens sockets that block."""
    return httpcore.SyncBackend()


@cache
def tls_context(trust_env: bool) -> ssl.SSLContext:
    """The trusted certificates; reading them takes longer than a call does, so it is done once.

    Args:
        trust_env: Whether `SSL_CERT_FILE` and `SSL_CERT_DIR` may name them.
    """
    context = httpx.create_ssl_context(trust_env=trust_env)
    context.set_alpn_protocols(["http/1.1"])
    return context


def context_of(verify: ssl.SSLContext | bool) -> ssl.SSLContext | None:
    """A context for what a user says of certificates; None for those that are trusted anyway."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    return None if verify else httpx.create_ssl_context(verify=False)


def origin_of(request: Request) -> Origin:
    """Where a request goes."""
    url = request.url
    return Origin(url.raw_scheme, url.raw_host, url.port or {"http": 80, "https": 443}[url.scheme])


def connect_seconds(request: Request) -> float | None:
    """How long connecting may take."""
    return _seconds(request, "connect")


def pool_seconds(request: Request) -> float | None:
    """How long waiting for a connection may take."""
    return _seconds(request, "pool")


def _seconds(request: Request, step: str) -> float | None:
    return cast("dict[str, float | None]", request.extensions.get("timeout", {})).get(step)


def core_request(request: Request) -> httpcore.Request:
    """A request as the protocol wants it."""
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def answer_of(answer: httpcore.Response, stream: AsyncBody | Body) -> Response:
    """The protocol's answer as the client library's, with another stream for its body."""
    extensions: dict[str, Any] = cast(Any, answer).extensions
    return httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=extensions)


def promises_more(answer: httpcore.Response) -> bool:
    """Whether an answer that has no content, as its status says, announces some all the same, which may still come."""
    if answer.status != 204:
        return False
    headers = {name.lower(): value for name, value in answer.headers}
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def has_rest(connection: httpcore.AsyncHTTP11Connection | httpcore.HTTP11Connection) -> bool:
    """Whether more came than the answer: the next call would take it for the beginning of its own."""
    protocol: Any = getattr(connection, "_h11_state", None)
    return protocol is not None and bool(protocol.trailing_data[0])


def body_of(answer: httpcore.Response | Response) -> Any:
    """The body of the protocol's answer."""
    return answer.stream


def answer_with(answer: Response, stream: AsyncBody) -> Response:
    """An answer of another transport, with another stream for its body."""
    return httpx.Response(answer.status_code, headers=answer.headers, stream=stream, extensions=answer.extensions)


def timeout_of(value: TimeoutTypes) -> Timeout:
    """A timeout in the library's form: seconds for each of connect, read and write; never a limit on waiting for the pool."""
    if isinstance(value, httpx.Timeout):
        return value
    if value == float("inf"):
        return httpx.Timeout(None)
    return httpx.Timeout(value, pool=None)


class _NoCookies(httpx.Cookies):
    """Keeps none. A jar with a policy against all of them would do, and cost a tenth of a call for each answer to say so."""

    def extract_cookies(self, response: Response) -> None:
        pass


class _Cookieless:
    @cached_property
    def _none_kept(self) -> httpx.Cookies:
        return _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        """None but those that were put there by hand."""
        return self._none_kept

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        self._none_kept.update(cookies)


class CookielessAsyncClient(_Cookieless, httpx.AsyncClient):
    """A client of the library that keeps no cookies."""


class CookielessClient(_Cookieless, httpx.Client):
    """The same for code without `await`."""


def _proxied(trust_env: bool) -> bool:
    """Whether the environment names a proxy; the library's own pool then does the work, which knows all about them."""
    return trust_env and any(getproxies().get(scheme) for scheme in ("http", "https", "all"))


def client_settings(
    connections: AsyncBaseTransport | BaseTransport, most: int, trust_env: bool, proxy: str | None = None
) -> dict[str, Any]:
    """What a client of the library is made of: our connections, no redirects.

    Behind a proxy its own pool is used. That one walks all its connections on every change and counts open ones as idle, so a
    small limit on idle ones keeps a thousand streams cheap. Idle connections outlive the library's 5 s, which would reconnect
    for most bursts.
    """
    return {
        "transport": None if proxy is not None or _proxied(trust_env) else connections,
        "proxy": proxy,
        "limits": httpx.Limits(max_connections=most, max_keepalive_connections=20, keepalive_expiry=30.0),
        "timeout": DEFAULT_TIMEOUT,
        "follow_redirects": False,
        "trust_env": trust_env,
    }


def _excepted(connections: AsyncBaseTransport | BaseTransport, trust_env: bool, server: str) -> dict[str, Any]:
    """Our connections for the server itself, where the environment names a proxy, but not for this one."""
    host = httpx.URL(server).raw_host.decode("ascii")
    if not _proxied(trust_env) or not proxy_bypass(host):
        return {}
    # With the star, since the library gives precedence to the longer pattern, and makes such a one of a name in NO_PROXY.
    return {"mounts": {f"all://[{host}]" if ":" in host else f"all://*{host}": connections}}


def new_async_client(connections: AsyncBaseTransport, most: int, trust_env: bool, server: str) -> AsyncHTTPClient:
    """A client on our connections, or on the library's own where the environment names a proxy for this server."""
    settings = client_settings(connections, most, trust_env)
    return CookielessAsyncClient(**settings, **_excepted(connections, trust_env, server))


def new_client(connections: BaseTransport, most: int, trust_env: bool, server: str) -> HTTPClient:
    """The same for code without `await`."""
    settings = client_settings(connections, most, trust_env)
    return CookielessClient(**settings, **_excepted(connections, trust_env, server))


def is_host(name: str) -> bool:
    """Whether a connection to a host of this name can be tried; an IPv6 address comes in brackets."""
    try:
        url = httpx.URL(f"http://{name}/")
        host = url.raw_host.decode("ascii").removesuffix(".")
        return bool(url.host) and all(0 < len(label) < 64 for label in host.split(".")) and len(host) < 254
    except (httpx.InvalidURL, UnicodeError):
        return False


def join_address(base_url: str, link: str) -> str | None:
    """A link as a browser would follow it from there; None where it is no http(s) address with a host."""
    try:
        url = httpx.URL(base_url).join(link)
    except httpx.InvalidURL:
        return None
    return str(url) if url.scheme in ("http", "https") and url.host and not url.userinfo else None


def read_timeout(timeout: Timeout) -> float | None:
    """The longest gap between two bytes, in seconds."""
    return timeout.read


def info_of(response: Response, elapsed: float, secrets: tuple[str, ...]) -> HTTPInfo:
    """What is kept of an exchange: no cookies, nothing of the request's headers, and no key that the server repeats."""
    headers = {n: redact(v, secrets) for n, v in response.headers.items() if n != "set-cookie"}
    request = response.request
    return HTTPInfo(response.status_code, headers, elapsed, request.method, redact(str(request.url), secrets))


def raw_stream(response: Response) -> AsyncIterator[bytes]:
    """The bytes of an answer as they arrive, before any decoding.

    The response's own stream and not `aiter_raw`: that one adds two generators to every chunk, and refuses answers that test
    doubles hand over whole.
    """
    return response.stream.__aiter__()  # type: ignore[union-attr]  # pyright: ignore


def raw_iter(response: Response) -> Iterator[bytes]:
    """The same without `await`."""
    return response.stream.__iter__()  # type: ignore[union-attr]  # pyright: ignore


def socket_of(response: Response) -> AsyncNetworkStream | NetworkStream | None:
    """The socket that an answer comes in on; None where it has none, as in tests."""
    return response.extensions.get("network_stream")


def shut(stream: AsyncNetworkStream | NetworkStream) -> bool:
    """Shut a socket down, in both directions; False where there is none."""
    connection = stream.get_extra_info("socket")
    if connection is None:
        return False
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return True


def build(
    http: AsyncHTTPClient | HTTPClient,
    method: str,
    url: str,
    headers: dict[str, str],
    key: SecretStr | None,
    content: bytes | AsyncIterable[bytes] | Iterable[bytes] | None,
    timeout: Timeout,
) -> Request:
    """A request, with the key put in last and nowhere else.

    Headers of the user's own HTTP client stay, ours win over them; its keys and cookies do not go out with our calls.
    """
    request = http.build_request(method, url, headers=headers, content=content, timeout=timeout)
    for name in ("Authorization", "Cookie"):
        if name in request.headers:  # as `pop` would ask, at a fifth of its price
            del request.headers[name]
            for ours in headers:
                if ours.lower() == name.lower():
                    request.headers[name] = headers[ours]
    if key is not None:
        request.headers["Authorization"] = "Bearer " + key.get_secret_value()
    return request


def form_envelope(upload: Upload, form: Mapping[str, str]) -> tuple[str, bytes, bytes]:
    """The content type, head and tail of a multipart form whose last part is a file that is sent in between.

    The library writes the form around an empty file, and we cut it where the file belongs: its names and quoting stay the
    library's business, and the file can be read in a thread while it is sent.
    """
    request = httpx.Request(
        "POST", "http://localhost/", data=dict(form), files={"file": (upload.filename, b"", upload.mime_type)}
    )
    content_type = request.headers["content-type"]
    body = request.read()
    tail = f"\r\n--{content_type.partition('boundary=')[2]}--\r\n".encode()
    return content_type, body.removesuffix(tail), tail


class _DataLines(httpx.Response):
    """The `data` lines of one block, as the text of an answer that the parser reads.

    As Latin-1, one byte a character: all that the parser looks for is ASCII, and a copy then takes no more room than the bytes
    did, where one emoji would make text four times as large. A line's end comes by itself, so that the line is not copied for
    it; and now and then an event ends, so that the parser holds few lines at a time.
    """

    _MANY = 1024

    def __init__(self, block: bytes) -> None:
        super().__init__(200, headers={"content-type": "text/event-stream"})
        self._block = block

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        block, view, start, lines = self._block, memoryview(self._block), 0, 0
        while start < len(block):
            end = block.find(b"\n", start)
            end = len(block) if end < 0 else end
            if block.startswith(b"data", start) and block[start + 4 : start + 5] in (b"", b":", b"\n"):
                yield str(view[start:end], "latin-1")
                lines += 1
                yield "\n" if lines % self._MANY else "\n\n"
            start = end + 1
        yield "\n"


def parse_block(block: bytes) -> bytes | None:
    """The data of one block of an event stream (lines ended by LF, no blank line), or None where it has none.

    The parser also dispatches blocks that have only an id or an event name; Dify's pings are such, and nothing is to be
    delivered for them, so only the lines with data reach it.
    """
    if b"data" not in block:
        return None
    found = [event.data.encode("latin-1") for event in httpx_sse.EventSource(_DataLines(block)).iter_sse()]
    return b"\n".join(found) if found else None
