"""Private attributes of other libraries that this package uses: these tests fail when a new version changes them."""

from __future__ import annotations

import httpcore
import pytest

from dify._net.connection import has_unread_bytes

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
