"""TLS contexts: the certificates that a connection trusts."""

from __future__ import annotations

import os
import ssl
from functools import cache

import httpx

from .exceptions import EnvironmentProblem

__all__ = ["custom_context", "default_context"]


@cache
def default_context(trust_env: bool) -> ssl.SSLContext:
    """Return the shared context for the usual certificates.

    Reading them takes longer than a call.

    Args:
        trust_env: True to respect `SSL_CERT_FILE` and `SSL_CERT_DIR`.

    Raises:
        EnvironmentProblem: The file or directory that a variable names does not exist, or has no certificates.
    """
    variable = _variable_in_use() if trust_env else None
    # OpenSSL would trust no certificate at all.
    if variable == "SSL_CERT_DIR" and not os.path.isdir(os.environ[variable]):
        raise EnvironmentProblem(f"the directory {os.environ[variable]} of {variable} does not exist")
    try:
        context = httpx.create_ssl_context(trust_env=trust_env)
    except OSError as error:  # an ssl.SSLError is one, too
        if variable is None:
            raise
        problem = error.strerror or str(error)
        raise EnvironmentProblem(
            f"the certificates in {os.environ[variable]} ({variable}) cannot be read: {problem}"
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _variable_in_use() -> str | None:
    """Return the variable that names the certificates to trust.

    The variable of a file takes precedence.
    """
    return next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None)


def custom_context(verify: ssl.SSLContext | bool) -> ssl.SSLContext | None:
    """Return the context for a `verify` argument; None for the default one."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    return None if verify else httpx.create_ssl_context(verify=False)
