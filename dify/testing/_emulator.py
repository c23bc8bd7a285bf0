"""The emulator's public face."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ._answers import AnswerFunction, RecordedRequest, echo
from ._core import Core, Mode

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import ASGIApp

    from dify import AsyncDify

    from ._doors import AsyncDoor, SyncDoor

__all__ = ["Emulator"]

_NEEDED = ("starlette", "uvicorn", "python_multipart", "anyio")


class Emulator:
    """A Dify app in this process, whose answers come from a function, for tests of code that talks to Dify.

    It keeps conversations, messages, runs and uploads as a server does, streams the frames that a Dify 1.14.2 sends, in
    their order, and answers its errors. The function is called with an `EmulatorRequest` and returns

    - a `str`: the answer, which is streamed word by word;
    - an iterable or async iterable of `str`: the answer's deltas, each taken when its reader wants it;
    - for workflows also a mapping: the run's outputs. Text or deltas become the outputs `{"text": ...}`.

    It may be a coroutine function or a generator of either kind; a plain function or generator runs in a worker thread,
    so it may wait. It raises `EmulatorError` to answer as Dify does when it refuses or fails.

    Reach it with `client()`, with any httpx client through `transport()` or `sync_transport()`, or with anything that
    speaks HTTP through `serve()`. All of these show the same app, at the same time if need be. The async parts need
    asyncio.

    Where it differs from a server: a chatflow's or workflow's run ends when its reader leaves, a stream closes after an
    `error` frame, and there are no pings but the first.

    Args:
        answer: The function; by default the app echoes.
        mode: The app's mode. By default the app is of every kind at once: chat messages are answered as by a chat app,
            completion messages and workflow runs work too. With a mode, other kinds' routes answer Dify's errors.
        name: The app's name.
        delay: Seconds to wait before each delta but the first.
        server_version: The version that the server says it has.

    Attributes:
        app: The ASGI app.
        api_key: A key that it takes; so is any other that starts with `app-`.
        base_url: Where it is for clients that use one of the transports.

    Raises:
        ImportError: The extra `emulator` is not installed.

    Example:
        >>> import asyncio, httpx
        >>> async def main() -> str:
        ...     async with Emulator(lambda request: f"You said: {request.query}") as emulator:
        ...         async with httpx.AsyncClient(transport=emulator.transport(), base_url=emulator.base_url) as client:
        ...             reply = await client.post(
        ...                 "/chat-messages",
        ...                 json={"query": "hi", "inputs": {}, "user": "alice"},
        ...                 headers={"Authorization": f"Bearer {emulator.api_key}"},
        ...             )
        ...             return reply.json()["answer"]
        >>> asyncio.run(main())
        'You said: hi'
    """

    app: ASGIApp
    api_key: str
    base_url: str

    def __init__(
        self,
        answer: AnswerFunction | None = None,
        *,
        mode: Mode | None = None,
        name: str = "Emulator",
        delay: float = 0.0,
        server_version: str = "1.14.2",
    ) -> None:
        missing = [module for module in _NEEDED if find_spec(module) is None]
        if missing:
            raise ImportError(f'the emulator needs {", ".join(missing)}: pip install "dify[emulator]"')
        from ._app import make_app

        self._core = Core(answer or echo, mode=mode, name=name, delay=delay, server_version=server_version)
        self._to_close: list[Callable[[], Awaitable[None]]] = []
        self._doors: list[SyncDoor] = []
        self.app = make_app(self._core)
        self.api_key = f"app-{uuid4().hex[:24]}"
        self.base_url = "http://localhost/v1"

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, oldest first; also those that were refused.

        Example:
            >>> Emulator().requests
            []
        """
        return self._core.requests

    @property
    def failures(self) -> list[Exception]:
        """What the answer function raised by mistake: anything but an `EmulatorError`. The caller gets a 500 for it.

        Example:
            >>> Emulator().failures
            []
        """
        return self._core.failures

    def client(self, **kwargs: Any) -> AsyncDify:
        """A Dify client that talks to this emulator; leaving the emulator's `async with` closes its connections.

        Args:
            **kwargs: What `dify.AsyncDify` takes; `user` is "emulator-user" unless it says otherwise.
        """
        from dify import AsyncDify

        from ._doors import open_client

        options: dict[str, Any] = {"api_key": self.api_key, "base_url": self.base_url, "user": "emulator-user"}
        options |= kwargs
        if "http_client" not in options:
            options["http_client"] = http_client = open_client(self.app)
            self._to_close.append(http_client.aclose)
        return AsyncDify(**options)

    def transport(self) -> AsyncDoor:
        """A transport for `httpx.AsyncClient`. Whatever the host of a request, the emulator answers it.

        Example:
            >>> import httpx
            >>> client = httpx.AsyncClient(transport=Emulator().transport())
        """
        from ._doors import AsyncDoor

        return AsyncDoor(self.app)

    def sync_transport(self) -> SyncDoor:
        """A transport for `httpx.Client`; closing the client ends the thread behind it.

        Example:
            >>> import httpx
            >>> emulator = Emulator()
            >>> with httpx.Client(transport=emulator.sync_transport(), base_url=emulator.base_url) as client:
            ...     client.get("/info").status_code
            401
        """
        from ._doors import SyncDoor

        door = SyncDoor(self.app)
        self._doors.append(door)
        return door

    @contextmanager
    def serve(self, *, port: int = 0) -> Generator[str]:
        """A real server on 127.0.0.1, while the block runs; gives the base URL. For sync and async code alike.

        Args:
            port: Where to listen; by default any free port.

        Raises:
            OSError: The port is taken.

        Example:
            >>> import httpx
            >>> with Emulator().serve() as base_url:
            ...     httpx.get(f"{base_url}/info").headers["X-Version"]
            '1.14.2'
        """
        from ._doors import serving

        with serving(self.app, port=port, before_stop=self._stop_tasks) as origin:
            yield f"{origin}/v1"

    def close(self) -> None:
        """End what is still being answered, and the threads of the sync transports."""
        self._stop_tasks()
        for door in self._doors:
            door.close()
        self._doors.clear()

    async def aclose(self) -> None:
        """End what is still being answered, and close what `client()` and `sync_transport()` opened."""
        for close in self._to_close:
            await close()
        self._to_close.clear()
        self.close()

    def _stop_tasks(self) -> None:
        for generation in tuple(self._core.tasks.values()):
            generation.stop()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Emulator:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
