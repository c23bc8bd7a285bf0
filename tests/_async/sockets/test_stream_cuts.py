"""A stream that is cut says so, and hands over what had come: it never just ends, and never in another library's words."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dify import APITimeoutError, AsyncDify, StreamInterruptedError, StreamTimeoutError

from ...support import raw_frames as frames
from ...support.server import PATIENCE, Exchange, Server
from .support import beside, client_for, together

PIECES = ["Hel", "lo, ", "wörld 你好 🌍", " end."]
PARTS = [frames.PING, *map(frames.message, PIECES)]
CONTENT = b"".join(PARTS)
STREAM = CONTENT + frames.message_end()
AFTER = [len(b"".join(PARTS[: i + 1])) for i in range(len(PARTS))]

OFFSETS = {
    "before any byte": 0,
    "after the ping": AFTER[0],
    "within the first frame": AFTER[0] + 20,
    "between two frames": AFTER[1],
    "within a frame": AFTER[2] - 30,
    "between the two line ends of a frame": AFTER[2] - 1,
    "within a character of two bytes": STREAM.index("ö".encode()) + 1,
    "within a character of four bytes": STREAM.index("🌍".encode()) + 3,
    "before the terminal event": len(CONTENT),
    "within the terminal event": len(STREAM) - 1,
}


def cut(x: Exchange, way: str, at: int) -> None:
    """The stream up to a byte, and then one of the ways in which streams break off."""
    if way == "an end that HTTP takes for one, without a length":
        x.head(200, "text/event-stream", "Connection: close")
        x.send(STREAM[:at])
        x.close()
    x.sse(STREAM[:at])
    match way:
        case "an end in good order":
            x.end()
        case "the connection closed":
            x.close()
        case "the connection reset":
            x.reset()
        case "silence":
            x.hold()


CLEAN_ENDS = ("an end in good order", "an end that HTTP takes for one, without a length")
"""After these, a frame that lacks only its blank line is whole."""

WAYS = [
    "an end in good order",
    "an end that HTTP takes for one, without a length",
    "the connection closed",
    "the connection reset",
    "silence",
]


def gap_for(way: str) -> httpx.Timeout | None:
    """The read timeout: as short as a server that is alive keeps for certain, so that only silence meets it."""
    return httpx.Timeout(PATIENCE, read=1) if way == "silence" else None


def whole_at(way: str, at: int) -> int:
    """The bytes that count as sent: a clean end stands for the blank line of the last frame."""
    return next((end for end in (*AFTER, len(STREAM)) if way in CLEAN_ENDS and end - 2 <= at < end), at)


def text_before(at: int) -> str:
    """The text of the frames that are whole before a byte."""
    return "".join(piece for piece, end in zip(PIECES, AFTER[1:], strict=True) if end <= at)


async def read(client: AsyncDify, query: str) -> tuple[str, Exception | None]:
    """What a loop over a stream gets to see, and how it ends."""
    text = ""
    try:
        async for event in client.chat.stream(query):
            if event.event == "message":
                text += event.answer
    except Exception as error:  # noqa: BLE001 - the test looks at what it is
        return text, error
    return text, None


def judge(way: str, where: str, text: str, error: Exception | None) -> None:
    """Check what became of a stream that was cut there."""
    at = whole_at(way, OFFSETS[where])
    expected = text_before(at)
    if at == len(STREAM):
        assert (text, error) == (expected, None), where
        return
    assert type(error) is (StreamTimeoutError if way == "silence" else StreamInterruptedError), where
    assert isinstance(error, APITimeoutError) == (way == "silence"), where
    # A reset may overtake what was sent before it; nothing else may be missing.
    assert text == expected or (way == "the connection reset" and expected.startswith(text)), where
    if not text:
        assert error.partial is None, where
        return
    assert error.partial.answer == text, where
    assert (error.task_id, error.message_id) == (frames.TASK, frames.MESSAGE), where
    assert error.conversation_id == frames.CONVERSATION, where


@pytest.mark.parametrize("way", WAYS)
async def test_a_cut_raises_with_what_had_come(way: str) -> None:
    with Server(lambda x: cut(x, way, OFFSETS[x.request.json["query"]])) as server:
        async with client_for(server, timeout=gap_for(way)) as client:
            ends = await together([lambda where=where: read(client, where) for where in OFFSETS])
            for where, (text, error) in zip(OFFSETS, ends, strict=True):
                judge(way, where, text, error)
            if way != "an end in good order":  # after which the connection may be used again
                assert await beside(server.all_closed)
        assert len(server.requests) == len(OFFSETS)


@pytest.mark.parametrize("way", WAYS)
async def test_after_the_terminal_event_a_cut_is_of_no_interest(way: str) -> None:
    with Server(lambda x: cut(x, way, len(STREAM))) as server:
        async with client_for(server) as client:
            text, error = await read(client, "hi")
            assert error is None
            assert text == "".join(PIECES)


@pytest.mark.parametrize("way", WAYS)
async def test_the_whole_reply_of_a_cut_stream_raises_too(way: str) -> None:
    with Server(lambda x: cut(x, way, AFTER[2])) as server:
        async with client_for(server, timeout=gap_for(way)) as client:
            with pytest.raises(StreamInterruptedError) as caught:
                await client.chat.send("hi")
            assert caught.value.partial.answer == "Hello, "


@pytest.mark.parametrize("way", WAYS)
async def test_a_workflow_that_is_cut_before_its_run_is_known_cannot_be_picked_up(way: str) -> None:
    def answer(x: Exchange) -> None:
        if x.request.method == "POST":
            cut(x, way, AFTER[0])
        else:
            x.json({"code": "not_found", "message": "no such run", "status": 404}, 404)

    with Server(answer) as server:
        async with client_for(server, timeout=gap_for(way)) as client:
            with pytest.raises(StreamInterruptedError) as caught:
                await client.workflows.run({"q": "tea"})
            assert caught.value.partial is None
        # Whatever is tried, the run is not started a second time.
        assert [request.method for request in server.requests].count("POST") == 1


async def test_a_ping_keeps_a_silent_stream_alive() -> None:
    def answer(x: Exchange) -> None:
        x.sse(frames.message("Hello"))
        for _ in range(15):  # longer in all than the read timeout, and each time much shorter
            x.server.stopping.wait(0.1)
            x.chunk(frames.PING)
        x.chunk(frames.message_end())
        x.end()

    with Server(answer) as server:
        async with client_for(server, timeout=1) as client:
            assert (await client.chat.send("hi")).answer == "Hello"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["an end in good order", "the connection closed", "the connection reset"])
async def test_no_byte_is_a_place_where_a_cut_is_silent(way: str) -> None:
    def answer(x: Exchange) -> None:
        cut(x, way, int(x.request.json["query"]))

    with Server(answer) as server:
        async with client_for(server) as client:
            for first in range(0, len(STREAM), 20):
                offsets = list(range(first, min(first + 20, len(STREAM))))
                results: list[Any] = await together([lambda at=at: read(client, str(at)) for at in offsets])
                for at, (text, error) in zip(offsets, results, strict=True):
                    whole = whole_at(way, at)
                    expected = type(None) if whole == len(STREAM) else StreamInterruptedError
                    assert type(error) is expected, f"cut at byte {at}: {error!r}"
                    assert text_before(whole).startswith(text), f"cut at byte {at}"
                    assert way == "the connection reset" or text == text_before(whole), f"cut at byte {at}"
