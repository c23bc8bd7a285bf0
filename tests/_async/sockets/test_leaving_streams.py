"""Leaving a stream closes its connection, whichever way it is left; never beginning one sends nothing."""

from __future__ import annotations

import gc
import threading
from contextlib import aclosing
from functools import partial

import pytest

from dify import AsyncDify, BadRequestError, DifyError, MisuseError, ServerError, StreamInterruptedError

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import Job, beside, client_for, single_connection, together


def talks_and_waits(x: Exchange) -> None:
    """A stream that has begun and goes on; a stop call and a run's detail are answered."""
    if x.request.path.endswith("/stop"):
        x.json({"result": "success"})
    elif x.request.method == "GET":
        x.json(frames.run_detail())
    else:
        x.sse(frames.PING, frames.message("Hel"), frames.message("lo"))
        x.hold()


async def assert_released(server: Server, client: AsyncDify) -> None:
    """The server sees the connection closed, and the pool, which has but one, gives one out again."""
    assert await beside(server.all_closed)
    assert (await client.workflows.get(frames.RUN)).status == "succeeded"


async def test_break_closes_the_connection() -> None:
    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            async for event in client.chat.stream("hi"):
                assert event.event == "message"
                break
            await assert_released(server, client)


async def test_break_out_of_the_text_closes_the_connection() -> None:
    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            async for text in client.chat.stream("hi").text_stream:
                assert text == "Hel"
                break
            await assert_released(server, client)


async def test_an_exception_in_the_loop_closes_the_connection() -> None:
    async def read(client: AsyncDify) -> None:
        async for _ in client.chat.stream("hi"):
            raise LookupError("the user's own")

    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            try:
                await read(client)
            except LookupError:
                # Still inside: the traceback keeps the frame of the loop alive, and must not keep the connection.
                await assert_released(server, client)


async def test_leaving_the_block_closes_the_connection() -> None:
    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            async with client.chat.stream("hi") as stream:
                async for _ in stream:
                    break
            await assert_released(server, client)


async def test_leaving_the_block_unread_closes_the_connection() -> None:
    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            async with client.chat.stream("hi") as stream:
                assert stream.http.status == 200
            await assert_released(server, client)


async def test_an_exception_in_the_block_closes_the_connection_and_comes_out_as_it_is() -> None:
    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            with pytest.raises(LookupError, match="own"):
                async with client.chat.stream("hi") as stream:
                    async for _ in stream:
                        raise LookupError("the user's own")
            await assert_released(server, client)


async def test_closing_the_iterator_closes_the_connection() -> None:
    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            async with aclosing(client.chat.stream("hi").__aiter__()) as events:
                assert (await anext(events)).event == "message"
            await assert_released(server, client)


async def test_closing_twice_does_no_harm() -> None:
    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            async with client.chat.stream("hi") as stream:
                await stream.aclose()
                await stream.aclose()
            await assert_released(server, client)


async def test_closing_from_elsewhere_ends_a_loop_that_waits() -> None:
    """The loop ends, quietly or with an error of ours; what it must not do is wait on."""
    begun = threading.Event()

    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            stream = client.chat.stream("hi")

            async def read() -> str:
                text = ""
                async for event in stream:
                    text += event.answer
                    if text == "Hello":
                        begun.set()  # there is nothing more: the loop now waits for bytes
                return text

            async with Job(read) as job:
                assert await beside(begun.wait, 20)
                await stream.aclose()
                result = await job.result()
            assert result == "Hello" or (isinstance(result, DifyError) and result.partial.answer == "Hello")
            await assert_released(server, client)


async def test_closing_the_client_ends_a_loop_that_waits_and_is_named_as_what_ended_it() -> None:
    begun = threading.Event()

    with Server(talks_and_waits) as server:
        client = client_for(server)

        async def read() -> None:
            async for _ in client.chat.stream("hi"):
                begun.set()

        async with Job(read) as job:
            assert await beside(begun.wait, 20)
            await client.aclose()
            ended = await job.result()
            assert isinstance(ended, StreamInterruptedError)
            assert str(ended) == "the stream was interrupted: the client was closed"
        assert await beside(server.all_closed)


async def test_a_stream_that_is_dropped_inside_its_block_closes_its_connection() -> None:
    with Server(talks_and_waits) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            stream = client.chat.stream("hi")
            await stream.__aenter__()
            del stream
            await assert_released(server, client)


async def test_a_download_that_is_left_closes_its_connection() -> None:
    def answer(x: Exchange) -> None:
        if "/files/" not in x.request.path:
            x.json(frames.run_detail())
        x.head(200, "image/png", "Content-Length: 1000")
        x.send(b"x")
        x.hold()

    with Server(answer) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            async for chunk in client.files.download("file-1"):
                assert chunk == b"x"
                break
            await assert_released(server, client)


async def test_a_client_that_is_dropped_closes_its_connections_and_warns_once() -> None:
    def answer(x: Exchange) -> None:
        x.json(frames.run_detail())

    with Server(answer) as server:
        client = client_for(server)
        await together([partial(client.workflows.get, frames.RUN)] * 3)
        assert server.open > 0
        with pytest.warns(ResourceWarning, match="was not closed") as warned:
            del client
        assert len(warned) == 1
        assert await beside(server.all_closed)


async def test_a_copy_keeps_the_connections_of_a_client_that_is_dropped() -> None:
    with Server(lambda x: x.json(frames.run_detail())) as server:
        client = client_for(server)
        await client.workflows.get(frames.RUN)
        copy, owner = client.with_options(user="bob"), client._pool
        del client
        await copy.workflows.get(frames.RUN)
        assert server.connections == 1
        await owner.aclose()


async def test_a_client_that_sent_nothing_may_be_dropped() -> None:
    client = client_for("http://127.0.0.1:9/v1")
    del client
    gc.collect()


async def test_pings_are_delivered_on_request() -> None:
    def answer(x: Exchange) -> None:
        x.sse(frames.PING, frames.message("Hel"), frames.PING, frames.PING, frames.message("lo"))
        x.chunk(b'data: {"event": "ping"}\n\n' + frames.message_end())
        x.end()

    with Server(answer) as server:
        async with client_for(server) as client:
            async with client.chat.stream("hi") as stream:
                names = [event.event async for event in stream.with_pings()]
                assert (await stream.final()).answer == "Hello"
            assert [name for name in names if name != "ping"] == ["message", "message", "message_end"]
            assert names.count("ping") == 4
            async with client.chat.stream("hi") as stream:
                assert "ping" not in [event.event async for event in stream]


async def test_a_stream_that_is_never_iterated_sends_nothing() -> None:
    with Server(talks_and_waits) as server:
        async with client_for(server) as client:
            client.chat.stream("hi")
            unread = client.workflows.stream({"q": "tea"}).text_stream
            del unread
            stream = client.completions.stream({"q": "tea"})
            await stream.aclose()
            with pytest.raises(MisuseError):
                await stream.final()
            # A call that is sent comes through, so what was not seen before it was not sent.
            await client.workflows.get(frames.RUN)
        assert server.paths() == [f"GET /v1/workflows/run/{frames.RUN}"]
        assert server.connections == 1


async def test_stop_names_the_user_and_the_task_and_then_closes() -> None:
    with Server(talks_and_waits) as server:
        async with client_for(server, user="alice") as client:
            stream = client.chat.stream("hi", user="bob")
            async for _ in stream:
                await stream.stop()
                break
            assert [request.json for request in server.requests[1:]] == [{"user": "bob"}]
            assert server.paths() == ["POST /v1/chat-messages", f"POST /v1/chat-messages/{frames.TASK}/stop"]
            # What is left is the connection of the stop call, which is whole and may be used again.
            await client.workflows.get(frames.RUN)
            assert server.connections == 2
            assert server.falls_to(1)


@pytest.mark.parametrize(("noun", "path"), [("workflows", "workflows/tasks"), ("completions", "completion-messages")])
async def test_stop_takes_the_route_of_its_app(noun: str, path: str) -> None:
    with Server(talks_and_waits) as server:
        async with client_for(server) as client, getattr(client, noun).stream({"q": "tea"}) as stream:
            async for _ in stream:
                break
            await stream.stop()
        assert server.paths()[1] == f"POST /v1/{path}/{frames.TASK}/stop"
        assert server.requests[1].json == {"user": "alice"}


async def test_a_stop_that_fails_closes_the_stream_too() -> None:
    def answer(x: Exchange) -> None:
        if x.request.path.endswith("/stop"):
            x.json({"code": "internal_server_error", "message": "no", "status": 500}, 500, "Connection: close")
            x.close()
        x.sse(frames.message("Hel"))
        x.hold()

    with Server(answer) as server:
        async with client_for(server) as client:
            stream = client.chat.stream("hi")
            events = stream.__aiter__()
            await anext(events)
            with pytest.raises(ServerError):
                await stream.stop()
            assert await beside(server.all_closed)


async def test_stopping_before_the_first_event_is_refused_and_sends_nothing() -> None:
    with Server(talks_and_waits) as server:
        async with client_for(server) as client, client.chat.stream("hi") as stream:
            with pytest.raises(MisuseError):
                await stream.stop()
        assert server.paths() == ["POST /v1/chat-messages"]


async def test_an_answer_that_is_no_stream_gives_its_connection_back() -> None:
    def answer(x: Exchange) -> None:
        x.json({"code": "invalid_param", "message": "no", "status": 400}, 400)

    with Server(answer) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            for _ in range(3):
                with pytest.raises(BadRequestError):
                    await client.chat.stream("hi").final()
            assert server.connections == 1
