from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from dify.testing import Emulator
from tests.support.clock import Clock

DATA = Path(__file__).parent / "data"


def frames_of(text: str) -> list[dict[str, Any]]:
    """The frames of a stream; a ping, which has no data, becomes the event "ping"."""
    frames: list[dict[str, Any]] = []
    for block in text.split("\n\n"):
        if block == "event: ping":
            frames.append({"event": "ping"})
        elif block:
            assert block.startswith("data: "), block
            frames.append(json.loads(block.removeprefix("data: ")))
    return frames


def shape(value: Any, *, open_members: frozenset[str] = frozenset(), unlike: frozenset[str] = frozenset()) -> Any:
    """Keys and JSON types, all the way down; of members that the wire leaves open only the type, of `unlike` nothing."""
    if isinstance(value, dict):
        return {
            key: None
            if key in unlike
            else type(item).__name__
            if key in open_members
            else shape(item, open_members=open_members, unlike=unlike)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [shape(item, open_members=open_members, unlike=unlike) for item in value[:1]]
    return type(value).__name__


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the test's emulators."""
    return Clock().install(monkeypatch)


@pytest.fixture(scope="session")
def recorded_streams() -> dict[str, list[dict[str, Any]]]:
    recorded = json.loads((DATA / "streams.json").read_text(encoding="utf-8"))
    return {name: frames_of(case["text"]) for name, case in recorded.items()}


@pytest.fixture(scope="session")
def recorded_stream_headers() -> dict[str, dict[str, str]]:
    recorded = json.loads((DATA / "streams.json").read_text(encoding="utf-8"))
    return {name: case["headers"] for name, case in recorded.items()}


@pytest.fixture(scope="session")
def recorded() -> dict[str, dict[str, Any]]:
    answers: dict[str, dict[str, Any]] = json.loads((DATA / "answers.json").read_text(encoding="utf-8"))
    return answers


@pytest.fixture(scope="session")
def operations() -> dict[str, dict[str, Any]]:
    """Recorded answers by the name of their recording."""
    answers: dict[str, dict[str, Any]] = json.loads((DATA / "operations.json").read_text(encoding="utf-8"))
    return answers


Connect = Callable[[Emulator], httpx.AsyncClient]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes a client with a key for an emulator."""
    async with AsyncExitStack() as stack:
        clients: list[httpx.AsyncClient] = []

        def make(emulator: Emulator) -> httpx.AsyncClient:
            client = httpx.AsyncClient(
                transport=emulator.transport(),
                base_url=emulator.base_url,
                headers={"Authorization": f"Bearer {emulator.api_key}"},
            )
            clients.append(client)
            stack.push_async_callback(client.aclose)
            return client

        yield make


@pytest.fixture(name="frames_of")
def _frames_of() -> Callable[[str], list[dict[str, Any]]]:
    return frames_of


@pytest.fixture(name="shape")
def _shape() -> Callable[..., Any]:
    return shape
