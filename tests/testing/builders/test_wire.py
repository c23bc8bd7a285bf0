"""Streams as bytes: whatever happens on the way, the client reads the same, or says what went wrong."""

from __future__ import annotations

import pytest

from dify import StreamInterruptedError, StreamTimeoutError
from dify.testing import DifyMock, Wire, chat_stream, events, responses, workflow_stream
from dify.types.events import UnknownEvent

STREAM = chat_stream(["Hé", "llo ", "\u2028", "🎉"])
SAID = "Hé" + "llo " + "\u2028" + "🎉"

WAYS = [
    {},
    {"crlf": True},
    {"bom": True},
    {"comments": True},
    {"pings": 1},
    {"cut": 7, "pings": 2, "crlf": True, "comments": True, "bom": True},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_both_faces_read_the_same_whatever_the_wire_does(way):
    mock = DifyMock()
    mock.chat.streams(Wire(STREAM, **way))
    assert (await mock.client().chat.send("Hi")).answer == SAID
    assert mock.sync_client().chat.send("Hi").answer == SAID


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 64, 10_000])
def test_a_stream_is_cut_anywhere_and_nothing_is_lost(cut):
    wire = Wire(STREAM, cut=cut)
    chunks = list(wire)
    assert b"".join(chunks) == wire.content
    assert {len(chunk) for chunk in chunks[:-1]} <= {cut}


def test_a_chunk_is_an_event_unless_said_otherwise():
    assert len(list(Wire(STREAM))) == len(STREAM)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_dropped_stream_raises_with_what_had_come(after):
    mock = DifyMock()
    mock.chat.streams(Wire(STREAM, drop_after=after))
    with pytest.raises(StreamInterruptedError) as caught:
        mock.sync_client().chat.send("Hi")
    partial = caught.value.partial
    assert (partial.answer if partial is not None else "") == "".join(["Hé", "llo ", "\u2028"][:after])


def test_pings_do_not_count_as_events_that_came():
    wire = Wire(workflow_stream(), drop_after=1)
    assert [event.event for event in wire.events] == ["ping", "workflow_started"]


@pytest.mark.parametrize(("drop", "kind"), [("end", StreamInterruptedError), ("timeout", StreamTimeoutError)])
async def test_a_stream_can_end_early_or_fall_silent(drop, kind):
    mock = DifyMock()
    mock.chat.streams(Wire(STREAM, drop_after=1, drop=drop))
    with pytest.raises(kind) as caught:
        await mock.client().chat.send("Hi")
    assert type(caught.value) is kind


async def test_a_delay_is_waited_before_every_chunk_but_the_first(monkeypatch):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("dify.testing.responses.anyio.sleep", sleep)
    monkeypatch.setattr("dify.testing.responses.time.sleep", waited.append)
    mock = DifyMock()
    mock.chat.streams(Wire(STREAM, delay=0.5))
    await mock.client().chat.send("Hi")
    assert waited == [0.5] * (len(STREAM) - 1)
    waited.clear()
    mock.sync_client().chat.send("Hi")
    assert waited == [0.5] * (len(STREAM) - 1)


def test_an_event_of_a_newer_server_keeps_its_members():
    event = UnknownEvent(name="brand_new", data={"event": "brand_new", "level": 5})
    assert Wire([event]).content == b'data: {"event":"brand_new","level":5}\n\n'


def test_bytes_go_out_as_they_are_among_events():
    assert Wire([b"data: [DONE]\n\n", events.ping()]).content == b"data: [DONE]\n\nevent: ping\n\n"


def test_nothing_can_be_cut_into_no_bytes():
    with pytest.raises(ValueError, match="1 or more"):
        Wire(STREAM, cut=0)


async def test_a_body_is_closed_when_its_reader_leaves():
    made = []

    def answer(_):
        made.append(responses.stream(STREAM))
        return made[-1]

    mock = DifyMock()
    mock.chat.send.answers(answer)
    async with mock.client().chat.stream("Hi") as stream:
        async for _ in stream:
            break
    assert made[0].stream.closed
