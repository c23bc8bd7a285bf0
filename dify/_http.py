"""The one module that names the HTTP library (httpx) and the event-stream parser (httpx-sse).

Another library would be a change to this file: clients and their limits, requests, what its exceptions mean, the envelope of
a multipart form, and the parsing of one block of an event stream.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal

import httpx
import httpx_sse
from pydantic import SecretStr

from ._files import Upload
from .types.http import HTTPInfo

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

# Sized for streams. httpcore walks its whole pool on every change and counts open connections against the keep-alive limit,
# so no limit on connections and a small one on idle ones keeps a thousand streams cheap. Idle connections outlive the
# library's 5 s, which would reconnect for most bursts.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=30.0)

HTTPError = httpx.HTTPError
InvalidURL = httpx.InvalidURL


def timeout_of(value: TimeoutTypes) -> Timeout:
    """A timeout in the library's form: seconds for each of connect, read and write; never a limit on waiting for the pool."""
    if isinstance(value, httpx.Timeout):
        return value
    if value == float("inf"):
        return httpx.Timeout(None)
    return httpx.Timeout(value, pool=None)


def _no_cookies() -> CookieJar:
    return CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))


def new_async_client() -> AsyncHTTPClient:
    """A client with our limits that keeps no cookies and follows no redirects."""
    return httpx.AsyncClient(limits=_LIMITS, timeout=DEFAULT_TIMEOUT, follow_redirects=False, cookies=_no_cookies())


def new_client() -> HTTPClient:
    """The same for code without `await`."""
    return httpx.Client(limits=_LIMITS, timeout=DEFAULT_TIMEOUT, follow_redirects=False, cookies=_no_cookies())


def read_timeout(timeout: Timeout) -> float | None:
    """The longest gap between two bytes, in seconds."""
    return timeout.read


def failure_of(error: Exception) -> Literal["connect", "timeout-connect", "lost", "timeout", "refused", "address"]:
    """What an exception of the library means.

    "connect" and "timeout-connect": the request never left. "lost" and "timeout": it may have arrived. "refused": the library
    would not send it. "address": the URL cannot be used.
    """
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "timeout-connect"
        case httpx.ConnectError() | httpx.ProxyError():
            return "connect"
        case httpx.TimeoutException():
            return "timeout"
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return "address"
        case httpx.LocalProtocolError():
            return "refused"
        case _:
            return "lost"


def info_of(response: Response, elapsed: float) -> HTTPInfo:
    """What is kept of an exchange: no cookies, nothing of the request's headers."""
    headers = {name.lower(): value for name, value in response.headers.items() if name.lower() != "set-cookie"}
    request = response.request
    return HTTPInfo(response.status_code, headers, elapsed, request.method, str(request.url))


def raw_stream(response: Response) -> AsyncIterator[bytes]:
    """The bytes of an answer as they arrive, before any decoding.

    The response's own stream and not `aiter_raw`: that one adds two generators to every chunk, and refuses answers that test
    doubles hand over whole.
    """
    return response.stream.__aiter__()  # type: ignore[union-attr]  # pyright: ignore


def raw_iter(response: Response) -> Iterator[bytes]:
    """The same without `await`."""
    return response.stream.__iter__()  # type: ignore[union-attr]  # pyright: ignore


class Inflater:
    """Undoes `Content-Encoding`, a bounded piece at a time: a few hundred bytes of gzip can open to gigabytes."""

    _PIECE = 1 << 18

    def __init__(self, encoding: str) -> None:
        self._gzip = zlib.decompressobj(31) if encoding.strip().lower() in ("gzip", "x-gzip") else None
        self.known = self._gzip is not None or encoding.strip().lower() in ("", "identity")
        self.identity = self.known and self._gzip is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded pieces of `data`; raises `ValueError` where it is not what its header says."""
        if self._gzip is None:
            yield data
            return
        try:
            while data:
                piece = self._gzip.decompress(data, self._PIECE)
                data = self._gzip.unconsumed_tail
                if piece:
                    yield piece
                if self._gzip.eof:
                    return
        except zlib.error as error:
            raise ValueError(f"the answer says gzip but is not: {error}") from None

    @property
    def whole(self) -> bool:
        """Whether the compressed data has come to its own end."""
        return self._gzip is None or self._gzip.eof


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

    Headers of the user's own HTTP client stay, ours win over them; a key of that client does not go out with our calls.
    """
    request = http.build_request(method, url, headers=headers, content=content, timeout=timeout)
    request.headers.pop("Authorization", None)
    request.headers.pop("Cookie", None)
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


def parse_block(block: bytes) -> str | None:
    """The data of one block of an event stream (lines ended by LF, no blank line), or None where it has none.

    Invalid UTF-8 is replaced, as the standard asks. The library dispatches blocks that have only an id or an event name;
    Dify's pings are such, and nothing is to be delivered for them.
    """
    text = block.decode("utf-8", "replace")
    if "data" not in text:
        return None
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=f"{text}\n\n".encode())
    has_data = any(line == "data" or line.startswith("data:") for line in text.split("\n"))
    for event in httpx_sse.EventSource(response).iter_sse():
        return event.data if has_data else None
    return None
