"""Proxies that the environment names."""

from __future__ import annotations

from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

__all__ = ["environment_has_proxy", "mounts_without_proxy"]


def environment_has_proxy(trust_env: bool) -> bool:
    """Return True if the environment names a proxy for any scheme."""
    return trust_env and any(getproxies().get(scheme) for scheme in ("http", "https", "all"))


def mounts_without_proxy(transport: Any, trust_env: bool, server: str) -> dict[str, Any]:
    """Return the `mounts` argument of an httpx client that reaches a server directly if `NO_PROXY` excludes it."""
    host = httpx.URL(server).raw_host.decode("ascii")
    if not environment_has_proxy(trust_env) or not proxy_bypass(host):
        return {}
    # httpx prefers the longest pattern, and makes one with a star of each name in NO_PROXY; this one must not be shorter.
    return {"mounts": {f"all://[{host}]" if ":" in host else f"all://*{host}": transport}}
