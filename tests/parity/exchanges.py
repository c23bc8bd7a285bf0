"""Sending the requests of steps, and reading what comes back."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx

from .world import World

__all__ = ["Missing", "Reply", "Step", "fill", "request_of", "send"]

Step = dict[str, Any]
"""A step of a scenario, as in its file."""


class Missing(Exception):
    """A step needs a value that no earlier step could save."""


def fill(value: Any, known: dict[str, Any]) -> Any:
    """Return a value with every `${name}` replaced, and every repetition written out."""
    if isinstance(value, str):
        whole = re.fullmatch(r"\$\{(\w+)\}", value)
        return (
            _look_up(whole[1], known) if whole else re.sub(r"\$\{(\w+)\}", lambda m: str(_look_up(m[1], known)), value)
        )
    if isinstance(value, dict):
        if value.keys() == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {fill(key, known): fill(member, known) for key, member in value.items()}
    return [fill(item, known) for item in value] if isinstance(value, list) else value


def _look_up(name: str, known: dict[str, Any]) -> Any:
    if name not in known:
        raise Missing(name)
    return known[name]


def _content(spec: Any, known: dict[str, Any]) -> bytes:
    if isinstance(spec, dict) and "base64" in spec:
        return base64.b64decode(spec["base64"])
    return str(fill(spec, known)).encode()


def request_of(step: Step, known: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    """Return the arguments for httpx."""
    headers = {name: str(fill(value, known)) for name, value in step.get("headers", {}).items()}
    if step["key"] != "none":
        headers.setdefault("Authorization", f"Bearer {keys[step['key']]}")
    path = re.sub(r"\{(\w+)\}", lambda match: str(_look_up(match[1], known)), step["path"])
    request: dict[str, Any] = {"method": step["method"], "url": path, "headers": headers}
    if "query" in step:
        request["params"] = fill(step["query"], known)
    if "json" in step:
        request["content"] = json.dumps(fill(step["json"], known)).encode()
        headers.setdefault("Content-Type", "application/json")
    if "raw" in step:
        request["content"] = _content(step["raw"], known)
    if "form" in step:
        fields = fill(step["form"], known)
        request["data"] = {name: each if isinstance(each, str) else json.dumps(each) for name, each in fields.items()}
    if "files" in step:
        request["files"] = [(each.get("field", "file"), _part(each, known)) for each in step["files"]]
    return request


def _part(file: dict[str, Any], known: dict[str, Any]) -> tuple[Any, ...]:
    part = (fill(file.get("name", "file.txt"), known), _content(file.get("content", ""), known))
    return (*part, file["type"]) if file.get("type") else part


class Reply:
    """An answer.

    Attributes:
        json: The body, if it is JSON.
        frames: The frames of an event stream, without pings.
    """

    def __init__(self, response: httpx.Response, body: bytes) -> None:
        self.status, self.headers, self.body = response.status_code, response.headers, body
        self.media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        self.frames: list[dict[str, Any]] | None = None
        self.json: Any = None
        if self.media_type == "text/event-stream":
            lines = body.decode().splitlines()
            self.frames = [json.loads(line[5:]) for line in lines if line.startswith("data:")]
        elif "json" in self.media_type:
            with contextlib.suppress(ValueError):
                self.json = json.loads(body)


async def send(client: httpx.AsyncClient, request: dict[str, Any], world: World, stop_after: float | None) -> Reply:
    """Send a request, and read the answer: a stream to its end, or for so many seconds of the world's clock."""
    async with client.stream(**request) as response:
        if "text/event-stream" not in response.headers.get("content-type", ""):
            return Reply(response, await response.aread())
        limit = None if stop_after is None else world.clock.seconds + stop_after
        pieces = [piece async for piece in _until(response.aiter_raw(), world, limit)]
        return Reply(response, b"".join(pieces))


async def _until(pieces: AsyncIterator[bytes], world: World, limit: float | None) -> AsyncIterator[bytes]:
    """The pieces of a stream. When everything waits for the clock, the clock moves; at the limit, the reader leaves.

    The reader also leaves a stream that stays open although nothing is at work that could write to it.
    """
    while True:
        piece = asyncio.ensure_future(anext(pieces, None))
        while not await _done_soon(piece):
            wake = world.clock.next_wake
            if wake is None and not world.is_idle():
                await asyncio.wait({piece}, timeout=0.005)
            elif wake is None or (limit is not None and wake > limit):
                piece.cancel()
                await asyncio.wait({piece})
                return
            else:
                world.clock.move_to(wake)
        if (found := piece.result()) is None:
            return
        yield found


async def _done_soon(piece: asyncio.Future[Any]) -> bool:
    """Let all others work as far as they can, and return whether the piece has come."""
    for _ in range(_TURNS):
        if piece.done():
            break
        await asyncio.sleep(0)
    return piece.done()


_TURNS = 100
"""Turns of the event loop in which whatever is ready has been done."""
