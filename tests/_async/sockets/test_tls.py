"""Over TLS: a certificate of the user's, streams, uploads, ends that are not clean, and servers that nobody vouches for."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from dify import APIConnectionError, DefaultAsyncHttpxClient, StreamInterruptedError

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
