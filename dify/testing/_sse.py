"""Answering with an event stream, and noticing when its reader leaves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ._frames import Frame, encode

__all__ = ["EventStream"]


class EventStream(Response):
    """An answer made of frames, sent one by one as they come.

    Starlette's own StreamingResponse leaves the generator open when its reader leaves between two frames; here it is
    closed, so that an answer function's clean-up runs then and not at some later time.
    """

    def __init__(
        self, frames: AsyncGenerator[Frame], *, spaced: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(None, 200, headers, media_type="text/event-stream")
        del self.headers["content-length"]
        self._frames = frames
        self._spaced = spaced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:

            async def until_reader_leaves() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            async with aclosing(self._frames) as frames:
                group.start_soon(until_reader_leaves)
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async for frame in frames:
                    body = encode(frame, spaced=self._spaced)
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            group.cancel_scope.cancel()
