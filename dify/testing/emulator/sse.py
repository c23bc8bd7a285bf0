"""Answering with an event stream, and noticing when its reader leaves."""

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
    """An answer made of frames, sent one by one as they come, with pings between when they are long in coming.

    Starlette's own StreamingResponse leaves the generator open when its reader leaves between two frames; here it is
    closed, so that an answer function's clean-up runs then and not at some later time.

    Attributes:
        ping_interval: Seconds of silence before each ping.
        cut: What goes wrong with it on purpose.
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
        self._last = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:
            turn = anyio.Lock()

            async def until_reader_leaves() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            async def say(body: bytes) -> None:
                async with turn:
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                    self._last = anyio.current_time()

            async with aclosing(self._frames) as frames:
                group.start_soon(until_reader_leaves)
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                self._last = anyio.current_time()
                group.start_soon(self._pinging, say)
                if await self._send(frames, say):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            group.cancel_scope.cancel()

    async def _send(self, frames: AsyncGenerator[Frame], say: Callable[[bytes], Awaitable[None]]) -> bool:
        """Send the frames; tells whether the stream has come to its proper end."""
        sent = 0
        while self.fault is None or sent < self.fault.after:
            frame = await anext(frames, None)
            if frame is None:
                return True
            await say(encode(frame, spaced=self._spaced))
            sent += not isinstance(frame, PingEvent)
        if self.fault.effect != "cut":
            await anyio.sleep_forever()
        return False

    async def _pinging(self, say: Callable[[bytes], Awaitable[None]]) -> None:
        while True:
            rest = self._last + self.ping_interval - anyio.current_time()
            if rest > 0:
                await anyio.sleep(rest)
            elif self.fault is not None and self.fault.effect == "stall":
                return  # it is to fall silent altogether
            else:
                await say(_PING)
