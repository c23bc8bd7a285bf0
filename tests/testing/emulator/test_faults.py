"""Effects of faults on requests and streams, through a transport and through a server."""

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
async def connection(request) -> AsyncIterator:
    """A function that connects an httpx client to an emulator."""
    clients: list[httpx.AsyncClient] = []
    serving = []

    def open_client(emulator: Emulator) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {emulator.api_key}"}
        if request.param == "transport":
            client = httpx.AsyncClient(transport=emulator.transport(), base_url=emulator.base_url, headers=headers)
        else:
            served = emulator.serve()
            client = httpx.AsyncClient(base_url=served.__enter__(), headers=headers)
            serving.append(served)
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        await client.aclose()
    for served in serving:
        served.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
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
async def test_the_next_request_fails_with_the_status_and_code(arguments, status, code, connection) -> None:
    emulator = Emulator()
    client = connection(emulator)
    emulator.fail_next(**arguments)
    reply = await client.get("/info")
    assert (reply.status_code, reply.json()["code"], reply.json()["status"]) == (status, code, status)
    assert reply.headers["X-Version"] == "1.14.2"
    assert (await client.get("/info")).status_code == 200
    assert len(emulator.requests) == 2


async def test_a_gateway_answers_with_its_page(connection) -> None:
    emulator = Emulator()
    emulator.fail_next(502)
    reply = await connection(emulator).get("/info")
    assert (reply.status_code, reply.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert "<h1>502 Bad Gateway</h1>" in reply.text


async def test_a_fault_applies_to_matching_requests_and_only_so_often(connection) -> None:
    emulator = Emulator()
    client = connection(emulator)
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


async def test_a_reset_comes_before_any_answer(connection) -> None:
    emulator = Emulator()
    client = connection(emulator)
    emulator.reset_next()
    with pytest.raises(httpx.ReadError):
        await client.get("/info")
    assert (await client.get("/info")).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/no-such-route"), ("DELETE", "/info"), ("GET", "/info/")])
async def test_a_fault_applies_to_requests_without_a_route(method, path, connection) -> None:
    emulator = Emulator()
    client = connection(emulator)
    emulator.fail_next(429)
    emulator.fail_next(503, path="/info")
    assert (await client.request(method, path)).status_code == 429
    assert (await client.request(method, path)).status_code == (503 if path == "/info" else 404)
    emulator.clear_faults()
    emulator.reset_next()
    with pytest.raises(httpx.ReadError):
        await client.request(method, path)
    assert (await client.get("/info")).status_code == 200


async def test_a_delay_comes_before_the_answer(connection) -> None:
    emulator = Emulator()
    client = connection(emulator)
    await client.get("/")
    emulator.delay_next(60)
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/info", timeout=httpx.Timeout(5, read=0.02))
    emulator.delay_next(0.02)
    before = time.monotonic()
    assert (await client.get("/info")).status_code == 200
    assert time.monotonic() - before >= 0.02


async def test_a_stream_is_cut_after_as_many_frames(connection) -> None:
    emulator = Emulator(mode="workflow")
    client = connection(emulator)
    emulator.drop_stream(after=2)
    text = ""
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        async with client.stream("POST", "/workflows/run", json=RUN) as reply:
            async for piece in reply.aiter_text():
                text += piece
    assert text.count("data: ") == 2
    assert "workflow_finished" in (await client.post("/workflows/run", json=RUN)).text


@pytest.mark.parametrize("pings", [False, True])
async def test_a_stream_stalls(pings, connection) -> None:
    emulator = Emulator(mode="chat", ping_interval=0.01)
    client = connection(emulator)
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


async def test_a_stalled_stream_sends_pings(connect) -> None:
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
async def test_a_client_retries_after_the_delay_of_retry_after() -> None:
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
async def test_a_client_reconnects_to_a_run_whose_stream_was_cut(after) -> None:
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


async def test_a_cut_chat_stream_raises() -> None:
    async with Emulator(mode="chat") as emulator:
        emulator.drop_stream(after=2)
        with pytest.raises(StreamInterruptedError) as caught:
            await emulator.client().chat.send("hi there")
        assert caught.value.partial.answer == "Echo: hi"


# ------------------------------------------------------------------------------------------------------ wrong arguments
FAULTS = {
    "fail_next": lambda emulator, **target: emulator.fail_next(503, **target),
    "reset_next": lambda emulator, **target: emulator.reset_next(**target),
    "delay_next": lambda emulator, **target: emulator.delay_next(0, **target),
    "drop_stream": lambda emulator, **target: emulator.drop_stream(after=0, **target),
    "stall_stream": lambda emulator, **target: emulator.stall_stream(after=0, **target),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"times": 0}, "times must be an integer of at least 1"),
        ({"times": -1}, "times must be an integer of at least 1"),
        ({"path": "/v1/chat-messages"}, "omit the base URL and `/v1`, as in path='/chat-messages'"),
        ({"path": "https://api.dify.ai/v1/info"}, "omit the base URL and `/v1`, as in path='/info'"),
        ({"path": "/chat-message"}, "did you mean /chat-messages"),
        ({"path": "chat-messages"}, "paths start with a slash"),
        (
            {"path": "/conversations/{conversation_id}/name"},
            r"use `\*` for parameters, as in path='/conversations/\*/name'",
        ),
        ({"path": "/workflows/run/"}, "did you mean"),
        ({"path": "/brand-*"}, "matches no route of the API"),
        ({"method": "FETCH"}, "the methods of the API are DELETE, GET, PATCH, POST, PUT"),
        ({"path": "/chat-messages", "method": "GET"}, "the methods of /chat-messages are POST"),
    ],
    ids=str,
)
def test_a_fault_that_no_request_can_match_is_refused(fault, target, message) -> None:
    emulator = Emulator()
    with pytest.raises(ValueError, match=message):
        FAULTS[fault](emulator, **target)
    assert emulator.waiting_faults == []


ID = "9a8b7c6d-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "path",
    [
        "*",
        "/info",
        "/info*",
        "/datasets/*",
        "/datasets/*/documents/*/segments",
        f"/datasets/{ID}/documents",
        f"/conversations/{ID}/*",
        "*/stop",
        "/chat-messages/*/stop",
        "/workflow?/run",
        "/[cw]*",
        "/apps/annotation-reply/enable",
        f"/files/{ID}/file-preview",
        "/messages/*/feedbacks",
    ],
)
def test_a_path_of_the_api_is_accepted_with_or_without_stars(path) -> None:
    emulator = Emulator()
    emulator.fail_next(503, path=path)
    assert emulator.waiting_faults == [f"a failure with status 503 for {path}"]


def test_faults_are_listed_until_they_have_applied_to_a_request() -> None:
    with Emulator() as emulator:
        client = emulator.sync_client(user="alice")
        emulator.fail_next(503, times=5, path="/info", method="get")
        emulator.reset_next()
        emulator.delay_next(0.5, path="/site")
        emulator.drop_stream(after=2)
        emulator.stall_stream(after=3)
        assert emulator.waiting_faults == [
            "a failure with status 503 for GET /info",
            "a reset for any request",
            "a delay of 0.5 seconds for /site",
            "a stream that is cut after 2 events for any request",
            "a stream that is stalled after 3 events for any request",
        ]
        with pytest.raises(ServerError):
            client.with_options(max_retries=0).app.info()
        assert emulator.waiting_faults[0] == "a reset for any request"
        emulator.clear_faults()
        assert emulator.waiting_faults == []


@pytest.mark.parametrize("status", [0, 200, 302, 999])
def test_a_status_that_is_not_an_error_is_refused(status) -> None:
    with pytest.raises(ValueError, match=f"status must be from 400 to 599, got {status}"):
        Emulator().fail_next(status)


def test_a_code_is_not_accepted_as_a_status() -> None:
    with pytest.raises(TypeError, match=r"status must be an integer, .* code='provider_quota_exceeded'"):
        Emulator().fail_next("provider_quota_exceeded")


def test_negative_numbers_are_refused() -> None:
    emulator = Emulator()
    with pytest.raises(ValueError, match="retry_after must be 0 seconds or more"):
        emulator.fail_next(429, retry_after=-1)
    with pytest.raises(ValueError, match="seconds must be 0 or more"):
        emulator.delay_next(-1)
    with pytest.raises(ValueError, match="after must be a number of events"):
        emulator.drop_stream(after=-1)
    with pytest.raises(ValueError, match="after must be a number of events"):
        emulator.stall_stream(after=-1)
