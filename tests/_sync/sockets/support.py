"""What the tests on sockets need and what differs by face: a client, work beside the test's own, several calls at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

import httpx

from dify import Dify
from dify._net._sync.connection_pool import ConnectionPool

from ...support.server import PATIENCE, Server

P = ParamSpec("P")
T = TypeVar("T")

FACE = "sync"


def client_for(server: Server | str, **settings: Any) -> Dify:
    """A client of the server; its calls are made once unless the test says otherwise."""
    url = server if isinstance(server, str) else server.url
    # With a limit on the wait for a connection, a pool that has lost one fails the test in place of hanging it.
    timeout = httpx.Timeout(PATIENCE)
    known = {"api_key": "app-test-key", "user": "alice", "max_retries": 0, "timeout": timeout}
    return Dify(base_url=url, **(known | settings))


def single_connection() -> httpx.Client:
    """The client's own connections, but one at a time: a call on it hangs where the one before has not given it back."""
    return httpx.Client(transport=ConnectionPool(max_connections=1))


def users_own_connection() -> httpx.Client:
    """The same with an HTTP client as a user may bring it: its pool is the library's."""
    return httpx.Client(limits=httpx.Limits(max_connections=1, max_keepalive_connections=1))


def beside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Something that blocks, and may do so here."""
    return work(*args, **kwargs)


def together(calls: list[Callable[[], T]]) -> list[T]:
    """What the calls return, all made at the same time."""
    with ThreadPoolExecutor(max(1, len(calls))) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


class Job:
    """A call that goes on while the test does something else; it is waited for, and fails the test when it hangs."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._threads = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._future = self._threads.submit(self._call)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False)

    def result(self) -> Any:
        """What the call returned, or the exception it raised (returned and not raised)."""
        try:
            return self._future.result(PATIENCE)
        except Exception as error:  # noqa: BLE001 - the test looks at what it is
            return error
