"""The server's side of connections that are reset on purpose."""

from __future__ import annotations

import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from .reset_extension import RESET

__all__ = ["ResettingProtocol"]

_NO_LINGER = struct.pack("ii", 1, 0)
"""What makes a socket end with a reset in place of a goodbye."""


class ResettingProtocol(H11Protocol):
    """A connection that the app may reset."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app: Any = self.app

        async def with_reset(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[RESET] = self._reset
            await app(scope, receive, send)

        self.app = with_reset

    def _reset(self) -> None:
        raw: Any = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()
