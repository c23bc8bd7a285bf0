"""Exceptions of httpx: the classes that other packages match on, and the translations from httpcore's."""

from __future__ import annotations

import ssl
from typing import cast

import httpcore
import httpx

__all__ = [
    "CORE_ERRORS",
    "ConnectError",
    "ConnectTimeout",
    "HTTPError",
    "InvalidURL",
    "LocalProtocolError",
    "PoolTimeout",
    "ProxyError",
    "TimeoutException",
    "UnsupportedProtocol",
    "bare",
    "is_certificate_error",
    "named",
    "translated",
]

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
    """Return an exception without its request, whose headers hold the API key, and without its traceback."""
    if isinstance(error, httpx.RequestError):
        error.request = httpx.Request("GET", "http://localhost/")
    return error.with_traceback(None)


def is_certificate_error(error: BaseException) -> bool:
    """Return True if a connection failed because the server's certificate is not trusted."""
    cause: BaseException | None = error
    # asyncio, httpcore and httpx each wrap the exception once. The chain of one that is raised again may be a circle.
    for _ in range(5):
        if cause is None or isinstance(cause, ssl.SSLCertVerificationError):
            break
        cause = cause.__cause__ or cause.__context__
    return isinstance(cause, ssl.SSLCertVerificationError)
