"""Exceptions of httpx, and their translations from those of httpcore."""

from __future__ import annotations

import ssl
from typing import Literal, cast

import httpcore
import httpx

__all__ = [
    "CORE_ERRORS",
    "ConnectError",
    "ConnectTimeout",
    "EnvironmentProblem",
    "HTTPError",
    "InvalidURL",
    "LocalProtocolError",
    "PoolTimeout",
    "ProxyError",
    "TLSFault",
    "TimeoutException",
    "UnsupportedProtocol",
    "bare",
    "named",
    "tls_fault",
    "translated",
]


class EnvironmentProblem(ValueError):
    """An unusable setting of the environment: a proxy, or a file of certificates."""


HTTPError = httpx.HTTPError
InvalidURL = httpx.InvalidURL
ConnectError = httpx.ConnectError
ConnectTimeout = httpx.ConnectTimeout
LocalProtocolError = httpx.LocalProtocolError
PoolTimeout = httpx.PoolTimeout
ProxyError = httpx.ProxyError
TimeoutException = httpx.TimeoutException
UnsupportedProtocol = httpx.UnsupportedProtocol

CORE_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
"""Exceptions of a connection, which `translated` turns into those of httpx."""


def translated(error: Exception) -> Exception:
    """Return the exception of httpx that has the same name as one of httpcore."""
    return named(type(error).__name__, str(error))


def named(name: str, message: str) -> Exception:
    """Return an exception of httpx by the name of its class."""
    return cast(Exception, getattr(httpx, name)(message))


def bare(error: Exception) -> Exception:
    """Return an exception without its request and its traceback.

    The headers of the request hold the API key.
    """
    if isinstance(error, httpx.RequestError):
        error.request = httpx.Request("GET", "http://localhost/")
    return error.with_traceback(None)


TLSFault = Literal["untrusted", "other_host", "expired", "no_tls", "handshake"]
"""The cause of a failed handshake: the server's certificate has an unknown issuer, is for another host or has expired; the
server does not use TLS; or anything else.
"""


def tls_fault(error: BaseException) -> TLSFault | None:
    """Return the reason why a TLS handshake failed; None if none failed."""
    cause: BaseException | None = error
    # asyncio, httpcore and httpx each wrap the exception once. The chain of one that is raised again may be a circle.
    for _ in range(6):
        match cause:
            case ssl.SSLCertVerificationError():
                return _certificate_fault(str(cause))
            case ssl.SSLError() if any(sign in str(cause) for sign in _SIGNS_OF_PLAIN_HTTP):
                return "no_tls"
            case ssl.SSLError():
                return "handshake"
            case None:
                return None
            case _:
                cause = cause.__cause__ or cause.__context__
    return None


def _certificate_fault(message: str) -> TLSFault:
    # Not by `verify_code`: aiohttp raises an exception without it.
    if "mismatch" in message or "is not valid for" in message:
        return "other_host"
    return "expired" if "has expired" in message else "untrusted"


_SIGNS_OF_PLAIN_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "record layer failure", "RECORD_LAYER_FAILURE")
"""Parts of OpenSSL's messages for a server whose first bytes are not TLS; they differ between its versions."""
