"""A web framework streams the text, the bytes and the pages of both faces to its own client."""

from __future__ import annotations

from collections.abc import Iterator

import flask
import httpx
import pytest
from django.http import StreamingHttpResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from dify import AsyncDify, Dify
from dify.testing import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(lambda request: ["one ", "two ", "three"]) as emulator:
        yield emulator


@pytest.fixture
def plain(emulator: Emulator) -> Dify:
    return emulator.sync_client(user="alice")


@pytest.fixture
def client(emulator: Emulator) -> AsyncDify:
    return emulator.client(user="alice")


async def get(app: Starlette) -> str:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://web") as http:
        return (await http.get("/")).text


def app_with(content) -> Starlette:
    def respond(request: Request) -> StreamingResponse:
        return StreamingResponse(content(), media_type="text/plain")

    return Starlette(routes=[Route("/", respond)])


async def test_starlette_streams_the_text_of_a_plain_client(plain):
    assert await get(app_with(lambda: plain.chat.stream("Hi").text_stream)) == "one two three"


async def test_starlette_streams_the_text_of_an_async_client(client):
    assert await get(app_with(lambda: client.chat.stream("Hi").text_stream)) == "one two three"


async def test_starlette_streams_a_download_of_either_face(client, plain):
    stored = await client.files.upload(("a.txt", b"hello"))
    await client.chat.send("look", files=[stored])
    assert await get(app_with(lambda: client.files.download(stored.id))) == "hello"
    assert await get(app_with(lambda: plain.files.download(stored.id))) == "hello"


def test_flask_streams_the_text_of_a_plain_client_and_closes_it(plain):
    app, streams = flask.Flask(__name__), []

    @app.get("/")
    def ask() -> flask.Response:
        streams.append(plain.chat.stream("Hi"))
        return flask.Response(streams[-1].text_stream, mimetype="text/plain")

    assert app.test_client().get("/").text == "one two three"
    left = app.test_client().get("/", buffered=False)
    assert next(left.response) == b"one "
    left.close()
    assert streams[-1].snapshot.answer == "one "
    assert streams[-1]._reader.closed


def test_django_streams_the_text_of_a_plain_client(plain):
    response = StreamingHttpResponse(plain.chat.stream("Hi").text_stream)
    assert not response.is_async
    assert b"".join(response) == b"one two three"


async def test_django_streams_the_text_of_an_async_client(client):
    response = StreamingHttpResponse(client.chat.stream("Hi").text_stream)
    assert response.is_async
    assert b"".join([part async for part in response]) == b"one two three"


async def test_httpx_sends_a_download_on_as_the_body_of_a_request(client, plain):
    stored = await client.files.upload(("a.txt", b"hello"))
    await client.chat.send("look", files=[stored])

    async def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=await request.aread())

    async with httpx.AsyncClient(transport=httpx.MockTransport(echo)) as http:
        assert (await http.post("http://web/", content=client.files.download(stored.id))).text == "hello"
    with httpx.Client(transport=httpx.MockTransport(lambda r: httpx.Response(200, content=r.read()))) as http:
        assert http.post("http://web/", content=plain.files.download(stored.id)).text == "hello"
