"""The exceptions for requests without a response, and for a proxy's responses.

No I/O.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from .._net import exceptions as _net
from .._net.proxies import Proxy, Route
from .._readable import printable
from ..errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    DifyError,
    ErrorReason,
    InvalidArgumentError,
)
from .request import Call

__all__ = ["connection_error", "deadline_error", "response_error"]

_MAX_URL = 1 << 16
"""httpx refuses to send longer URLs."""

_PROXY_STATUSES = frozenset({403, 407, 502, 503, 504})
"""Statuses that a proxy sends in the place of the server: access denied, password required, server not reached."""


def connection_error(
    cause: Exception, call: Call, base_url: str, route: Route | None = None, *, sent: bool = True
) -> DifyError:
    """Return the error for an exception of the HTTP library.

    It was raised before the response headers arrived.

    Args:
        cause: The exception.
        call: The call.
        base_url: Base URL of the client.
        route: The way to the server; names the proxy. None if it is unknown.
        sent: False if the server cannot have received the request, although there was a connection.
    """
    server = call.server(base_url)
    detail = printable(str(cause), 300) or type(cause).__name__
    match cause:
        case _net.PoolTimeout():
            return APITimeoutError(
                "no connection became free within the pool timeout: open calls and streams use all of them",
                param="max_connections",
                reason="pool",
                hint="raise `max_connections=`, or the limits of your own http_client",
            )
        case _net.ConnectTimeout():
            through = _through(route)
            return APITimeoutError(
                f"connecting to {server}{through} took too long", hint=_exclusion_hint(route, server)
            )
        case _net.ConnectError() | _net.ProxyError():
            return _refused(cause, detail, server, route)
        case _net.TimeoutException():
            return APITimeoutError(
                "no response within the read timeout", sent=True, param="timeout", hint=_processing_hint(call)
            )
        case _net.InvalidURL() if len(call.url(base_url)) > _MAX_URL:
            return InvalidArgumentError("the request cannot be sent: its arguments make the URL too long", param=None)
        case _net.InvalidURL() | _net.UnsupportedProtocol():
            return ConfigurationError(f"the address {server} cannot be used: {detail}", param="base_url")
        case _net.LocalProtocolError():
            return InvalidArgumentError(f"the request cannot be sent: {detail}", param=None)
        case _ if _is_tls_alert(detail) and server.startswith("http://"):
            return APIConnectionError(
                f"{server} responded in TLS to a request in plain http",
                param="base_url",
                hint="write https:// in base_url",
            )
        case _ if not sent:
            return APIConnectionError(f"the server closed the connection before it received the request: {detail}")
        case _:
            message = f"the connection{_through(route)} was lost before a response arrived: {detail}"
            return APIConnectionError(message, sent=True, hint=_plain_http_hint(server) or _processing_hint(call))


def _refused(cause: Exception, detail: str, server: str, route: Route | None) -> APIConnectionError:
    """Return the error for a connection that was not established."""
    proxy = route.proxy if route is not None and route.kind == "proxy" else None
    fault = _net.tls_fault(cause)
    if fault is not None:
        return _handshake_error(fault, detail, server, route)
    if proxy is None:
        through = " through the proxy" if isinstance(cause, _net.ProxyError) else ""
        return APIConnectionError(f"cannot connect to {server}{through}: {detail}", hint=_exclusion_hint(route, server))
    hint = f"correct or unset {proxy.source}, add {urlsplit(server).hostname} to NO_PROXY, or pass trust_env=False"
    if proxy.source == "the proxy argument":
        hint = "check the proxy argument of your http_client"
    if isinstance(cause, _net.ProxyError):
        if "407" in detail:
            hint = _password_hint(proxy)
        message = f"the proxy {proxy.address} ({proxy.source}) did not connect to {server}: {detail}"
    else:
        message = f"cannot connect to {server}{_through(route)}: {detail}"
    return APIConnectionError(message, reason="proxy", hint=hint)


_HANDSHAKES: dict[_net.TLSFault, tuple[ErrorReason | None, str | None, str | None]] = {
    "untrusted": (
        "certificate",
        None,
        "to trust the server's certificate, set SSL_CERT_FILE to a file with the certificate of its issuer, or pass an "
        "http_client that was created with verify=",
    ),
    "other_host": ("certificate", "base_url", "use the host name that the certificate of the server is for"),
    "expired": (
        "certificate",
        None,
        "the certificate of the server has to be renewed, or the clock of this machine is wrong",
    ),
    "no_tls": (
        None,
        "base_url",
        "the server does not use TLS on this port: write http:// in base_url, or another port",
    ),
    "handshake": (None, None, None),
}
"""Reason, argument and hint of the error for a TLS handshake that failed."""


def _handshake_error(fault: _net.TLSFault, detail: str, server: str, route: Route | None) -> APIConnectionError:
    reason, param, hint = _HANDSHAKES[fault]
    message = f"cannot connect to {server}{_through(route)}: {detail}"
    return APIConnectionError(message, reason=reason, param=param, hint=hint)


def _through(route: Route | None) -> str:
    """Return the part of a message that names the proxy; "" without a proxy."""
    if route is None or route.kind != "proxy" or route.proxy is None:
        return ""
    return f" through the proxy {route.proxy.address} ({route.proxy.source})"


def _exclusion_hint(route: Route | None, server: str) -> str | None:
    """Return the hint for a server that `NO_PROXY` excludes from a proxy.

    The proxy may be needed to reach it.
    """
    if route is None or route.kind != "excluded" or route.proxy is None:
        return None
    return f"NO_PROXY excludes {urlsplit(server).hostname} from the proxy {route.proxy.address} ({route.proxy.source})"


def _plain_http_hint(server: str) -> str | None:
    """Return the hint for a plain request to a port on which servers expect TLS."""
    parts = urlsplit(server)
    if parts.scheme == "http" and parts.port in (443, 8443):
        return f"servers expect TLS on port {parts.port}: write https:// in base_url"
    return None


def _is_tls_alert(detail: str) -> bool:
    """Return True for h11's complaint about a status line that is an alert of TLS."""
    return "illegal status line" in detail and "\\x15\\x03" in detail


def response_error(error: APIStatusError, route: Route | None) -> APIStatusError:
    """Return the error, with a hint if a proxy may have sent the response.

    A tunnel to https carries only responses of the server. Responses of Dify have a code.
    """
    if route is None or route.proxy is None or error.http is None or error.code is not None:
        return error
    if route.kind == "excluded":
        exclusion = _exclusion_hint(route, error.http.url)
        error.hint = f"{error.hint}; {exclusion}" if error.hint else exclusion
    elif not error.http.url.startswith("https:") and error.status_code in _PROXY_STATUSES:
        error.reason = "proxy"
        error.hint = (
            _password_hint(route.proxy) if error.status_code == 407 else _gateway_hint(route.proxy, error.http.url)
        )
    return error


def _password_hint(proxy: Proxy) -> str:
    return f"add the user name and the password to {proxy.source}: http://USER:PASSWORD@{proxy.host}"


def _gateway_hint(proxy: Proxy, url: str) -> str:
    return (
        f"the request went through the proxy {proxy.address} ({proxy.source}), which may have sent this response: if the proxy "
        f"cannot reach the server, add {urlsplit(url).hostname} to NO_PROXY, or pass trust_env=False"
    )


def deadline_error(seconds: float | None, call: Call, base_url: str, *, sent: bool) -> APITimeoutError:
    """Return the error for response headers that missed the deadline of the call.

    `sent` is False while the call waits for its connection.
    """
    if not sent:
        return APITimeoutError(f"connecting to {call.server(base_url)} took too long")
    limit = f" within {seconds:g} s" if seconds else " in time"
    return APITimeoutError(f"no response{limit}", sent=True, param="timeout", hint=_processing_hint(call))


def _processing_hint(call: Call) -> str | None:
    """Return the hint for a request that reached the server and is not repeated.

    None for one that is safe to repeat.
    """
    if call.repeatable:
        return None
    return f"the server may still be processing {call.operation}, so the request was not repeated"
