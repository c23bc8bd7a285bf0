"""Forward proxies on the client's side: plain requests, tunnels to TLS, and passwords."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from dify import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    DefaultAsyncHttpxClient,
    DefaultHttpxClient,
    DifyError,
)

from ..support.server import Server
from .conftest import Close, Connect, Start
from .programs import FORWARD, Gateway
from .test_idle_connections import calls
from .upstream import Account, answer

AUTHORITY = trustme.CA()


def trusting() -> ssl.SSLContext:
    """What the client trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    return context


@pytest.fixture(params=["plain", "tls"])
def target(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server behind the proxy, which sees the request itself or a tunnel."""
    tls = None
    if request.param == "tls":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert("localhost").configure_cert(tls)
    with Server(answer, tls=tls) as server:
        yield server


async def through(
    gateway: Gateway, proxy: str, target: Server, connect: Connect, face: str, times: int, timeout: float = 15
) -> Account:
    """Make calls of each kind at once, through the proxy."""
    account = Account(target)
    settings: dict[str, Any] = {"proxy": proxy, "verify": trusting(), "trust_env": False}
    async_http = DefaultAsyncHttpxClient(**settings)
    with DefaultHttpxClient(**settings) as http:
        async with (
            async_http,
            connect(
                target.url, max_retries=0, timeout=timeout, http_client=async_http if face == "async" else http
            ) as client,
        ):
            for turn in range(times):
                made = [
                    account.of(f"{kind}-{turn}-{n}", call, expected(f"{kind}-{turn}-{n}"))
                    for kind, (call, expected) in calls(client).items()
                    for n in range(4)
                ]
                await asyncio.gather(*made)
    return account


@pytest.mark.parametrize("password", [None, "secret"], ids=["open", "with a password"])
@pytest.mark.parametrize("name", FORWARD)
async def test_every_kind_of_call_ends_right(
    name: str, password: str | None, target: Server, start: Start, connect: Connect, close: Close, face: str
) -> None:
    gateway = start(name, FORWARD[name], target, password=password)
    account = await through(gateway, gateway.proxy, target, connect, face, times=2)
    close(account, gateway)
    assert account.typed == []
    assert account.right == account.calls == 24


@pytest.mark.parametrize("name", FORWARD)
async def test_a_missing_password_is_a_typed_error_and_nothing_arrives(
    name: str, target: Server, start: Start, connect: Connect, close: Close, face: str
) -> None:
    gateway = start(name, FORWARD[name], target, password="secret")
    account = await through(
        gateway, f"http://127.0.0.1:{gateway.setup.port}", target, connect, face, times=1, timeout=5
    )
    close(account, gateway)
    assert len(account.typed) == account.calls
    # A proxy that refuses a large file without reading it resets the connection, and its words may be lost. Squid now and then
    # leaves a call without a response after it has refused another one on the same connection.
    assert all(
        refused(error) or (name == "squid" and isinstance(error, APITimeoutError))
        for marker, error in account.typed
        if not marker.startswith("upload")
    )
    assert any(refused(error) for _, error in account.typed)
    assert not account.arrived


def refused(error: DifyError) -> bool:
    """Whether an error names the status with which a proxy asks for a password."""
    if isinstance(error, APIStatusError):
        return error.status_code in (401, 407)
    return isinstance(error, APIConnectionError) and not error.sent and ("407" in str(error) or "401" in str(error))


@pytest.mark.parametrize("name", FORWARD)
async def test_a_proxy_that_has_stopped_is_a_typed_error(
    name: str, target: Server, start: Start, connect: Connect, close: Close, face: str
) -> None:
    gateway = start(name, FORWARD[name], target)
    gateway.stop()
    account = await through(gateway, gateway.proxy, target, connect, face, times=1)
    close(account, gateway)
    assert len(account.typed) == account.calls
    assert not any(isinstance(error, APIConnectionError) and error.sent for _, error in account.typed)
