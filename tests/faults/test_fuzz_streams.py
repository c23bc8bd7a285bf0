"""Garbage for what reads streams: parser, events, folds, and the client as a whole; they raise nothing but its own errors."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st

from dify import AsyncDify, Dify, DifyError, ResponseValidationError
from dify._streaming import decode as _events
from dify._streaming.decode import StreamName, decoder_of
from dify._streaming.folds import ChatFold, CompletionFold, DatasourceFold, WorkflowFold
from dify._streaming.reconnect import _KEYS, RunFollower
from dify._streaming.sse import FrameTooLarge, SSEParser
from dify.types.events import ErrorEvent, WorkflowPausedEvent, WorkflowStartedEvent
from dify.types.http import HTTPInfo

from .fuzzing import KINDS, STREAMS, VALUES, broken_streams, changed, fuzz, shuffled

INFO = HTTPInfo(200, {})
FOLDS: dict[StreamName, list[Any]] = {
    "chat": [ChatFold, lambda: ChatFold(collect_audio=True, continue_on_pause=True)],
    "completion": [CompletionFold, lambda: CompletionFold(collect_audio=True)],
    "workflow": [WorkflowFold, lambda: WorkflowFold(collect_audio=True, continue_on_pause=True)],
    "datasource": [DatasourceFold],
}


# ----------------------------------------------------------------------------------------------------------- the parser
@fuzz(400)
@given(st.lists(st.binary(max_size=300), max_size=30), st.integers(1, 400))
def test_no_bytes_make_the_parser_raise_another_error_or_keep_more_than_its_limit(
    chunks: list[bytes], limit: int
) -> None:
    parser = SSEParser(limit)
    try:
        for chunk in chunks:
            found = parser.feed(chunk)
            assert sum(map(len, parser._parts)) <= limit
            assert all(len(data) <= limit for data in found)
    except FrameTooLarge:
        assert sum(map(len, chunks)) > limit
        assert parser._parts == []


@pytest.mark.parametrize("size", [1, 7, 64, 5000])
def test_an_event_in_small_pieces_takes_no_more_memory_than_in_large_ones(size: int) -> None:
    limit = 1 << 18
    parser, piece = SSEParser(limit), b"x" * size
    parser.feed(b'data: {"')
    tracemalloc.start()
    try:
        with pytest.raises(FrameTooLarge):
            for _ in range(limit // size + 1):
                parser.feed(bytes(bytearray(piece)))  # each an object of its own, as from a socket
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * limit


@pytest.mark.parametrize("spelled", [b'data: {"', b'data:{"'])
def test_an_event_of_the_limits_size_takes_a_few_times_its_room(spelled: bytes) -> None:
    limit = 4 << 20
    content = spelled + b"x" * (limit - 100) + b'"}\n\n'
    parser, found = SSEParser(limit), list[bytes]()
    tracemalloc.start()
    try:
        for start in range(0, len(content), 1 << 16):
            found += parser.feed(content[start : start + (1 << 16)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [len(data) for data in found] == [len(content) - content.index(b"{") - 2]
    assert peak < 3 * limit


@pytest.mark.parametrize("piece", ["x", "\u00e9", "\U0001f389", "ab\ndata:", "\ndata"])
def test_an_event_that_only_the_library_can_read_takes_at_most_four_times_the_limit(piece: str) -> None:
    limit = 1 << 19
    raw = piece.encode()
    block = b"event: message\ndata: " + raw * ((limit - 100) // len(raw))
    parser = SSEParser(limit)
    tracemalloc.start()
    try:
        for start in range(0, len(block), 1 << 16):
            assert parser.feed(block[start : start + (1 << 16)]) == []
        found = parser.feed(b"\n\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == [block.removeprefix(b"event: message\ndata: ").replace(b"\ndata:", b"\n").replace(b"\ndata", b"\n")]
    assert peak < 4 * limit + (1 << 17)


def outcome(kind: StreamName, data: bytes, large: int) -> Any:
    """What a reader makes of a frame, taking frames of so many bytes for large: an event, or an error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_events, "LARGE", large)
        try:
            event = decoder_of(kind)(data)
        except DifyError as error:
            return type(error)  # the words differ: "an object", "a dictionary"
        return type(event), event.model_dump(), event.model_extra


@fuzz(300)
@given(st.data(), STREAMS)
def test_a_frame_reads_the_same_whether_it_counts_as_large_or_not(
    data: st.DataObject, stream: tuple[StreamName, tuple[dict[str, Any], ...]]
) -> None:
    kind, frames = stream
    for frame in frames[:5]:
        # Without floats: one that stands where an id is due becomes text in two spellings, 0 and 0.0.
        drawn = json.loads(json.dumps(data.draw(changed(frame))), parse_float=lambda _: 7, parse_constant=lambda _: 7)
        raw = json.dumps(drawn).encode()
        assert outcome(kind, raw, 0) == outcome(kind, raw, 1 << 40)


@fuzz(300)
@given(broken_streams())
def test_broken_streams_become_events_or_a_validation_error(broken: tuple[StreamName, list[bytes]]) -> None:
    kind, chunks = broken
    read, parser = decoder_of(kind), SSEParser()
    for chunk in chunks:
        for data in parser.feed(chunk):
            try:
                found: Any = read(data)
            except ResponseValidationError as error:
                found = error
            if isinstance(found, ResponseValidationError):
                assert found.body is not None
                assert len(str(found)) < 4000
            else:
                assert isinstance(found.event, str)


@fuzz(500)
@given(st.sampled_from(KINDS), st.binary(max_size=200) | st.text(max_size=200) | VALUES.map(repr))
def test_data_that_is_no_event_is_a_validation_error(kind: StreamName, data: bytes | str) -> None:
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    if text.strip() in ("", "[DONE]"):  # gateways add such lines
        assert decoder_of(kind)(data) is None
        return
    with pytest.raises(ResponseValidationError):
        decoder_of(kind)(data)


# ------------------------------------------------------------------------------------------------------------ the folds
def events_of(kind: StreamName, frames: list[Any]) -> list[Any]:
    read, events = decoder_of(kind), []
    for frame in frames:
        try:
            events.append(read(httpx.Response(200, json=frame).content))
        except (ResponseValidationError, ValueError):  # a frame that JSON cannot say has no event either
            continue
    return [event for event in events if not isinstance(event, ErrorEvent)]


@fuzz(300)
@given(st.data(), STREAMS)
def test_events_in_any_order_any_number_of_times_fold_to_a_reply_or_a_typed_error(
    data: st.DataObject, stream: tuple[StreamName, tuple[dict[str, Any], ...]]
) -> None:
    kind, frames = stream
    some = data.draw(shuffled(frames))
    if data.draw(st.booleans()):
        index = data.draw(st.integers(0, len(some) - 1))
        some[index] = data.draw(changed(some[index]))
    for make in FOLDS[kind]:
        fold, events = make(), events_of(kind, some)
        try:
            for event in events:
                fold.feed(event)
                fold.text_of(event)
                reply = fold.snapshot()
        except DifyError:
            continue
        if not events:
            continue
        assert isinstance(fold.over, bool)
        assert fold.grace is None or fold.grace <= 5
        assert len(str(fold.text)) <= len(str(some))
        if hasattr(reply, "model_dump_json"):
            reply.model_dump_json()


REPEATED = {*_KEYS, WorkflowStartedEvent, WorkflowPausedEvent}


def resumes(event: Any) -> bool:
    """A run that is resumed after a pause repeats events that are new."""
    return isinstance(event, WorkflowStartedEvent) and event.data.reason == "resumption"


@fuzz(300)
@given(st.data(), STREAMS)
def test_whatever_a_replay_repeats_nothing_is_delivered_twice(
    data: st.DataObject, stream: tuple[StreamName, tuple[dict[str, Any], ...]]
) -> None:
    kind, frames = stream
    cut = data.draw(st.integers(1, len(frames)))
    follower = RunFollower(FOLDS[kind][0]())
    list(follower.deliver(events_of(kind, list(frames[:cut])), INFO))
    if follower.reconnect(max_retries=2):
        replay = [event for event in events_of(kind, data.draw(shuffled(frames[:cut]))) if not resumes(event)]
        assert [event for event in follower.deliver(replay, INFO) if type(event) in REPEATED] == []


# ----------------------------------------------------------------------------------------------------------- the client
class Pieces(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A body for either face."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Any:
        return iter(self._chunks)

    async def __aiter__(self) -> Any:
        for chunk in self._chunks:
            yield chunk


def opened(client: Any, kind: StreamName) -> Any:
    match kind:
        case "chat":
            return client.chat.stream("hi", collect_audio=True)
        case "completion":
            return client.completions.stream({})
        case "workflow":
            return client.workflows.stream({})
        case "datasource":
            return client.knowledge.pipelines.run_datasource_node(
                "base", "node", inputs={}, datasource_type="website_crawl", is_published=True
            )


CALM = {
    "base_url": "https://dify.test", "api_key": "app-test-key", "knowledge_api_key": "dataset-test-key", "user": "alice",
    "max_retries": 0,
}  # fmt: skip


@fuzz(200)
@given(broken_streams() | st.tuples(st.sampled_from(KINDS), st.lists(st.binary(max_size=100), max_size=5)))
def test_a_client_that_reads_a_broken_stream_returns_a_reply_or_raises_one_of_its_errors(
    broken: tuple[StreamName, list[bytes]],
) -> None:
    kind, chunks = broken

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404, json={"code": "not_found", "message": "no", "status": 404})
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Pieces(chunks))

    async def waiting() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
            return await opened(AsyncDify(http_client=http, **CALM), kind).final()

    def blocking() -> Any:
        with httpx.Client(transport=httpx.MockTransport(handler)) as http:
            return opened(Dify(http_client=http, **CALM), kind).final()

    told: list[Any] = []
    for read in (lambda: asyncio.run(waiting()), blocking):
        try:
            told.append(read())
        except DifyError as error:
            told.append((type(error), str(error)))
    assert told[0] == told[1] or str(told[0]) == str(told[1])  # a NaN equals nothing, not even itself
