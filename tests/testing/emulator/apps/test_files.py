"""Uploads to an app and their previews, as servers accept and return them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from dify.testing import Emulator
from dify.testing.emulator.apps.routes.files import size_limit


async def preview(client: httpx.AsyncClient, name: str, mime_type: str, **query: str) -> httpx.Response:
    """The preview of a file that a message has used."""
    sent = {"file": (name, b"content", mime_type)}
    upload = (await client.post("/files/upload", data={"user": "alice"}, files=sent)).json()
    file = {"transfer_method": "local_file", "upload_file_id": upload["id"]}
    body = {"query": "hi", "inputs": {}, "user": "alice", "files": [file]}
    assert (await client.post("/chat-messages", json=body)).status_code == 200
    return await client.get(f"/files/{upload['id']}/preview", params=query)


@pytest.fixture
def client(connect) -> httpx.AsyncClient:
    anything: dict[str, Any] = {"enabled": True, "allowed_file_types": [], "allowed_file_upload_methods": []}
    anything["allowed_file_extensions"] = ["mp3", "html", "txt"]
    return connect(Emulator(mode="chat", features={"file_upload": anything}))


async def test_audio_and_video_are_served_in_ranges(client) -> None:
    reply = await preview(client, "song.mp3", "audio/mpeg")
    assert (reply.content, reply.headers["accept-ranges"]) == (b"content", "bytes")
    assert reply.headers["content-type"] == "audio/mpeg"


@pytest.mark.parametrize(("name", "mime_type"), [("page.html", "text/plain"), ("page.txt", "text/html")])
async def test_html_is_served_as_an_attachment_that_a_browser_does_not_open(name, mime_type, client) -> None:
    reply = await preview(client, name, mime_type)
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert reply.headers["content-type"] == "application/octet-stream"


async def test_other_files_are_attachments_on_request(client) -> None:
    reply = await preview(client, "note.txt", "text/plain")
    assert not {"accept-ranges", "x-content-type-options", "content-disposition"} & reply.headers.keys()
    reply = await preview(client, "note.txt", "text/plain", as_attachment="true")
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''note.txt"


async def test_an_upload_is_one_file_with_a_name(client) -> None:
    files = {"file": ("a.txt", b"1", "text/plain"), "other": ("b.txt", b"2", "text/plain")}
    refused = await client.post("/files/upload", data={"user": "alice"}, files=files)
    assert (refused.status_code, refused.json()["code"]) == (400, "too_many_files")
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\nContent-Type: text/plain\r\n\r\na\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused = await client.post("/files/upload", content=part, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "filename_not_exists_error")


async def test_a_form_that_is_cut_off_is_a_bad_request(client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused = await client.post("/files/upload", content=b"--y", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")


async def test_a_signed_link_to_an_unknown_file_is_not_found(client) -> None:
    reply = await client.get(f"http://localhost/files/{uuid4()}/file-preview?sign=x")
    assert (reply.status_code, reply.json()["message"]) == (404, "File not found or signature is invalid")


@pytest.mark.parametrize(("extension", "megabytes"), [("png", 10), ("mp4", 100), ("mp3", 50), ("pdf", 15), ("", 15)])
def test_the_limit_of_an_upload_depends_on_its_type(extension, megabytes) -> None:
    assert size_limit(extension) == megabytes
