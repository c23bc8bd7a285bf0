"""Transports that stream, and a server that stops."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import httpx
import pytest

from dify.testing import Emulator, EmulatorRequest

STREAM = {"query": "q", "inputs": {}, "user": "u", "response_mode": "streaming"}


class Endless:
    """An answer without an end, that knows how far it got and whether it was closed."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = threading.Event()

    async def __call__(self, request: EmulatorRequest) -> AsyncIterator[str]:
        return self.deltas()

    async def deltas(self) -> AsyncIterator[str]:
        try:
            while True:
                self.made += 1
                yield f"{self.made} "
        finally:
            self.closed.set()


def bearer(emulator: Emulator) -> dict[str, str]:
    return {"Authorization": f"Bearer {emulator.api_key}"}


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
async def test_frames_arrive_as_they_are_made_and_no_further(mode, connect) -> None:
    endless = Endless()
    emulator = Emulator(endless, mode=mode)
    async with emulator, connect(emulator).stream("POST", "/chat-messages", json=STREAM) as reply:
        pieces = reply.aiter_bytes()
        while b"3 " not in await anext(pieces):
            pass
        assert endless.made < 7
    assert endless.closed.is_set()


async def test_closing_a_stream_early_ends_the_answer_and_leaves_no_task(connect) -> None:
    before = asyncio.all_tasks()
    endless = Endless()
    emulator = Emulator(endless)
    client = connect(emulator)
    async with client.stream("POST", "/chat-messages", json=STREAM) as reply, aclosing(reply.aiter_raw()) as pieces:
        await anext(pieces)
    assert endless.closed.is_set()
    assert asyncio.all_tasks() == before
    conversation = (await client.get("/conversations?user=u")).json()["data"][0]["id"]
    messages = (await client.get("/messages", params={"user": "u", "conversation_id": conversation})).json()["data"]
    assert messages[0]["answer"].startswith("1 ")


async def test_cancelling_a_call_that_waits_ends_its_answer(connect) -> None:
    waiting, closed = asyncio.Event(), asyncio.Event()

    async def answer(request: EmulatorRequest) -> str:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            closed.set()
        return ""

    call = asyncio.create_task(connect(Emulator(answer)).post("/chat-messages", json=STREAM))
    await waiting.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert closed.is_set()


async def test_the_read_timeout_of_a_client_holds(connect) -> None:
    closed = asyncio.Event()

    async def answer(request: EmulatorRequest) -> AsyncIterator[str]:
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            closed.set()

    with pytest.raises(httpx.ReadTimeout):  # long enough for the answer to begin
        await connect(Emulator(answer)).post("/chat-messages", json=STREAM, timeout=httpx.Timeout(20, read=1))
    assert closed.is_set()


async def test_many_streams_run_side_by_side(connect) -> None:
    client = connect(Emulator(lambda request: request.query))

    async def ask(number: int) -> bool:
        reply = await client.post("/chat-messages", json={**STREAM, "query": f"q{number}"}, timeout=60)
        return f'"answer":"q{number}"' in reply.text

    assert all(await asyncio.gather(*(ask(number) for number in range(200))))


async def test_a_body_may_be_streamed_into_the_app(connect) -> None:
    async def body() -> AsyncIterator[bytes]:
        for piece in (b'{"query": "hi", ', b'"inputs": {}, ', b'"user": "u"}'):
            yield piece

    reply = await connect(Emulator()).post(
        "/chat-messages", content=body(), headers={"Content-Type": "application/json"}
    )
    assert reply.json()["answer"] == "Echo: hi"


# ------------------------------------------------------------------------------------------------------------- sync
def test_the_sync_transport_streams_too() -> None:
    endless = Endless()
    emulator = Emulator(endless)
    with httpx.Client(
        transport=emulator.sync_transport(), base_url=emulator.base_url, headers=bearer(emulator)
    ) as client:
        with client.stream("POST", "/chat-messages", json=STREAM) as reply:
            pieces: Iterator[bytes] = reply.iter_bytes()
            while b"3 " not in next(pieces):
                pass
            assert endless.made < 7
        assert endless.closed.is_set()
        upload = client.post("/files/upload", files={"file": ("a.txt", b"a", "text/plain")})
        assert upload.status_code == 201
    assert "dify-emulator" not in {thread.name for thread in threading.enumerate()}


def test_a_sync_client_can_stop_what_it_reads() -> None:
    def endless(request: EmulatorRequest) -> Iterator[str]:
        number = 0
        while True:
            yield f"{number}"
            number += 1

    emulator = Emulator(endless)
    with (
        emulator,
        httpx.Client(
            transport=emulator.sync_transport(), base_url=emulator.base_url, headers=bearer(emulator)
        ) as client,
        client.stream("POST", "/chat-messages", json=STREAM) as reply,
    ):
        lines = (line for line in reply.iter_lines() if line)
        task_id = httpx.Response(200, text=next(lines).removeprefix("data: ")).json()["task_id"]
        client.post(f"/chat-messages/{task_id}/stop", json={"user": "u"})
        assert '"message_end"' in list(lines)[-1]


def test_a_sync_transport_serves_many_threads() -> None:
    emulator = Emulator(lambda request: request.query)
    with (
        httpx.Client(
            transport=emulator.sync_transport(), base_url=emulator.base_url, headers=bearer(emulator)
        ) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        replies = pool.map(lambda n: client.post("/chat-messages", json={**STREAM, "query": f"q{n}"}).text, range(50))
        assert all(f'"answer":"q{n}"' in text for n, text in enumerate(replies))


# ------------------------------------------------------------------------------------------------------------ server
def test_the_server_answers_sync_code_and_stops_by_itself() -> None:
    emulator = Emulator()
    with emulator.serve() as base_url:
        assert base_url.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=base_url, headers=bearer(emulator)) as client:
            reply = client.post("/chat-messages", json={**STREAM, "response_mode": "blocking"})
            assert reply.json()["answer"] == "Echo: q"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base_url}/info")
    assert "dify-emulator-server" not in {thread.name for thread in threading.enumerate()}


async def test_the_server_answers_async_code_and_shares_what_the_transports_know(connect) -> None:
    emulator = Emulator()
    with emulator.serve() as base_url:
        async with httpx.AsyncClient(base_url=base_url, headers=bearer(emulator)) as client:
            async with client.stream("POST", "/chat-messages", json=STREAM) as reply:
                assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
                assert reply.headers["transfer-encoding"] == "chunked"
                text = "".join([piece async for piece in reply.aiter_text()])
            assert text.count("data: ") == 4
            theirs = (await client.get("/conversations?user=u")).json()
    assert (await connect(emulator).get("/conversations?user=u")).json() == theirs


async def test_the_server_notices_a_reader_that_leaves() -> None:
    endless = Endless()
    emulator = Emulator(endless)
    with emulator.serve() as base_url:
        async with (
            httpx.AsyncClient(base_url=base_url, headers=bearer(emulator)) as client,
            client.stream("POST", "/chat-messages", json=STREAM) as reply,
        ):
            await anext(reply.aiter_bytes())
        assert await asyncio.to_thread(endless.closed.wait, 60)


async def test_a_stream_served_is_stopped_from_another_door(connect, frames_of) -> None:
    emulator = Emulator(Endless())
    with emulator.serve() as base_url:
        async with (
            httpx.AsyncClient(base_url=base_url, headers=bearer(emulator)) as client,
            client.stream("POST", "/chat-messages", json=STREAM) as reply,
        ):
            pieces = reply.aiter_text()
            first = frames_of((await anext(pieces)).partition("\n\n")[0])[0]
            await connect(emulator).post(f"/chat-messages/{first['task_id']}/stop", json={"user": "u"})
            rest = "".join([piece async for piece in pieces])
    assert '"message_end"' in rest


async def test_a_server_with_a_stream_under_way_stops_too() -> None:
    emulator = Emulator(Endless())
    client = httpx.AsyncClient(headers=bearer(emulator))
    with emulator.serve() as base_url:
        reply = await client.send(client.build_request("POST", f"{base_url}/chat-messages", json=STREAM), stream=True)
        await anext(reply.aiter_bytes())
    await reply.aclose()
    await client.aclose()


def test_the_port_may_be_chosen() -> None:
    emulator = Emulator()
    with emulator.serve() as base_url:
        port = int(base_url.rpartition(":")[2].partition("/")[0])
        with pytest.raises(OSError), emulator.serve(port=port):  # noqa: PT011
            pass
    with emulator.serve(port=port) as again:
        assert again == base_url


# ---------------------------------------------------------------------------------------------------------- the face
def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_it_loads_no_web_framework() -> None:
    loaded = run("import sys, dify.testing; print([m for m in ('starlette', 'uvicorn') if m in sys.modules])")
    assert loaded == "[]"


def test_a_missing_extra_is_named() -> None:
    code = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "starlette" else found(name, package)
from dify.testing import Emulator
try:
    Emulator()
except ImportError as error:
    print(error)
"""
    assert run(code) == 'the emulator needs starlette: pip install "dify[emulator]"'


def test_an_interpreter_ends_although_nobody_closed_anything() -> None:
    code = """
import httpx
from dify.testing import Emulator
emulator = Emulator()
client = httpx.Client(transport=emulator.sync_transport())
print(client.get(emulator.base_url + "/info").status_code)
"""
    assert run(code) == "401"


async def test_an_async_client_connects_to_it() -> None:
    dify = pytest.importorskip("dify")
    if not hasattr(dify, "AsyncDify"):
        pytest.skip("dify.AsyncDify is not there yet")
    async with Emulator() as emulator:
        reply = await emulator.client().chat.send("hello")
        assert reply.answer == "Echo: hello"
        assert emulator.requests[-1].user == "emulator-user"
        async with emulator.client(user="alice").chat.stream("hi there") as stream:
            assert "".join([text async for text in stream.text_stream]) == "Echo: hi there"
        assert emulator.requests[-1].user == "alice"


def test_an_emulator_ends_under_a_stream_that_nobody_closed() -> None:
    """In a process of its own: what this is about would otherwise hang the tests."""
    code = (
        "from dify.testing import Emulator\n"
        "with Emulator(lambda request: iter('abcdefgh')) as emulator:\n"
        "    stream = emulator.sync_client(user='u').chat.stream('hi')\n"
        "    print(next(iter(stream)).event)\n"
        "stream.close()\n"
        "print('over')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "message\nover\n", "")
