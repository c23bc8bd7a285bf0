"""A way to an ASGI app for other processes: a real server, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["serving"]


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


@contextmanager
def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int, before_stop: Callable[[], None]) -> Generator[str]:
    """A server in a thread, by default on 127.0.0.1, while the block runs; gives its origin."""
    import uvicorn

    from .reset_protocol import ResettingProtocol
    from .uvicorn_server import EmulatorServer

    # It listens before the server's thread is there: whoever connects at once waits in the backlog, not in a loop here.
    listening = _listen(host, port)
    config = uvicorn.Config(
        cast("Any", app),
        http=ResettingProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = EmulatorServer(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="dify-emulator-server", daemon=True)
    thread.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listening.getsockname()[1]}"
    finally:
        before_stop()
        server.end()
        thread.join()
        listening.close()
