"""`stream.text_stream` is an iterator: for loops, and piece by piece; closing it closes the connection."""

from __future__ import annotations

from tests.support.frames import message, message_end, sse

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
