"""TLS contexts: the certificates that a connection trusts."""

from __future__ import annotations

import ssl
from functools import cache

import httpx

__all__ = ["custom_context", "default_context"]


@cache
def default_context(trust_env: bool) -> ssl.SSLContext:
    """Return the context for the usual certificates, which is shared: reading them takes longer than a call.

    Args:
        trust_env: True to respect `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    """
    context = httpx.create_ssl_context(trust_env=trust_env)
    context.set_alpn_protocols(["http/1.1"])
    return context


def custom_context(verify: ssl.SSLContext | bool) -> ssl.SSLContext | None:
    """Return the context for a `verify` argument; None for the default one."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    return None if verify else httpx.create_ssl_context(verify=False)
