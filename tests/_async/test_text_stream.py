"""`stream.text_stream` is an iterator: for loops, and piece by piece; closing it closes the connection."""

from __future__ import annotations

import pytest

from dify import WorkflowFailedError
from tests.support.frames import RUN_IDS, message, message_end, replaced, run_finished, run_started, sse, text_chunk

from .support import Chunks, answered, make_client

PIECES = ["Hel", "lo", "!"]


def a_stream():
    """A stream of a chat, and the body behind it."""
    body = Chunks([*(sse(message(piece)) for piece in PIECES), sse(message_end())])
    return make_client(lambda request: answered(body)).chat.stream("hi"), body


async def test_the_text_is_iterated_or_taken_piece_by_piece():
    stream, _ = a_stream()
    assert [piece async for piece in stream.text_stream] == PIECES
    stream, body = a_stream()
    pieces = stream.text_stream
    assert [await anext(pieces), await anext(pieces)] == PIECES[:2]
    assert [piece async for piece in pieces] == PIECES[2:]
    assert await anext(pieces, None) is None
    assert body.closed


async def test_closing_the_text_closes_the_connection():
    stream, body = a_stream()
    pieces = stream.text_stream
    await anext(pieces)
    await pieces.aclose()
    assert body.closed
    assert body.sent == 1


async def test_closing_unread_text_closes_an_open_stream_and_opens_no_other():
    stream, body = a_stream()
    async with stream:
        await stream.text_stream.aclose()
        assert body.closed
    stream, body = a_stream()
    async with stream.text_stream:
        pass
    assert body.sent == 0


async def test_the_text_is_a_context_manager_that_closes_the_connection():
    stream, body = a_stream()
    async with stream.text_stream as pieces:
        async for piece in pieces:
            assert piece == PIECES[0]
            break
    assert body.closed
    assert body.sent == 1


async def parts_of(frames, noun="chat", argument="hi"):
    """The labelled pieces of a stream, its text, and its final reply."""
    client = make_client(lambda request: answered(Chunks([sse(*frames)])))
    stream = getattr(client, noun).stream(argument)
    parts = [(part.type, part.text, part.replaces) async for part in stream.content_parts()]
    return parts, await stream.final()


async def test_the_pieces_of_text_and_reasoning_are_labelled():
    frames = [message("<thi"), message("nk>2 + "), message("2</think>\n4"), message("!"), message_end()]
    parts, reply = await parts_of(frames)
    assert parts == [
        ("reasoning", "2 + ", False),
        ("reasoning", "2", False),
        ("text", "4", False),
        ("text", "!", False),
    ]
    assert (reply.reasoning, reply.answer_without_reasoning) == ("2 + 2", "4!")


async def test_reasoning_in_events_of_its_own_is_labelled_alike():
    chunk = {"event": "reasoning_chunk", **RUN_IDS, "data": {"reasoning": "2 + 2", "node_id": "llm"}}
    final = {"event": "reasoning_chunk", **RUN_IDS, "data": {"reasoning": "", "node_id": "llm", "is_final": True}}
    frames = [run_started(), chunk, final, text_chunk("4 <"), run_finished()]
    parts, _ = await parts_of(frames, "workflows", {})
    assert parts == [("reasoning", "2 + 2", False), ("text", "4 ", False), ("text", "<", False)]


async def test_replaced_text_is_marked_at_its_first_part():
    parts, _ = await parts_of([message("<think>a"), replaced("<think>b</think>c"), message("d"), message_end()])
    assert parts == [
        ("reasoning", "a", False),
        ("reasoning", "b", True),
        ("text", "c", False),
        ("text", "d", False),
    ]
    parts, _ = await parts_of([message("a"), replaced(""), message_end()])
    assert parts == [("text", "a", False), ("text", "", True)]


async def test_labelled_pieces_end_in_the_error_of_a_failed_run():
    frames = [run_started(), text_chunk("4"), run_finished("failed", error="no")]
    with pytest.raises(WorkflowFailedError):
        await parts_of(frames, "workflows", {})
