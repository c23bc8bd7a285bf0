"""Connections to an emulator: clients, transports for httpx, and an HTTP server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, Self, Unpack

from .state import AppState

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import ASGIApp

    from dify import AsyncDify, ClientSettings, Dify

    from .apps.features import Mode
    from .asgi import AsyncTransport, SyncTransport

__all__ = ["EmulatorApp", "EmulatorConnections"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks


class EmulatorConnections:
    """Methods of an emulator that connect to it, and that close these connections."""

    app: ASGIApp
    api_key: str
    knowledge_api_key: str
    base_url: str

    def __init__(self, state: AppState, app: ASGIApp, *, api_key: str, knowledge_api_key: str) -> None:
        self._state = state
        self._to_close: list[Callable[[], None]] = []
        self._to_aclose: list[Callable[[], Awaitable[None]]] = []
        self.app = app
        self.api_key = api_key
        self.knowledge_api_key = knowledge_api_key
        self.base_url = "http://localhost/v1"

    def client(self, **settings: Unpack[ClientSettings]) -> AsyncDify:
        """Return a `dify.AsyncDify` connected to this emulator.

        Leaving the emulator's `async with` closes its connections.

        Args:
            **settings: Arguments of `dify.AsyncDify`. By default the client has the keys of the first app and of the
                knowledge bases, and the user "emulator-user". The emulator answers whatever the base URL is.

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
        return AsyncDify(http_client=http_client, **self._with_defaults(settings))

    def sync_client(self, **settings: Unpack[ClientSettings]) -> Dify:
        """Return a `dify.Dify` connected to this emulator.

        Leaving the emulator's `with` closes its connections.

        Args:
            **settings: Arguments of `dify.Dify`, with the defaults of `client`.

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
        return Dify(http_client=http_client, **self._with_defaults(settings))

    def _with_defaults(self, settings: ClientSettings) -> ClientSettings:
        return {
            "user": "emulator-user",
            **settings,
            "api_key": settings.get("api_key") or self.api_key,
            "knowledge_api_key": settings.get("knowledge_api_key") or self.knowledge_api_key,
            "base_url": settings.get("base_url") or self.base_url,
        }

    def transport(self) -> AsyncTransport:
        """Return a transport for `httpx.AsyncClient`.

        It sends every request to the emulator, whatever its host.

        Example:
            >>> import httpx
            >>> from dify.testing import Emulator
            >>> client = httpx.AsyncClient(transport=Emulator().transport())
        """
        from .asgi import AsyncTransport

        return AsyncTransport(self.app)

    def sync_transport(self) -> SyncTransport:
        """Return a transport for `httpx.Client`.

        Closing the client also ends the thread of the transport.

        Example:
            >>> import httpx
            >>> from dify.testing import Emulator
            >>> emulator = Emulator()
            >>> with httpx.Client(transport=emulator.sync_transport(), base_url=emulator.base_url) as client:
            ...     client.get("/info").status_code
            401
        """
        from .asgi import SyncTransport

        transport = SyncTransport(self.app)
        self._to_close.append(transport.close)
        return transport

    @contextmanager
    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> Generator[str]:
        """Run an HTTP server in a thread while the block runs.

        It can be used in async code as well.

        Args:
            host: Address to listen on. By default only this machine can reach it.
            port: Port to listen on; 0 selects a free one.

        Yields:
            The base URL.

        Raises:
            OSError: The port is in use.

        Example:
            >>> import httpx
            >>> from dify.testing import Emulator
            >>> with Emulator().serve() as base_url:
            ...     httpx.get(f"{base_url}/info").headers["X-Version"]
            '1.14.2'
        """
        from .server import run_server

        with run_server(self.app, host=host, port=port, before_stop=self._stop_tasks) as origin:
            yield f"{origin}/v1"

    def close(self) -> None:
        """Stop all runs and close the connections of synchronous clients and transports."""
        self._stop_tasks()
        for close in self._to_close:
            close()
        self._to_close.clear()

    async def aclose(self) -> None:
        """Stop all runs, and close all connections, including those of `client()`."""
        for close in self._to_aclose:
            await close()
        self._to_aclose.clear()
        for app in [*self._state.workspace.apps.values()]:
            for run in app.runs_in_progress:
                await run.aclose()
        self.close()

    def _stop_tasks(self) -> None:
        for app in [*self._state.workspace.apps.values()]:
            for generation in tuple(app.tasks.values()):
                generation.stop()
            for run in app.runs_in_progress:
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


class _ClientFactory(Protocol):
    def client(self, *, api_key: str, user: str | None) -> AsyncDify: ...

    def sync_client(self, *, api_key: str, user: str | None) -> Dify: ...


class EmulatorApp:
    """An app of an emulator, with its own key, answers, conversations and runs.

    Attributes:
        name: Name of the app.
        mode: Mode of the app. None for an app of every kind.
        api_key: API key of the app.
        workflow_id: Id of its published workflow.

    Example:
        >>> from dify.testing import Emulator
        >>> with Emulator() as emulator:
        ...     shout = emulator.add_app(lambda request: request.query.upper(), mode="chat", name="Shout")
        ...     shout.sync_client(user="alice").chat.send("hi").answer
        'HI'
    """

    def __init__(
        self, emulator: _ClientFactory, *, name: str, mode: Mode | None, api_key: str, workflow_id: str
    ) -> None:
        self._emulator = emulator
        self.name = name
        self.mode = mode
        self.api_key = api_key
        self.workflow_id = workflow_id

    def client(self, *, user: str | None = "emulator-user") -> AsyncDify:
        """Return an async client with this app's key.

        Change its other settings with `with_options`.

        Args:
            user: End user of calls without a `user`.

        Example:
            >>> from dify.testing import Emulator
            >>> client = Emulator().add_app(name="Second").client(user="bob")
        """
        return self._emulator.client(api_key=self.api_key, user=user)

    def sync_client(self, *, user: str | None = "emulator-user") -> Dify:
        """Return a synchronous client with this app's key.

        Change its other settings with `with_options`.

        Args:
            user: End user of calls without a `user`.

        Example:
            >>> from dify.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.add_app(name="Second").sync_client().app.info().name
            'Second'
        """
        return self._emulator.sync_client(api_key=self.api_key, user=user)

    def __repr__(self) -> str:
        return f"EmulatorApp(name={self.name!r}, mode={self.mode!r})"
