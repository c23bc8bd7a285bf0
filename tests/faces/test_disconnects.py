"""A browser that disconnects from a real web server: the answer is stopped at Dify."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from dify import AsyncDify

from ..support import raw_frames as frames
from ..support.server import Exchange, Server

BOT = Path(__file__).parents[2] / "docs/examples/bot/bot.py"
STOP = f"POST /v1/chat-messages/{frames.TASK}/stop"


class Dify:
    """A server whose answer begins, and goes on only once it is stopped."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def __call__(self, x: Exchange) -> None:
        if x.request.path.endswith("/stop"):
            self.stopped.set()
            x.json({"result": "success"})
            return
        x.sse(frames.message("Hel"))
        x.hold()


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    """Serve an app on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        task = asyncio.ensure_future(server.serve([listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


async def ask_and_disconnect(port: int, method: str, path: str, body: bytes = b"") -> None:
    """Read the start of a response, and close the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"{method} {path} HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await reader.readuntil(b"Hel")
    writer.close()
    await writer.wait_closed()


def client_of(server: Server) -> AsyncDify:
    return AsyncDify("app-test-key", base_url=server.url, user="alice", trust_env=False)


async def test_stop_in_finally_is_sent_when_the_browser_disconnects() -> None:
    dify = Dify()
    with Server(dify) as server:
        async with client_of(server) as client:

            async def pieces() -> AsyncIterator[str]:
                async with client.chat.stream("hi") as stream:
                    try:
                        async for text in stream.text_stream:
                            yield text
                    finally:
                        await stream.stop()

            async def answer(_: Request) -> StreamingResponse:
                return StreamingResponse(pieces(), media_type="text/plain")

            async with served(Starlette(routes=[Route("/ask", answer)])) as port:
                await ask_and_disconnect(port, "GET", "/ask")
                assert await asyncio.to_thread(dify.stopped.wait, 20)
    assert server.paths().count(STOP) == 1


async def test_the_bot_of_the_examples_stops_the_answer_when_the_browser_disconnects() -> None:
    dify = Dify()
    with Server(dify) as server:
        async with client_of(server) as client:
            question = json.dumps({"question": "hi", "user": "alice"}).encode()
            async with served(_bot().make_app(client)) as port:
                await ask_and_disconnect(port, "POST", "/ask", question)
                assert await asyncio.to_thread(dify.stopped.wait, 20)
    assert server.paths().count(STOP) == 1


def _bot() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bot_of_the_examples", BOT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where pydantic looks types up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_stop_is_sent_in_a_cancelled_scope(backend: str) -> None:
    dify = Dify()

    async def main() -> None:
        with Server(dify) as server:
            async with client_of(server) as client:
                with anyio.CancelScope() as scope:
                    async with client.chat.stream("hi") as stream:
                        try:
                            async for _ in stream:
                                scope.cancel()
                        finally:
                            await stream.stop()
            assert scope.cancelled_caught
            assert server.paths()[-1] == STOP

    anyio.run(main, backend=backend)
    assert dify.stopped.is_set()


async def test_stop_in_a_cancelled_scope_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dify._async.event_stream._STOP_SECONDS", 0.05)

    def answer(x: Exchange) -> None:
        if not x.request.path.endswith("/stop"):
            x.sse(frames.message("Hel"))
        x.hold()

    with Server(answer) as server:
        async with client_of(server) as client:
            with anyio.CancelScope() as scope:
                async with client.chat.stream("hi") as stream:
                    try:
                        async for _ in stream:
                            scope.cancel()
                    finally:
                        await stream.stop()
        assert await asyncio.to_thread(server.has_seen, 2)
        assert await asyncio.to_thread(lambda: server.all_closed())
