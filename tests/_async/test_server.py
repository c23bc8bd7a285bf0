"""The server's version: from the headers of any answer, from an index where there is one, and never from a stranger."""

from __future__ import annotations

import httpx
import pytest

from dify import AuthenticationError, RateLimitError, ResponseValidationError, ServerError

from .support import make_client

PAGE = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found."
REFUSED = {
    "code": "unauthorized",
    "message": "Authorization header must be provided and start with 'Bearer'",
    "status": 401,
}
DIFY = {"X-Version": "1.14.2", "X-Env": "PRODUCTION", "Content-Type": "text/html; charset=utf-8"}


def server(**routes: httpx.Response):
    """A server that answers `GET /` and `GET /info`, and keeps the requests."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        name = request.url.path.removeprefix("/v1/") or "index"
        return routes[name]

    return make_client(handler, api_key=None, knowledge_api_key=None), seen


async def test_the_version_is_read_from_the_headers_of_a_404_page():
    client, seen = server(index=httpx.Response(404, headers=DIFY, content=PAGE))
    info = await client.server()
    assert (info.server_version, info.welcome, info.http.status) == ("1.14.2", None, 404)
    assert [str(request.url) for request in seen] == ["https://dify.test/v1/"]
    assert "authorization" not in seen[0].headers


@pytest.mark.parametrize("status", [200, 401, 403, 404, 405, 500, 503])
async def test_the_version_is_read_from_whatever_answer_the_api_gives(status):
    client, _ = server(index=httpx.Response(status, headers=DIFY, content=PAGE))
    assert (await client.server()).server_version == "1.14.2"


async def test_the_index_of_servers_that_have_one_is_read_whole():
    body = {"welcome": "Dify OpenAPI", "api_version": "v1", "server_version": "0.10.1"}
    client, _ = server(index=httpx.Response(200, json=body))
    info = await client.server()
    assert (info.welcome, info.api_version, info.server_version) == ("Dify OpenAPI", "v1", "0.10.1")


async def test_a_server_whose_gateway_removes_the_version_is_recognized_by_its_refusal():
    client, seen = server(index=httpx.Response(404, content=PAGE), info=httpx.Response(401, json=REFUSED))
    info = await client.server()
    assert (info.server_version, info.http.status) == (None, 401)
    assert [request.url.path for request in seen] == ["/v1/", "/v1/info"]
    assert all("authorization" not in request.headers for request in seen)


STRANGERS = {
    "a page for everything": (
        httpx.Response(200, html="<html>Sign in</html>"),
        httpx.Response(200, html="<html></html>"),
    ),
    "pages not found": (httpx.Response(404, content=PAGE), httpx.Response(404, content=PAGE)),
    "another API": (httpx.Response(200, json={"status": "up"}), httpx.Response(401, json={"error": "no token"})),
    "a gateway that asks for a login": (
        httpx.Response(401, html="<html></html>"),
        httpx.Response(401, headers={"www-authenticate": "Basic"}),
    ),
}


@pytest.mark.parametrize(("index", "info"), STRANGERS.values(), ids=STRANGERS)
async def test_what_is_not_dify_is_said_to_be_none_and_gives_no_other_advice(index, info):
    client, _ = server(index=index, info=info)
    with pytest.raises(ResponseValidationError, match=r"https://dify\.test/v1 is not Dify's Service API") as caught:
        await client.server()
    assert "; check the base URL (it ends in /v1)" in str(caught.value)
    assert caught.value.reason == "not_dify"
    assert "route" not in str(caught.value)
    assert caught.value.http.url == "https://dify.test/v1/info"


async def test_a_gateway_that_fails_says_nothing_about_what_is_behind_it():
    client, seen = server(index=httpx.Response(502, html="<html><title>502 Bad Gateway</title></html>"))
    with pytest.raises(ServerError, match="502 Bad Gateway"):
        await client.server()
    client, _ = server(index=httpx.Response(429, json={"message": "slow down"}))
    with pytest.raises(RateLimitError):
        await client.server()
    assert len(seen) == 1
    client, _ = server(index=httpx.Response(404, content=PAGE), info=httpx.Response(502, content=b"bad gateway"))
    with pytest.raises(ServerError, match="bad gateway"):
        await client.server()


async def test_a_redirect_names_its_target():
    moved = httpx.Response(308, headers={"location": "https://www.dify.test/v1/"})
    client, _ = server(index=moved)
    with pytest.raises(Exception, match=r"redirects to https://www\.dify\.test/v1/"):
        await client.server()


async def test_a_wrong_key_is_no_matter_of_the_server():
    client, _ = server(index=httpx.Response(404, headers=DIFY, content=PAGE), info=httpx.Response(401, json=REFUSED))
    client = client.with_options(api_key="app-unknown-key")
    assert (await client.server()).server_version == "1.14.2"
    with pytest.raises(AuthenticationError):
        await client.app.info()
