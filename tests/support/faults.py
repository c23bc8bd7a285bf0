"""The fault-injecting server in a thread of this process."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

from ..faults.tools import faultserver


class FaultServer:
    """Runs in an event loop of its own while its block lasts, so that clients of both faces can use it."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def url(self, fault: str, id: str) -> str:
        """The base URL under which every call meets the fault; `id` names the caller in the log."""
        return str(self._server.url(fault, id=id))

    def hangs(self, fault: str) -> bool:
        """Whether only a timeout ends a call that meets the fault."""
        return str(faultserver.F[fault].goal) == "timeout"

    def requests(self, id: str) -> list[dict[str, Any]]:
        """The requests that came under this id."""
        return [entry for entry in list(self._server.log) if entry["id"] == id]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(30)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        async with faultserver.FaultServer() as self._server:
            self._ready.set()
            await self._done.wait()
