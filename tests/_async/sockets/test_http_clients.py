"""An HTTP client of the user's own, made as ours are made."""

from __future__ import annotations

import ssl

import pytest

from dify import ConfigurationError, DefaultAsyncHttpxClient

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import beside, client_for


def whole(x: Exchange) -> None:
    x.sse(frames.PING, frames.message("Hel"), frames.message("lo"), frames.message_end())
    x.end()


async def test_it_serves_a_client_and_stays_open_when_that_is_closed() -> None:
    with Server(whole) as server:
        async with DefaultAsyncHttpxClient(max_connections=1, headers={"x-app": "one"}) as http:
            for _ in range(2):
                async with client_for(server, http_client=http) as client:
                    assert (await client.chat.send("hi")).answer == "Hello"
            assert not http.is_closed
        assert server.connections == 1
        assert [request.headers["x-app"] for request in server.requests] == ["one", "one"]
        assert await beside(server.all_closed)


async def test_it_sends_through_its_proxy() -> None:
    with Server(lambda x: x.json(frames.run_detail())) as proxy:
        url = proxy.url.removesuffix("/v1")
        async with DefaultAsyncHttpxClient(proxy=url) as http:
            client = client_for("http://localhost:1/v1", http_client=http)
            assert (await client.workflows.get(frames.RUN)).id == frames.RUN
        assert [request.target for request in proxy.requests] == [f"http://localhost:1/v1/workflows/run/{frames.RUN}"]


async def test_it_follows_no_redirect_and_keeps_no_cookie() -> None:
    def answer(x: Exchange) -> None:
        x.bytes(b"", "text/plain", "Location: /v1/elsewhere", "Set-Cookie: session=1; Path=/", status=302)

    with Server(answer) as server:
        async with DefaultAsyncHttpxClient(timeout=20) as http:
            for _ in range(2):
                assert (await http.get(f"{server.url}/info")).status_code == 302
        assert server.paths() == ["GET /v1/info"] * 2
        assert "cookie" not in server.requests[-1].headers


@pytest.mark.parametrize("most", [0, True])
def test_a_number_of_connections_that_can_be_none_is_refused(most: int) -> None:
    with pytest.raises(ConfigurationError, match="max_connections"):
        DefaultAsyncHttpxClient(max_connections=most)


async def test_certificates_of_the_users_are_those_that_are_trusted() -> None:
    mine = ssl.create_default_context()
    async with DefaultAsyncHttpxClient(verify=mine) as http, DefaultAsyncHttpxClient(verify=False) as careless:
        assert http._transport._context() is mine  # type: ignore[attr-defined]
        assert careless._transport._context().verify_mode == ssl.CERT_NONE  # type: ignore[attr-defined]
