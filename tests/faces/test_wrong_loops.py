"""The wrong kind of loop over what a client gives says what to write instead, on both faces, and sends nothing."""

from __future__ import annotations

import httpx
import pytest

from dify import AsyncDify, Dify, MisuseError

THINGS = {
    "stream": lambda client: client.chat.stream("hi"),
    "text": lambda client: client.chat.stream("hi").text_stream,
    "run's text": lambda client: client.workflows.stream({}).text_stream,
    "list": lambda client: client.conversations.list(),
    "download": lambda client: client.files.download("file-1"),
}


def refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError("something was sent")


def asynchronous() -> AsyncDify:
    http = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    return AsyncDify(api_key="app-key", user="alice", http_client=http)


def plain() -> Dify:
    return Dify(api_key="app-key", user="alice", http_client=httpx.Client(transport=httpx.MockTransport(refuse)))


@pytest.mark.parametrize("name", THINGS)
def test_a_plain_for_over_what_is_asynchronous(name):
    thing = THINGS[name](asynchronous())
    with pytest.raises(MisuseError, match=r"^Async\w+ is asynchronous: write `async for`, or use the client `Dify`$"):
        for _ in thing:
            pass
    with pytest.raises(MisuseError, match="write `async for`"):
        next(thing)


@pytest.mark.parametrize("name", [name for name in THINGS if name != "list"])
async def test_an_await_of_what_is_iterated(name):
    thing = THINGS[name](asynchronous())
    with pytest.raises(
        MisuseError, match=r"^Async\w+ cannot be awaited: leave out the `await`, and write `async for` or"
    ):
        await thing
    with pytest.raises(MisuseError, match="leave out the `await`"):
        async for _ in await thing:
            pass


@pytest.mark.parametrize("name", THINGS)
async def test_an_async_for_over_what_is_plain(name):
    thing = THINGS[name](plain())
    with pytest.raises(
        MisuseError, match=r"^\w+ is not asynchronous: write a plain `for`, or use the client `AsyncDify`$"
    ):
        async for _ in thing:
            pass
