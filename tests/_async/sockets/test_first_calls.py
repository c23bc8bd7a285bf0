"""The first call of an end user goes ahead: the user's other calls are sent when its response has begun."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from dify import APIConnectionError, APIStatusError, AsyncDify, AuthenticationError, BadRequestError, ServerError

from ...support import raw_frames as frames
from ...support.server import Exchange, Server
from .support import Job, beside, client_for, together

INFO = {"name": "App", "description": "", "tags": [], "mode": "chat", "author_name": "A"}


class EndUsers:
    """Looks a user up and creates one, as servers do: without a lock. A lookup during a creation creates another user.

    Args:
        answer: Answers the request after that.
    """

    def __init__(self, answer: Callable[[Exchange], None] | None = None) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._users: dict[str, int] = {}
        self.under_way = 0
        self.most_under_way = 0
        self.created = 0

    def __call__(self, x: Exchange) -> None:
        user = user_of(x)
        with self._lock:
            known = user in self._users
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        if not known:
            threading.Event().wait(0.02)  # the time between a lookup and a commit
            with self._lock:
                self._users[user] = self.created
                self.created += 1
        with self._lock:
            self.under_way -= 1
        if self._answer is not None:
            self._answer(x)
        elif x.request.path.endswith("/files/upload"):
            x.json({"id": "f-1", "name": "a.txt", "size": 1, "extension": "txt", "mime_type": "text/plain"}, 201)
        elif x.request.path.endswith("/workflows/run"):
            x.sse(frames.workflow_started(), frames.workflow_finished())
            x.end()
        else:
            x.sse(frames.message("Hello"), frames.message_end())
            x.end()


def user_of(x: Exchange) -> str:
    body = x.request.body
    if b'name="user"' in body:
        return body.partition(b'name="user"\r\n\r\n')[2].partition(b"\r\n")[0].decode()
    return x.request.json["user"] if body else x.request.target.partition("user=")[2].partition("&")[0]


async def test_conversations_that_begin_at_once_share_one_end_user() -> None:
    users = EndUsers()
    with Server(users) as server:
        async with client_for(server) as client:
            await together([lambda: client.chat.send("hi") for _ in range(12)])
    assert users.created == 1


async def test_files_that_are_uploaded_at_once_share_one_end_user() -> None:
    users = EndUsers()
    with Server(users) as server:
        async with client_for(server) as client:
            results = await client.files.upload_many([(f"{at}.txt", b"x") for at in range(8)])
    assert [result.error for result in results] == [None] * 8
    assert users.created == 1


async def test_the_runs_of_a_map_share_one_end_user() -> None:
    users = EndUsers()
    with Server(users) as server:
        async with client_for(server) as client:
            results = [one async for one in client.workflows.map([{"at": at} for at in range(12)], concurrency=12)]
    assert [one.error for one in results] == [None] * 12
    assert users.created == 1


async def test_copies_of_a_client_share_what_they_know() -> None:
    users = EndUsers()
    with Server(users) as server:
        async with client_for(server) as client:
            copies = [client.with_options(timeout=10 + at) for at in range(6)]
            await together([lambda copy=copy: copy.chat.send("hi") for copy in copies])
    assert users.created == 1


async def test_users_do_not_wait_for_each_other_and_neither_do_known_ones() -> None:
    def answer(x: Exchange) -> None:
        # No response begins before all requests are there: they are under way at the same time.
        if x.request.json["query"] == "together":
            assert x.server.has_seen(warm + 6)
        x.json(frames.chat_reply())

    warm = 0
    with Server(answer) as server:
        async with client_for(server) as client:
            ask = client.chat.send
            await together([lambda u=u: ask("together", user=f"u-{u}", response_mode="blocking") for u in range(6)])
            warm = 6
            await together([lambda: ask("together", user="u-1", response_mode="blocking") for _ in range(6)])


async def test_another_key_is_another_app_whose_users_are_unknown() -> None:
    def answer(x: Exchange) -> None:
        assert x.server.has_seen(2)
        x.json(frames.chat_reply())

    with Server(answer) as server:
        async with client_for(server) as client:
            other = client.with_options(api_key="app-other-key")
            await together([lambda c=c: c.chat.send("hi", response_mode="blocking") for c in (client, other)])


async def test_the_headers_of_a_stream_let_the_others_go() -> None:
    def answer(x: Exchange) -> None:
        if x.request.json["query"] == "first":
            x.sse(frames.message("Hel"))
            x.hold(second)
            x.chunk(frames.message_end())
            x.end()
        else:
            second.set()
            x.json(frames.chat_reply())

    second = threading.Event()
    with Server(answer) as server:
        async with client_for(server) as client, client.chat.stream("first") as stream:
            assert (await client.chat.send("second", response_mode="blocking")).answer == "Hello"
            assert (await stream.final()).answer == "Hel"


async def test_calls_that_create_no_end_user_do_not_wait() -> None:
    def answer(x: Exchange) -> None:
        if x.request.path == "/v1/info":
            x.json(INFO)
            info.set()
        else:
            x.hold(info)
            x.json(frames.chat_reply())

    info = threading.Event()
    with Server(answer) as server:
        async with client_for(server) as client, Job(lambda: client.chat.send("hi", response_mode="blocking")) as job:
            assert await beside(server.has_seen, 1)
            assert (await client.app.info()).name == "App"
            assert (await job.result()).answer == "Hello"


@pytest.mark.parametrize("how", ["reset", "503", "401", "gateway"])
async def test_after_a_first_call_that_failed_the_next_one_goes_first(how: str) -> None:
    def answer(x: Exchange) -> None:
        if len(x.server.requests) > 1:
            users(x)
            return
        x.hold(waiting)
        match how:
            case "reset":
                x.reset()
            case "503":
                x.json({"code": "service_unavailable", "message": "later", "status": 503}, 503)
            case "401":
                x.json({"code": "unauthorized", "message": "Access token is invalid", "status": 401}, 401)
            case _:
                x.bytes(b"<html>no</html>", "text/html", status=404)

    users, waiting = EndUsers(), threading.Event()
    with Server(answer) as server:
        async with client_for(server) as client, Job(lambda: client.chat.send("first")) as job:
            assert await beside(server.has_seen, 1)
            async with Job(lambda: together([lambda: client.chat.send("hi") for _ in range(8)])) as others:
                await waits(client, 8)
                waiting.set()
                assert isinstance(await job.result(), (APIConnectionError, APIStatusError))
                assert len(await others.result()) == 8
    assert users.created == 1


async def test_an_error_of_the_app_itself_means_that_the_user_is_known() -> None:
    def answer(x: Exchange) -> None:
        if len(x.server.requests) == 1:
            x.json({"code": "invalid_param", "message": "no", "status": 400}, 400)
        else:
            assert x.server.has_seen(4)
            x.json(frames.chat_reply())

    with Server(answer) as server:
        async with client_for(server) as client:
            with pytest.raises(BadRequestError):
                await client.chat.send("first", response_mode="blocking")
            await together([lambda: client.chat.send("hi", response_mode="blocking") for _ in range(3)])


async def test_a_server_that_is_down_takes_no_timeout_for_each_call() -> None:
    def answer(x: Exchange) -> None:
        if len(x.server.requests) == 1:
            x.hold(waiting)
        elif len(x.server.requests) > 3:
            assert x.server.has_seen(10)  # the calls after the third failure are under way together
        x.json({"code": "internal_server_error", "message": "no", "status": 500}, 500)

    async def attempt() -> Exception | None:
        try:
            await client.chat.send("hi", response_mode="blocking")
        except ServerError as error:
            return error
        return None

    waiting = threading.Event()
    with Server(answer) as server:
        async with client_for(server) as client, Job(lambda: together([attempt for _ in range(10)])) as job:
            await waits(client, 9)
            waiting.set()
            assert [type(error) for error in await job.result()] == [ServerError] * 10


async def test_retries_of_the_first_call_keep_the_others_waiting() -> None:
    def answer(x: Exchange) -> None:
        if len(x.server.requests) == 1:
            x.json({"code": "too_many", "message": "later", "status": 429}, 429, "Retry-After: 0")
        else:
            users(x)

    users = EndUsers()
    with Server(answer) as server:
        async with client_for(server, max_retries=2) as client:
            await together([lambda: client.chat.send("hi") for _ in range(6)])
    assert users.created == 1


async def test_the_content_of_a_first_upload_may_need_calls_of_the_same_user() -> None:
    def answer(x: Exchange) -> None:
        if x.request.method == "GET":
            x.bytes(b"content", "text/plain")
        else:
            users(x)

    users = EndUsers()
    with Server(answer) as server:
        async with client_for(server) as client:

            async def content():
                yield await client.files.download("f-1").read()

            uploaded = await client.files.upload(("a.txt", content()))
    assert uploaded.id == "f-1"
    assert b"content" in server.requests[-1].body


async def test_a_stream_that_is_never_entered_holds_nothing_back() -> None:
    users = EndUsers()
    with Server(users) as server:
        async with client_for(server) as client:
            client.chat.stream("never")
            assert (await client.chat.send("hi")).answer == "Hello"


async def test_an_argument_that_cannot_be_sent_holds_nothing_back() -> None:
    users = EndUsers()
    with Server(users) as server:
        async with client_for(server) as client:
            for _ in range(4):
                with pytest.raises(ValueError, match="JSON"):
                    await client.chat.send("hi", inputs={"x": float("nan")})
            assert (await client.chat.send("hi")).answer == "Hello"
            assert client._pool.first_calls._queues == {}


async def test_a_stream_that_is_closed_while_it_waits_sends_nothing() -> None:
    def answer(x: Exchange) -> None:
        x.hold(done)
        x.json(frames.chat_reply())

    async def read() -> None:
        async for _ in stream:
            pass

    done = threading.Event()
    with Server(answer) as server:
        async with client_for(server) as client:
            async with Job(lambda: client.chat.send("first", response_mode="blocking")) as first:
                assert await beside(server.has_seen, 1)
                stream = client.chat.stream("second")
                async with Job(read) as second:
                    await waits(client, 1)
                    await stream.aclose()
                    assert await second.result() is None
                done.set()
                assert (await first.result()).answer == "Hello"
            assert len(server.requests) == 1
            assert client._pool.first_calls._queues == {}


async def test_memory_is_bounded_and_holds_neither_keys_nor_users() -> None:
    users = EndUsers(lambda x: x.json(frames.chat_reply()))
    with Server(users) as server:
        async with client_for(server) as client:
            calls = client._pool.first_calls
            calls._most = 5
            for at in range(8):
                await client.chat.send("hi", user=f"user-{at}", response_mode="blocking")
            await client.chat.send("hi", user="user-4", response_mode="blocking")  # known, and used last
            await client.chat.send("hi", user="user-9", response_mode="blocking")
            assert len(calls._known) == 5
            assert calls._queues == {}
            held = repr(vars(calls))
    assert "user-" not in held
    assert "app-test-key" not in held
    assert users.created == 9


async def test_a_wrong_key_is_an_error_for_every_call_and_leaves_nothing_behind() -> None:
    def answer(x: Exchange) -> None:
        x.json({"code": "unauthorized", "message": "Access token is invalid", "status": 401}, 401)

    async def attempt(client: AsyncDify) -> None:
        with suppress(AuthenticationError):
            await client.chat.send("hi")

    with Server(answer) as server:
        async with client_for(server) as client:
            await together([lambda: attempt(client) for _ in range(7)])
            assert client._pool.first_calls._queues == {}
            assert len(client._pool.first_calls._known) == 0
    assert len(server.requests) == 7


async def waits(client: Any, count: int) -> None:
    """Wait until so many calls wait for a first one."""

    def counted() -> bool:
        pause = threading.Event()
        for _ in range(2000):
            if sum(len(queue.waiting) for queue in list(client._pool.first_calls._queues.values())) >= count:
                return True
            pause.wait(0.01)
        return False

    assert await beside(counted)
