"""How often a call is made: 74 faults, and the number of requests that the server must see for each of three kinds of call."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify import AsyncDify, DifyError, RateLimitError

from ...support.faults import FaultServer
from ...support.raw_frames import RUN, TASK
from ...support.server import PATIENCE
from .support import client_for, together

TABLE: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "retry_expectations.json").read_text(encoding="utf-8")
)
KINDS = ["get", "read_post", "unsafe_post"]
RETRIES = 2
TIMEOUT = 2.0  # for the faults that hang; each is waited for up to three times, and all others never are

Outcome = tuple[int, float, Any]
"""Requests that the server saw, seconds that the call took, what it returned or raised."""


def call_of(kind: str, fault: str, client: AsyncDify) -> Any:
    match kind:
        case "get":
            return client.workflows.get(RUN)
        case "read_post":
            return client.chat.stop(TASK)
        case _ if fault.startswith("stream-"):
            return client.chat.stream("hi").final()
        case _:
            return client.chat.send("hi", response_mode="blocking")


def meeting(server: FaultServer, kind: str, fault: str) -> Callable[[], Any]:
    """A call that meets the fault, with a client of its own."""

    async def call() -> Outcome:
        id = f"{kind}-{fault}"
        begun = time.monotonic()
        result: Any
        timeout = TIMEOUT if server.hangs(fault) else PATIENCE
        async with client_for(server.url(fault, id), max_retries=RETRIES, timeout=timeout) as client:
            try:
                result = await call_of(kind, fault, client)
            except Exception as error:  # noqa: BLE001 - the test looks at what it is
                result = error
        return len(server.requests(id)), time.monotonic() - begun, result

    return call


def hurried(row: dict[str, Any]) -> bool:
    return "max_seconds" in row


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_is_made_as_often_as_its_fault_allows(kind: str) -> None:
    faults = [fault for fault, row in TABLE.items() if not hurried(row)]
    seen: dict[str, Outcome] = {}
    with FaultServer() as server:
        # Waits overlap, so that those of some dozen take no longer than the longest.
        for first in range(0, len(faults), 35):
            some = faults[first : first + 35]
            outcomes = await together([meeting(server, kind, fault) for fault in some])
            seen |= dict(zip(some, outcomes, strict=True))
    counts = {fault: outcome[0] for fault, outcome in seen.items()}
    assert counts == {fault: TABLE[fault][kind] for fault in faults}
    foreign = {
        fault: result
        for fault, (_, _, result) in seen.items()
        if isinstance(result, Exception) and not isinstance(result, DifyError)
    }
    assert foreign == {}
    # What answers in the end is an answer, for those that may be tried again.
    for fault in ("429-then-ok", "429-ra0-then-ok"):
        assert not isinstance(seen[fault][2], RateLimitError)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [fault for fault, row in TABLE.items() if hurried(row)])
async def test_a_wait_that_is_too_long_raises_at_once_with_what_the_server_asked_for(fault: str, kind: str) -> None:
    with FaultServer() as server:
        count, seconds, error = await meeting(server, kind, fault)()
    assert count == TABLE[fault][kind]
    assert seconds < 30  # what the server asked for is a minute at the least
    assert isinstance(error, RateLimitError)
    assert error.retry_after is not None
    assert error.retry_after > 60


def test_the_table_is_whole() -> None:
    """A table cut short would pass the tests above."""
    assert len(TABLE) == 74
    assert all(set(KINDS) <= set(row) for row in TABLE.values())
