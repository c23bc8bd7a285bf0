"""What goes wrong in the user's own file or iterable is raised as it is, and not as something of the network."""

from collections.abc import AsyncIterator

import httpx
import pytest

from .support import make_client

ERRORS = [
    TimeoutError("my database is slow"),
    RuntimeError("my event loop thing"),
    RuntimeError("my client has been closed"),
    httpx.ReadError("my source"),
    UnicodeError("my text"),
    ValueError("mine"),
    OSError("my disk"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
async def test_an_error_of_the_source_is_raised_as_it_is_and_nothing_is_sent_again(error: Exception):
    begun: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        begun.append("once")
        yield b"one"
        raise error

    client = make_client(lambda request: httpx.Response(201, json={"id": "file-1"}), max_retries=3)

    with pytest.raises(type(error)) as caught:
        await client.files.upload(("a.txt", source()))
    assert caught.value is error
    assert begun == ["once"]
