"""What the tests through gateways share: both faces of the client, an upstream, gateways, and the account at the end."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dify import AsyncDify, Dify

from ..conformance.faces import Awaited
from ..support.server import Server
from .programs import Gateway, Kind, running
from .upstream import Account, answer, connections_to, port_of

HERE = Path(__file__).parent
THREADS = 48
"""Calls at once of the face without `await`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as slow; the gateways come from Debian, so other systems skip them."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.skipif(sys.platform != "linux", reason="the gateways are Debian's programs"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of all calls through each gateway."""
    totals: dict[str, Counter[str]] = {}
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name == "account":
                row = json.loads(str(value))
                totals.setdefault(row.pop("gateway"), Counter()).update(row)
    if totals:
        terminalreporter.section("calls through gateways")
    for gateway, total in sorted(totals.items()):
        counts = ", ".join(f"{count} {name}" for name, count in total.items())
        terminalreporter.write_line(f"{gateway:<10} {counts}")


@pytest.fixture
def upstream() -> Iterator[Server]:
    """A server that answers every call, and counts."""
    with Server(answer) as server:
        yield server


Start = Callable[..., Gateway]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a gateway: `start("nginx", REVERSE["nginx"], server, gzip=True)`; it ends with the test."""
    with ExitStack() as stack:

        def gateway(name: str, kind: Kind, server: Server, **settings: Any) -> Gateway:
            return stack.enter_context(running(name, kind, port_of(server), tmp_path, **settings))

        yield gateway


Connect = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture(params=["async", "sync"])
def face(request: pytest.FixtureRequest) -> str:
    """The face of the client: every test runs with both."""
    return str(request.param)


@pytest.fixture
def connect(face: str) -> Connect:
    """Make a client of the face; that without `await` is awaited through threads."""
    settings = {"api_key": "app-test-key", "user": "alice", "max_retries": 2, "timeout": 15}

    @asynccontextmanager
    async def client(base_url: str, **changes: Any) -> AsyncIterator[Any]:
        if face == "async":
            async with AsyncDify(base_url=base_url, **(settings | changes)) as dify:
                yield dify
            return
        with ThreadPoolExecutor(THREADS) as threads:
            asyncio.get_running_loop().set_default_executor(threads)
            with Dify(base_url=base_url, **(settings | changes)) as dify:
                yield Awaited(dify)

    return client


Close = Callable[[Account, Gateway], None]


@pytest.fixture
def close(record_property: Callable[[str, object], None]) -> Close:
    """Check what every test holds after `aclose()`: no call ran twice, none was lost, no socket is open to the port."""

    def check(account: Account, gateway: Gateway) -> None:
        left_open = connections_to(gateway.setup.port)
        record_property("account", json.dumps({"gateway": gateway.name} | account.row(left_open)))
        assert account.twice == []
        assert account.lost == []
        assert left_open == 0
        assert account.wrong == []

    return check
