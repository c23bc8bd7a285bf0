"""Private attributes of other libraries that this package uses: these tests fail when a new version changes them."""

from __future__ import annotations

import httpcore
import httpx
import pytest
import wrapt

from dify._net.connection import has_unread_bytes
from dify._net.forks import forget_connections
from dify._net.patches import is_replaced

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


def test_the_pool_of_a_transport_of_httpx_has_a_name_that_is_known():
    with httpx.HTTPTransport() as transport:
        assert isinstance(transport._pool, httpcore.ConnectionPool)


@pytest.mark.parametrize("cls", [httpx.HTTPTransport, httpx.AsyncHTTPTransport])
def test_a_method_of_httpx_that_another_library_replaces_is_recognized(cls, monkeypatch):
    name = "handle_request" if cls is httpx.HTTPTransport else "handle_async_request"
    own = vars(cls)[name]
    assert not is_replaced(cls, name)
    monkeypatch.setattr(cls, name, lambda self, request: own(self, request))
    assert is_replaced(cls, name)
    monkeypatch.setattr(cls, name, wrapt.FunctionWrapper(own, lambda wrapped, instance, args, kwargs: None))
    assert is_replaced(cls, name)
    monkeypatch.undo()
    assert not is_replaced(cls, name)
