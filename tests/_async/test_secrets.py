"""The key goes to the server, in one header, and shows nowhere else."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from contextlib import suppress

import httpx
import pytest

from dify import AsyncDify, AuthenticationError, ConfigurationError, DifyError, ResponseLimits
from tests.support.frames import message, message_end, run_finished, run_started, sse
from tests.support.secrets import APP_KEY, KEYS, KNOWLEDGE_KEY, reachable, said, shown, with_locals

from .support import Chunks, answered, finish, make_client, streaming


def client_of(handler, **settings):
    return make_client(handler, api_key=APP_KEY, knowledge_api_key=KNOWLEDGE_KEY, **settings)


def raising(error: Exception):
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return handler


def echoing(request: httpx.Request) -> httpx.Response:
    """A server that repeats what it was sent."""
    words = f"unknown key {request.headers['authorization']}"
    return httpx.Response(401, json={"code": "unauthorized", "message": words, "status": 401})


def sent_key(request: httpx.Request) -> str:
    return request.headers["authorization"].removeprefix("Bearer ")


FAILURES = {
    "a refusal": echoing,
    "a refusal in text": lambda request: httpx.Response(500, text=f"key {request.headers['authorization']}"),
    "no connection": raising(httpx.ConnectError("refused")),
    "a timeout": raising(httpx.ReadTimeout("slow")),
    "a lost connection": raising(httpx.ReadError("reset")),
    "a refused header": raising(httpx.LocalProtocolError("illegal header")),
    "no JSON": lambda request: httpx.Response(200, text="<html>"),
    "another shape": lambda request: httpx.Response(200, json={"a": 1}),
    "a cut stream": streaming([sse(message("Hel"))]),
    "a broken stream": streaming([sse(message("Hel"))], httpx.ReadError("reset")),
    "an error frame": streaming([sse({"event": "error", "message": "no", "status": 500})]),
    "a frame that is none": streaming([b"data: {}\n\n"]),
    "a redirect": lambda request: httpx.Response(302, headers={"location": "https://other.test/"}),
}

CALLS = {
    "chat.send": lambda client: client.chat.send("hi"),
    "workflows.get": lambda client: client.workflows.get("run-1"),
    "files.upload": lambda client: client.files.upload(("a.txt", b"hello")),
    "files.download": lambda client: client.files.download("file-1"),
    "a datasource": lambda client: client.knowledge.pipelines.run_datasource_node(
        "base", "node", inputs={}, datasource_type="website_crawl", is_published=True
    ),
    "request": lambda client: client.request("GET", "/info", cast_to=dict[str, int]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("handler", FAILURES.values(), ids=FAILURES)
async def test_no_failure_shows_the_key(handler, call, caplog):
    caplog.set_level(logging.DEBUG)
    try:
        await finish(call(client_of(handler)))
    except DifyError as error:
        text = shown(error)
    else:
        text = ""  # some of the bodies are what some of the calls want
    for key in KEYS:
        assert key not in text
        assert key not in caplog.text


@pytest.mark.parametrize("broken", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.ReadError("x")])
async def test_the_cause_of_an_error_does_not_hold_the_request_with_the_key(broken):
    for failed in (raising(broken), streaming([sse(message("Hel"))], broken)):
        with pytest.raises(DifyError) as caught:
            await client_of(failed).chat.send("hi")
        cause = caught.value.__cause__
        assert type(cause) is type(broken)
        assert "authorization" not in cause.request.headers
        assert cause.__traceback__ is None


ECHOES = {
    "a page that repeats the key": lambda request: httpx.Response(
        200, text=f"<html>{request.headers['authorization']}"
    ),
    "a header that repeats the key": lambda request: httpx.Response(500, headers={"x-debug": sent_key(request)}),
    "a redirect that repeats the key": lambda request: httpx.Response(
        302, headers={"location": f"https://other.test/?key={sent_key(request)}"}
    ),
    "an error frame that repeats the key": lambda request: answered(
        Chunks([sse({"event": "error", "message": f"bad key {sent_key(request)}", "status": 500})])
    ),
    "a frame that repeats the key": lambda request: answered(Chunks([sse(f"bad key {sent_key(request)}")])),
}


@pytest.mark.parametrize("handler", ECHOES.values(), ids=ECHOES)
async def test_a_server_that_repeats_the_key_does_not_make_an_error_show_it(handler):
    with pytest.raises(DifyError) as caught:
        await client_of(handler).chat.send("hi")
    # What a server sent stays in the variables of a frame that was reading it; the error itself must not carry it on.
    assert not any(key in said(caught.value) for key in KEYS)


def html(text: str) -> httpx.Response:
    return httpx.Response(200, text="<html>" + text, headers={"content-type": "text/html"})


def failed_run(text: str) -> httpx.Response:
    events = [run_started(), run_finished("failed", error=text)]
    return answered(Chunks([sse(*events)]))


CUT_ECHOES = {
    "an error": lambda text: httpx.Response(500, text=text),
    "a JSON error": lambda text: httpx.Response(400, json={"code": "x", "message": text, "details": {"why": [text]}}),
    "a page": html,
    "a body that is not JSON": lambda text: httpx.Response(200, text=text),
    "another shape": lambda text: httpx.Response(200, json=[text]),
    "an error with a success": lambda text: httpx.Response(200, json={"code": "x", "message": text, "status": 400}),
    "a frame": lambda text: answered(Chunks([sse(message("Hel")), sse(text)])),
    "an error frame": lambda text: answered(
        Chunks([sse(message("Hel")), sse({"event": "error", "message": text, "details": {"why": text}})])
    ),
    "a failed run": failed_run,
    "the text of an interrupted reply": lambda text: answered(Chunks([sse(message(text))])),
    "a broken connection": lambda text: answered(Chunks([sse(message("Hel"))], httpx.RemoteProtocolError(text))),
    "a broken body": lambda text: answered(
        Chunks([b"{"], httpx.RemoteProtocolError(text)), content_type="application/json"
    ),
    "a broken file": lambda text: answered(
        Chunks([b"{"], httpx.RemoteProtocolError(text)), content_type="application/octet-stream"
    ),
    "no connection": lambda text: (_ for _ in ()).throw(httpx.ConnectError(text)),
}


@pytest.mark.parametrize("call", [*CALLS, "a stream in a block", "workflows.run", "server", "audio"])
@pytest.mark.parametrize("echo", CUT_ECHOES)
async def test_a_key_that_a_server_repeats_is_masked_before_a_text_is_cut(echo, call, caplog):
    caplog.set_level(logging.DEBUG, "dify")
    calls = CALLS | {
        "a stream in a block": lambda client: in_a_block(client.chat.stream("hi")),
        "workflows.run": lambda client: client.workflows.run({}),
        "server": lambda client: client.server(),
        "audio": lambda client: client.audio.synthesize("hi"),
    }
    errors: list[DifyError] = []
    for cut in (0, 200, 300, 500, 2048, 65536):
        for left in (2, 13, 17):  # characters of the key before the cut
            text = "x" * max(0, cut - left - len("<html>")) + " " + APP_KEY + " " + KNOWLEDGE_KEY
            client = client_of(lambda request, text=text: CUT_ECHOES[echo](text))
            try:
                await finish(calls[call](client))
            except DifyError as error:
                errors.append(error)
    texts = [caplog.text, *(said(error) + "".join(traceback.format_exception(error)) for error in errors)]
    assert not any(key[:14] in text for key in KEYS for text in texts)
    assert errors or echo in NO_ERRORS_FOR_ALL


NO_ERRORS_FOR_ALL = {
    "an error with a success",
    "the text of an interrupted reply",
    "a failed run",
    "a page",
    "a frame",
    "an error frame",
    "a body that is not JSON",
    "another shape",
    "a broken body",
    "a broken file",
    "a broken connection",
}
"""Bodies that are what some of the calls want, such as a file."""


async def in_a_block(stream):
    async with stream:
        return await stream.final()


async def test_a_traceback_with_all_variables_shows_the_request_but_not_the_key():
    with pytest.raises(AuthenticationError) as caught:
        await client_of(echoing).workflows.get("run-1")
    text = with_locals(caught.value)
    assert "workflow_run_id = 'run-1'" in text  # the variables are there indeed
    assert not any(key in text for key in KEYS)


async def test_bad_arguments_show_no_key():
    with pytest.raises(ConfigurationError) as caught:
        await client_of(echoing).workflows.get("..")
    assert not any(key in shown(caught.value) for key in KEYS)


def test_a_key_that_cannot_be_one_is_not_repeated():
    for key in (f"{APP_KEY}\nX: y", f"{APP_KEY} x", f"{APP_KEY}é"):
        with pytest.raises(ConfigurationError) as caught:
            make_client(echoing, api_key=key)
        assert APP_KEY not in str(caught.value)
    for names in ({"api_key": KNOWLEDGE_KEY}, {"knowledge_api_key": APP_KEY}):
        with pytest.raises(ConfigurationError) as caught:
            make_client(echoing, **names)
        assert not any(key in str(caught.value) for key in KEYS)
        assert "pass it as" in str(caught.value)


async def test_nothing_that_a_client_is_made_of_shows_the_key():
    client = client_of(streaming([sse(message("Hi"), message_end())]))
    await client.chat.send("hi")
    stream = client.chat.stream("hi")
    async for _ in stream:
        pass
    for thing in (client, client.chat, client.knowledge, stream, client.workflows.logs(), client.files.download("f")):
        for one in [thing, *reachable(thing)]:
            assert not any(key in repr(one) for key in KEYS), type(one)
            assert not any(key in str(one) for key in KEYS), type(one)
        assert not any(key in str(vars(thing)) for key in KEYS)


def test_a_pickled_client_keeps_what_is_no_secret():
    patience = httpx.Timeout(7, read=30, pool=2)
    client = AsyncDify(
        "app-x", user="alice", timeout=patience, max_retries=5, limits=ResponseLimits(frame=5), trust_env=False
    )
    again = pickle.loads(pickle.dumps(client))
    assert isinstance(again, AsyncDify)
    kept, known = again._settings, client._settings
    assert (kept.timeout, kept.limits, kept.max_retries) == (patience, ResponseLimits(frame=5), 5)
    assert (kept.base_url, kept.user) == (known.base_url, "alice")


def test_a_pickled_client_asks_the_environment_for_its_keys_again(monkeypatch):
    client = client_of(echoing, user="bob", headers={"X-Secret": "token"})
    data = pickle.dumps(client)
    assert not any(key.encode() in data for key in KEYS)
    assert b"token" not in data
    monkeypatch.setenv("DIFY_API_KEY", "app-from-environment")
    again = pickle.loads(data)
    assert (again.base_url, again.user) == ("https://dify.test/v1", "bob")
    assert again._settings.api_key.get_secret_value() == "app-from-environment"


async def test_log_lines_name_the_call_and_no_key(caplog):
    caplog.set_level(logging.DEBUG, "dify")
    client = client_of(streaming([sse(message("Hi"), message_end())]))
    await client.chat.send("a very private question")
    assert "sendChatMessage" in caplog.text
    assert "200" in caplog.text
    assert "private" not in caplog.text
    assert not any(key in caplog.text for key in KEYS)


async def test_log_records_have_the_fields_of_the_call(caplog):
    caplog.set_level(logging.DEBUG, "dify")

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"X-Request-Id": "r-1"}, json={"name": "x", "mode": "chat"})

    await make_client(handler).app.info()
    (record,) = caplog.records
    assert (record.operation, record.method, record.path, record.status) == ("getChatAppInfo", "GET", "/info", 200)
    assert record.request_id == "r-1"
    assert record.elapsed >= 0


async def test_a_retry_is_logged_with_its_reason(caplog, waits):
    caplog.set_level(logging.INFO, "dify")
    with suppress(DifyError):
        await make_client(lambda request: httpx.Response(503), max_retries=1).app.info()
    (record,) = caplog.records
    assert (record.operation, record.error, record.attempt, record.status) == (
        "getChatAppInfo",
        "ServerError",
        2,
        503,
    )


async def test_the_end_of_a_stream_is_logged(caplog):
    caplog.set_level(logging.DEBUG, "dify")
    await make_client(streaming([sse(message("Hi"), message_end())])).chat.send("hi")
    record = caplog.records[-1]
    assert record.getMessage().startswith("sendChatMessage: the stream ended after ")
    assert (record.operation, record.status, record.task_id) == ("sendChatMessage", 200, "task-1")


async def test_a_stream_that_breaks_is_logged(caplog):
    caplog.set_level(logging.INFO, "dify")
    with suppress(DifyError):
        await make_client(streaming([sse(message("Hel"))])).chat.send("hi")
    (record,) = caplog.records
    assert record.levelname == "INFO"
    assert record.error == "StreamInterruptedError"
    assert "the stream broke" in record.getMessage()


async def test_a_stream_that_is_left_is_logged(caplog):
    caplog.set_level(logging.DEBUG, "dify")
    async with make_client(streaming([sse(message("Hel"), message("lo"), message_end())])).chat.stream("hi") as stream:
        pieces = stream.text_stream
        await anext(pieces)
        await pieces.aclose()
    assert "closed before its end" in caplog.records[-1].getMessage()


async def test_the_key_is_stripped_and_goes_out_once():
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answered(Chunks([sse(message("Hi"), message_end())]))

    client = make_client(handler, api_key=f"  {APP_KEY}\n")
    await client.chat.send("hi")
    assert seen[0].headers.get_list("authorization") == [f"Bearer {APP_KEY}"]
    assert APP_KEY not in str(seen[0].url)
    assert APP_KEY.encode() not in seen[0].content


async def test_a_call_that_needs_no_key_sends_none():
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"welcome": "Dify OpenAPI", "api_version": "v1", "server_version": "1.14.2"})

    info = await client_of(handler).server()
    assert info.server_version == "1.14.2"
    assert "authorization" not in seen[0].headers


async def test_the_exchange_of_an_answer_holds_no_key_and_no_cookies():
    def handler(request: httpx.Request) -> httpx.Response:
        body = {"id": "run-1", "status": "succeeded"}
        return httpx.Response(200, json=body, headers={"set-cookie": "session=1", "x-version": "1.14.2"})

    detail = await client_of(handler).workflows.get("run-1")
    assert detail.http.server_version == "1.14.2"
    assert "set-cookie" not in detail.http.headers
    assert not any(key in repr(detail.http) for key in KEYS)
    assert pickle.loads(pickle.dumps(detail)).http == detail.http


async def test_a_copy_of_an_answer_still_knows_its_exchange():
    client = client_of(lambda request: httpx.Response(200, json={"id": "run-1", "status": "succeeded"}))
    detail = await client.workflows.get("run-1")
    for again in (copy.copy(detail), copy.deepcopy(detail), detail.model_copy()):
        assert again == detail
        assert again.http == detail.http
