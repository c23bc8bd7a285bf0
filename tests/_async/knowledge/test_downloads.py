"""Downloads of documents: the link is asked for with the key and followed without it."""

from __future__ import annotations

import httpx
import pytest

from dify import APIConnectionError, APIStatusError, MisuseError, NotFoundError, ResponseValidationError
from tests.support.recordings import recording

from ..support import Chunks, answered, make_client

LINK = "https://dify.test/v1/datasets/k-1/documents/d-1/download"
SIGNED = "/files/f-1/file-preview?timestamp=1&nonce=n%2Fn&sign=a%2Bb%3D&as_attachment=true"


class Store:
    """A server that gives a link, and one that has the file behind it."""

    def __init__(self, link: str, file: httpx.Response | None = None) -> None:
        self.link = link
        self.file = file or httpx.Response(
            200,
            headers={"content-type": "text/plain", "content-disposition": "attachment; filename=../leave.txt"},
            content=b"30 days",
        )
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return httpx.Response(200, json={"url": self.link}) if str(request.url) == LINK else self.file


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (SIGNED, f"https://dify.test{SIGNED}"),
        (f"https://files.example.com:8443{SIGNED}", f"https://files.example.com:8443{SIGNED}"),
        (f"http://127.0.0.1:5001{SIGNED}", f"http://127.0.0.1:5001{SIGNED}"),
        (f"//files.example.com{SIGNED}", f"https://files.example.com{SIGNED}"),
    ],
)
async def test_the_link_is_followed_as_it_is_and_without_the_key(link, address):
    store = Store(link)
    client = make_client(store, headers={"X-Gateway": "secret"})
    assert await client.knowledge.documents.download("k-1", "d-1").read() == b"30 days"
    asked, followed = store.seen
    assert asked.headers["authorization"] == "Bearer dataset-test-key"
    assert str(followed.url) == address
    assert followed.method == "GET"
    assert "authorization" not in followed.headers
    assert b"test-key" not in b"".join(value for _, value in followed.headers.raw)


@pytest.mark.parametrize(
    ("link", "expected"),
    [(SIGNED, "secret"), (f"https://dify.test.example.com{SIGNED}", None), (f"http://dify.test{SIGNED}", None)],
)
async def test_headers_of_the_user_go_to_the_apis_own_server_only(link, expected):
    store = Store(link)
    client = make_client(store, headers={"X-Gateway": "secret"})
    await client.knowledge.documents.download("k-1", "d-1").read()
    assert store.seen[0].headers["x-gateway"] == "secret"
    assert store.seen[1].headers.get("x-gateway") == expected


async def test_a_download_is_saved_under_the_last_part_of_its_name(tmp_path):
    client = make_client(Store(SIGNED))
    path = await client.knowledge.documents.download("k-1", "d-1").save(tmp_path)
    assert path == tmp_path / "leave.txt"
    assert path.read_bytes() == b"30 days"


async def test_nothing_is_asked_before_the_bytes_are_wanted():
    store = Store(SIGNED)
    stream = make_client(store).knowledge.documents.download("k-1", "d-1")
    assert store.seen == []
    with pytest.raises(MisuseError):
        stream.filename  # noqa: B018
    async with stream:
        assert len(store.seen) == 2
        assert stream.filename == "leave.txt"
        assert stream.content_type == "text/plain"


@pytest.mark.parametrize(
    "link",
    [
        "",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "javascript:alert(1)",
        "http://",
        "https://[::1",
        "/x\r\nHost: y",
    ],
)
async def test_a_link_that_is_no_http_address_is_not_followed(link):
    store = Store(link)
    with pytest.raises(ResponseValidationError, match="not an http URL"):
        await make_client(store).knowledge.documents.download("k-1", "d-1").read()
    assert len(store.seen) == 1


async def test_a_document_without_a_file_is_not_found():
    one = recording("documents/download_unknown")
    client = make_client(lambda request: httpx.Response(one.status, json=one.body))
    with pytest.raises(NotFoundError):
        await client.knowledge.documents.download("k-1", "d-1").read()


async def test_a_link_that_has_expired_raises_and_its_signature_is_not_in_the_message():
    store = Store(
        SIGNED, httpx.Response(403, json={"code": "forbidden", "message": "Invalid signature", "status": 403})
    )
    with pytest.raises(APIStatusError, match="Invalid signature") as caught:
        await make_client(store).knowledge.documents.download("k-1", "d-1").read()
    assert "sign=" not in str(caught.value)


async def test_a_file_server_that_is_not_there_is_named_and_the_link_is_not():
    def handler(request: httpx.Request) -> httpx.Response:
        if str(request.url) == LINK:
            return httpx.Response(200, json={"url": f"https://files.example.com{SIGNED}"})
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(APIConnectionError, match=r"https://files\.example\.com: refused") as caught:
        await make_client(handler).knowledge.documents.download("k-1", "d-1").read()
    assert "sign=" not in str(caught.value)


async def test_a_link_that_leads_on_is_not_followed_further():
    store = Store(SIGNED, httpx.Response(302, headers={"location": "https://elsewhere.example/x"}))
    with pytest.raises(APIStatusError, match="elsewhere"):
        await make_client(store).knowledge.documents.download("k-1", "d-1").read()
    assert len(store.seen) == 2


async def test_leaving_a_download_early_closes_it():
    body = Chunks([b"30 ", b"days"])
    store = Store(SIGNED, httpx.Response(200, stream=body))
    async with make_client(store).knowledge.documents.download("k-1", "d-1") as stream:
        assert stream.http.status == 200
    assert body.closed


async def test_a_zip_comes_with_the_key_and_as_it_is(tmp_path):
    one = recording("documents/download_zip")
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"content-type": "application/zip"}, content=one.content)

    client = make_client(handler)
    path = await client.knowledge.documents.download_zip("k-1", ["d-1"]).save(tmp_path)
    assert path.name == "documents.zip"
    assert path.read_bytes() == one.content
    assert seen[0].headers["authorization"] == "Bearer dataset-test-key"


async def test_a_web_page_with_status_200_is_no_zip_and_is_not_saved_as_one(tmp_path):
    body = Chunks([b"<html><title>Sign in</title></html>"])
    client = make_client(lambda request: answered(body, content_type="text/html; charset=utf-8"))
    with pytest.raises(ResponseValidationError, match="web page"):
        await client.knowledge.documents.download_zip("k-1", ["d-1"]).save(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert body.closed


async def test_the_link_alone_reads_as_text():
    client = make_client(lambda request: httpx.Response(200, json={"url": SIGNED}))
    assert str(await client.knowledge.documents.download_url("k-1", "d-1")) == SIGNED
