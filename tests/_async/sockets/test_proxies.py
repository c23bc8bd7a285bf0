"""Proxies of the environment: those that work, fail, ask for a password, or are not needed."""

from __future__ import annotations

import sys

import pytest

from dify import APIConnectionError, APIStatusError, ConfigurationError, DefaultAsyncHttpxClient, DifyError

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import client_for

CLOSED = "http://alice:s3cret@127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def run(x: Exchange) -> None:
    x.json(frames.run_detail())


def refusing(status: int, *headers: str) -> Server:
    return Server(lambda x: x.bytes(b"", "text/plain", *headers, status=status))


async def failure(url: str, **settings: object) -> DifyError:
    async with client_for(url, **settings) as client:
        with pytest.raises(DifyError) as caught:
            await client.chat.send("hi")
    assert "s3cret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("entry", ["::1/128", "fd00::/8", "[::1]", "10.0.0.0/8"])
async def test_networks_and_addresses_among_the_exceptions_break_nothing(
    monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", CLOSED)
    monkeypatch.setenv("NO_PROXY", f"localhost,127.0.0.1,{entry}")
    with Server(run) as server:
        async with client_for(server) as client:
            assert (await client.workflows.get(frames.RUN)).id == frames.RUN


async def test_a_network_among_the_exceptions_is_connected_to_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", CLOSED)
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    with Server(run) as server:
        async with client_for(server) as client, DefaultAsyncHttpxClient() as http:
            assert (await client.workflows.get(frames.RUN)).id == frames.RUN
            assert (await client_for(server, http_client=http).workflows.get(frames.RUN)).id == frames.RUN


async def test_an_error_of_a_server_among_the_exceptions_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", CLOSED)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    error = await failure("http://127.0.0.1:9/v1")
    assert isinstance(error, APIConnectionError)
    assert "NO_PROXY excludes 127.0.0.1 from the proxy http://127.0.0.1:9 (HTTP_PROXY)" in str(error)
    with refusing(404) as server:
        assert "NO_PROXY excludes 127.0.0.1" in str(await failure(server.url))


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_connections_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    variable = f"{scheme.upper()}_PROXY"
    monkeypatch.setenv(variable, CLOSED)
    error = await failure(f"{scheme}://dify.internal/v1")
    assert isinstance(error, APIConnectionError)
    assert not error.sent
    assert error.reason == "proxy"
    assert f"through the proxy http://127.0.0.1:9 ({variable}): " in error.message
    assert error.hint == f"correct or unset {variable}, add dify.internal to NO_PROXY, or pass trust_env=False"


async def test_a_proxy_that_asks_for_a_password_is_named_with_the_way_to_give_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with refusing(407, "Proxy-Authenticate: Basic") as proxy:
        address = proxy.url.removesuffix("/v1")
        monkeypatch.setenv("ALL_PROXY", address)
        plain, tunnel = await failure("http://dify.internal/v1"), await failure("https://dify.internal/v1")
    assert isinstance(plain, APIStatusError)
    assert plain.status_code == 407
    assert isinstance(tunnel, APIConnectionError)
    assert not tunnel.sent
    assert f"the proxy {address} (ALL_PROXY) did not connect to https://dify.internal/v1: 407" in tunnel.message
    for error in (plain, tunnel):
        assert error.reason == "proxy"
        assert "the user name and the password to ALL_PROXY" in (error.hint or "")


@pytest.mark.parametrize("status", [403, 502, 503, 504])
async def test_a_proxy_that_responds_in_place_of_a_local_server_is_named(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with refusing(status) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        error = await failure("http://localhost:5001/v1")
    assert isinstance(error, APIStatusError)
    assert error.status_code == status
    assert error.reason == "proxy"
    assert "add localhost to NO_PROXY" in str(error)


async def test_an_error_of_dify_behind_a_proxy_is_not_blamed_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(x: Exchange) -> None:
        x.json({"code": "forbidden", "message": "no", "status": 403}, status=403)

    with Server(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        error = await failure("http://localhost:5001/v1")
    assert error.reason is None
    assert "proxy" not in str(error)


async def test_a_socks_proxy_that_is_not_needed_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with Server(run) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
        async with client_for("http://dify.internal/v1") as client:  # HTTP_PROXY precedes ALL_PROXY
            assert (await client.workflows.get(frames.RUN)).id == frames.RUN
        monkeypatch.delenv("HTTP_PROXY")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with client_for(server) as client:
            assert (await client.workflows.get(frames.RUN)).id == frames.RUN
    error = await failure("https://dify.internal/v1")
    assert isinstance(error, ConfigurationError)
    assert error.param == "trust_env"
    assert "socks5://127.0.0.1:9 (ALL_PROXY)" in str(error)
    assert "httpx[socks]" in str(error)


async def test_a_proxy_argument_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DefaultAsyncHttpxClient(proxy=CLOSED) as http:
        error = await failure("http://dify.internal/v1", http_client=http)
    assert "through the proxy http://127.0.0.1:9 (the proxy argument)" in str(error)
    assert error.hint == "check the proxy argument of your http_client"


async def test_a_proxy_that_closes_the_connection_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(lambda x: x.close()) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url.removesuffix("/v1"))
        for scheme in ("http", "https"):
            error = await failure(f"{scheme}://dify.internal/v1")
            assert isinstance(error, APIConnectionError)
            assert "through the proxy http://127.0.0.1:" in str(error)
            assert "(ALL_PROXY)" in str(error)


async def test_a_proxy_whose_url_is_not_valid_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://alice:s3cret/x@proxy:3128")
    error = await failure("http://dify.internal/v1")
    assert isinstance(error, ConfigurationError)
    assert error.param == "trust_env"
    assert "(HTTP_PROXY) cannot be used" in str(error)
