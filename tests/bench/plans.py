"""What a server is asked to send, and the bytes of it, made of recorded frames. Pure.

A plan travels in the path of a request, so that the server in another process and the network that is not there answer alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from itertools import cycle, islice
from typing import Any, Literal

from ..support.recordings import recording

LARGE = 1 << 16
"""Bytes of a large chunk, and what an HTTP library reads at a time."""

_LONG = ("files", "outputs", "inputs")
"""Members of a node's data that hold its files; more files make a longer frame of the recorded shape."""


@dataclass(frozen=True)
class Plan:
    """One answer.

    Args:
        frames: "message": text deltas of a chat; "node": node frames of 2 to 20 KB; "huge": one delta of `count` bytes;
            "reply": a whole JSON answer.
        count: Frames to send, but for "huge" and "reply".
        chunk: Bytes of each chunk; 0 for a frame in each.
        every: Milliseconds between chunks; 0 for none.
        hold: Whether the stream stays open after its first chunk.
    """

    frames: Literal["message", "node", "huge", "reply"] = "message"
    count: int = 1
    chunk: int = LARGE
    every: int = 0
    hold: bool = False

    @property
    def path(self) -> str:
        """The plan as the first part of a path."""
        return "plan." + ".".join(str(int(v) if isinstance(v, bool) else v) for v in vars(self).values())

    @classmethod
    def of(cls, target: str) -> Plan:
        """The plan that a path begins with."""
        values = target.lstrip("/").partition("/")[0].split(".")[1:]
        read = [value if f.name == "frames" else int(value) for f, value in zip(fields(cls), values, strict=True)]
        frames, count, chunk, every, hold = read
        return cls(frames, count, chunk, every, bool(hold))  # type: ignore[arg-type]


def dialect_of(target: str) -> str:
    """Whose wire the answer is written in; peers get the recorded words in the shape of theirs."""
    if target.endswith("/chat/completions"):
        return "openai"
    return "anthropic" if target.endswith("/v1/messages") else "dify"


# --------------------------------------------------------------------------------------------------------------- frames
@cache
def _chat() -> list[dict[str, Any]]:
    return recording("chat/moderated_input_stream").frames


@cache
def _run() -> list[dict[str, Any]]:
    return recording("files/wf_file_inputs_streaming").frames


def reply() -> dict[str, Any]:
    """A recorded answer of the blocking mode."""
    body: dict[str, Any] = recording("chat/blocking_first").body
    return body


def _longer(frame: dict[str, Any], times: int) -> dict[str, Any]:
    data = dict(frame["data"])
    for name in _LONG:
        value = data.get(name)
        if isinstance(value, list):
            data[name] = value * times
        elif isinstance(value, dict):
            data[name] = {k: v * times if isinstance(v, list) else v for k, v in value.items()}
    return frame | {"data": data}


# Listed, so that a new recording does not change what is measured.
NODES_FROM = (
    "agent_node/cf_stream",
    "agent_node/wf_stream",
    "chatflow/moderated_output_stream",
    "chatflow/tts_autoplay_stream",
    "files/cf_with_image",
    "files/wf_file_inputs_streaming",
    "pipeline/run_file_streaming_draft",
    "workflow/llm_image_stream",
)


@cache
def node_frames() -> list[dict[str, Any]]:
    """Recorded node frames of 2 to 20 KB, and the longest of them with more files in it."""
    long = [
        frame
        for name in NODES_FROM
        for frame in recording(name).frames
        if frame["event"] == "node_finished" and 2000 <= len(json.dumps(frame)) <= 20_000
    ]
    longest = max(long, key=lambda frame: len(json.dumps(frame)))
    return [*long, _longer(longest, 2), _longer(longest, 3)]


def _dify(plan: Plan) -> Iterator[dict[str, Any]]:
    if plan.frames == "node":
        yield _run()[0]
        yield from islice(cycle(node_frames()), plan.count)
        yield _run()[-1]
        return
    *deltas, end = _chat()
    if plan.frames == "huge":
        words = "".join(delta["answer"] for delta in deltas)
        yield deltas[0] | {"answer": words * (plan.count // len(words))}
    else:
        yield from islice(cycle(deltas), plan.count)
    yield end


def _openai(frame: dict[str, Any]) -> dict[str, Any]:
    delta = {"index": 0, "delta": {"content": frame["answer"]}, "logprobs": None, "finish_reason": None}
    kept = {"id": frame["message_id"], "created": frame["created_at"]}
    return kept | {"object": "chat.completion.chunk", "model": "m", "choices": [delta]}


def _anthropic(frame: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": frame["answer"]}}


@cache
def blocks(plan: Plan, dialect: str) -> list[bytes]:
    """The event stream, a block for each frame."""
    deltas = islice(cycle(_chat()[:-1]), plan.count)
    match dialect:
        case "openai":
            return [*(_block(_openai(delta)) for delta in deltas), b"data: [DONE]\n\n"]
        case "anthropic":
            start = b"event: content_block_delta\n"
            return [
                *(start + _block(_anthropic(d)) for d in deltas),
                b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
            ]
        case _:
            return [_block(frame) for frame in _dify(plan)]


def _block(frame: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(frame, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


# ------------------------------------------------------------------------------------------------------------- the wire
@cache
def chunks(plan: Plan, dialect: str) -> list[bytes]:
    """The body in the chunks that the plan asks for."""
    parts = blocks(plan, dialect)
    if not plan.chunk:
        return parts
    body = b"".join(parts)
    return [body[at : at + plan.chunk] for at in range(0, len(body), plan.chunk)]


@cache
def wire(plan: Plan, dialect: str) -> list[bytes]:
    """An HTTP answer, as the pieces that are written one after another; the head comes with the first chunk."""
    if plan.frames == "reply":
        body = json.dumps(_reply_for(dialect)).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        return [head + body]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    first, *rest = [b"%x\r\n" % len(chunk) + chunk + b"\r\n" for chunk in chunks(plan, dialect)]
    return [head + first, *rest, b"0\r\n\r\n"]


def _reply_for(dialect: str) -> dict[str, Any]:
    body = reply()
    used = body["metadata"]["usage"]
    match dialect:
        case "openai":
            message = {"role": "assistant", "content": body["answer"]}
            usage = {name: used[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
            choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]
            kept = {"id": body["id"], "created": body["created_at"], "usage": usage}
            return kept | {"object": "chat.completion", "model": "m", "choices": choices}
        case "anthropic":
            usage = {"input_tokens": used["prompt_tokens"], "output_tokens": used["completion_tokens"]}
            text = [{"type": "text", "text": body["answer"]}]
            kept = {"id": body["id"], "content": text, "usage": usage, "stop_reason": "end_turn", "stop_sequence": None}
            return kept | {"type": "message", "role": "assistant", "model": "m"}
        case _:
            return body
