"""How many requests the server sees, for each way in which a call can fail."""

from __future__ import annotations

import json
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from dify import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    DifyError,
    RateLimitError,
    ServerError,
)
from tests.support.frames import message, sse

from .support import Chunks, answered, finish, make_client

TABLE = json.loads((Path(__file__).resolve().parents[1] / "data" / "retry_expectations.json").read_bytes())
DETAIL = {"id": "run-1", "status": "succeeded"}

CALLS = {
    "get": lambda client: client.workflows.get("run-1"),
    "read_post": lambda client: client.chat.stop("task-1"),
    "unsafe_post": lambda client: client.human_input.submit("token-1", action="yes"),
}
CREATING = {
    "chat.send": lambda client: client.chat.send("hi"),
    "chat.send blocking": lambda client: client.chat.send("hi", response_mode="blocking"),
    "completions.create": lambda client: client.completions.create({}),
    "workflows.run": lambda client: client.workflows.run({}),
    "files.upload": lambda client: client.files.upload(("a.txt", b"x")),
}


class Server:
    """Answers with these one after the other, the last again and again; an exception is raised in place of an answer."""

    def __init__(self, *answers: object) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer  # made anew: an answer is read once
        return httpx.Response(status, json=body, headers=headers)


def refusal(status: int, code: str | None = None, message: str = "", **headers: str):
    return (status, {"code": code, "message": message, "status": status}, headers)


FINE = (200, DETAIL, {})


async def requests_of(kind, server: Server, **settings) -> int:
    call = {**CALLS, **CREATING}[kind]
    with suppress(DifyError):
        await finish(call(make_client(server, max_retries=2, **settings)))
    return len(server.requests)


STATUSES = {name: row for name, row in TABLE.items() if name.startswith("status-")}


async def test_the_retries_of_a_call_are_on_its_exchange(waits):
    server = Server((503, {}, {}), httpx.ConnectError("refused"), (200, DETAIL, {}))
    run = await make_client(server, max_retries=3).workflows.get("run-1")
    assert run.http.retries == 2
    run = await make_client(server, max_retries=3).workflows.get("run-1")
    assert run.http.retries == 0
    with pytest.raises(ServerError) as caught:
        await make_client(Server((503, {}, {})), max_retries=1).workflows.get("run-1")
    assert caught.value.http.retries == 1
    assert len(waits) == 3


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("name", STATUSES)
async def test_a_status_is_tried_as_often_as_the_table_says(name, kind, waits):
    server = Server(refusal(int(name.removeprefix("status-"))))
    assert await requests_of(kind, server) == TABLE[name][kind]
    assert len(waits) == TABLE[name][kind] - 1
    assert all(0 <= wait <= 0.5 * 2**at for at, wait in enumerate(waits))


RETRY_AFTER = {
    "429-ra-1": "1",
    "429-ra-0": "0",
    "429-ra-float": "1.5",
    "429-ra-date": "in ten seconds",
    "429-ra-date-past": "Thu, 01 Jan 1970 00:00:00 GMT",
    "429-ra-garbage": "soon",
    "429-ra-empty": "",
    "429-ra-negative": "-5",
    "429-ra-nan": "nan",
    "429-ra-inf": "inf",
    "429-ra-date-overflow": "Fri, 31 Dec 999999 23:59:59 GMT",
    "429-ra-86400": "86400",
    "429-ra-date-2099": "Thu, 01 Jan 2099 00:00:00 GMT",
    "429-ra-1e400": "1e400",
    "429-ra-5000-digits": "9" * 5000,
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize(("name", "value"), RETRY_AFTER.items(), ids=RETRY_AFTER)
async def test_a_retry_after_is_followed_as_the_table_says(name, value, kind, waits):
    if name == "429-ra-date":
        value = format_datetime(datetime.now(UTC) + timedelta(seconds=10), usegmt=True)
    assert await requests_of(kind, Server(refusal(429, **{"retry-after": value}))) == TABLE[name][kind]
    if name in ("429-ra-1", "429-ra-0", "429-ra-float"):
        assert waits == [float(value)] * 2
    elif name == "429-ra-date":
        assert all(5 < wait <= 10 for wait in waits)
    else:
        assert all(wait <= 1 for wait in waits)


async def test_a_retry_after_in_other_digits_is_not_read(waits):
    server = Server((429, {"message": ""}, [(b"retry-after", "١٢".encode())]))
    assert await requests_of("get", server) == TABLE["429-ra-unicode-digits"]["get"]
    assert all(wait <= 1 for wait in waits)


async def test_a_wait_that_is_too_long_is_on_the_error(waits):
    client = make_client(Server(refusal(429, **{"retry-after": "86400"})), max_retries=2)
    with pytest.raises(RateLimitError) as caught:
        await client.workflows.get("run-1")
    assert caught.value.retry_after == 86400
    assert waits == []


@pytest.mark.parametrize("kind", CALLS)
async def test_the_first_answer_that_is_fine_ends_the_trying(kind, waits):
    for name, first in (
        ("429-then-ok", refusal(429)),
        ("429-ra0-then-ok", refusal(429, **{"retry-after": "0"})),
        ("503-then-ok", refusal(503)),
        ("500-then-ok", refusal(500)),
        ("504-then-ok", refusal(504)),
        ("rst-then-ok", httpx.ReadError("reset")),
        ("close-then-ok", httpx.RemoteProtocolError("closed")),
        ("hang-after-request", httpx.ReadTimeout("slow")),
    ):
        server = Server(first, FINE) if "then-ok" in name else Server(first)
        assert await requests_of(kind, server) == TABLE[name][kind], name


@pytest.mark.parametrize("kind", [*CALLS, *CREATING])
@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")], ids=["refused", "slow"]
)
async def test_what_never_left_is_sent_again(error, kind, waits):
    assert await requests_of(kind, Server(error)) == 3


@pytest.mark.parametrize("kind", CREATING)
@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.WriteTimeout("slow"),
        httpx.RemoteProtocolError("closed"),
        *(refusal(status) for status in (408, 500, 502, 503, 504, 520, 524, 529)),
        refusal(429, "rate_limit_error"),
    ],
    ids=lambda failure: str(failure[0]) if isinstance(failure, tuple) else type(failure).__name__,
)
async def test_what_may_have_begun_is_not_sent_again(failure, kind, waits):
    assert await requests_of(kind, Server(failure)) == 1
    assert waits == []


@pytest.mark.parametrize("kind", [*CALLS, *CREATING])
async def test_difys_limit_of_concurrent_requests_is_waited_out(kind, waits):
    refused = refusal(400, "invalid_param", "Too many requests. Please try again later.")
    assert await requests_of(kind, Server(refused)) == 3
    assert await requests_of(kind, Server(refusal(503, **{"retry-after": "1"}))) == 3
    assert await requests_of(kind, Server(refusal(403, "forbidden", "knowledge base request rate limit"))) == 1


async def test_a_stream_that_has_begun_is_never_begun_again(waits):
    requests = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answered(Chunks([sse(message("Hel"))], httpx.ReadError("reset")))

    with pytest.raises(DifyError):
        await make_client(handler, max_retries=2).chat.send("hi")
    assert len([one for one in requests if one.method == "POST"]) == 1


async def test_an_answer_that_breaks_off_is_not_asked_for_again(waits):
    requests = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answered(Chunks([b'{"id": '], httpx.ReadError("reset")), content_type="application/json")

    with pytest.raises(APIConnectionError) as caught:
        await make_client(handler, max_retries=2).workflows.get("run-1")
    assert caught.value.sent
    assert len(requests) == 1


async def test_a_body_is_sent_again_whole(waits):
    server = Server(refusal(429), refusal(429), (201, {"id": "file-1"}, {}))
    uploaded = await make_client(server, max_retries=2).files.upload(("a.txt", b"hello"))
    assert uploaded.id == "file-1"
    assert [b"hello" in request.content for request in server.requests] == [True] * 3
    assert len({request.headers["content-length"] for request in server.requests}) == 1


async def test_a_body_that_cannot_be_rewound_is_sent_once(waits):
    server = Server(refusal(429))
    with pytest.raises(RateLimitError):
        await make_client(server, max_retries=2).files.upload(("a.txt", iter([b"hello"])))
    assert len(server.requests) == 1


async def test_retries_are_the_clients_the_copys_or_the_calls(waits):
    for most, expected in ((0, 1), (1, 2), (5, 6)):
        server = Server(refusal(429))
        client = make_client(server, max_retries=most)
        with pytest.raises(RateLimitError):
            await client.workflows.get("run-1")
        assert len(server.requests) == expected
    client = make_client(server := Server(refusal(429)), max_retries=5)
    with pytest.raises(RateLimitError):
        await client.with_options(max_retries=1).workflows.get("run-1")
    assert len(server.requests) == 2
    with pytest.raises(RateLimitError):
        await client.workflows.get("run-1", options={"max_retries": 0})
    assert len(server.requests) == 3


async def test_a_failure_says_what_may_have_happened(waits):
    with pytest.raises(APITimeoutError, match="may still be processing sendChatMessage") as caught:
        await make_client(Server(httpx.ReadTimeout("slow"))).chat.send("hi")
    assert caught.value.sent
    with pytest.raises(APIConnectionError, match=r"cannot connect to https://dify\.test") as caught:
        await make_client(Server(httpx.ConnectError("refused"))).chat.send("hi")
    assert not caught.value.sent
    with pytest.raises(APITimeoutError) as caught:
        await make_client(Server(httpx.ConnectTimeout("slow"))).chat.send("hi")
    assert not caught.value.sent


async def test_an_untrusted_certificate_is_not_retried(waits):
    refused = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    refused.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    server = Server(refused)
    with pytest.raises(APIConnectionError) as caught:
        await make_client(server, max_retries=2).workflows.get("run-1")
    assert caught.value.reason == "certificate"
    assert len(server.requests) == 1


async def test_an_address_that_cannot_be_used_is_a_matter_of_configuration(waits):
    server = Server(httpx.UnsupportedProtocol("no such protocol"))
    with pytest.raises(ConfigurationError):
        await make_client(server, max_retries=2).workflows.get("run-1")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("method", "expected"), [("GET", 3), ("PUT", 3), ("DELETE", 3), ("HEAD", 3), ("POST", 1), ("PATCH", 1)]
)
async def test_calls_of_the_users_own_are_tried_again_by_their_method(method, expected, waits):
    server = Server(refusal(502))
    with pytest.raises(APIStatusError) as caught:
        await make_client(server, max_retries=2).request(method, "/new", cast_to=dict)
    assert type(caught.value) is ServerError
    assert len(server.requests) == expected
