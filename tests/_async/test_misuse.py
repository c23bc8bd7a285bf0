"""Used in a way that cannot work, everything says what to write instead; and what was not used sent nothing."""

from __future__ import annotations

import copy
import inspect
import pickle

import httpx
import pytest

from dify import ConfigurationError, MisuseError, StreamInterruptedError
from tests.support.frames import message, message_end, run_finished, run_started, sse
from tests.support.operations import operations

from .support import Chunks, answered, make_client, streaming

OPERATIONS = list(operations(make_client(streaming([]))))
WHOLE = sse(message("Hel"), message("lo"), message_end())


def counting(content: bytes = WHOLE, content_type: str = "text/event-stream"):
    """A client, and the requests that it has sent."""
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answered(Chunks([content]), content_type=content_type)

    return make_client(handler), requests


def things(client):
    return {
        "client": client,
        "chat stream": client.chat.stream("hi"),
        "completion stream": client.completions.stream({}),
        "workflow stream": client.workflows.stream({}),
        "run events": client.workflows.events("run-1"),
        "pager": client.workflows.logs(),
        "byte stream": client.files.download("file-1"),
    }


async def test_a_stream_that_is_never_used_sends_nothing():
    client, requests = counting()
    for thing in things(client).values():
        repr(thing)
    assert requests == []
    await client.aclose()


async def test_a_stream_sends_once_however_it_is_used():
    client, requests = counting()
    async with client.chat.stream("hi") as stream:
        assert len(requests) == 1
        assert [event.event async for event in stream] == ["message", "message", "message_end"]
        await stream.final()
        await stream.final()
    assert len(requests) == 1


async def test_a_stream_is_iterated_once():
    client, requests = counting()
    stream = client.chat.stream("hi")
    async for _ in stream:
        pass
    with pytest.raises(MisuseError, match="already"):
        async for _ in stream:
            pass
    with pytest.raises(MisuseError, match="already"):
        async for _ in stream.text_stream:
            pass
    with pytest.raises(MisuseError, match="new call"):
        async with stream:
            pass
    assert (await stream.final()).answer == "Hello"
    assert len(requests) == 1


async def test_a_loop_that_was_left_has_no_final_reply_but_a_snapshot():
    client, _ = counting()
    stream = client.chat.stream("hi")
    async for _ in stream:
        break
    with pytest.raises(MisuseError, match="snapshot"):
        await stream.final()
    assert stream.snapshot.answer == "Hel"


@pytest.mark.parametrize("consumer", ["events", "pings", "text"])
async def test_in_a_block_final_reads_the_rest_after_a_loop_that_was_left(consumer):
    body = Chunks([sse(message("Hel"), message("lo")), sse(message(", you")), sse(message_end())])
    client = make_client(lambda request: answered(body))
    async with client.chat.stream("hi") as stream:
        items = {"events": lambda: stream, "pings": stream.with_pings, "text": lambda: stream.text_stream}[consumer]()
        async for _ in items:
            break
        assert stream.snapshot.answer == "Hel"
        assert (await stream.final()).answer == "Hello, you"
        assert (await stream.final()).answer == "Hello, you"
    assert body.sent == 3


async def test_in_a_block_final_raises_after_a_loop_that_was_left_if_the_stream_fails():
    body = Chunks([sse(message("Hel"))], httpx.ReadError("reset"))
    client = make_client(lambda request: answered(body))
    async with client.chat.stream("hi") as stream:
        async for _ in stream:
            break
        for _ in range(2):
            with pytest.raises(StreamInterruptedError, match="reset") as caught:
                await stream.final()
            assert caught.value.partial.answer == "Hel"


async def test_leaving_the_block_closes_the_connection():
    body = Chunks([sse(message("Hel")), sse(message("lo")), sse(message_end())])
    client = make_client(lambda request: answered(body))
    async with client.chat.stream("hi") as stream:
        async for _ in stream:
            break
    assert body.closed
    assert body.sent == 1


async def test_an_exception_in_the_loop_closes_the_connection_and_comes_through():
    body = Chunks([WHOLE])
    client = make_client(lambda request: answered(body))
    with pytest.raises(ZeroDivisionError):
        async with client.chat.stream("hi") as stream:
            async for _ in stream:
                raise ZeroDivisionError
    assert body.closed


async def test_closing_a_stream_that_sent_nothing_is_fine_and_final_then_tells():
    client, requests = counting()
    stream = client.chat.stream("hi")
    await stream.aclose()
    await stream.aclose()
    with pytest.raises(MisuseError):
        await stream.final()
    assert requests == []


async def test_a_byte_stream_is_read_once():
    client, requests = counting(b"bytes", "image/png")
    download = client.files.download("file-1")
    assert await download.read() == b"bytes"
    for again in (download.read, lambda: download.save("nowhere")):
        with pytest.raises(MisuseError, match="already"):
            await again()
    with pytest.raises(MisuseError, match="already"):
        async with download:
            pass
    assert len(requests) == 1


async def test_a_byte_stream_knows_its_headers_only_once_it_is_open():
    client, _ = counting(b"bytes", "image/png")
    download = client.files.download("file-1")
    for name in ("http", "content_type", "content_length", "filename"):
        with pytest.raises(MisuseError, match="open"):
            getattr(download, name)
    async with download:
        assert download.content_type == "image/png"
        assert download.http.status == 200


async def test_an_event_stream_knows_its_exchange_only_once_it_is_open():
    client, _ = counting()
    stream = client.chat.stream("hi")
    with pytest.raises(MisuseError, match="not open"):
        _ = stream.http
    async with stream:
        assert stream.http.status == 200


async def test_stop_before_the_first_event_says_that_there_is_nothing_to_stop():
    client, _ = counting()
    async with client.chat.stream("hi") as stream:
        with pytest.raises(MisuseError, match="first event"):
            await stream.stop()


async def test_stop_asks_the_server_as_the_same_user_and_closes():
    body, requests = Chunks([WHOLE[:-20], WHOLE[-20:]]), []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"result": "success"}) if "stop" in request.url.path else answered(body)

    async with make_client(handler).chat.stream("hi", user="bob") as stream:
        async for _ in stream:
            break
        await stream.stop()
    assert [request.url.path for request in requests] == ["/v1/chat-messages", "/v1/chat-messages/task-1/stop"]
    assert b'"user":"bob"' in requests[1].content
    assert body.closed


async def test_a_closed_client_says_so():
    client, requests = counting()
    await client.aclose()
    await client.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await client.chat.send("hi")
    with pytest.raises(ConfigurationError, match="closed"):
        await client.with_options(user="bob").chat.send("hi")
    assert requests == []


async def test_closing_a_copy_closes_nothing():
    client, requests = counting()
    async with client.with_options(user="bob"):
        pass
    assert (await client.chat.send("hi")).answer == "Hello"
    assert len(requests) == 1


async def test_an_http_client_of_the_users_own_is_not_closed():
    client, _ = counting()
    own = client._pool.http()
    async with client:
        pass
    assert not own.is_closed
    await own.aclose()


@pytest.mark.parametrize("files", [["path.txt"], [b"bytes"], [{"type": "image"}], [7]], ids=repr)
async def test_files_that_were_not_uploaded_are_refused_with_what_to_do(files):
    client, requests = counting()
    with pytest.raises(ConfigurationError, match="upload"):
        await client.chat.send("hi", files=files)
    assert requests == []


async def test_what_holds_connections_is_neither_pickled_nor_copied_and_says_so():
    client, requests = counting(
        content=b'{"data": [], "has_more": false, "limit": 20}', content_type="application/json"
    )
    page = await client.conversations.list().first()
    walks = [
        client.files.download("file-1"),
        client.workflows.map([{}]),
        client.chat.stream("hi").text_stream,
        *things(client).values(),
    ]
    resources = [client.chat, client.knowledge, client.knowledge.pipelines]
    for thing in (page, *resources, *(walk for walk in walks if walk is not client)):
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match=r"^\w+ holds connections and cannot be pickled or copied; pickle "):
                way(thing)
    assert pickle.loads(pickle.dumps(page.data)) == []
    assert len(requests) == 1


async def test_an_error_of_a_stream_is_raised_again_by_final():
    client = make_client(streaming([sse(message("Hel"))]))
    stream = client.chat.stream("hi")
    with pytest.raises(StreamInterruptedError) as first:
        async for _ in stream:
            pass
    with pytest.raises(StreamInterruptedError) as second:
        await stream.final()
    assert second.value is first.value
    assert second.value.partial.answer == "Hel"


async def test_a_pipeline_cannot_be_stopped_and_says_so():
    client = make_client(streaming([sse(run_started(), run_finished())]))
    info = [{"reference": "f"}]
    async with client.knowledge.pipelines.stream(
        "base", inputs={}, datasource_type="local_file", datasource_info_list=info, start_node_id="n"
    ) as stream:
        async for _ in stream:
            break
        with pytest.raises(MisuseError, match="pipeline"):
            await stream.stop()


def test_a_copy_of_a_client_is_made_with_with_options():
    client = make_client(streaming([]), user="alice")
    assert copy.copy(client).user == "alice"
    assert client.with_options(user="bob").user == "bob"
    assert client.user == "alice"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
def test_every_method_says_what_it_is_for_and_takes_options_last(operation):
    target = make_client(streaming([]))
    for part in operation.path.split("."):
        target = getattr(target, part)
    assert inspect.getdoc(target)
    *_, last = [one for one in inspect.signature(target).parameters.values() if one.kind is not one.VAR_KEYWORD]
    assert (last.name, last.kind) == ("options", inspect.Parameter.KEYWORD_ONLY)
