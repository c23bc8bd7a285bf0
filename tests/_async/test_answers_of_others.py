"""An answer with status 200 that is not Dify's is an error in every method: a login page, an error with 200, nothing at all."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from dify import AuthenticationError, DifyError, NotFoundError, RateLimitError, ResponseValidationError
from tests.support.operations import operations

from .support import Chunks, finish, make_client

PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body></body></html>"
REFUSED = {"code": "unauthorized", "message": "Sign in first", "status": 401}
CALLS = {one.path: one for one in operations(make_client(lambda request: httpx.Response(500)))}
DOWNLOADS = ("files.download", "knowledge.documents.download", "knowledge.documents.download_zip", "audio.synthesize")
SEVERAL = {"datasource_type": "local_file"}
"""Values that the annotation of a parameter does not tell."""


def answer(body: bytes, kind: str | None = "application/json", status: int = 200, **headers: str):
    known = {} if kind is None else {"content-type": kind}
    known |= {"content-length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, headers=known, stream=Chunks([body] if body else []))


async def call(name: str, handler) -> Any:
    one = CALLS[name]
    given = {key: value for key, value in SEVERAL.items() if key in one.required}
    return await finish(one.call(make_client(handler), **given))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "TEXT/HTML", "application/xhtml+xml"])
async def test_a_page_with_status_200_is_no_answer(name, kind):
    with pytest.raises(ResponseValidationError, match=r"web page.*base URL") as caught:
        await call(name, answer(PAGE, kind))
    assert caught.value.http.status == 200
    assert "Sign in" in caught.value.body


NO_FILE = [name for name in CALLS if name not in DOWNLOADS]


@pytest.mark.parametrize("name", NO_FILE)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", None])
async def test_a_page_under_another_media_type_is_no_answer(name, kind):
    with pytest.raises(ResponseValidationError):
        await call(name, answer(PAGE, kind))


@pytest.mark.parametrize("name", CALLS)
async def test_an_error_with_status_200_is_that_error(name):
    with pytest.raises(AuthenticationError, match="Sign in first") as caught:
        await call(name, answer(json.dumps(REFUSED).encode()))
    assert (caught.value.status_code, caught.value.code, caught.value.http.status) == (401, "unauthorized", 200)


@pytest.mark.parametrize(
    ("status", "code", "cls"), [(404, "not_found", NotFoundError), (429, "too_many_requests", RateLimitError)]
)
@pytest.mark.parametrize("name", ["knowledge.datasets.delete", "app.meta", "chat.send", "files.download"])
async def test_the_status_in_the_body_chooses_the_class(name, status, code, cls):
    body = json.dumps({"code": code, "message": "m", "status": status}).encode()
    with pytest.raises(cls):
        await call(name, answer(body))


@pytest.mark.parametrize(
    "name", [name for name in CALLS if name not in ("files.download", "knowledge.documents.download")]
)
@pytest.mark.parametrize("kind", ["application/json", None])
async def test_nothing_with_status_200_is_no_answer(name, kind):
    with pytest.raises(ResponseValidationError):
        await call(name, answer(b"", kind))


OTHERS = {
    "another object": b'{"unexpected": 1}',
    "a portal": b'{"status": "login", "redirect": "https://portal.example"}',
    "a failure": b'{"result": "failure"}',
    "null": b"null",
    "a number": b"200",
    "true": b"true",
    "text": b'"success"',
    "words": b"success",
    "a broken object": b'{"result": "suc',
}


@pytest.mark.parametrize("name", NO_FILE)
@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
async def test_json_of_another_service_is_no_answer(name, body):
    with pytest.raises(ResponseValidationError) as caught:
        await call(name, answer(body))
    assert caught.value.http.status == 200


DONE = [
    "annotations.delete",
    "chat.stop",
    "completions.stop",
    "conversations.delete",
    "human_input.submit",
    "knowledge.child_chunks.delete",
    "knowledge.datasets.delete",
    "knowledge.documents.delete",
    "knowledge.documents.set_status",
    "knowledge.metadata.delete",
    "knowledge.metadata.disable_built_in",
    "knowledge.metadata.enable_built_in",
    "knowledge.metadata.update_documents",
    "knowledge.segments.delete",
    "knowledge.tags.bind",
    "knowledge.tags.delete",
    "knowledge.tags.unbind",
    "messages.feedback",
    "workflows.stop",
]


@pytest.mark.parametrize("name", DONE)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (204, b""),
        (200, b'{"result": "success"}'),
        (200, b'\xef\xbb\xbf{"result":"success"}\n'),
        (200, b"204"),
        (200, b"{}"),
    ],
)
async def test_what_dify_says_when_it_is_done_is_taken(name, status, body):
    assert await call(name, answer(body, status=status)) is None


async def test_an_acknowledgement_may_have_more_members_and_no_media_type():
    assert await call("workflows.stop", answer(b'{"result": "success", "task": "t"}', None)) is None


async def test_an_acknowledgement_that_breaks_off_is_a_lost_connection():
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Chunks([b'{"result"'], httpx.ReadError("reset")))

    with pytest.raises(DifyError, match="broke off"):
        await call("workflows.stop", handler)


async def test_every_method_that_returns_nothing_is_in_the_table():
    found = []
    for name in CALLS:
        try:
            result = await call(name, answer(b'{"result": "success"}'))
        except DifyError:
            continue
        if result is None:
            found.append(name)
    assert sorted(found) == DONE


# -------------------------------------------------------------------------------------------------------- downloads
ATTACHED = {"content_disposition": "attachment; filename*=UTF-8''page.html"}


async def test_a_page_is_not_saved_as_the_file(tmp_path):
    for name in DOWNLOADS:
        client = make_client(answer(PAGE, "text/html"))
        stream = CALLS[name].call(client)
        with pytest.raises(ResponseValidationError):
            await stream.save(tmp_path / "file")
        with pytest.raises(ResponseValidationError):
            async with CALLS[name].call(make_client(answer(PAGE, "text/html"))):
                pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "kind", "headers"),
    [
        (PAGE, "application/octet-stream", {}),  # as servers from 1.14 send web pages
        (PAGE, "text/html", {"x_version": "1.9.2"}),
        (PAGE, "text/html", ATTACHED),
        (b'{"a": 1}', "application/json", {}),
        (json.dumps(REFUSED).encode(), "application/json", {"x_version": "1.14.2"}),
        (json.dumps(REFUSED).encode(), "application/json", ATTACHED),
        (json.dumps(REFUSED).encode(), "text/plain", {}),
        (b"", "image/png", {}),
        (b"", None, {}),
        (b"x", None, {}),
    ],
)
async def test_a_file_of_a_user_may_be_anything(body, kind, headers):
    assert await make_client(answer(body, kind, **headers)).files.download("f-1").read() == body


async def test_a_page_from_a_server_that_sends_pages_as_attachments_is_no_file():
    for version in ("1.14.2", "1.16.0", "2.0"):
        with pytest.raises(ResponseValidationError):
            await make_client(answer(PAGE, "text/html", x_version=version)).files.download("f-1").read()


@pytest.mark.parametrize("headers", [{}, ATTACHED, {"content_disposition": "inline"}])
async def test_a_page_behind_a_signed_link_is_the_file_only_as_an_attachment(headers):
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/download"):
            return httpx.Response(200, json={"url": "https://files.example.com/f-1?sign=x"})
        return answer(PAGE, "text/html", **headers)(request)

    stream = make_client(handler).knowledge.documents.download("k-1", "d-1")
    if headers == ATTACHED:
        assert await stream.read() == PAGE
        return
    with pytest.raises(ResponseValidationError, match="web page") as caught:
        await stream.read()
    assert "sign=" not in str(caught.value)


@pytest.mark.parametrize("kind", ["audio/mpeg", "audio/x-wav", "video/mp4", "application/octet-stream", None])
async def test_speech_is_audio(kind):
    assert await make_client(answer(b"ID3", kind)).audio.synthesize("hi").read() == b"ID3"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/pdf"])
@pytest.mark.parametrize("name", ["audio.synthesize", "knowledge.documents.download_zip"])
async def test_another_type_is_neither_speech_nor_a_zip_file(name, kind):
    with pytest.raises(ResponseValidationError, match=kind):
        await call(name, answer(b"words", kind))


async def test_a_large_json_file_is_not_held_in_memory_to_look_for_an_error():
    body = json.dumps(REFUSED | {"data": "x" * 20_000}).encode()
    stream = make_client(answer(body)).files.download("f-1")
    async with stream:
        assert [chunk async for chunk in stream] == [body]


async def test_a_part_of_a_response_is_not_taken_for_the_response():
    with pytest.raises(ResponseValidationError, match="only a part of the response"):
        await make_client(answer(b'{"name": "App"}', status=206)).app.info()
