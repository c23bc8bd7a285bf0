"""One client for many threads or many tasks: every caller gets its own answer, and nothing is left open afterwards.

The server holds every stream until all of them are open, so that they are there at the same time on a machine of any speed.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from dify import AsyncDify, Dify
from dify.testing import Emulator, EmulatorRequest

from ..support import frames
from ..support.server import PATIENCE, Exchange, Server

T = TypeVar("T")

THREADS = 32
TASKS = 500


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Whoever was there before the test may stay; garbage is looked at here, so that what it left open fails this test."""
    before = set(threading.enumerate())
    yield
    gc.collect()
    assert set(threading.enumerate()) <= before


def settings(url: str) -> dict[str, Any]:
    return {"api_key": "app-test-key", "user": "alice", "base_url": url, "max_retries": 0, "timeout": 3 * PATIENCE}


def words_for(query: str) -> list[str]:
    """The answer that only this question has."""
    return [f"<{query}", *(f" {n}:{query[::-1]}" for n in range(8)), ">"]


def answer_once(x: Exchange) -> None:
    """An answer, and a connection closed behind it without a word, as servers and gateways do with idle ones."""
    assert x.server.has_seen(-(-len(x.server.requests) // THREADS) * THREADS)  # not before the whole burst is there
    x.json({"name": "app", "mode": "chat", "tags": [], "description": ""})
    x.close()


class Gate:
    """Answers chats, each with its own words; the first so many get the rest only when all of them have begun."""

    def __init__(self, streams: int) -> None:
        self._all_here = threading.Barrier(streams)

    def __call__(self, x: Exchange) -> None:
        query = x.request.json["query"]
        first, *rest = words_for(query)
        ids = {"conversation_id": f"c-{query}", "message_id": f"m-{query}", "id": f"m-{query}", "task_id": f"t-{query}"}
        x.sse(frames.sse(frames.message(first, **ids)))
        if query.endswith("#0"):
            self._all_here.wait(3 * PATIENCE)
        for word in rest:
            x.chunk(frames.sse(frames.message(word, **ids)))
        x.chunk(frames.sse(frames.message_end(len(rest), **ids)))
        x.end()


def in_threads(work: Callable[[int], T], count: int = THREADS) -> list[T]:
    """What the work returns for 0, 1, 2 …, each in a thread of its own, all begun at the same time."""
    start = threading.Barrier(count)

    def run(number: int) -> T:
        start.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns after every few instructions, so that what is not safe among them shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


# ----------------------------------------------------------------------------------------------------------- threads
def test_32_threads_on_one_client_each_get_their_own_answers():
    def ask(thread: int) -> None:
        for turn in range(4):
            query = f"thread-{thread}#{turn}"
            with client.chat.stream(query) as stream:
                text = "".join(stream.text_stream)
                reply = stream.final()
            assert text == reply.answer == "".join(words_for(query))
            assert (reply.conversation_id, reply.message_id) == (f"c-{query}", f"m-{query}")
            assert stream.task_id == f"t-{query}"

    with Server(Gate(THREADS)) as server:
        with Dify(**settings(server.url)) as client:
            in_threads(ask)
        assert server.all_closed()
        assert len(server.requests) == 4 * THREADS


def test_32_threads_each_keep_a_conversation_of_their_own():
    def remember(request: EmulatorRequest) -> str:
        return " / ".join([*(turn.query for turn in request.history), request.query])

    def talk(thread: int) -> str:
        mine = client.with_options(user=f"user-{thread}")
        conversation: str | None = None
        for turn in range(3):
            reply = mine.chat.send(f"{thread}.{turn}", conversation_id=conversation)
            conversation = reply.conversation_id
        assert [c.id for c in mine.conversations.list()] == [conversation]
        return reply.answer

    with Emulator(remember) as emulator, emulator.serve() as url, Dify(**settings(url)) as client:
        said = in_threads(talk)
    assert said == [f"{n}.0 / {n}.1 / {n}.2" for n in range(THREADS)]
    assert not emulator.failures


def test_copies_with_other_options_send_only_their_own_from_any_thread():
    def answer(x: Exchange) -> None:
        headers = x.request.headers
        x.json({"name": headers["authorization"], "mode": headers["x-thread"], "tags": [], "description": ""})

    def ask(thread: int) -> None:
        for turn in range(8):
            copy = client.with_options(api_key=f"app-{thread}-{turn}", headers={"X-Thread": f"{thread}-{turn}"})
            info = copy.app.info()
            assert (info.name, info.mode) == (f"Bearer app-{thread}-{turn}", f"{thread}-{turn}")
            copy.close()  # closes nothing: the connections are the client's

    with Server(answer) as server:
        with Dify(**settings(server.url)) as client:
            in_threads(ask)
            assert client.with_options(headers={"X-Thread": "last"}).app.info().mode == "last"
        assert server.all_closed()
        assert server.connections <= THREADS


def test_a_first_use_by_many_threads_at_once_makes_one_pool(hasty_threads):
    def resources(client: Dify) -> list[object]:
        return [client.chat, client.app, client.files, client.knowledge.datasets, client.knowledge.documents]

    def answer(x: Exchange) -> None:
        x.json({"name": "app", "mode": "chat", "tags": [], "description": ""})

    for _ in range(5):
        with Server(answer) as server:
            with Dify(**settings(server.url)) as client:

                def use(thread: int, client: Dify = client) -> list[object]:
                    assert client.app.info().name == "app"
                    return resources(client)

                in_threads(use)
                # Whoever came first, from now on there is one of each.
                assert resources(client) == resources(client)
                client.app.info()
            assert server.all_closed()


def test_threads_that_take_and_give_back_connections_never_meet(hasty_threads):
    def answer(x: Exchange) -> None:
        x.json({"name": x.request.headers["x-call"], "mode": "chat", "tags": [], "description": ""})

    def ask(thread: int) -> None:
        for turn in range(30):
            call = f"{thread}-{turn}"
            assert client.app.info(options={"headers": {"X-Call": call}}).name == call

    with Server(answer) as server:
        with Dify(**settings(server.url)) as client:
            in_threads(ask)
        assert server.all_closed()
        assert server.connections <= THREADS


def test_a_burst_after_the_server_has_hung_up_on_idle_connections_makes_new_ones(hasty_threads):
    with Server(answer_once) as server, Dify(**settings(server.url)) as client:
        for burst in range(1, 4):
            names = in_threads(lambda thread: client.app.info().name)
            assert names == ["app"] * THREADS
            assert server.all_closed()
            assert server.connections == burst * THREADS


def test_a_client_closed_while_idle_closes_what_many_threads_left():
    with Server(Gate(THREADS)) as server:
        client = Dify(**settings(server.url))
        in_threads(lambda thread: client.chat.send(f"{thread}#0"))
        assert server.open == THREADS  # kept for the calls to come
        in_threads(lambda thread: client.close())  # as often as one likes
        assert server.all_closed()


# ------------------------------------------------------------------------------------------------------------- tasks
async def test_500_tasks_on_one_client_each_get_their_own_answers():
    async def ask(task: int) -> None:
        query = f"task-{task}#0"
        async with client.chat.stream(query) as stream:
            text = "".join([piece async for piece in stream.text_stream])
            reply = await stream.final()
        assert text == reply.answer == "".join(words_for(query))
        assert (reply.conversation_id, reply.message_id) == (f"c-{query}", f"m-{query}")

    with Server(Gate(TASKS)) as server:
        async with AsyncDify(**settings(server.url)) as client:
            async with asyncio.TaskGroup() as group:
                for task in range(TASKS):
                    group.create_task(ask(task))
            # A burst does not leave its connections lying about: at most a hundred wait for the next one.
            assert server.connections == TASKS
        assert await asyncio.to_thread(server.all_closed)
        assert len(server.requests) == TASKS


async def test_a_burst_of_tasks_after_the_server_has_hung_up_makes_new_connections():
    with Server(answer_once) as server:
        async with AsyncDify(**settings(server.url)) as client:
            for burst in range(1, 4):
                infos = await asyncio.gather(*(client.app.info() for _ in range(THREADS)))
                assert [info.name for info in infos] == ["app"] * THREADS
                assert await asyncio.to_thread(server.all_closed)
                assert server.connections == burst * THREADS


async def test_500_tasks_that_leave_their_streams_in_the_middle_leave_nothing_open():
    held = threading.Barrier(TASKS)

    def answer(x: Exchange) -> None:
        x.sse(frames.sse(frames.message("Hel")))
        held.wait(3 * PATIENCE)
        x.chunk(frames.sse(frames.message("lo")))
        # And no more, nor an end: the connection waits for a next request, which cannot come, or for the client to hang up.

    async def leave() -> None:
        seen = ""
        async with client.chat.stream("Hi") as stream:
            async for piece in stream.text_stream:
                seen += piece
                if seen == "Hello":
                    break

    with Server(answer) as server:
        async with AsyncDify(**settings(server.url)) as client:
            async with asyncio.TaskGroup() as group:
                for _ in range(TASKS):
                    group.create_task(leave())
            assert await asyncio.to_thread(server.all_closed)  # before the client is: each stream closes its own


@pytest.mark.slow
async def test_500_tasks_get_their_own_answers_from_the_emulator():
    async def answer(request: EmulatorRequest) -> str:
        return f"You are {request.user}, and said {request.query}"

    async def ask(task: int) -> str:
        return (await client.with_options(user=f"user-{task}").chat.send(f"no. {task}")).answer

    with Emulator(answer) as emulator, emulator.serve() as url:
        async with AsyncDify(**settings(url)) as client:
            said = await asyncio.gather(*(ask(task) for task in range(TASKS)))
    assert said == [f"You are user-{n}, and said no. {n}" for n in range(TASKS)]
    assert not emulator.failures
