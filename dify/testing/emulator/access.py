"""The ways to an emulator: clients of ours, transports for any httpx client, and a server on localhost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .state import Core

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import ASGIApp

    from dify import AsyncDify, Dify, ResponseLimits

    from .asgi import AsyncDoor, SyncDoor, Timeout

__all__ = ["Access"]

C = TypeVar("C", "AsyncDify", "Dify")


class Access:
    """What can be done with an emulator that stands."""

    app: ASGIApp
    api_key: str
    knowledge_api_key: str
    base_url: str

    def __init__(self, core: Core, app: ASGIApp, *, api_key: str, knowledge_api_key: str) -> None:
        self._core = core
        self._to_close: list[Callable[[], None]] = []
        self._to_aclose: list[Callable[[], Awaitable[None]]] = []
        self.app = app
        self.api_key = api_key
        self.knowledge_api_key = knowledge_api_key
        self.base_url = "http://localhost/v1"

    def client(
        self,
        *,
        api_key: str | None = None,
        knowledge_api_key: str | None = None,
        base_url: str | None = None,
        user: str | None = "emulator-user",
        timeout: Timeout | None = None,
        max_retries: int = 2,
        headers: Mapping[str, str] | None = None,
        limits: ResponseLimits | None = None,
    ) -> AsyncDify:
        """A `dify.AsyncDify` that talks to this emulator; leaving the emulator's `async with` closes its connections.

        Both keys are the emulator's own, so apps and knowledge are at hand at once. The arguments are those of
        `dify.AsyncDify`.

        Args:
            api_key: Another app key than that of the first app.
            knowledge_api_key: Another knowledge key than the emulator's.
            base_url: Another address; whatever it is, the emulator answers.
            user: The end user of calls that name none.
            timeout: Seconds to wait for a piece of an answer.
            max_retries: How often to try again where that is safe.
            headers: More headers for every request.
            limits: How much of an answer may be held in memory.

        Example:
            >>> import asyncio
            >>> from dify.testing import Emulator
            >>> async def main() -> str:
            ...     async with Emulator() as emulator:
            ...         reply = await emulator.client(user="alice").chat.send("hi")
            ...         return reply.answer
            >>> asyncio.run(main())
            'Echo: hi'
        """
        from dify import AsyncDify

        from .asgi import open_client

        http_client = open_client(self.app)
        self._to_aclose.append(http_client.aclose)
        own = self._own(api_key, knowledge_api_key, base_url)
        return _made(AsyncDify, http_client, own, user, timeout, max_retries, headers, limits)

    def sync_client(
        self,
        *,
        api_key: str | None = None,
        knowledge_api_key: str | None = None,
        base_url: str | None = None,
        user: str | None = "emulator-user",
        timeout: Timeout | None = None,
        max_retries: int = 2,
        headers: Mapping[str, str] | None = None,
        limits: ResponseLimits | None = None,
    ) -> Dify:
        """A `dify.Dify` that talks to this emulator; leaving the emulator's `with` closes its connections.

        Args:
            api_key: Another app key than that of the first app.
            knowledge_api_key: Another knowledge key than the emulator's.
            base_url: Another address; whatever it is, the emulator answers.
            user: The end user of calls that name none.
            timeout: Seconds to wait for a piece of an answer.
            max_retries: How often to try again where that is safe.
            headers: More headers for every request.
            limits: How much of an answer may be held in memory.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.sync_client(user="alice").knowledge.datasets.create("Handbook").name
            'Handbook'
        """
        from dify import Dify

        from .asgi import open_sync_client

        http_client = open_sync_client(self.app)
        self._to_close.append(http_client.close)
        own = self._own(api_key, knowledge_api_key, base_url)
        return _made(Dify, http_client, own, user, timeout, max_retries, headers, limits)

    def _own(self, api_key: str | None, knowledge_api_key: str | None, base_url: str | None) -> tuple[str, str, str]:
        """What a client is made with where the caller has named nothing else."""
        return api_key or self.api_key, knowledge_api_key or self.knowledge_api_key, base_url or self.base_url

    def transport(self) -> AsyncDoor:
        """A transport for `httpx.AsyncClient`. Whatever the host of a request, the emulator answers it.

        Example:
            >>> import httpx
            >>> from dify.testing import Emulator
            >>> client = httpx.AsyncClient(transport=Emulator().transport())
        """
        from .asgi import AsyncDoor

        return AsyncDoor(self.app)

    def sync_transport(self) -> SyncDoor:
        """A transport for `httpx.Client`; closing the client ends the thread behind it.

        Example:
            >>> import httpx
            >>> from dify.testing import Emulator
            >>> emulator = Emulator()
            >>> with httpx.Client(transport=emulator.sync_transport(), base_url=emulator.base_url) as client:
            ...     client.get("/info").status_code
            401
        """
        from .asgi import SyncDoor

        door = SyncDoor(self.app)
        self._to_close.append(door.close)
        return door

    @contextmanager
    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> Generator[str]:
        """A real server, while the block runs; gives the base URL. For sync and async code alike.

        Args:
            host: The address to listen on, by default one that only this machine reaches.
            port: Where to listen; by default any free port.

        Raises:
            OSError: The port is taken.

        Example:
            >>> import httpx
            >>> from dify.testing import Emulator
            >>> with Emulator().serve() as base_url:
            ...     httpx.get(f"{base_url}/info").headers["X-Version"]
            '1.14.2'
        """
        from .server import serving

        with serving(self.app, host=host, port=port, before_stop=self._stop_tasks) as origin:
            yield f"{origin}/v1"

    def close(self) -> None:
        """End what is still at work, and close what `sync_client()` and `sync_transport()` opened."""
        self._stop_tasks()
        for close in self._to_close:
            close()
        self._to_close.clear()

    async def aclose(self) -> None:
        """End what is still at work, and close what was opened here, `client()`'s connections among it."""
        for close in self._to_aclose:
            await close()
        self._to_aclose.clear()
        for app in [*self._core.workspace.apps.values()]:
            for run in app.live:
                await run.aclose()
        self.close()

    def _stop_tasks(self) -> None:
        for app in [*self._core.workspace.apps.values()]:
            for generation in tuple(app.tasks.values()):
                generation.stop()
            for run in app.live:
                run.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _made(
    face: type[C],
    http_client: Any,
    own: tuple[str, str, str],
    user: str | None,
    timeout: Timeout | None,
    max_retries: int,
    headers: Mapping[str, str] | None,
    limits: ResponseLimits | None,
) -> C:
    """A client of either face."""
    api_key, knowledge_api_key, base_url = own
    return face(
        api_key,
        knowledge_api_key=knowledge_api_key,
        base_url=base_url,
        user=user,
        timeout=timeout,
        max_retries=max_retries,
        headers=headers,
        http_client=http_client,
        limits=limits,
    )
