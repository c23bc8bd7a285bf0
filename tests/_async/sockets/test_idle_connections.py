"""Requests on idle connections that the server closes at that moment: sent again if the server cannot have received them."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from dify import APIConnectionError, AsyncDify, ConfigurationError, DefaultAsyncHttpxClient, RateLimitError
from dify._net._async import connection_pool

from ...support import raw_frames as frames
from ...support.server import PATIENCE, Exchange, Server
from .support import beside, client_for

GET = f"GET /v1/workflows/run/{frames.RUN}"
POST = "POST /v1/chat-messages"
UPLOAD = "POST /v1/files/upload"
CONTENT = b"content " * 100_000


def reply(x: Exchange) -> None:
    """Answer any request."""
    if x.request.path.endswith("/upload"):
        x.json({"id": "f-1", "name": "name.bin", "size": x.request.body.count(CONTENT), "extension": "bin"}, 201)
    elif x.request.method == "POST":
        x.json(frames.chat_reply())
    else:
        x.json(frames.run_detail())


class ClosingServer:
    """A server that ends its first connection, idle after a response, when the client has chosen it for the next request.

    Args:
        end: Ends the connection.
        has_ended: Waits for the end.
        tls: Certificate of the server, if it uses TLS.
    """

    def __init__(
        self,
        end: Callable[[Exchange], None] = Exchange.close,
        has_ended: Callable[[Server], bool] = Server.all_closed,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._end = end
        self._has_ended = has_ended
        self._is_due = threading.Event()
        self._armed = False
        self.server = Server(self._answer, tls=tls)

    def _answer(self, x: Exchange) -> None:
        reply(x)
        if len(self.server.requests) == 1:
            self._is_due.wait(PATIENCE)
            self._end(x)

    async def _hold_back(self, event: str, _: Any) -> None:
        # The client has checked the connection, and is about to write. The event loop gets no turn, as in a busy program.
        if event == "http11.send_request_headers.started" and self._armed:
            self._armed = False
            self._is_due.set()
            assert self._has_ended(self.server)

    async def _trace(self, request: httpx.Request) -> None:
        request.extensions["trace"] = self._hold_back

    async def call(self, call: Callable[[AsyncDify], Any], **settings: Any) -> Any:
        """Leave an idle connection, and make a call on it while the server ends it."""
        async with DefaultAsyncHttpxClient(event_hooks={"request": [self._trace]}, **settings) as http:
            client = client_for(self.server, http_client=http)
            assert (await client.workflows.get(frames.RUN)).id == frames.RUN
            self._armed = True
            try:
                return await call(client)
            finally:
                assert not self._armed


async def send(client: AsyncDify) -> Any:
    return (await client.chat.send("hi", response_mode="blocking")).answer


@pytest.mark.parametrize("end", [Exchange.close, Exchange.reset])
async def test_a_message_is_sent_again_on_a_new_connection(end: Callable[[Exchange], None]) -> None:
    closing = ClosingServer(end)
    with closing.server as server:
        assert await closing.call(send) == "Hello"
        assert server.paths() == [GET, POST]
        assert server.connections == 2


async def test_a_message_is_sent_again_if_the_server_reads_and_discards_it() -> None:
    # Apache does it for two seconds. The server's system acknowledges what arrives, so the body must not have been sent.
    half_closed = threading.Event()
    discarded = bytearray()

    def end(x: Exchange) -> None:
        x._sock.shutdown(socket.SHUT_WR)
        half_closed.set()
        while data := x._sock.recv(1 << 16):
            discarded.extend(data)
        x.close()

    closing = ClosingServer(end, lambda server: half_closed.wait(PATIENCE))
    with closing.server as server:
        assert await closing.call(send) == "Hello"
        assert await beside(server.all_closed)
        assert server.connections == 2
    assert discarded.startswith(b"POST /v1/chat-messages")
    assert discarded.endswith(b"\r\n\r\n")


async def test_a_message_over_tls_is_sent_again() -> None:
    authority = trustme.CA()
    certified = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(certified)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    closing = ClosingServer(tls=certified)
    with closing.server as server:
        assert await closing.call(send, verify=trusting) == "Hello"
        assert server.paths() == [GET, POST]


async def parts() -> AsyncIterator[bytes]:
    yield CONTENT[:1000]
    yield CONTENT[1000:]


@pytest.mark.parametrize("source", ["a path", "an iterable that can be read once"])
async def test_an_upload_is_sent_again(source: str, tmp_path: Path) -> None:
    path = tmp_path / "name.bin"
    path.write_bytes(CONTENT)
    closing = ClosingServer()
    with closing.server as server:
        content = path if source == "a path" else ("name.bin", parts())
        uploaded = await closing.call(lambda client: client.files.upload(content))
        assert uploaded.size == 1  # the content, once
        assert server.paths() == [GET, UPLOAD]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports what the server has acknowledged")
async def test_a_request_without_a_body_is_sent_again_if_the_server_has_acknowledged_nothing() -> None:
    closing = ClosingServer()
    with closing.server as server:
        assert (await closing.call(lambda client: client.workflows.get(frames.RUN))).id == frames.RUN
        assert server.paths() == [GET, GET]
        assert server.connections == 2


@pytest.mark.parametrize("end", [Exchange.close, Exchange.reset])
async def test_a_message_that_the_server_has_received_is_not_sent_again(end: Callable[[Exchange], None]) -> None:
    def answer(x: Exchange) -> None:
        if x.request.method == "POST":
            end(x)
        reply(x)

    with Server(answer) as server:
        async with client_for(server, max_retries=2) as client:
            await client.workflows.get(frames.RUN)
            with pytest.raises(APIConnectionError, match="may still be processing") as caught:
                await send(client)
            assert caught.value.sent
        assert server.paths() == [GET, POST]
        assert server.connections == 1


async def test_a_response_that_comes_before_the_body_is_what_the_call_returns() -> None:
    def end(x: Exchange) -> None:
        x.json({"code": "too_many_requests", "message": "later", "status": 429}, 429, "Connection: close")
        x.close()

    closing = ClosingServer(end)
    with closing.server as server:
        with pytest.raises(RateLimitError, match="later"):
            await closing.call(send)
        assert server.paths() == [GET]


async def test_an_error_says_that_nothing_arrived_if_the_request_cannot_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without the check before the first part of the body, a part of the source has been read when the failure is seen.
    monkeypatch.setattr(connection_pool, "has_ended", lambda stream: False)
    closing = ClosingServer()
    with closing.server as server:
        with pytest.raises(APIConnectionError, match="before it received the request") as caught:
            await closing.call(lambda client: client.files.upload(("name.bin", parts())))
        assert not caught.value.sent
        assert "processing" not in str(caught.value)
        assert server.paths() == [GET]


async def test_an_idle_connection_is_used_no_longer_than_the_server_announces() -> None:
    def answer(x: Exchange) -> None:
        x.json(frames.run_detail(), 200, f"Keep-Alive: {announced}")

    for announced, connections in [("timeout=1, max=100", 3), ("timeout=100", 1), ("max=5", 1), ("timeout=x", 1)]:
        with Server(answer) as server:
            async with client_for(server) as client:
                for _ in range(3):
                    await client.workflows.get(frames.RUN)
            assert server.connections == connections, announced


async def test_an_idle_connection_is_used_no_longer_than_the_client_allows() -> None:
    for settings, connections in [({"keepalive_expiry": 0}, 3), ({"keepalive_expiry": 60}, 1), ({}, 1)]:
        with Server(reply) as server:
            async with client_for(server, **settings) as client:
                for _ in range(3):
                    await client.workflows.get(frames.RUN)
            assert server.connections == connections, settings


@pytest.mark.parametrize("seconds", [-1, True, "4", float("nan")])
def test_a_time_that_is_none_is_refused(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match="keepalive_expiry"):
        AsyncDify(api_key="app-test-key", keepalive_expiry=seconds)
    with pytest.raises(ConfigurationError, match="keepalive_expiry"):
        DefaultAsyncHttpxClient(keepalive_expiry=seconds)
