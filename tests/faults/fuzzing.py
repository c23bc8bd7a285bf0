"""Garbage to feed the client with: recorded frames and answers, changed a little or a lot. The same garbage on every run."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings, strategies as st

from dify._streaming.decode import StreamName

from ..support import recordings
from ..support.recordings import Recording

T = TypeVar("T")

KINDS: tuple[StreamName, ...] = ("chat", "completion", "workflow", "datasource")


def fuzz(examples: int) -> Callable[[T], T]:
    """So many examples, the same ones everywhere and every time."""
    off = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=off)


def kind_of(one: Recording) -> StreamName:
    """What kind of stream was recorded."""
    if one.operation == "createCompletionMessage":
        return "completion"
    if one.operation == "runDatasourceNode":
        return "datasource"
    if one.operation == "sendChatMessage" or (one.app or "").startswith(("cf_", "chat", "agent")):
        return "chat"
    return "workflow"


@cache
def sequences() -> tuple[tuple[StreamName, tuple[dict[str, Any], ...]], ...]:
    """The frames of every recorded stream, up to sixty of each, with its kind."""
    read = [(kind_of(one), tuple(one.frames[:40] + one.frames[40:][-20:])) for one in recordings.streams()]
    return tuple(one for one in read if one[1])


@cache
def bodies() -> tuple[bytes, ...]:
    """Every recorded JSON answer of a readable size, refusals among them."""
    wanted = recordings.recordings(lambda one: isinstance(one.body, (dict, list)) and len(one.content) < 6000)
    return tuple(dict.fromkeys(one.content for one in wanted))


# ----------------------------------------------------------------------------------------------- changes to JSON
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["", "\ud800", "\u2028", "\x00", "NaN", "succeeded", "message_end", 10**40, -1, float("nan"), 1e308]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a JSON value, with each of its keys."""
    found: list[tuple[Any, Any]] = []
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        found.append((value, key))
        found += _places(value[key])
    return found


@st.composite
def changed(draw: Any, value: Any) -> Any:
    """The value with up to three of its parts replaced, taken away or doubled."""
    value = json.loads(json.dumps(value))
    for _ in range(draw(st.integers(0, 3))):
        places = _places(value)
        if not places:
            break
        owner, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "drop", "double"])):
            case "drop":
                del owner[key]
            case "double" if isinstance(owner, list):
                owner.append(owner[key])
            case _:
                owner[key] = draw(VALUES)
    return value


# ---------------------------------------------------------------------------------------------- changes to bytes
TOKENS = st.sampled_from(
    [
        b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b"\r\n\r\n", b"\xe2\x80\xa8", b"data:", b"event: ping\n\n", b":",
        b"[" * 3000, b'{"a":' * 500, b"9" * 5000, b"1e999", b"NaN", b"-Infinity", b'"\\ud800"', b"\\u0000", b"\\",
        b"}", b'"', b"null",
    ]
)  # fmt: skip


@st.composite
def damaged(draw: Any, content: bytes) -> bytes:
    """The content with up to four slices taken out, doubled or overwritten, and tokens put in."""
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        put = {
            "drop": b"",
            "double": content[start:end] * 2,
            "token": draw(TOKENS),
            "bytes": draw(st.binary(max_size=20)),
        }[draw(st.sampled_from(["drop", "double", "token", "bytes"]))]
        content = content[:start] + put + content[end:]
    return content


@st.composite
def chunked(draw: Any, content: bytes) -> list[bytes]:
    """The content in a few chunks, cut anywhere."""
    marks = draw(st.lists(st.integers(0, len(content)), max_size=8))
    edges = [0, *sorted(marks), len(content)]
    return [content[start:end] for start, end in pairwise(edges)]


@st.composite
def shuffled(draw: Any, items: tuple[Any, ...]) -> list[Any]:
    """Some of the items, some of them twice, a few out of order."""
    order = list(range(len(items)))
    for _ in range(draw(st.integers(0, 6))):
        source, target = draw(st.integers(0, len(order) - 1)), draw(st.integers(0, len(order)))
        match draw(st.sampled_from(["move", "double", "drop"])):
            case "move":
                order.insert(target, order.pop(source))
            case "double":
                order.insert(target, order[source])
            case _ if len(order) > 1:
                order.pop(source)
            case _:
                pass
    return [items[index] for index in order]


def as_stream(frames: list[Any]) -> bytes:
    """Frames as an event stream carries them; what JSON cannot say is written as Python's writer does."""
    return b"".join(b"data: " + json.dumps(frame).encode() + b"\n\n" for frame in frames)


STREAMS = st.sampled_from(sequences())


@st.composite
def broken_streams(draw: Any) -> tuple[StreamName, list[bytes]]:
    """A recorded stream: out of order, with other values, with damaged bytes, in chunks cut anywhere."""
    kind, frames = draw(STREAMS)
    some = draw(shuffled(frames))
    for _ in range(draw(st.integers(0, 2))):
        index = draw(st.integers(0, len(some) - 1))
        some[index] = draw(changed(some[index]))
    return kind, draw(chunked(draw(damaged(as_stream(some)))))
