"""Streams, texts, pagers, downloads and maps have the protocols of their own face only: frameworks choose by `isinstance`."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager

import httpx
import pytest

from dify import AsyncDify, Dify

THINGS = {
    "stream": lambda client: client.chat.stream("hi"),
    "completion stream": lambda client: client.completions.stream({}),
    "run": lambda client: client.workflows.stream({}),
    "events of a run": lambda client: client.workflows.events("run-1"),
    "text": lambda client: client.chat.stream("hi").text_stream,
    "list": lambda client: client.conversations.list(),
    "download": lambda client: client.files.download("file-1"),
    "download of a link": lambda client: client.knowledge.documents.download("base", "document"),
    "speech": lambda client: client.audio.synthesize("hi"),
    "map": lambda client: client.workflows.map([{}]),
}
CONTEXTS = [name for name in THINGS if name != "list"]


def refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError("something was sent")


def asynchronous() -> AsyncDify:
    http = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    return AsyncDify(api_key="app-key", knowledge_api_key="dataset-key", user="alice", http_client=http)


def plain() -> Dify:
    http = httpx.Client(transport=httpx.MockTransport(refuse))
    return Dify(api_key="app-key", knowledge_api_key="dataset-key", user="alice", http_client=http)


@pytest.mark.parametrize("name", THINGS)
def test_what_is_asynchronous_is_not_iterable_in_the_plain_way(name):
    thing = THINGS[name](asynchronous())
    assert isinstance(thing, AsyncIterable)
    assert not isinstance(thing, Iterable | Iterator | AbstractContextManager)
    assert inspect.isawaitable(thing) is (name == "list")


@pytest.mark.parametrize("name", THINGS)
def test_what_is_plain_has_nothing_asynchronous(name):
    thing = THINGS[name](plain())
    assert isinstance(thing, Iterable)
    assert not isinstance(thing, AsyncIterable | AsyncIterator | AbstractAsyncContextManager | Awaitable)
    assert not inspect.isawaitable(thing)


@pytest.mark.parametrize("name", CONTEXTS)
def test_each_is_a_context_manager_of_its_face(name):
    assert isinstance(THINGS[name](plain()), AbstractContextManager)
    assert isinstance(THINGS[name](asynchronous()), AbstractAsyncContextManager)


def test_a_client_is_a_context_manager_of_its_face():
    assert isinstance(asynchronous(), AbstractAsyncContextManager)
    assert not isinstance(asynchronous(), AbstractContextManager)
    assert isinstance(plain(), AbstractContextManager)
    assert not isinstance(plain(), AbstractAsyncContextManager)


@pytest.mark.parametrize("name", THINGS)
async def test_the_loop_of_the_other_face_is_pythons_own_error(name):
    with pytest.raises(TypeError, match="is not iterable"):
        for _ in THINGS[name](asynchronous()):
            pass
    with pytest.raises(TypeError, match="requires an object with __aiter__ method"):
        async for _ in THINGS[name](plain()):
            pass


@pytest.mark.parametrize("name", CONTEXTS)
async def test_an_await_of_what_is_iterated_is_pythons_own_error(name):
    with pytest.raises(TypeError, match="can't be used in 'await' expression"):
        await THINGS[name](asynchronous())
