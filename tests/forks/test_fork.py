"""`os.fork` after the first call: parent and children open connections of their own, with every kind of HTTP client."""

from __future__ import annotations

import os

import pytest

from ..support import programs, raw_frames as frames
from ..support.server import Exchange, Server
from .support import echo, environment_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

SYNC = """
import os, sys, threading
import httpx
from dify import DefaultHttpxClient, Dify

def ask(query):
    return client.chat.send(query, user="alice").answer

def forked(work):
    pid = os.fork()
    if pid:
        return pid
    try:
        code = 0 if work() else 2
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        code = 1
    os._exit(code)

settings = {"max_retries": 0, "timeout": 20}
"""
ASYNC = """
import asyncio, os, sys
import httpx
from dify import AsyncDify, DefaultAsyncHttpxClient, DefaultAioHttpClient

async def ask(query):
    return (await client.chat.send(query, user="alice")).answer

settings = {"max_retries": 0, "timeout": 20}
loop = asyncio.new_event_loop()

def run(work):
    return loop.run_until_complete(work)

def forked(work):
    pid = os.fork()
    if pid:
        return pid
    try:
        code = 0 if work() else 2
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        code = 1
    os._exit(code)
"""
WAIT = """
def wait(*children):
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    assert codes == [0] * len(codes), codes
"""

SYNC_CLIENTS = {
    "the client's own": "client = Dify(**settings)",
    "one of httpx": "client = Dify(**settings, http_client=httpx.Client())",
    "one with the defaults": "client = Dify(**settings, http_client=DefaultHttpxClient())",
}
ASYNC_CLIENTS = {
    "the client's own": "client = AsyncDify(**settings)",
    "one of httpx": "client = AsyncDify(**settings, http_client=httpx.AsyncClient())",
    "one with the defaults": "client = AsyncDify(**settings, http_client=DefaultAsyncHttpxClient())",
    "one of aiohttp": "client = AsyncDify(**settings, http_client=DefaultAioHttpClient())",
}


def run(server: Server, *code: str) -> None:
    """Run a program, and fail if it fails."""
    done = programs.run("\n".join(code), env=environment_of(server))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("http", SYNC_CLIENTS)
def test_processes_that_call_at_the_same_time_get_their_own_answers(http: str) -> None:
    program = """
assert ask("first") == "first"
def work(name):
    return all(ask(f"{name}-{n}") == f"{name}-{n}" for n in range(25))
children = [forked(lambda: work(f"child-{at}")) for at in range(4)]
assert work("parent")
wait(*children)
"""
    with Server(echo) as server:
        run(server, SYNC, WAIT, SYNC_CLIENTS[http], program)
        assert len(server.requests) == 1 + 5 * 25
        assert server.connections == 5


@pytest.mark.parametrize("http", ASYNC_CLIENTS)
def test_a_child_leaves_the_parents_connection_alone(http: str) -> None:
    program = """
assert run(ask("first")) == "first"
wait(forked(lambda: asyncio.run(ask("child")) == "child"))
assert run(ask("second")) == "second"
"""
    with Server(echo) as server:
        run(server, ASYNC, WAIT, ASYNC_CLIENTS[http], program, "os._exit(0)")
        assert len(server.requests) == 3
        assert server.connections == 2


def test_children_that_call_at_the_same_time_get_their_own_answers() -> None:
    program = """
async def work(name):
    answers = await asyncio.gather(*(ask(f"{name}-{n}") for n in range(25)))
    return answers == [f"{name}-{n}" for n in range(25)]
assert run(work("parent"))
children = [forked(lambda: asyncio.run(work(f"child-{at}"))) for at in range(4)]
assert run(work("parent"))
wait(*children)
"""
    with Server(echo) as server:
        run(server, ASYNC, WAIT, ASYNC_CLIENTS["the client's own"], program, "os._exit(0)")
        assert len(server.requests) == 6 * 25


def held(x: Exchange) -> None:
    """Answer with a stream that ends after another request."""
    if x.request.json["query"] != "held":
        echo(x)
        return
    x.sse(frames.message("a"))
    assert x.server.has_seen(2)
    x.chunk(frames.message("b") + frames.message_end())
    x.end()


STREAMS = {
    "sync": """
from dify import StreamInterruptedError
stream = client.chat.stream("held", user="alice")
events = iter(stream)
assert next(events).answer == "a"
def child():
    try:
        list(events)
    except StreamInterruptedError as error:
        return error.partial.answer == "a"
    finally:
        stream.close()
        client.close()
wait(forked(child))
assert ask("next") == "next"
assert [event.answer for event in events if event.event == "message"] == ["b"]
""",
    "async": """
from dify import StreamInterruptedError
stream = client.chat.stream("held", user="alice")
events = aiter(stream)
async def first():
    return (await anext(events)).answer
async def rest():
    return [event.answer async for event in events if event.event == "message"]
assert run(first()) == "a"
async def child():
    try:
        await rest()
    except StreamInterruptedError as error:
        return error.partial.answer == "a"
    finally:
        await stream.aclose()
        await client.aclose()
wait(forked(lambda: run(child())))
assert run(ask("next")) == "next"
assert run(rest()) == ["b"]
os._exit(0)
""",
}


@pytest.mark.parametrize("face", STREAMS)
def test_a_stream_of_the_parent_is_interrupted_in_the_child_and_continues_in_the_parent(face: str) -> None:
    setup = [SYNC, WAIT, SYNC_CLIENTS["the client's own"]]
    if face == "async":
        setup = [ASYNC, WAIT, ASYNC_CLIENTS["the client's own"]]
    with Server(held) as server:
        run(server, *setup, STREAMS[face])
        assert server.connections == 2


def test_a_call_of_another_thread_does_not_block_the_child() -> None:
    program = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of threads in a process that forks
client._pool.first_calls._lock.acquire()
client._pool._making.acquire()
client._pool.http()._transport._lock.acquire()
wait(forked(lambda: ask("child") == "child"))
os._exit(0)
"""
    with Server(echo) as server:
        run(server, SYNC, WAIT, SYNC_CLIENTS["the client's own"], "ask('first')", program)
        assert server.connections == 2
