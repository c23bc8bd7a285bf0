"""Event streams as responses, with pings and faults."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dify.types.events import PingEvent

from ..script.frames import Frame, encode
from .faults import StreamFault

__all__ = ["EventStream"]

_PING = encode(PingEvent())


class EventStream(Response):
    """A response that sends frames as they are generated, and pings between them.

    A ping follows each interval without a frame.

    Starlette's `StreamingResponse` leaves the generator open when the client disconnects between two frames. This class
    closes it, so that the cleanup of an answer function runs at once.

    Attributes:
        ping_interval: Seconds without a frame before a ping.
        fault: Fault that cuts or stalls the stream, or None.
    """

    def __init__(
        self, frames: AsyncGenerator[Frame], *, spaced: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(None, 200, headers, media_type="text/event-stream")
        del self.headers["content-length"]
        self.ping_interval = 10.0
        self.fault: StreamFault | None = None
        self._frames = frames
        self._spaced = spaced
        self._last_sent = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:
            lock = anyio.Lock()

            async def wait_for_disconnect() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            async def send_body(body: bytes) -> None:
                async with lock:
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                    self._last_sent = anyio.current_time()

            async with aclosing(self._frames) as frames:
                group.start_soon(wait_for_disconnect)
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                self._last_sent = anyio.current_time()
                group.start_soon(self._send_pings, send_body)
                if await self._send(frames, send_body):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            group.cancel_scope.cancel()

    async def _send(self, frames: AsyncGenerator[Frame], send_body: Callable[[bytes], Awaitable[None]]) -> bool:
        """Send the frames.

        Return True if the stream is complete, False if a fault has cut it.
        """
        sent = 0
        while self.fault is None or sent < self.fault.after:
            frame = await anext(frames, None)
            if frame is None:
                return True
            await send_body(encode(frame, spaced=self._spaced))
            sent += not isinstance(frame, PingEvent)
        if self.fault.effect != "cut":
            await anyio.sleep_forever()
        return False

    async def _send_pings(self, send_body: Callable[[bytes], Awaitable[None]]) -> None:
        while True:
            remaining = self._last_sent + self.ping_interval - anyio.current_time()
            if remaining > 0:
                await anyio.sleep(remaining)
            elif self.fault is not None and self.fault.effect == "stall":
                return
            else:
                await send_body(_PING)
