"""Members and parameters that a method has no parameter for, and routes that the client has no method for."""

from __future__ import annotations

import json

import httpx
import pytest

from dify import InvalidArgumentError
from dify.streams import (
    AsyncByteStream,
    AsyncChatStream,
    AsyncCompletionStream,
    AsyncDatasourceStream,
    AsyncWorkflowStream,
)
from tests.support.frames import message, message_end, run_finished, run_started, sse

from .support import Chunks, answered, make_client

STREAM = sse(message("Hi"), message_end())
RUN = sse(run_started(), run_finished())


class Server:
    """Responds with a stream, with JSON or with bytes, and keeps the requests."""

    def __init__(self, stream: bytes = STREAM) -> None:
        self.stream = stream
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        if path.endswith("/stop"):
            return httpx.Response(200, json={"result": "success"})
        if request.method == "POST" and "files" not in path:
            return answered(Chunks([self.stream]))
        return httpx.Response(
            200, json={"id": "f", "name": "x", "mode": "chat", "data": [], "has_more": False, "limit": 20}
        )

    @property
    def body(self) -> dict:
        return json.loads(self.requests[0].content)


EXTRA = {"parent_message_id": "m-1", "query": "other", "nothing": None}


async def test_members_reach_the_body_of_a_call_and_override_those_of_the_method():
    server = Server()
    client = make_client(server)
    await client.chat.send("Hi", options={"extra_body": EXTRA})
    assert server.body["parent_message_id"] == "m-1"
    assert (server.body["query"], server.body["nothing"], server.body["user"]) == ("other", None, "alice")
    server = Server()
    async with make_client(server).chat.stream("Hi", options={"extra_body": EXTRA}) as stream:
        await stream.final()
    assert server.body["parent_message_id"] == "m-1"


async def test_parameters_reach_the_query_of_a_call():
    server = Server()
    client = make_client(server)
    await client.app.info(options={"extra_query": {"lang": "de", "tags": ["a", "b"], "none": None, "deep": True}})
    assert server.requests[0].url.query == b"lang=de&tags=a&tags=b&deep=true"
    await client.conversations.list(limit=5, options={"extra_query": {"limit": 7}}).first()
    assert server.requests[1].url.params["limit"] == "7"


async def test_members_become_fields_of_a_form():
    server = Server()
    await make_client(server).files.upload(("a.txt", b"x"), options={"extra_body": {"source": "web", "count": 3}})
    content = server.requests[0].content
    assert b'name="source"\r\n\r\nweb\r\n' in content
    assert b'name="count"\r\n\r\n3\r\n' in content


async def test_stopping_and_reconnecting_have_no_additional_members():
    server = Server(sse(run_started()))
    options = {"extra_body": {"x": 1}, "extra_query": {"y": 2}, "headers": {"X-Mine": "1"}}
    async with make_client(server).workflows.stream({}, options=options) as stream:
        async for _ in stream:
            await stream.stop()
    assert [request.url.query for request in server.requests] == [b"y=2", b""]
    assert "x" not in json.loads(server.requests[1].content)
    assert server.requests[1].headers["x-mine"] == "1"
    server = Server(sse(run_started()))
    with pytest.raises(Exception, match="interrupted"):
        await make_client(server, max_retries=1).workflows.run({}, options=options)
    assert server.requests[1].method == "GET"
    assert "y" not in server.requests[1].url.params


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"extra_body": {"a": 1}}, "has no body for extra_body"),
        ({"extra_body": [1]}, "extra_body is of type list"),
        ({"extra_query": "a=1"}, "extra_query is of type str"),
        ({"body": {}}, "it takes timeout, max_retries, headers, extra_body and extra_query"),
    ],
)
async def test_options_that_cannot_be_sent_are_refused(options, words):
    server = Server()
    with pytest.raises(InvalidArgumentError, match=words):
        await make_client(server).app.info(options=options)
    assert server.requests == []


BODY = {"inputs": {}, "query": "Hi", "user": "bob", "response_mode": "streaming"}


async def test_a_route_is_streamed():
    server = Server()
    client = make_client(server)
    stream = await client.request("POST", "/fork/chat", cast_to=AsyncChatStream, json=BODY)
    assert server.requests == []
    assert [event.event async for event in stream] == ["message", "message_end"]
    assert (await stream.final()).answer == "Hi"
    completion = await client.request("POST", "/fork/complete", cast_to=AsyncCompletionStream, json=BODY)
    assert [text async for text in completion.text_stream] == ["Hi"]
    run = await make_client(Server(RUN)).request("POST", "/fork/run", cast_to=AsyncWorkflowStream, json=BODY)
    assert (await run.final()).outputs == {"answer": "Hello"}
    assert server.requests[0].headers["accept"] == "text/event-stream"


async def test_a_stream_of_a_route_is_stopped_as_its_user():
    server = Server(sse(message("Hi"), message("Hi"), message_end()))
    async with await make_client(server).request("POST", "/fork/chat", cast_to=AsyncChatStream, json=BODY) as stream:
        async for _ in stream:
            await stream.stop()
    assert server.requests[1].url.path == "/v1/chat-messages/task-1/stop"
    assert json.loads(server.requests[1].content) == {"user": "bob"}


async def test_a_route_is_downloaded(tmp_path):
    server = Server()
    client = make_client(server)
    download = await client.request("GET", "/fork/report.json", cast_to=AsyncByteStream)
    assert server.requests == []
    assert (await download.save(tmp_path)).name == "report.json"
    assert json.loads((tmp_path / "report.json").read_bytes())["id"] == "f"


async def test_a_file_is_uploaded_to_a_route():
    server = Server()
    stored = await make_client(server).request(
        "POST", "/fork/files", cast_to=dict, file=("a.txt", b"hello"), form={"user": "bob"}
    )
    assert stored["id"] == "f"
    content = server.requests[0].content
    assert b'name="user"\r\n\r\nbob' in content
    assert b'filename="a.txt"' in content
    assert b"hello" in content


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"file": ("a", b""), "json": {}, "cast_to": dict}, "either json or file"),
        ({"form": {"a": "b"}, "cast_to": dict}, "form has the other fields of an upload"),
        ({"file": ("a", b""), "cast_to": AsyncChatStream}, "an upload has no stream"),
        ({"cast_to": AsyncDatasourceStream}, "cast_to is AsyncDatasourceStream"),
    ],
)
async def test_arguments_that_exclude_each_other_are_refused(arguments, words):
    server = Server()
    with pytest.raises(InvalidArgumentError, match=words):
        await make_client(server).request("POST", "/x", **arguments)
    assert server.requests == []
