"""Private attributes of other libraries that this package uses: these tests fail when a new version changes them."""

from __future__ import annotations

import httpcore
import httpx
import pytest

from dify._net.connection import has_unread_bytes
from dify._net.forks import forget_connections

RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.mark.parametrize(("excess", "unread"), [(b"", False), (b"HTTP/1.1 200 OK\r\n", True)])
def test_bytes_after_a_response_are_found_in_the_connection_of_httpcore(excess, unread):
    origin = httpcore.Origin(b"http", b"localhost", 80)
    with httpcore.HTTP11Connection(origin, httpcore.MockStream([RESPONSE + excess])) as connection:
        response = connection.handle_request(
            httpcore.Request("GET", "http://localhost/", headers={"Host": "localhost"})
        )
        assert response.read() == b"ok"
        assert hasattr(connection, "_h11_state")
        assert has_unread_bytes(connection) is unread


async def test_aiohttp_repeats_a_lost_request_unless_an_attribute_is_false():
    aiohttp = pytest.importorskip("aiohttp")
    async with aiohttp.ClientSession() as session:
        assert session._retry_connection is True


@pytest.mark.parametrize("kind", [httpx.Client, httpx.AsyncClient])
def test_the_connections_and_the_lock_of_a_client_of_httpx_are_replaced(kind):
    client = kind(mounts={"https://": type(kind()._transport)()})
    pools = [client._transport._pool, *(transport._pool for transport in client._mounts.values())]
    before = [(pool._connections, pool._requests, pool._optional_thread_lock) for pool in pools]
    assert all(connections == requests == [] for connections, requests, _ in before)
    forget_connections(client)
    after = [(pool._connections, pool._requests, pool._optional_thread_lock) for pool in pools]
    assert not any(
        old is new for olds, news in zip(before, after, strict=True) for old, new in zip(olds, news, strict=True)
    )
