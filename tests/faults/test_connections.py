"""The connections that calls at once take and give back: each call has its own, however many come and go at the same time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from dify import AsyncDify, Dify
from dify._net._async.connection_pool import AsyncConnectionPool
from dify._net._sync.connection_pool import ConnectionPool

from ..support import raw_frames as frames
from ..support.server import Exchange, Server

BURST = 40

KEPT = [
    {"max_idle": 1},
    {"max_idle": 1, "max_connections": 8},
    {"keepalive_expiry": 0.0},
    {"keepalive_expiry": 0.0, "max_connections": 8},
]
"""Few idle connections, or none for longer than no time: calls that end close what others left, while some wait to begin."""


def settings(server: Server) -> dict[str, Any]:
    return {"base_url": server.url, "api_key": "app-test-key", "user": "alice", "max_retries": 0, "timeout": 20}


def answer(x: Exchange) -> None:
    x.json(frames.run_detail(x.request.path.rpartition("/")[2]))


@pytest.mark.parametrize("kept", KEPT, ids=str)
async def test_calls_that_end_at_the_same_time_never_meet_in_each_others_connections(kept: dict[str, Any]) -> None:
    with Server(answer) as server:
        async with httpx.AsyncClient(transport=AsyncConnectionPool(**kept)) as http:
            client = AsyncDify(http_client=http, **settings(server))
            for burst in range(5):
                names = [f"run-{burst}-{n}" for n in range(BURST)]
                runs = await asyncio.gather(*map(client.workflows.get, names))
                assert [run.id for run in runs] == names
        assert await asyncio.to_thread(server.all_closed)


@pytest.mark.parametrize("kept", KEPT, ids=str)
def test_nor_do_those_of_threads(kept: dict[str, Any]) -> None:
    with Server(answer) as server, ThreadPoolExecutor(BURST) as threads:
        with httpx.Client(transport=ConnectionPool(**kept)) as http:
            client = Dify(http_client=http, **settings(server))
            for burst in range(5):
                names = [f"run-{burst}-{n}" for n in range(BURST)]
                assert [run.id for run in threads.map(client.workflows.get, names)] == names
        assert server.all_closed()
