"""Over TLS: a certificate of the user's, streams, uploads, ends that are not clean, and servers that nobody vouches for."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from dify import (
    APIConnectionError,
    APIStatusError,
    ConfigurationError,
    DefaultAsyncHttpxClient,
    StreamInterruptedError,
)
from dify._net.tls import default_context

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from ...support.transfers import Giver, Taker
from .support import beside, client_for

MIB = 1 << 20


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_side(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_calls_and_streams_come_whole_on_one_connection(
    server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    def answer(x: Exchange) -> None:
        if x.request.method == "GET":
            x.json(frames.run_detail())
            return
        x.sse(*(frames.message(f"{number} ") for number in range(500)), frames.message_end())
        x.end()

    with Server(answer, tls=server_side) as server:
        async with DefaultAsyncHttpxClient(verify=trusting) as http:
            client = client_for(server, http_client=http)
            for _ in range(2):
                assert (await client.workflows.get(frames.RUN)).status == "succeeded"
                reply = await client.chat.send("count")
                assert reply.answer == "".join(f"{number} " for number in range(500))
        assert server.connections == 1
        assert await beside(server.all_closed)


async def test_large_files_go_both_ways(server_side: ssl.SSLContext, trusting: ssl.SSLContext, tmp_path: Path) -> None:
    giver = Giver(8 * MIB + 3)
    with Server(giver, tls=server_side) as server:
        async with DefaultAsyncHttpxClient(verify=trusting) as http:
            path = await client_for(server, http_client=http).files.download("file-1").save(tmp_path / "whole.bin")
    assert path.stat().st_size == giver.size
    taker = Taker()
    with Server(taker, lazy=True, tls=server_side) as server:
        async with DefaultAsyncHttpxClient(verify=trusting) as http:
            await client_for(server, http_client=http).files.upload(path)
    assert taker.forms[-1].checksum == giver.checksum


@pytest.mark.parametrize("way", ["close", "reset"])
async def test_a_stream_that_breaks_off_says_so(
    server_side: ssl.SSLContext, trusting: ssl.SSLContext, way: str
) -> None:
    def answer(x: Exchange) -> None:
        x.sse(frames.message("Hel"))
        getattr(x, way)()

    with Server(answer, tls=server_side) as server:
        async with DefaultAsyncHttpxClient(verify=trusting) as http:
            with pytest.raises(StreamInterruptedError):
                await client_for(server, http_client=http).chat.send("hi")
        assert await beside(server.all_closed)


async def test_leaving_a_stream_closes_its_connection(server_side: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    def answer(x: Exchange) -> None:
        x.sse(frames.message("Hel"))
        x.hold()

    with Server(answer, tls=server_side) as server:
        async with DefaultAsyncHttpxClient(verify=trusting) as http:
            async for event in client_for(server, http_client=http).chat.stream("hi"):
                assert event.event == "message"
                break
            assert await beside(server.all_closed)


async def test_a_server_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    server_side: ssl.SSLContext,
) -> None:
    with Server(lambda x: x.json({}), tls=server_side) as server:
        async with client_for(server, max_retries=2) as client:
            with pytest.raises(APIConnectionError, match="CERTIFICATE_VERIFY_FAILED") as caught:
                await client.app.info()
        assert not caught.value.sent
        assert caught.value.reason == "certificate"
        assert "SSL_CERT_FILE" in str(caught.value)
        assert server.requests == []
        assert server.connections == 1  # a certificate does not get better by asking again
        assert await beside(server.all_closed)


async def test_a_server_that_speaks_no_tls_is_an_error_of_connecting(trusting: ssl.SSLContext) -> None:
    with Server(lambda x: x.close()) as server:
        async with DefaultAsyncHttpxClient(verify=trusting) as http:
            client = client_for(
                server.url.replace("http://127.0.0.1", "https://localhost"), http_client=http, timeout=1
            )
            with pytest.raises(APIConnectionError) as caught:
                await client.app.info()
            assert not caught.value.sent
        assert await beside(server.all_closed)


async def test_https_to_a_port_for_http_names_the_way_out(trusting: ssl.SSLContext) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def respond() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    server = threading.Thread(target=respond)
    server.start()
    with listener:
        async with DefaultAsyncHttpxClient(verify=trusting) as http:
            client = client_for(f"https://localhost:{listener.getsockname()[1]}", http_client=http)
            with pytest.raises(APIConnectionError) as caught:
                await client.app.info()
        server.join()
    assert not caught.value.sent
    assert caught.value.param == "base_url"
    assert "write http:// in base_url" in str(caught.value)


@pytest.mark.parametrize(
    "page",
    [
        "<title>400 The plain HTTP request was sent to HTTPS port</title>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "<title>400 Bad Request</title><p>You're speaking plain HTTP to an SSL-enabled server port.</p>",
    ],
)
async def test_http_to_a_port_for_https_names_the_way_out(page: str) -> None:
    with Server(lambda x: x.bytes(page.encode(), "text/html", status=400)) as server:
        async with client_for(server) as client:
            with pytest.raises(APIStatusError, match="write https:// in base_url"):
                await client.app.info()


async def test_a_certificate_for_another_host_or_of_the_past_is_told_apart(
    authority: trustme.CA, server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    expired = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("localhost", not_before=past, not_after=past + timedelta(days=1)).configure_cert(expired)
    for context, host, hint in (
        (server_side, "127.0.0.1", "use the host name that the certificate"),
        (expired, "localhost", "the certificate of the server has to be renewed"),
    ):
        with Server(lambda x: x.json({}), tls=context) as server:
            async with DefaultAsyncHttpxClient(verify=trusting) as http:
                address = server.url.replace("localhost", host).replace("127.0.0.1", host)
                with pytest.raises(APIConnectionError) as caught:
                    await client_for(address, http_client=http).app.info()
        assert caught.value.reason == "certificate"
        assert (caught.value.hint or "").startswith(hint)


@pytest.mark.parametrize(
    ("variable", "content"), [("SSL_CERT_FILE", None), ("SSL_CERT_FILE", "no certificate"), ("SSL_CERT_DIR", None)]
)
async def test_certificates_of_the_environment_that_cannot_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server_side: ssl.SSLContext, variable: str, content: str | None
) -> None:
    path = tmp_path / "cacert.pem"
    if content is not None:
        path.write_text(content)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(path))
    default_context.cache_clear()
    with Server(lambda x: x.json({}), tls=server_side) as server:
        async with client_for(server) as client:
            with pytest.raises(ConfigurationError) as caught:
                await client.app.info()
        assert server.requests == []
    default_context.cache_clear()
    assert caught.value.param == "trust_env"
    assert variable in str(caught.value)
    assert str(path) in str(caught.value)
