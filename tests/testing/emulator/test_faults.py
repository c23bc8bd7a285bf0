"""Faults in one line: what they do to requests and streams, through both doors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from dify import (
    APIConnectionError,
    AsyncDify,
    ProviderQuotaExceededError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from dify.testing import Emulator

ASK = {"query": "hi there", "inputs": {}, "user": "u", "response_mode": "streaming"}
RUN = {"inputs": {"q": "tea"}, "user": "u", "response_mode": "streaming"}


@pytest.fixture(params=["transport", "server"])
async def door(request) -> AsyncIterator:
    """Opens an emulator's door for an httpx client."""
    clients: list[httpx.AsyncClient] = []
    serving = []

    def enter(emulator: Emulator) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {emulator.api_key}"}
        if request.param == "transport":
            client = httpx.AsyncClient(transport=emulator.transport(), base_url=emulator.base_url, headers=headers)
        else:
            served = emulator.serve()
            client = httpx.AsyncClient(base_url=served.__enter__(), headers=headers)
            serving.append(served)
        clients.append(client)
        return client

    yield enter
    for client in clients:
        await client.aclose()
    for served in serving:
        served.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"status": 429}, 429, "too_many_requests"),
        ({"code": "rate_limit_error"}, 429, "rate_limit_error"),
        ({"code": "provider_quota_exceeded"}, 400, "provider_quota_exceeded"),
        ({"status": 500}, 500, "internal_server_error"),
        ({"status": 503, "html": False}, 503, "unknown"),
        ({"status": 400, "code": "invalid_param", "message": "Too many requests."}, 400, "invalid_param"),
        ({"status": 401}, 401, "unauthorized"),
    ],
)
async def test_the_next_request_fails_as_told(given, status, code, door) -> None:
    emulator = Emulator()
    client = door(emulator)
    emulator.fail_next(**given)
    reply = await client.get("/info")
    assert (reply.status_code, reply.json()["code"], reply.json()["status"]) == (status, code, status)
    assert reply.headers["X-Version"] == "1.14.2"
    assert (await client.get("/info")).status_code == 200
    assert len(emulator.requests) == 2


async def test_a_gateway_answers_with_its_page(door) -> None:
    emulator = Emulator()
    emulator.fail_next(502)
    reply = await door(emulator).get("/info")
    assert (reply.status_code, reply.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert "<h1>502 Bad Gateway</h1>" in reply.text


async def test_faults_are_aimed_and_counted(door) -> None:
    emulator = Emulator()
    client = door(emulator)
    emulator.fail_next(503, times=2, path="/conversations*", method="GET")
    assert (await client.get("/info")).status_code == 200
    statuses = [(await client.get("/conversations?user=u")).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    emulator.fail_next(500)
    emulator.clear_faults()
    assert (await client.get("/info")).status_code == 200


def test_a_fault_without_a_status_is_refused() -> None:
    with pytest.raises(ValueError, match="pass a status as well"):
        Emulator().fail_next()
    with pytest.raises(ValueError, match="no-such-code"):
        Emulator().fail_next(code="no-such-code")


async def test_a_reset_comes_before_any_answer(door) -> None:
    emulator = Emulator()
    client = door(emulator)
    emulator.reset_next()
    with pytest.raises(httpx.ReadError):
        await client.get("/info")
    assert (await client.get("/info")).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/no-such-route"), ("DELETE", "/info"), ("GET", "/info/")])
async def test_a_fault_meets_the_next_request_also_where_there_is_no_route(method, path, door) -> None:
    emulator = Emulator()
    client = door(emulator)
    emulator.fail_next(429)
    emulator.fail_next(503, path="/info")
    assert (await client.request(method, path)).status_code == 429
    assert (await client.request(method, path)).status_code == (503 if path == "/info" else 404)
    emulator.clear_faults()
    emulator.reset_next()
    with pytest.raises(httpx.ReadError):
        await client.request(method, path)
    assert (await client.get("/info")).status_code == 200


async def test_a_delay_comes_before_the_answer(door) -> None:
    emulator = Emulator()
    client = door(emulator)
    await client.get("/")
    emulator.delay_next(60)
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/info", timeout=httpx.Timeout(5, read=0.02))
    emulator.delay_next(0.02)
    before = time.monotonic()
    assert (await client.get("/info")).status_code == 200
    assert time.monotonic() - before >= 0.02


async def test_a_stream_is_cut_after_as_many_frames(door) -> None:
    emulator = Emulator(mode="workflow")
    client = door(emulator)
    emulator.drop_stream(after=2)
    text = ""
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        async with client.stream("POST", "/workflows/run", json=RUN) as reply:
            async for piece in reply.aiter_text():
                text += piece
    assert text.count("data: ") == 2
    assert "workflow_finished" in (await client.post("/workflows/run", json=RUN)).text


@pytest.mark.parametrize("pings", [False, True])
async def test_a_stream_falls_silent(pings, door) -> None:
    emulator = Emulator(mode="chat", ping_interval=0.01)
    client = door(emulator)
    emulator.stall_stream(after=1, pings=pings)
    text, patience = "", httpx.Timeout(20, read=20 if pings else 1)

    async def listen() -> None:
        nonlocal text
        async with client.stream("POST", "/chat-messages", json=ASK, timeout=patience) as reply:
            async for piece in reply.aiter_text():
                text += piece
                if text.count("event: ping") >= 3:
                    return

    if pings:
        await listen()
        assert text.count("data: ") == 1
    else:
        with pytest.raises(httpx.ReadTimeout):
            await listen()
        assert text.split("\n\n")[-2].startswith("data: ")


async def test_a_silent_stream_sends_pings(connect) -> None:
    go_on = asyncio.Event()

    async def answer(request):
        yield "a"
        await go_on.wait()
        yield "b"

    client, text = connect(Emulator(answer, ping_interval=0.01)), ""
    async with client.stream("POST", "/chat-messages", json=ASK) as reply:
        async for piece in reply.aiter_text():
            text += piece
            if text.count("event: ping\n\n") >= 2:
                go_on.set()
    assert '"answer":"b"' in text


# -------------------------------------------------------------------------------------------------- our own clients
async def test_a_client_tries_again_after_the_time_it_is_told() -> None:
    async with Emulator() as emulator:
        emulator.fail_next(429, retry_after=0)
        assert (await emulator.client().chat.send("hi")).answer == "Echo: hi"
        emulator.fail_next(429, retry_after=3600)
        with pytest.raises(RateLimitError) as caught:
            await emulator.client().chat.send("hi")
        assert caught.value.retry_after == 3600
        emulator.fail_next(code="provider_quota_exceeded")
        with pytest.raises(ProviderQuotaExceededError):
            await emulator.client().chat.send("hi")
        emulator.fail_next(503, times=9)
        with pytest.raises(ServerError):
            await emulator.client(max_retries=0).app.info()


async def test_a_reset_of_a_call_that_creates_is_not_repeated() -> None:
    async with Emulator() as emulator:
        emulator.reset_next()
        with pytest.raises(APIConnectionError):
            await emulator.client().chat.send("hi")
        assert len(emulator.requests) == 1


@pytest.mark.parametrize("after", range(1, 8))
async def test_a_cut_run_is_picked_up_by_the_client(after) -> None:
    for mode in ("workflow", "advanced-chat"):
        async with Emulator(lambda request: "one two three", mode=mode) as emulator:
            emulator.drop_stream(after=after)
            with emulator.serve() as url:
                async with AsyncDify(emulator.api_key, base_url=url, user="u") as client:
                    if mode == "workflow":
                        run = await client.workflows.run({"q": "x"})
                        assert (run.outputs, run.reconnects) == ({"text": "one two three"}, 1)
                    else:
                        reply = await client.chat.send("x")
                        assert (reply.answer, reply.reconnects) == ("one two three", 1)


async def test_a_cut_chat_cannot_be_picked_up() -> None:
    async with Emulator(mode="chat") as emulator:
        emulator.drop_stream(after=2)
        with pytest.raises(StreamInterruptedError) as caught:
            await emulator.client().chat.send("hi there")
        assert caught.value.partial.answer == "Echo: hi"
