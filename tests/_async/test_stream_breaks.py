"""A connection that breaks is no server's word that all has been said: what must still come is asked for, or missed aloud."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dify import APITimeoutError, AsyncDify, MisuseError, StreamInterruptedError, StreamTimeoutError
from dify.streams import AsyncEventStream
from tests.support.frames import (
    CHAT_IDS,
    message,
    message_end,
    run_finished,
    run_started,
    speech,
    speech_end,
    sse,
)

from .support import Chunks, answered, make_client

OF_CHATFLOW = {name: CHAT_IDS[name] for name in ("conversation_id", "message_id", "created_at")}
BEGUN = run_started() | OF_CHATFLOW
FINISHED = run_finished() | OF_CHATFLOW
SAID = [BEGUN, message("Hello"), message_end(5)]


class Broken:
    """The first answer's connection breaks after these frames; whoever asks for the rest of the run gets `rest`."""

    def __init__(self, *frames: Any, rest: bytes | None = None, error: Exception | None = None) -> None:
        self.first = Chunks([sse(*frames)], error or httpx.ReadError("reset"))
        self.rest = rest
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.removeprefix("/v1"))
        if len(self.asked) == 1:
            return answered(self.first)
        if self.rest is None:
            return httpx.Response(404, json={"code": "not_found", "message": "no such run", "status": 404})
        return answered(Chunks([self.rest]))


async def names(stream: Any) -> list[str]:
    return [event.event async for event in stream]


# --------------------------------------------------------------------------------------------------------------- chatflows
async def test_a_chatflow_that_breaks_between_its_two_ends_is_picked_up() -> None:
    server = Broken(*SAID, rest=sse(FINISHED))
    stream = make_client(server).chat.stream("hi")
    assert await names(stream) == ["workflow_started", "message", "message_end", "workflow_finished"]
    reply = await stream.final()
    assert (reply.answer, reply.usage.total_tokens, reply.reconnects) == ("Hello", 5, 1)
    assert reply.workflow_run.status == "succeeded"
    assert server.asked == ["/chat-messages", "/workflow/run-1/events"]


async def test_a_chatflow_that_breaks_between_its_two_ends_and_cannot_be_picked_up_says_so() -> None:
    with pytest.raises(StreamInterruptedError, match="reset") as caught:
        await make_client(Broken(*SAID)).chat.send("hi")
    assert caught.value.partial.answer == "Hello"
    assert caught.value.workflow_run_id == "run-1"
    with pytest.raises(StreamInterruptedError):
        await make_client(Broken(*SAID, rest=sse(FINISHED))).chat.send("hi", reconnect=False)


@pytest.mark.parametrize(
    "frames",
    [
        [message("Hello"), message_end()],  # a chatbot; or a chatflow that an annotation answers, and no run
        [*SAID, FINISHED],
        [BEGUN, message("Hello"), FINISHED],  # a stopped run has no other end
    ],
)
async def test_a_chat_that_breaks_after_its_last_event_is_whole(frames: list[Any]) -> None:
    server = Broken(*frames)
    reply = await make_client(server).chat.send("hi")
    assert (reply.answer, reply.reconnects) == ("Hello", 0)
    assert len(server.asked) == 1


async def test_a_server_that_says_no_more_after_one_of_two_ends_has_said_all() -> None:
    server = Broken(*SAID, error=httpx.ReadTimeout("silent"))
    assert (await make_client(server).chat.send("hi")).answer == "Hello"
    assert len(server.asked) == 1


# ------------------------------------------------------------------------------------------------------------- datasources
def datasource(client: AsyncDify) -> Any:
    return client.knowledge.pipelines.run_datasource_node(
        "base", "node", inputs={}, datasource_type="website_crawl", is_published=True
    )


async def test_a_datasource_that_breaks_is_no_result_however_much_has_come() -> None:
    done = {"event": "datasource_completed", "data": [{"id": 1}], "total": 3, "completed": 1}
    stream = datasource(make_client(Broken({"event": "datasource_processing", "total": 3, "completed": 1}, done)))
    with pytest.raises(StreamInterruptedError) as caught:
        await names(stream)
    assert [one.data for one in caught.value.partial] == [[{"id": 1}]]
    with pytest.raises(StreamInterruptedError):
        await stream.final()


# ------------------------------------------------------------------------------------------------------------------ speech
SPOKEN = [message("Hi"), message_end(), speech(b"one")]


async def test_speech_that_breaks_off_is_no_whole_reply_for_whom_it_was_collected() -> None:
    with pytest.raises(StreamInterruptedError) as caught:
        await make_client(Broken(*SPOKEN)).chat.send("hi", collect_audio=True)
    assert (caught.value.partial.answer, caught.value.partial.audio) == ("Hi", b"one")
    with pytest.raises(StreamInterruptedError):  # it may have been about to begin
        await make_client(Broken(*SPOKEN[:2])).chat.send("hi", collect_audio=True)


async def test_speech_that_came_to_its_end_is_whole() -> None:
    reply = await make_client(Broken(*SPOKEN, speech_end())).chat.send("hi", collect_audio=True)
    assert reply.audio == b"one"


async def test_speech_that_breaks_off_takes_nothing_from_whom_only_the_text_is_for() -> None:
    assert (await make_client(Broken(*SPOKEN)).chat.send("hi")).answer == "Hi"
    stream = make_client(Broken(*SPOKEN)).chat.stream("hi")
    assert [piece async for piece in stream.text_stream] == ["Hi"]
    assert (await stream.final()).answer == "Hi"


async def test_speech_that_breaks_off_is_missed_by_whom_its_events_are_for() -> None:
    with pytest.raises(StreamInterruptedError):
        await names(make_client(Broken(*SPOKEN)).chat.stream("hi"))


@pytest.mark.parametrize("ends", [[FINISHED], [message_end(), FINISHED]])
async def test_speech_of_a_run_that_has_ended_is_in_no_replay(ends: list[Any]) -> None:
    server = Broken(BEGUN, message("Hi"), speech(b"one"), *ends, rest=sse(FINISHED))
    with pytest.raises(StreamInterruptedError) as caught:
        await make_client(server).chat.send("hi", collect_audio=True)
    assert caught.value.partial.workflow_run.status == "succeeded"
    assert len(server.asked) == 1


# -------------------------------------------------------------------------------------------------------- compressed streams
def packed(*frames: Any, after: bytes = b"") -> Chunks:
    """A compressed body that HTTP reports as complete, and that breaks off before its own end; `after` follows in the chunk."""
    packer = zlib.compressobj(wbits=31)
    return Chunks([packer.compress(sse(*frames)) + packer.flush(zlib.Z_SYNC_FLUSH) + after])


def compressed(*frames: Any, rest: bytes | None = None, after: bytes = b"") -> Broken:
    class Compressed(Broken):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            answer = super().__call__(request)
            if len(self.asked) == 1:
                answer.headers["content-encoding"] = "gzip"
            return answer

    server = Compressed(rest=rest)
    server.first = packed(*frames, after=after)
    return server


async def test_a_compressed_run_whose_body_ends_too_early_is_picked_up() -> None:
    server = compressed(run_started(), rest=sse(run_finished()))
    run = await make_client(server).workflows.run({})
    assert (run.status, run.reconnects) == ("succeeded", 1)


async def test_a_compressed_chat_whose_body_ends_too_early_is_cut() -> None:
    with pytest.raises(StreamInterruptedError, match="compressed body of the response broke off") as caught:
        await make_client(compressed(message("Hel"))).chat.send("hi")
    assert caught.value.partial.answer == "Hel"


async def test_a_compressed_chat_whose_body_ends_too_early_after_its_last_event_is_whole() -> None:
    assert (await make_client(compressed(message("Hello"), message_end())).chat.send("hi")).answer == "Hello"


RAW = b"\xff" + sse(message(" world"))


async def test_a_compressed_run_that_continues_with_raw_bytes_is_reconnected() -> None:
    server = compressed(run_started(), rest=sse(run_finished()), after=RAW)
    run = await make_client(server).workflows.run({})
    assert (run.status, run.reconnects) == ("succeeded", 1)


async def test_a_compressed_chat_that_continues_with_raw_bytes_keeps_its_reply() -> None:
    with pytest.raises(StreamInterruptedError, match="broke off, and other data followed") as caught:
        await make_client(compressed(message("Hello"), after=RAW)).chat.send("hi")
    assert caught.value.partial.answer == "Hello"


async def test_a_compressed_chat_of_two_members_is_complete() -> None:
    body = gzip.compress(sse(message("Hel"))) + gzip.compress(sse(message("lo"), message_end()))
    for chunks in ([body], [body[:40], body[40:]]):
        server = compressed()
        server.first = Chunks(chunks)
        assert (await make_client(server).chat.send("hi")).answer == "Hello"


# -------------------------------------------------------------------------------------------------------- what is no event
async def test_a_ping_is_not_delivered_in_whatever_form_it_comes() -> None:
    ping = {"event": "ping"}
    body = sse(ping, message("Hel"), ping, message("lo"), message_end())
    client = make_client(lambda request: answered(Chunks([b"event: ping\n\n", body])))
    assert await names(client.chat.stream("hi")) == ["message", "message", "message_end"]


class Clock:
    """A stand-in for the module `time`; the tests move it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Timed(Chunks):
    """A body whose chunks come when the clock says so."""

    def __init__(self, clock: Clock, *chunks: tuple[float, bytes]) -> None:
        super().__init__([data for _, data in chunks])
        self._clock = clock
        self._waits = [seconds for seconds, _ in chunks]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for seconds, data in zip(self._waits, self.chunks, strict=True):
            self._clock.now += seconds
            yield data


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    reader = AsyncEventStream.__init__.__globals__["AsyncEventReader"]  # of this face
    monkeypatch.setitem(reader.read.__globals__, "time", clock)
    return clock


NOISE = b": keep-alive\n\n"
END = sse(message("lo"), message_end())


async def test_the_time_that_a_reader_takes_is_not_the_servers(clock: Clock) -> None:
    body = Timed(clock, (0, sse(message("Hel"))), (0, NOISE), (0, NOISE), (0, END))
    text = ""
    async for event in make_client(lambda request: answered(body), timeout=10).chat.stream("hi"):
        text += getattr(event, "answer", "")
        clock.now += 1000
    assert text == "Hello"


async def test_comments_alone_are_no_sign_of_life(clock: Clock) -> None:
    body = Timed(clock, (0, sse(message("Hel"))), (15, NOISE), (15, NOISE), (0, END))
    with pytest.raises(StreamTimeoutError, match="comments"):
        await make_client(lambda request: answered(body), timeout=10).chat.send("hi")


async def test_comments_after_the_last_event_do_no_harm(clock: Clock) -> None:
    body = Timed(clock, (0, sse(message("Hel"), message_end())), (15, NOISE), (15, NOISE), (15, NOISE))
    assert (await make_client(lambda request: answered(body), timeout=10).chat.send("hi")).answer == "Hel"


# --------------------------------------------------------------------------------------------- closed while it is opened
class Closing:
    """Closes the stream while its call is under way, as another task would, and then answers."""

    def __init__(self, *before: httpx.Response, answer: httpx.Response) -> None:
        self.answers = [*before, answer]
        self.stream: Any = None
        self.asked = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked == len(self.answers):
            await self.stream.aclose()
        return self.answers[min(self.asked, len(self.answers)) - 1]


def later() -> httpx.Response:
    return httpx.Response(503, headers={"retry-after": "1"})


async def test_a_stream_that_is_closed_while_it_is_opened_ends_without_a_word_and_leaves_nothing_open(
    waits: list[float],
) -> None:
    body = Chunks([sse(message("Hello"), message_end())])
    server: Any = Closing(answer=answered(body))
    server.stream = make_client(server).chat.stream("hi")
    assert await names(server.stream) == []
    assert body.closed


@pytest.mark.parametrize("before", [0, 1])
async def test_a_stream_that_is_closed_while_it_is_opened_is_not_tried_again(before: int, waits: list[float]) -> None:
    server: Any = Closing(*[later() for _ in range(before)], answer=later())
    server.stream = make_client(server, max_retries=5).chat.stream("hi")
    assert await names(server.stream) == []
    assert server.asked == before + 1


@pytest.mark.parametrize("status", [404, 503])
async def test_a_stream_that_is_closed_while_it_is_picked_up_ends_without_a_word(
    status: int, waits: list[float]
) -> None:
    server: Any = Closing(answered(Chunks([sse(run_started())])), answer=httpx.Response(status))
    server.stream = make_client(server, max_retries=5).workflows.stream({})
    assert await names(server.stream) == ["workflow_started"]
    assert server.asked == 2


async def test_a_stream_that_is_closed_while_the_end_of_its_run_is_looked_up_ends_without_an_error(
    waits: list[float],
) -> None:
    cut = [answered(Chunks([sse(run_started())])) for _ in range(2)]
    server: Any = Closing(*cut, answer=httpx.Response(200, json={"id": "run-1", "status": "running"}))
    server.stream = make_client(server, max_retries=5).workflows.stream({})
    assert await names(server.stream) == ["workflow_started"]
    assert server.asked == 3


async def test_a_stop_whose_response_is_late_is_raised_and_not_sent_again() -> None:
    stops = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/stop"):
            stops.append(request)
            raise httpx.ReadTimeout("late", request=request)
        return answered(body)

    body = Chunks([sse(message("Hel")), sse(message("lo"), message_end())])
    stream = make_client(answer).chat.stream("hi")
    with pytest.raises(APITimeoutError) as caught:
        async for _ in stream:
            await stream.stop()
    assert caught.value.sent
    assert len(stops) == 1
    assert body.closed


async def test_the_stream_of_a_completion_knows_its_message_from_the_first_event_on() -> None:
    stream = make_client(lambda request: answered(Chunks([sse(message("Hi"), message_end())]))).completions.stream({})
    assert stream.message_id is None
    async for _ in stream:
        assert stream.message_id == "msg-1"


async def test_a_block_whose_stream_is_closed_while_it_is_entered_is_refused() -> None:
    body = Chunks([sse(message("Hello"), message_end())])
    server: Any = Closing(answer=answered(body))
    server.stream = make_client(server).chat.stream("hi")
    with pytest.raises(MisuseError, match="closed before"):
        async with server.stream:
            pass
    assert body.closed
