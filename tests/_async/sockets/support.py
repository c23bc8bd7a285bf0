"""What the tests on sockets need and what differs by face: a client, work beside the test's own, several calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

import httpx

from dify import AsyncDify
from dify._net._async.connection_pool import AsyncConnectionPool

from ...support.server import PATIENCE, Server

P = ParamSpec("P")
T = TypeVar("T")

FACE = "async"


def client_for(server: Server | str, **settings: Any) -> AsyncDify:
    """A client of the server; its calls are made once unless the test says otherwise."""
    url = server if isinstance(server, str) else server.url
    # With a limit on the wait for a connection, a pool that has lost one fails the test in place of hanging it.
    timeout = httpx.Timeout(PATIENCE)
    known = {"api_key": "app-test-key", "user": "alice", "max_retries": 0, "timeout": timeout}
    return AsyncDify(base_url=url, **(known | settings))


def single_connection() -> httpx.AsyncClient:
    """The client's own connections, but one at a time: a call on it hangs where the one before has not given it back."""
    return httpx.AsyncClient(transport=AsyncConnectionPool(max_connections=1))


def users_own_connection() -> httpx.AsyncClient:
    """The same with an HTTP client as a user may bring it: its pool is the library's."""
    return httpx.AsyncClient(limits=httpx.Limits(max_connections=1, max_keepalive_connections=1))


async def beside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Something that blocks, done beside the client's own work: closing a connection takes a turn of the event loop."""
    return await asyncio.to_thread(work, *args, **kwargs)


async def together(calls: list[Callable[[], Awaitable[T]]]) -> list[T]:
    """What the calls return, all made at the same time."""
    return list(await asyncio.gather(*(call() for call in calls)))


class Job:
    """A call that goes on while the test does something else; it is waited for, and fails the test when it hangs."""

    def __init__(self, call: Callable[[], Awaitable[Any]]) -> None:
        self._call = call

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self._call())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._task.done():
            self._task.cancel()
        await asyncio.wait([self._task])

    async def result(self) -> Any:
        """What the call returned, or the exception it raised (returned and not raised)."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._task
        except Exception as error:  # noqa: BLE001 - the test looks at what it is
            return error
