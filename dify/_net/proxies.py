"""Proxies: those of the environment, and the one a client was created with."""

from __future__ import annotations

import ipaddress
import os
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

import httpx
from pydantic import SecretStr

from .exceptions import EnvironmentProblem

__all__ = ["ROUTE", "Proxies", "Proxy", "Route", "proxy_passwords", "proxy_urls"]

ROUTE = "dify_route"
"""Extension of a request of httpx with its `Route`."""

_SHORTEST_PASSWORD = 4
"""Shorter passwords are not masked: that would garble every text."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        url: Address, with the user name and password.
        source: Environment variable that names it, or "the proxy argument".
    """

    url: str = field(repr=False)
    source: str

    @property
    def address(self) -> str:
        """Address without the user name and password."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2].rstrip('/')}"

    @property
    def host(self) -> str:
        """Host and port."""
        return self.address.partition("://")[2]

    def problem(self, reason: object) -> EnvironmentProblem:
        """Return the error for a proxy that cannot be used."""
        return EnvironmentProblem(f"the proxy {self.address} ({self.source}) cannot be used: {reason}")


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a server.

    Attributes:
        kind: "proxy" through the proxy, "excluded" directly because `NO_PROXY` excludes the server, "direct" otherwise.
        proxy: The proxy, also of an excluded server. None for direct connections.
    """

    kind: Literal["proxy", "excluded", "direct"]
    proxy: Proxy | None = None


class Proxies:
    """The proxies for each scheme, and the servers to which they do not apply.

    Args:
        proxies: Proxies by the scheme of the server: "http", "https", or "all".
        exceptions: Hosts, domains and networks to connect to directly, as in `NO_PROXY`.
        system: Also respect the exceptions in the settings of Windows and macOS.
    """

    def __init__(self, proxies: Mapping[str, Proxy], exceptions: str = "", *, system: bool = False) -> None:
        self._proxies = proxies
        self._exceptions = [entry.strip() for entry in exceptions.split(",") if entry.strip()]
        self._system = system
        self._known: dict[tuple[str, str, int | None], Route] = {}

    @classmethod
    def of_environment(cls, *, like_aiohttp: bool = False) -> Proxies | None:
        """Return the proxies of the environment; None if it names none.

        Args:
            like_aiohttp: Leave out what aiohttp ignores: `ALL_PROXY`, and networks in `NO_PROXY`.
        """
        settings = getproxies()
        if like_aiohttp:
            settings = {scheme: url for scheme, url in settings.items() if scheme in ("http", "https")}
        proxies = {
            scheme: Proxy(_with_scheme(settings[scheme]), _variable_of(scheme))
            for scheme in ("http", "https", "all")
            if settings.get(scheme)
        }
        return cls(proxies, settings.get("no", ""), system=True) if proxies else None

    @classmethod
    def single(cls, url: str) -> Proxies:
        """Return one proxy for all servers."""
        return cls({"all": Proxy(_with_scheme(url), "the proxy argument")})

    def route_to(self, url: httpx.URL) -> Route:
        """Return the way to the server of a URL."""
        origin = (url.scheme, url.host, url.port)
        route = self._known.get(origin)
        if route is None:
            route = self._known[origin] = self._find(*origin)
        return route

    def _find(self, scheme: str, host: str, port: int | None) -> Route:
        proxy = self._proxies.get(scheme) or self._proxies.get("all")
        if proxy is None:
            return Route("direct")
        excluded = any(_matches(entry, host, port) for entry in self._exceptions)
        if not excluded and self._system:
            excluded = bool(proxy_bypass(host if port is None else f"{host}:{port}"))
        return Route("excluded" if excluded else "proxy", proxy)


def _matches(entry: str, host: str, port: int | None = None) -> bool:
    """Return True if an entry of `NO_PROXY` names a host.

    Entries are names, domains, addresses and networks.

    Example:
        >>> [_matches(entry, "10.1.2.3") for entry in ("10.0.0.0/8", "10.1.2.3", "::1/128", "*")]
        [True, True, False, True]
        >>> [_matches(entry, "api.example.com") for entry in ("example.com", ".example.com", "*.example.com", "ple.com")]
        [True, True, True, False]
    """
    if entry == "*":
        return True
    name = entry.partition("://")[2] or entry
    with_port = re.fullmatch(r"([^:]+|\[.+\]):(\d+)", name)
    if with_port:
        if int(with_port[2]) != port:
            return False
        name = with_port[1]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        domain, host = name.removeprefix("*").strip(".").lower(), host.strip(".").lower()
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))
    try:
        return address in ipaddress.ip_network(name.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def _variable_of(scheme: str) -> str:
    """Return the variable that names the proxy for a scheme, as it is spelled.

    Lower case takes precedence.
    """
    name = f"{scheme}_proxy"
    spelled = sorted((known for known in os.environ if known.lower() == name), key=lambda known: known != name)
    return spelled[0] if spelled else "the proxy settings of the system"


def proxy_urls(trust_env: bool) -> list[str]:
    """Return the URLs of the proxies that the environment names."""
    return [url for scheme, url in getproxies().items() if scheme != "no" and url] if trust_env else []


def proxy_passwords(urls: Iterable[str]) -> tuple[SecretStr, ...]:
    """Return the passwords of proxies as they may appear in texts.

    Each is returned as it is written in the URL, decoded, and as a header has it.

    Example:
        >>> found = proxy_passwords(["http://me:s%40cret@proxy.example.com:3128"])
        >>> [password.get_secret_value() for password in found]
        ['s%40cret', 's@cret', 'bWU6c0BjcmV0']
    """
    passwords: list[str] = []
    for url in urls:
        user, _, password = url.rpartition("@")[0].rpartition("://")[2].partition(":")
        if len(password) >= _SHORTEST_PASSWORD:
            header = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode("ascii")
            passwords += password, unquote(password), header
    return tuple(SecretStr(password) for password in dict.fromkeys(passwords))
