"""The event-stream parser against cases of several implementations, and against the library's own parser."""

from __future__ import annotations

import base64
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import pytest
from hypothesis import example, given, strategies as st

from dify._streaming.sse import FrameTooLarge, SSEParser

DATA = Path(__file__).resolve().parents[1] / "data"


def long_case(name: str, chunks: list[bytes], expected: list[str]) -> dict[str, Any]:
    due = [0] * (len(chunks) - 1) + [len(expected)]
    return {"name": name, "chunks": chunks, "expected": expected, "after_chunk": due}


CASES = [
    *(
        case | {"chunks": [base64.b64decode(chunk) for chunk in case["chunks"]]}
        for case in json.loads((DATA / "sse_cases.json").read_bytes())
    ),
    long_case(
        "many-events-one-chunk",
        [b"".join(b"data: message %d\n\n" % number for number in range(100))],
        [f"message {number}" for number in range(100)],
    ),
    long_case("long-line-64k-one-chunk", [b"data: " + b"A" * 65536 + b"\n\n"], ["A" * 65536]),
    long_case("long-line-64k-in-64-chunks", [b"data: ", *[b"B" * 1024] * 64, b"\n\n"], ["B" * 65536]),
    long_case("many-data-lines", [b"data: x\n" * 2000 + b"\n"], ["\n".join("x" * 2000)]),
]


def text_of(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def parsed(chunks: list[bytes], parser: SSEParser | None = None) -> list[str]:
    parser = parser or SSEParser()
    return [text_of(data) for chunk in chunks for data in parser.feed(chunk)]


def name_of(case: dict[str, Any]) -> str:
    return case["name"]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_case_gives_its_events_and_gives_them_in_time(case):
    parser, found = SSEParser(), []
    for chunk, due in zip(case["chunks"], case["after_chunk"], strict=True):
        found += [text_of(data) for data in parser.feed(chunk)]
        assert len(found) >= due, "an event that was complete was held back"
    assert found == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_case_gives_the_same_events_in_one_piece_and_byte_by_byte(case):
    whole = b"".join(case["chunks"])
    assert parsed([whole]) == case["expected"]
    assert parsed([bytes([byte]) for byte in whole]) == case["expected"]


LINES = st.sampled_from(
    [
        'data: {"event": "message", "answer": "x"}',
        'data: {"event":"message","answer":"你好 🎉"}',
        'data: {"a": "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"}',
        'data:{"tight": 1}',
        "data:   spaced ",
        "data: {",
        "data: }",
        "data",
        "data:",
        "data: data: {",
        "datax: {}",
        " data: {}",
        "DATA: {}",
        "event: ping",
        "event",
        "id: 7",
        "retry: 10",
        ": comment with data: {in it}",
        ":",
        "",
        "",
        "",
    ]
)
ENDS = st.sampled_from(["\n", "\n", "\r\n", "\r"])
STREAMS = st.lists(st.tuples(LINES, ENDS), max_size=24).map(lambda lines: "".join(line + end for line, end in lines))


def by_the_library(content: bytes) -> list[str]:
    """What httpx-sse's own event source reads from the whole, but for events without data, which it gives as well."""
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=content)
    return [event.data for event in httpx_sse.EventSource(response).iter_sse() if event.data]


@example("data: a\r\ndata: b\r\r\ndata: c\n\r\n\n", [3, 8, 9, 10, 17])
@example('data: {"a": 1}\n\ndata: {\n\n', [15])
@given(STREAMS, st.lists(st.integers(0, 600), max_size=12))
def test_the_fast_path_agrees_with_the_librarys_parser(text, marks):
    content = text.encode()
    edges = sorted({0, len(content), *(mark for mark in marks if mark < len(content))})
    chunks = [content[start:end] for start, end in pairwise(edges)]
    assert [data for data in parsed(chunks) if data] == by_the_library(content)


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_no_bytes_break_the_parser_and_no_cut_changes_what_it_reads(chunks):
    assert parsed(chunks) == parsed([b"".join(chunks)])


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_end_of_a_stream_ends_its_last_event(ending):
    parser = SSEParser()
    assert parser.feed(f'data: {{"a": 1}}\n\ndata: {{"b": 2}}{ending}'.encode()) == [b'{"a": 1}']
    assert parser.finish() == [b'{"b": 2}']
    assert parser.finish() == []


@pytest.mark.parametrize("rest", ["", "\n", ": comment", "event: ping\n", "id: 7"])
def test_a_stream_that_ends_without_data_has_no_last_event(rest):
    parser = SSEParser()
    parser.feed(f'data: {{"a": 1}}\n\n{rest}'.encode())
    assert parser.finish() == []


def test_a_frame_over_the_limit_is_refused_however_it_comes():
    frame = b"data: {" + b"x" * 200 + b"}\n\n"
    for chunks in ([frame], [frame[:150], frame[150:]], [bytes([byte]) for byte in frame]):
        with pytest.raises(FrameTooLarge):
            parsed(chunks, SSEParser(limit=100))


def test_a_frame_without_an_end_is_refused_before_it_is_kept():
    with pytest.raises(FrameTooLarge):
        parsed([b": never ends " * 4] * 100, SSEParser(limit=1000))


def test_frames_below_the_limit_pass_one_after_the_other():
    parser = SSEParser(limit=100)
    frame = b'data: {"a": "' + b"x" * 60 + b'"}\n\n'
    assert sum(len(parser.feed(frame[:50]) + parser.feed(frame[50:])) for _ in range(20)) == 20


def test_a_long_frame_in_small_chunks_is_read_in_linear_time():
    def work(size: int) -> float:
        content = b'data: {"a": "' + b"x" * size + b'"}\n\n'
        parser, start = SSEParser(), time.thread_time()
        found = [data for at in range(0, size + 20, 100) for data in parser.feed(content[at : at + 100])]
        assert len(found) == 1
        return time.thread_time() - start

    # The work alone is counted, not what else the processor does. Thirty-two times the bytes are about thirty-two times the
    # work; where what has come were searched anew for each chunk, it would be a thousand times as much.
    few = min(work(25_000) for _ in range(5))
    assert min(work(800_000) for _ in range(3)) < 32 * 6 * few
