"""The rows of the design's chapter "Security", one assertion of each on real sockets; most have a whole file elsewhere, too.

keys: checked when given, shown nowhere, pickled never     here; tests/_async/test_secrets.py
keys: not in the process list                              tests/cli/test_exits.py (no option takes one)
where the key goes: redirects, request(), signed links     here; tests/_async/knowledge/test_downloads.py
path parameters                                            here; tests/_async/test_arguments.py, tests/_protocol/test_request.py
control characters                                         here; tests/_async/test_arguments.py, tests/_protocol/test_uploads.py
plain http warns once; proxies and trust_env               here; tests/test_config.py
downloads                                                  here; tests/faults/test_downloads.py
caps: frames, answers, errors, bombs, nesting              here; tests/_async/test_limits.py, tests/faults/test_catalogue.py
cookies are not kept                                       here; tests/_async/test_settings.py
an event stream is told by its media type, 13 of 13        tests/_async/test_settings.py (sse_mime_cases.json)
"""

from __future__ import annotations

import pickle
import traceback
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dify import (
    APIStatusError,
    AsyncDify,
    ConfigurationError,
    Dify,
    DifyError,
    InvalidArgumentError,
    ResponseValidationError,
)

from ..support import raw_frames as frames
from ..support.secrets import APP_KEY, KEYS, KNOWLEDGE_KEY, said
from ..support.server import Exchange, Server

Ask = Callable[..., Awaitable[Any]]

MIB = 1 << 20


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIFY_API_KEY", "DIFY_KNOWLEDGE_API_KEY", "DIFY_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(params=["async", "sync"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Makes a call with a client of one face, and returns what it returns."""

    async def made(server: Server, call: Callable[[Any], Any], *, times: int = 1, **more: Any) -> Any:
        settings: dict[str, Any] = {"base_url": server.url, "api_key": APP_KEY, "knowledge_api_key": KNOWLEDGE_KEY}
        settings |= {"user": "alice", "max_retries": 0, "timeout": 10} | more
        found: Any = None
        if request.param == "sync":
            with Dify(**settings) as client:
                for _ in range(times):
                    found = call(client)
            return found
        async with AsyncDify(**settings) as client:
            for _ in range(times):
                found = await call(client)
        return found

    return made


def detail(x: Exchange) -> None:
    x.json(frames.run_detail())


def get_run(client: Any) -> Any:
    return client.workflows.get(frames.RUN)


# ----------------------------------------------------------------------------------------------------------------- keys
@pytest.mark.parametrize(
    "bad", [f"{APP_KEY}\r\nX-Evil: 1", f"{APP_KEY}\x00", f"{APP_KEY}\u2019", f"{APP_KEY} x", "", "  "]
)
@pytest.mark.parametrize("face", [AsyncDify, Dify])
def test_a_key_that_can_be_none_is_refused_at_once_and_not_repeated(face: Any, bad: str) -> None:
    with pytest.raises(ConfigurationError, match="api_key") as caught:
        face(api_key=bad, base_url="localhost")
    assert APP_KEY not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("face", [AsyncDify, Dify])
def test_a_client_shows_and_pickles_no_key(face: Any) -> None:
    client = face(api_key=APP_KEY, knowledge_api_key=KNOWLEDGE_KEY, base_url="localhost")
    seen = repr(client) + str(client) + str(vars(client)) + str(pickle.dumps(client))
    assert not any(key in seen for key in KEYS)


async def test_an_error_of_a_server_that_repeats_the_key_does_not_show_it(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(x: Exchange) -> None:
        key = x.request.headers["authorization"].removeprefix("Bearer ")
        x.json({"code": "unauthorized", "message": f"bad key {key}", "status": 401}, 401, f"X-Debug: {key}")

    caplog.set_level("DEBUG", "dify")
    with Server(echo) as server, pytest.raises(APIStatusError, match=r"bad key \*\*\*") as caught:
        await ask(server, get_run)
    assert "401" in caplog.text
    assert APP_KEY not in said(caught.value) + caplog.text


# ----------------------------------------------------------------------------------------------------- where the key goes
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_that_names_its_target_and_is_not_followed(ask: Ask, status: int) -> None:
    with (
        Server(detail) as other,
        Server(lambda x: x.json({}, status, f"Location: {other.url}/x")) as server,
        pytest.raises(APIStatusError) as caught,
    ):
        await ask(server, get_run)
    assert f"{other.url}/x" in str(caught.value)
    assert other.connections == 0


async def test_request_takes_no_address_of_another_server(ask: Ask) -> None:
    with Server(detail) as other, Server(detail) as server:
        elsewhere = other.url.removeprefix("http:")
        for path in (
            f"{other.url}/x",
            f"{elsewhere}/x",
            f"/{elsewhere}",
            "file:///etc/passwd",
            "/../../x",
            "/%2e%2e/x",
        ):
            with pytest.raises(InvalidArgumentError):
                await ask(server, lambda client, path=path: client.request("GET", path, cast_to=dict[str, Any]))
    assert other.connections == server.connections == 0


@pytest.mark.parametrize("scheme", ["http", "file", "ftp", "gopher"])
async def test_a_signed_link_gets_no_key_and_is_followed_over_http_only(ask: Ask, scheme: str) -> None:
    with Server(lambda x: x.bytes(b"content")) as other:
        link = f"{scheme}://{other.url.removeprefix('http://')}/f-1?sign=x"
        with Server(lambda x: x.json({"url": link})) as server:

            async def download() -> Any:
                return await ask(
                    server,
                    lambda client: client.knowledge.documents.download("base", "doc").read(),
                    headers={"X-Gate": "secret"},
                )

            if scheme != "http":
                with pytest.raises(ResponseValidationError, match="link"):
                    await download()
                assert other.connections == 0
                return
            assert await download() == b"content"
    assert server.requests[0].headers["authorization"] == f"Bearer {KNOWLEDGE_KEY}"
    sent = str(other.requests[0].headers)
    assert "authorization" not in sent
    assert "secret" not in sent
    assert not any(key in sent for key in KEYS)


# ----------------------------------------------------------------------------------- path parameters, control characters
NO_SEGMENTS = [
    "..", ".", "", " ", "a/b", "../../datasets", "..%2f..%2fdatasets", "%2e%2e", "%252e%252e", "a\\..\\b", "//evil.test/x",
    "http://evil.test/x", "\x00", "a\r\nX-Evil: 1", "a\nb", "a\x85b", "a" * 70_000,
]  # fmt: skip


@pytest.mark.parametrize("bad", NO_SEGMENTS, ids=lambda bad: repr(bad)[:20])
async def test_an_id_that_is_no_path_segment_is_refused_before_sending(ask: Ask, bad: str) -> None:
    with Server(detail) as server, pytest.raises(InvalidArgumentError):
        await ask(server, lambda client: client.knowledge.documents.delete("base", bad))
    assert server.connections == 0


@pytest.mark.parametrize("strange", ["a b", "a?x=1", "a#b", "a;p=1", "a:b@c", "ä", "\u202e", "...", "a%20b"])
async def test_any_other_id_stays_one_segment_of_the_path(ask: Ask, strange: str) -> None:
    with Server(lambda x: x.json({"result": "success"})) as server:
        await ask(server, lambda client: client.knowledge.documents.delete("base", strange))
    path = server.requests[0].target
    assert path.startswith("/v1/datasets/base/documents/")
    assert path.count("/") == 5
    assert not set(path) & set("?# \r\n")


@pytest.mark.parametrize(
    "file",
    [
        ('a"\r\nX-Evil: 1\r\n\r\n.txt', b"x", "text/plain"),
        ("a.txt", b"x", "text/plain\r\nX-Evil: 1"),
        ("a\x00.txt", b"x"),
    ],
)
async def test_a_file_name_or_type_that_could_end_a_header_is_refused_before_sending(ask: Ask, file: Any) -> None:
    with Server(detail) as server, pytest.raises(InvalidArgumentError):
        await ask(server, lambda client: client.files.upload(file))
    assert server.connections == 0


@pytest.mark.parametrize(
    "headers", [{"X-User": "a\r\nX-Evil: 1"}, {"X-User": "a\x00"}, {"X\r\nY": "a"}, {"Authorization": "x"}]
)
async def test_a_header_that_could_end_early_or_carries_a_key_is_refused_before_sending(ask: Ask, headers: Any) -> None:
    with Server(detail) as server, pytest.raises(ConfigurationError):
        await ask(server, lambda client: client.workflows.get("run-1", options={"headers": headers}))
    assert server.connections == 0


# ---------------------------------------------------------------------------------------------- plain http, proxies, cookies
@pytest.mark.parametrize("face", [AsyncDify, Dify])
def test_plain_http_to_the_world_warns_once(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dify._config._warned", set())
    with pytest.warns(UserWarning, match="unencrypted"):
        face(api_key=APP_KEY, base_url="http://dify.example.com/v1")
    # Warnings are errors here: another one would fail.
    face(api_key=APP_KEY, base_url="http://dify.example.com/v1")
    face(api_key=APP_KEY, base_url="http://127.0.0.1/v1")


@pytest.mark.parametrize("trust_env", [True, False])
async def test_a_proxy_of_the_environment_is_used_unless_the_client_is_told_not_to(
    ask: Ask, trust_env: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(detail) as proxy, Server(detail) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        await ask(server, get_run, trust_env=trust_env)
        assert len(proxy.requests) == trust_env
        assert len(server.requests) == (not trust_env)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        await ask(server, get_run, trust_env=trust_env)
        assert len(proxy.requests) == trust_env


async def test_the_password_of_a_proxy_is_masked_in_what_the_proxy_sends(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(x: Exchange) -> None:
        header = x.request.headers["proxy-authorization"]
        x.json({"message": f"{header} {b64decode(header.split()[1]).decode()}"}, 407, f"X-Echo: {header}")

    with Server(refuse) as proxy, Server(detail) as server:
        address = proxy.url.removesuffix("/v1").removeprefix("http://")
        monkeypatch.setenv("HTTP_PROXY", f"http://me:s3cret%40word@{address}")
        with pytest.raises(DifyError) as caught:
            await ask(server, get_run)
    text = said(caught.value)
    assert "407" in text
    assert not any(secret in text for secret in ("s3cret", b64encode(b"me:s3cret@word").decode()))


@pytest.mark.parametrize(
    "url", ["http://me:qu#izzical@proxy.test", "foo://me:qu%23izzical@proxy.test", "http://me:qu/izzical@proxy.test"]
)
async def test_an_invalid_proxy_is_reported_without_its_password(
    ask: Ask, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", url)
    with Server(detail) as server, pytest.raises(ConfigurationError, match="HTTP_PROXY") as caught:
        await ask(server, get_run)
    text = said(caught.value) + "".join(traceback.format_exception(caught.value))
    assert not any(part in text for part in ("'qu'", "izzical"))


async def test_cookies_are_not_kept(ask: Ask) -> None:
    with Server(lambda x: x.json(frames.run_detail(), 200, "Set-Cookie: session=1; Path=/")) as server:
        await ask(server, get_run, times=2)
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


# ----------------------------------------------------------------------------------------------------------------- downloads
async def test_a_download_stays_in_its_folder_and_is_there_only_when_whole(ask: Ask, tmp_path: Path) -> None:
    def answer(x: Exchange) -> None:
        name = 'Content-Disposition: attachment; filename="../../evil.txt"'
        assert list(folder.iterdir()) == []
        x.head(200, "application/octet-stream", "Content-Length: 10", name)
        x.send(b"whole file"[: 10 if "whole" in x.request.path else 5])
        x.close()

    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    with Server(answer) as server:
        with pytest.raises(Exception, match="broke off"):
            await ask(server, lambda client: client.files.download("cut").save(folder))
        assert list(folder.iterdir()) == []
        saved = await ask(server, lambda client: client.files.download("whole").save(folder))
    assert saved == folder / "evil.txt"
    assert saved.read_bytes() == b"whole file"
