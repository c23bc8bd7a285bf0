"""The client on aiohttp: the same answers, the same errors, and never a call made twice that must not be."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from dify import APIConnectionError, APITimeoutError, AsyncDify, ConfigurationError, DefaultAioHttpClient, DifyError
from dify._net.aiohttp_transport import _translated
from dify._net.tls import default_context

from .._async.sockets.test_retries import KINDS, RETRIES, TABLE, TIMEOUT, call_of, hurried
from ..support import raw_frames as frames
from ..support.faults import FaultServer
from ..support.server import Exchange, Server

REQUEST = aiohttp.RequestInfo(URL("http://dify.test"), "GET", CIMultiDictProxy(CIMultiDict()), URL("http://dify.test"))


@pytest.fixture
async def http() -> AsyncIterator[DefaultAioHttpClient]:
    async with DefaultAioHttpClient(trust_env=False) as client:
        yield client


def client_of(server: Server | str, http: DefaultAioHttpClient, **settings: Any) -> AsyncDify:
    url = server if isinstance(server, str) else server.url
    known: dict[str, Any] = {"api_key": "app-test-key", "user": "alice", "max_retries": 0, "timeout": 20}
    return AsyncDify(base_url=url, http_client=http, **(known | settings))


def whole(x: Exchange) -> None:
    x.sse(frames.PING, frames.message("Hel"), frames.message("lo"), frames.message_end())
    x.end()


async def test_a_stream_brings_its_events_and_its_connection_is_used_again(http: DefaultAioHttpClient) -> None:
    with Server(whole) as server:
        client = client_of(server, http)
        for _ in range(3):
            assert [event.event async for event in client.chat.stream("hi")] == ["message", "message", "message_end"]
            assert (await client.chat.send("hi")).answer == "Hello"
        assert server.connections == 1


async def test_leaving_a_stream_closes_its_connection(http: DefaultAioHttpClient) -> None:
    def endless(x: Exchange) -> None:
        x.sse(frames.PING, frames.message("Hel"))
        x.hold()

    with Server(endless) as server:
        async for event in client_of(server, http).chat.stream("hi"):
            assert event.event == "message"
            break
        assert await asyncio.to_thread(server.all_closed)


async def test_a_cancelled_call_closes_its_connection(http: DefaultAioHttpClient) -> None:
    def silent(x: Exchange) -> None:
        x.hold()

    with Server(silent) as server:
        task = asyncio.ensure_future(client_of(server, http).chat.send("hi"))
        assert await asyncio.to_thread(server.has_seen, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.all_closed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
async def test_a_call_is_made_as_often_as_its_fault_allows(kind: str, http: DefaultAioHttpClient) -> None:
    faults = [fault for fault, row in TABLE.items() if not hurried(row)]

    async def meet(server: FaultServer, fault: str) -> Any:
        url = server.url(fault, f"{kind}-{fault}")
        try:
            return await call_of(kind, fault, client_of(url, http, max_retries=RETRIES, timeout=TIMEOUT))
        except Exception as error:  # noqa: BLE001 - the test looks at what it is
            return error

    outcomes: list[Any] = []
    with FaultServer() as server:
        for first in range(0, len(faults), 35):
            outcomes += await asyncio.gather(*(meet(server, fault) for fault in faults[first : first + 35]))
        counts = {fault: len(server.requests(f"{kind}-{fault}")) for fault in faults}
    expected = {fault: TABLE[fault][kind] for fault in faults}
    assert counts == expected
    assert [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, DifyError)] == []


async def test_a_connection_that_is_lost_after_the_request_is_no_connect_timeout(http: DefaultAioHttpClient) -> None:
    with Server(lambda x: x.close()) as server:
        client = client_of(server, http, max_retries=2)
        with pytest.raises(APIConnectionError) as caught:
            await client.chat.send("hi", response_mode="blocking")
        assert caught.value.sent
        assert not isinstance(caught.value, APITimeoutError)
        assert len(server.requests) == 1


async def test_a_server_that_is_not_there_is_an_error_that_was_not_sent(http: DefaultAioHttpClient) -> None:
    with Server(whole) as server:
        url = server.url
    with pytest.raises(APIConnectionError) as caught:
        await client_of(url, http).chat.send("hi")
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aiohttp.ConnectionTimeoutError("slow"), httpx.ConnectTimeout),
        (aiohttp.SocketTimeoutError("silent"), httpx.ReadTimeout),
        (aiohttp.ServerDisconnectedError("gone"), httpx.RemoteProtocolError),
        (aiohttp.ClientPayloadError("cut off"), httpx.RemoteProtocolError),
        (aiohttp.ClientOSError("reset"), httpx.ReadError),
        (aiohttp.InvalidURL("http://"), httpx.UnsupportedProtocol),
        (aiohttp.ClientHttpProxyError(REQUEST, (), status=407, message="key?"), httpx.ProxyError),
        (TimeoutError("late"), httpx.ReadTimeout),
    ],
)
def test_an_error_of_aiohttp_becomes_the_one_of_httpx_that_has_its_meaning(error, kind) -> None:
    with pytest.raises(kind) as caught, _translated():
        raise error
    assert type(caught.value) is kind


def test_the_timeout_of_the_client_is_that_of_its_connections() -> None:
    timeout = DefaultAioHttpClient(timeout=5).timeout
    assert (timeout.connect, timeout.read, timeout.write) == (5, 5, 5)


async def test_cookies_are_not_kept(http: DefaultAioHttpClient) -> None:
    with Server(lambda x: x.json(frames.run_detail(), 200, "Set-Cookie: session=1; Path=/")) as server:
        named = server.url.replace("127.0.0.1", "localhost")  # aiohttp's own jar keeps none of an address
        client = client_of(named, http)
        for _ in range(2):
            await client.workflows.get(frames.RUN)
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


async def test_a_file_is_sent_in_pieces_with_its_size(http: DefaultAioHttpClient, tmp_path: Path) -> None:
    def receive(x: Exchange) -> None:
        sizes.append((len(x.request.body), int(x.request.headers["content-length"])))
        x.json({"id": "f-1", "name": "a.bin", "size": 3 << 20, "extension": "bin", "mime_type": "application/x"})

    sizes: list[tuple[int, int]] = []
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * (3 << 20))
    with Server(receive) as server:
        uploaded = await client_of(server, http).files.upload(path)
    assert uploaded.id == "f-1"
    [(came, said)] = sizes
    assert came == said > 3 << 20


async def test_more_calls_than_connections_wait_for_one_to_end() -> None:
    def answer(x: Exchange) -> None:
        assert x.server.has_seen(2)
        x.json(frames.chat_reply())

    with Server(answer) as server:
        async with DefaultAioHttpClient(max_connections=2) as http:
            client = client_of(server, http)
            # Each for another user: the first call of a user holds the others of that user back.
            calls = (client.chat.send("hi", user=f"user-{at}", response_mode="blocking") for at in range(8))
            replies = await asyncio.gather(*calls)
        assert [reply.answer for reply in replies] == ["Hello"] * 8
        assert server.connections == 2


async def test_a_proxy_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for proxy, message in (
        ("http://alice:s3cret@127.0.0.1:9", "the proxy http://127.0.0.1:9 (HTTP_PROXY) did not connect to "),
        (
            "socks5://127.0.0.1:9",
            "the proxy socks5://127.0.0.1:9 (HTTP_PROXY) cannot be used: aiohttp has http and https",
        ),
    ):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        async with DefaultAioHttpClient() as http:
            client = AsyncDify("app-x", user="a", base_url="http://localhost:5001", http_client=http, max_retries=0)
            with pytest.raises(DifyError) as caught:
                await client.app.info()
        assert message in str(caught.value)
        assert "s3cret" not in str(caught.value)


def test_certificates_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/cacert.pem")
    default_context.cache_clear()
    with pytest.raises(ConfigurationError, match=r"/nowhere/cacert\.pem \(SSL_CERT_FILE\)"):
        DefaultAioHttpClient()
    default_context.cache_clear()


def test_a_number_of_connections_that_can_be_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_connections"):
        DefaultAioHttpClient(max_connections=0)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    with pytest.raises(ImportError, match=r"dify\[aiohttp\]"):
        DefaultAioHttpClient()
