"""The proxy for a URL, from the variables of the environment or from an argument."""

from __future__ import annotations

import doctest

import httpx
import pytest

from dify._net import proxies
from dify._net.proxies import Proxies, Proxy

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def route(url: str, **variables: str) -> tuple[str, str | None]:
    """Return the kind of the route to a URL, and the variable of its proxy."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        known = Proxies.of_environment()
    if known is None:
        return "direct", None
    found = known.route_to(httpx.URL(url))
    return found.kind, found.proxy and found.proxy.source


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(proxies).failed == 0


def test_no_variable_means_no_proxies():
    assert Proxies.of_environment() is None


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("http://dify.test/v1", "http_proxy"),
        ("https://dify.test/v1", "HTTPS_PROXY"),
    ],
)
def test_the_proxy_of_a_scheme_precedes_the_one_for_all(url, source):
    variables = {"http_proxy": "http://one.test:1", "HTTPS_PROXY": "http://two.test:2", "ALL_PROXY": "socks5://three:3"}
    assert route(url, **variables) == ("proxy", source)
    assert route(url, ALL_PROXY="socks5://three:3") == ("proxy", "ALL_PROXY")
    assert route("http://dify.test", HTTPS_PROXY="http://two.test:2") == ("direct", None)


@pytest.mark.parametrize(
    ("host", "entry", "excluded"),
    [
        ("127.0.0.1", "localhost,127.0.0.0/8,::1/128", True),
        ("[::1]", "localhost,127.0.0.0/8,::1/128", True),
        ("[::1]", "[::1]", True),
        ("[fd00::17]", "fd00::/8", True),
        ("[fe80::1]", "fd00::/8", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3/16", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("dify.example.com", "example.com", True),
        ("dify.example.com", ".example.com", True),
        ("dify.example.com", "*.example.com", True),
        ("dify.example.com", "DIFY.example.COM", True),
        ("dify.example.com", "ample.com", False),
        ("dify.example.com", "dify.example.com:8443", False),
        ("dify.example.com:8443", "dify.example.com:8443", True),
        ("[::1]:8443", "[::1]:8443", True),
        ("[::1]", "[::1]:8443", False),
        ("dify.example.com", "https://dify.example.com", True),
        ("dify.example.com", "*", True),
        ("dify.example.com", "10.0.0.0/8, ,not-a-net/99,::1/129", False),
        ("localhost", "localhost", True),
    ],
)
def test_no_proxy_has_names_domains_addresses_and_networks(host, entry, excluded):
    expected = "excluded" if excluded else "proxy"
    assert route(f"http://{host}/v1", HTTP_PROXY="http://127.0.0.1:9", NO_PROXY=entry) == (expected, "HTTP_PROXY")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://alice:s%40crt@proxy.test:3128/", "http://proxy.test:3128"),
        ("http://alice:s@crt@proxy.test:3128", "http://proxy.test:3128"),
        ("socks5://proxy.test", "socks5://proxy.test"),
    ],
)
def test_the_address_of_a_proxy_has_no_password(url, address):
    assert Proxy(url, "HTTP_PROXY").address == address


def test_a_proxy_without_a_scheme_is_http(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "proxy.test:3128")
    known = Proxies.of_environment()
    assert known is not None
    found = known.route_to(httpx.URL("http://dify.test"))
    assert found.proxy == Proxy("http://proxy.test:3128", "HTTP_PROXY")


def test_a_proxy_argument_is_for_all_servers(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    found = Proxies.single("http://proxy.test:3128").route_to(httpx.URL("https://dify.test"))
    assert (found.kind, found.proxy) == ("proxy", Proxy("http://proxy.test:3128", "the proxy argument"))
