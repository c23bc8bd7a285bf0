"""Settings of clients, of their copies and of single calls, and what every answer knows of its exchange."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx

import dify
from dify import AsyncDify, AuthenticationError, ConfigurationError, InvalidArgumentError, ResponseValidationError
from tests.support.frames import message, message_end, sse
from tests.support.recordings import ROOT

from .support import Chunks, answered, make_client, make_http

SHARED_MIME = [
    (case["content_type"], case["accept"])
    for case in json.loads((ROOT.parent / "data" / "sse_mime_cases.json").read_bytes())
]
REPLY = sse(message("Hello"), message_end())


class Recorder:
    """Answers chats with a stream and all else with a run; keeps what was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path.endswith("/chat-messages"):
            return answered(Chunks([REPLY]))
        headers = {"x-version": "1.14.2", "x-trace-id": "trace-7"}
        return httpx.Response(200, json={"id": "run-1", "status": "succeeded"}, headers=headers)


@pytest.mark.parametrize(("content_type", "accepted"), SHARED_MIME)
async def test_only_an_event_stream_is_read_as_one(content_type, accepted):
    headers = {} if content_type is None else {"content-type": content_type}
    client = make_client(lambda request: httpx.Response(200, headers=headers, stream=Chunks([REPLY])))
    if accepted:
        assert len([event async for event in client.chat.stream("hi")]) == 2
        return
    with pytest.raises(ResponseValidationError):
        async for _ in client.chat.stream("hi"):
            pass


async def test_a_stream_with_a_byte_order_mark_and_other_line_ends_is_read():
    body = b"\xef\xbb\xbf" + REPLY.replace(b"\n", b"\r\n")
    client = make_client(lambda request: answered(Chunks([body[:2], body[2:]])))
    assert (await client.chat.send("hi")).answer == "Hello"


async def test_a_copy_shares_the_connections_and_nothing_else():
    server = Recorder()
    client = make_client(server, user="alice", headers={"X-App": "one"}, timeout=30)
    changed = client.with_options(api_key="app-other", user="bob", headers={"X-More": "two"}, timeout=5, max_retries=1)
    assert changed._pool is client._pool
    assert type(changed) is type(client)
    await client.chat.send("hi")
    await changed.chat.send("hi")
    first, second = server.requests
    assert [one.headers["authorization"] for one in server.requests] == ["Bearer app-test-key", "Bearer app-other"]
    assert [json.loads(one.content)["user"] for one in server.requests] == ["alice", "bob"]
    assert [one.headers.get("x-more") for one in server.requests] == [None, "two"]
    assert [one.headers["x-app"] for one in server.requests] == ["one", "one"]
    assert [one.extensions["timeout"]["read"] for one in (first, second)] == [30, 5]


async def test_a_copy_changes_only_what_is_said():
    client = make_client(Recorder(), user="alice", max_retries=4)
    copy = client.with_options(timeout=1).with_options(user="bob")
    assert (copy.user, copy.base_url, copy._settings.max_retries) == ("bob", client.base_url, 4)
    assert copy._settings.timeout.read == 1
    assert client.user == "alice"


@pytest.mark.parametrize("most", [0, -1, True, 2.5, "10"])
def test_a_number_of_connections_that_can_be_none_is_refused(most):
    with pytest.raises(ConfigurationError, match="max_connections"):
        AsyncDify(api_key="app-test-key", base_url="localhost", max_connections=most)


@pytest.mark.parametrize("settings", [{"max_connections": 10}, {"keepalive_expiry": 10}, {"trust_env": False}])
def test_settings_of_our_connections_are_refused_beside_an_http_client_of_the_users(settings):
    with pytest.raises(ConfigurationError, match="http_client"):
        AsyncDify(api_key="app-test-key", base_url="localhost", http_client=httpx.AsyncClient(), **settings)


def test_a_pickled_client_keeps_its_settings_and_loses_its_keys(monkeypatch):
    client = AsyncDify(
        api_key="app-test-key",
        base_url="localhost",
        max_connections=7,
        trust_env=False,
        max_retries=4,
        keepalive_expiry=9,
    )
    monkeypatch.setenv("DIFY_API_KEY", "app-of-the-environment")
    copy = pickle.loads(pickle.dumps(client))
    assert (copy._pool.most, copy._pool.trust_env, copy._settings.max_retries) == (7, False, 4)
    assert copy._pool.keepalive_expiry == 9
    assert copy._settings.secrets() == ("app-of-the-environment",)


async def test_resources_of_a_copy_are_its_own_even_after_the_originals_were_used():
    server = Recorder()
    client = make_client(server, user="alice")
    await client.chat.send("hi")
    await client.with_options(user="bob").chat.send("hi")
    assert [json.loads(one.content)["user"] for one in server.requests] == ["alice", "bob"]


async def test_options_of_a_call_are_for_that_call_alone():
    server = Recorder()
    client = make_client(server, headers={"X-App": "one"})
    await client.chat.send("hi", options={"timeout": 2.5, "headers": {"X-App": "two", "X-Call": "yes"}})
    await client.chat.send("hi")
    first, second = server.requests
    assert (first.headers["x-app"], first.headers["x-call"], first.extensions["timeout"]["read"]) == ("two", "yes", 2.5)
    assert (second.headers["x-app"], second.headers.get("x-call")) == ("one", None)
    assert second.extensions["timeout"] == {"connect": 10, "read": 60, "write": 60, "pool": None}


async def test_a_timeout_may_be_the_librarys_own():
    server = Recorder()
    timeout = httpx.Timeout(1, read=2, pool=3)
    await make_client(server).chat.send("hi", options={"timeout": timeout})
    assert server.requests[0].extensions["timeout"] == {"connect": 1, "read": 2, "write": 1, "pool": 3}


async def test_every_top_level_answer_knows_its_exchange():
    client = make_client(Recorder())
    detail = await client.workflows.get("run-1")
    assert (detail.http.status, detail.http.method) == (200, "GET")
    assert detail.http.url == "https://dify.test/v1/workflows/run/run-1"
    assert (detail.http.server_version, detail.http.trace_id) == ("1.14.2", "trace-7")
    assert 0 <= detail.http.elapsed < 5
    reply = await client.chat.send("hi")
    assert (reply.http.status, reply.http.method) == (200, "POST")
    assert (reply.http.server_version, reply.http.trace_id) == (None, None)
    stream = client.chat.stream("hi")
    assert (await stream.final()).http == stream.http


async def test_the_exchange_is_no_part_of_the_answer():
    client = make_client(Recorder())
    detail = await client.workflows.get("run-1")
    assert "http" not in detail.model_dump()
    assert detail == type(detail)(id="run-1", status="succeeded")
    with pytest.raises(RuntimeError, match="was not returned by a call"):
        _ = type(detail)(id="run-1", status="succeeded").http


async def test_a_call_through_a_router_of_the_users_own_tests():
    router = respx.Router()
    route = router.post("https://dify.test/v1/chat-messages").mock(
        return_value=httpx.Response(200, headers={"content-type": "text/event-stream"}, content=REPLY)
    )
    router.get("https://dify.test/v1/info").respond(json={"name": "app"})
    client = make_client(router.handler)
    reply = await client.chat.send("hi", inputs={"a": 1}, conversation_id="conv-1", auto_generate_name=False)
    assert reply.answer == "Hello"
    assert json.loads(route.calls.last.request.content) == {
        "inputs": {"a": 1},
        "query": "hi",
        "user": "alice",
        "response_mode": "streaming",
        "conversation_id": "conv-1",
        "auto_generate_name": False,
    }
    assert await client.request("GET", "/info", cast_to=dict[str, str]) == {"name": "app"}


async def test_a_call_asks_for_what_it_can_read():
    server = Recorder()
    client = make_client(server)
    await client.chat.send("hi")
    await client.workflows.get("run-1")
    stream, plain = server.requests
    assert stream.headers["accept"] == "text/event-stream"
    assert plain.headers["accept"] == "application/json"
    assert {one.headers["accept-encoding"] for one in server.requests} == {"gzip"}
    assert stream.headers["content-type"] == "application/json"
    assert "content-type" not in plain.headers


async def test_cookies_and_keys_of_the_users_own_http_client_do_not_go_out():
    server = Recorder()
    client = make_client(server)
    own = client._pool.http()
    own.headers.update({"Authorization": "Bearer other", "X-Own": "kept"})
    own.cookies.set("session", "1")
    await client.chat.send("hi")
    headers = server.requests[0].headers
    assert headers.get_list("authorization") == ["Bearer app-test-key"]
    assert "cookie" not in headers
    assert headers["x-own"] == "kept"


async def test_cookies_of_the_server_are_not_sent_back():
    requests = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"id": "r", "status": "s"}, headers={"set-cookie": "session=1; Path=/"})

    client = make_client(handler)
    for _ in range(2):
        await client.workflows.get("run-1")
    assert "cookie" not in requests[1].headers


async def test_a_key_that_was_changed_in_a_copy_is_refused_as_any_other():
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"code": "unauthorized", "message": "Access token is invalid", "status": 401})

    with pytest.raises(AuthenticationError, match="check the key"):
        await make_client(handler).with_options(api_key="app-wrong").chat.send("hi")


@pytest.mark.parametrize("proxy", ["nonsense://127.0.0.1", "socks5://127.0.0.1:1"])
async def test_a_proxy_of_the_environment_that_cannot_be_used_is_told_with_the_way_out(monkeypatch, proxy):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setitem(sys.modules, "socksio", None)  # the library's extra for the second of them
    async with AsyncDify("app-test-key", base_url="http://127.0.0.1:9/v1") as client:
        with pytest.raises(ConfigurationError, match=r"the proxy .* \(ALL_PROXY\) cannot be used: .*trust_env=False"):
            await client.app.info()


async def test_headers_replace_those_of_the_same_name_whatever_their_case():
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"result": "success"})

    client = make_client(handler, headers={"X-Gateway": "blue", "accept": "text/x-mine", "content-type": "text/plain"})
    await client.messages.feedback("m-1", "like", options={"headers": {"x-gateway": "green"}})
    await client.with_options(headers={"X-GATEWAY": "red"}).messages.feedback("m-1", "like")
    assert [request.headers.get_list("x-gateway") for request in seen] == [["green"], ["red"]]
    for request in seen:
        assert request.headers.get_list("accept") == ["text/x-mine"]
        assert request.headers.get_list("content-type") == ["application/json"]  # the body is what it is


def echo_headers(seen: list[httpx.Headers]) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, json={"result": "success"})

    return handler


async def test_the_user_agent_names_the_package_and_the_http_library():
    seen: list[httpx.Headers] = []
    await make_client(echo_headers(seen)).messages.feedback("m-1", "like")
    assert seen[0]["user-agent"] == f"dify-python/{dify.__version__} python-httpx/{httpx.__version__}"


async def test_a_user_agent_of_the_users_own_is_kept():
    seen: list[httpx.Headers] = []
    own = make_http(echo_headers(seen))
    own.headers["User-Agent"] = "my-bot/2.0"
    client = AsyncDify("app-test-key", base_url="https://dify.test/v1", user="alice", http_client=own)
    await client.messages.feedback("m-1", "like")
    await client.messages.feedback("m-1", "like", options={"headers": {"user-agent": "call/1"}})
    await make_client(echo_headers(seen), headers={"User-Agent": "client/1"}).messages.feedback("m-1", "like")
    assert [headers.get_list("user-agent") for headers in seen] == [["my-bot/2.0"], ["call/1"], ["client/1"]]


async def test_a_header_that_is_none_is_not_sent():
    seen: list[httpx.Headers] = []
    own = make_http(echo_headers(seen))
    own.headers["X-Proxy"] = "blue"
    headers = {"User-Agent": None, "X-Gateway": "green"}
    client = AsyncDify("app-test-key", base_url="https://dify.test/v1", user="alice", http_client=own, headers=headers)
    await client.messages.feedback("m-1", "like", options={"headers": {"x-gateway": None, "x-proxy": None}})
    await client.with_options(headers={"user-agent": "again/1"}).messages.feedback("m-1", "like")
    assert not {"user-agent", "x-gateway", "x-proxy"} & set(seen[0])
    assert (seen[1]["user-agent"], seen[1]["x-gateway"], seen[1]["x-proxy"]) == ("again/1", "green", "blue")
    assert own.headers["X-Proxy"] == "blue"


async def test_a_cookie_that_is_asked_for_goes_out_and_one_of_the_users_http_client_does_not():
    seen: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("cookie"))
        return httpx.Response(200, json={"result": "success"})

    own = make_http(handler)
    own.cookies.set("session", "theirs")
    own.headers["Cookie"] = "of=theirs"
    client = AsyncDify("app-test-key", base_url="https://dify.test/v1", user="alice", http_client=own)
    await client.messages.feedback("m-1", "like")
    await client.messages.feedback("m-1", "like", options={"headers": {"cookie": "sso=ours"}})
    assert seen == [None, "sso=ours"]


@pytest.mark.parametrize("headers", [{"X-N": 7}, {7: "x"}, {"X-N": b"x"}])
def test_headers_that_are_no_texts_are_refused(headers: Any):
    with pytest.raises(InvalidArgumentError, match="headers are texts"):
        AsyncDify("app-test-key", headers=headers)


@pytest.mark.parametrize(
    "host",
    ["dify..example.com", ".example.com", "a" * 64 + ".example.com", "exämple..com", "xn--a.example", "a." * 130],
)
def test_an_address_without_a_possible_host_is_refused(host: str):
    with pytest.raises(ConfigurationError, match="no name of a host"):
        AsyncDify("app-test-key", base_url=f"https://{host}")


@pytest.mark.parametrize(
    "host", ["dify.example.com.", "bücher.example", "xn--bcher-kva.example", "[::1]", "10.0.0.1", "a_b"]
)
def test_an_address_with_a_possible_host_is_taken(host: str):
    assert AsyncDify("app-test-key", base_url=f"https://{host}").base_url.startswith("https://")


async def test_a_text_that_no_address_can_hold_is_refused_in_our_words():
    client = make_client(lambda request: httpx.Response(200, json={}))
    with pytest.raises(InvalidArgumentError, match="too long"):
        await client.workflows.logs(keyword="x" * 70_000).first()
    with pytest.raises(InvalidArgumentError, match="cannot be sent"):
        await client.files.upload(("a.txt", b"x"), user="a\ud800")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
async def test_a_copied_client_keeps_its_keys_and_connections(copied: Any):
    client = make_client(lambda request: httpx.Response(200, json={"result": "success"}))
    again = copied(client)
    await again.messages.feedback("m-1", "like")
    assert again._settings is client._settings
    assert again._pool is client._pool
