"""Files of other libraries are uploaded as they are, with their own name and type, by both faces where they can be read."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiofiles
import aiohttp
import anyio
import flask
import httpx
import pytest
from aiohttp import web
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile
from fastapi import FastAPI, UploadFile
from werkzeug.datastructures import FileStorage

from dify import AsyncDify, Base64, Dify, InvalidArgumentError
from dify.testing import Emulator

CAT = {"name": "cat.png", "type": "image/png", "content": b"PNG"}
FORM = {"photo": ("cat.png", b"PNG", "image/png")}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def plain(emulator: Emulator) -> Dify:
    return emulator.sync_client(user="alice")


@pytest.fixture
def client(emulator: Emulator) -> AsyncDify:
    return emulator.client(user="alice")


async def stored(client: AsyncDify, file: object, **arguments: str) -> dict[str, object]:
    """The name, type and content of an upload as the server has them."""
    uploaded = await client.files.upload(file, **arguments)
    await client.chat.send("look", files=[uploaded])
    content = await client.files.download(uploaded.id).read()
    return {"name": uploaded.name, "type": uploaded.mime_type, "content": content}


def plainly_stored(client: Dify, file: object, **arguments: str) -> dict[str, object]:
    uploaded = client.files.upload(file, **arguments)
    client.chat.send("look", files=[uploaded])
    return {"name": uploaded.name, "type": uploaded.mime_type, "content": client.files.download(uploaded.id).read()}


# ------------------------------------------------------------------------------------------------------------ web frameworks
async def test_a_file_of_fastapi(client, plain):
    app, seen = FastAPI(), []

    @app.post("/async")
    async def in_a_coroutine(photo: UploadFile) -> None:
        seen.append(await stored(client, photo))

    @app.post("/named")
    async def with_its_name(photo: UploadFile) -> None:
        seen.append(await stored(client, (photo.filename, photo)))

    @app.post("/plain")
    def in_a_thread(photo: UploadFile) -> None:
        seen.append(plainly_stored(plain, photo))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://web") as http:
        for path in ("/async", "/named", "/plain"):
            (await http.post(path, files=FORM)).raise_for_status()
    assert seen == [CAT, CAT, CAT]


async def test_an_upload_of_fastapi_is_sent_again_after_a_429(client, emulator):
    app, seen = FastAPI(), []

    @app.post("/")
    async def upload(photo: UploadFile) -> None:
        assert await photo.read(1) == b"P"
        emulator.fail_next(429, path="/files/upload", retry_after=0)
        seen.append(await stored(client, photo))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://web") as http:
        (await http.post("/", files=FORM)).raise_for_status()
    assert seen == [{**CAT, "content": b"NG"}]


async def test_a_file_of_flask(client, plain):
    app, seen = flask.Flask(__name__), []

    @app.post("/")
    def upload() -> str:
        seen.append(plainly_stored(plain, flask.request.files["photo"]))
        return ""

    app.test_client().post("/", data={"photo": (io.BytesIO(b"PNG"), "cat.png")})
    assert seen == [CAT]
    assert await stored(client, FileStorage(io.BytesIO(b"PNG"), "cat.png", "photo", "image/png")) == CAT


def test_a_field_of_a_form_without_a_file_has_no_name(plain):
    with pytest.raises(InvalidArgumentError, match="name"):
        plain.files.upload(FileStorage(name="photo"))


async def test_a_file_of_django(client, plain, tmp_path):
    def files() -> Iterator[object]:
        yield SimpleUploadedFile("cat.png", b"PNG", "image/png")
        yield InMemoryUploadedFile(io.BytesIO(b"PNG"), "photo", "cat.png", "image/png", 3, None)
        with TemporaryUploadedFile("cat.png", "image/png", 3, None) as file:
            file.write(b"PNG")
            file.seek(0)
            yield file

    for file in files():
        assert await stored(client, file) == CAT
    for file in files():
        assert plainly_stored(plain, file) == CAT


async def test_a_file_of_aiohttp(client):
    seen = []

    async def parsed(request: web.Request) -> web.Response:
        form = await request.post()
        seen.append(await stored(client, form["photo"]))
        return web.Response()

    async def in_parts(request: web.Request) -> web.Response:
        async for part in await request.multipart():
            seen.append(await stored(client, part, mime_type=part.headers["Content-Type"]))
        return web.Response()

    async def raw(request: web.Request) -> web.Response:
        seen.append(await stored(client, ("cat.png", request.content)))
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/parsed", parsed), web.post("/parts", in_parts), web.post("/raw", raw)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with httpx.AsyncClient() as http:
            for path in ("/parsed", "/parts"):
                (await http.post(base + path, files=FORM)).raise_for_status()
            (await http.post(base + "/raw", content=b"PNG")).raise_for_status()
        async with aiohttp.ClientSession() as session, session.post(base + "/raw", data=b"PNG") as response:
            assert await stored(client, ("empty.txt", response)) == {
                "name": "empty.txt",
                "type": "text/plain",
                "content": b"",
            }
    finally:
        await runner.cleanup()
    assert seen == [CAT, CAT, CAT, CAT]


class StreamlitFile(io.BytesIO):
    """A file of `streamlit.file_uploader`, with the attributes of its class `UploadedFile`."""

    def __init__(self, content: bytes, name: str, type: str) -> None:
        super().__init__(content)
        self.file_id = "0"
        self.name = name
        self.type = type
        self.size = len(content)


async def test_a_file_of_streamlit(client, plain):
    assert plainly_stored(plain, StreamlitFile(b"PNG", "cat.png", "image/png")) == CAT
    assert await stored(client, StreamlitFile(b"PNG", "cat", "image/png")) == {**CAT, "name": "cat"}


def test_a_type_that_says_nothing_is_guessed_from_the_name(plain):
    for own in ("application/octet-stream", "", "nonsense"):
        assert plainly_stored(plain, StreamlitFile(b"PNG", "C:\\fakepath\\cat.png", own)) == CAT


# ------------------------------------------------------------------------------------------------------- asynchronous files
async def test_a_file_of_aiofiles(client, plain, tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(b"..PNG")
    async with aiofiles.open(path, "rb") as file:
        await file.seek(2)
        assert await stored(client, file) == CAT
        with pytest.raises(InvalidArgumentError, match="AsyncDify"):
            plain.files.upload(file)


async def test_a_file_of_aiofiles_is_sent_again_after_a_429(client, emulator, tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(b"..PNG")
    emulator.fail_next(429, path="/files/upload", retry_after=0)
    async with aiofiles.open(path, "rb") as file:
        await file.seek(2)
        assert await stored(client, file) == CAT


async def test_a_file_of_anyio(client, plain, tmp_path):
    path = anyio.Path(tmp_path / "cat.png")
    await path.write_bytes(b"PNG")
    assert await stored(client, path) == CAT
    async with await anyio.open_file(path, "rb") as file:
        assert await stored(client, file) == CAT
    async with await anyio.open_file(path, "rb") as file:
        assert plainly_stored(plain, file) == CAT


async def test_text_opened_asynchronously_is_refused_with_what_to_do(client, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("text")
    async with await anyio.open_file(path) as file:
        with pytest.raises(InvalidArgumentError, match="rb"):
            await client.files.upload(file)
    async with aiofiles.open(path) as file:
        with pytest.raises(InvalidArgumentError, match="bytes"):
            await client.files.upload(file)


# ---------------------------------------------------------------------------------------------------- responses and downloads
def site(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/missing.png":
        return httpx.Response(404)
    headers = {"Content-Type": "image/png"}
    if request.url.path == "/named":
        headers["Content-Disposition"] = 'attachment; filename="cat.png"'
    return httpx.Response(200, headers=headers, content=b"PNG")


async def test_a_response_of_httpx(client, plain):
    with httpx.Client(transport=httpx.MockTransport(site), base_url="http://site") as http:
        for response in map(http.get, ("/cat.png", "/named")):
            assert plainly_stored(plain, response) == CAT
            assert await stored(client, response) == CAT
        with pytest.raises(InvalidArgumentError, match="status 404"):
            plain.files.upload(*map(http.get, ["/missing.png"]))


class Body(httpx.AsyncByteStream, httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield from (b"P", b"NG")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in (b"P", b"NG"):
            yield chunk


async def test_a_response_of_httpx_that_is_still_unread(client, plain):
    class AsyncOnly(httpx.AsyncByteStream):
        __aiter__ = Body.__aiter__

    class PlainOnly(httpx.SyncByteStream):
        __iter__ = Body.__iter__

    headers = {"Content-Type": "image/png"}
    transport = httpx.MockTransport(lambda r: httpx.Response(200, headers=headers, stream=AsyncOnly()))
    async with httpx.AsyncClient(transport=transport) as http, http.stream("GET", "http://site/cat.png") as response:
        with pytest.raises(InvalidArgumentError, match="AsyncDify"):
            plain.files.upload(response)
        assert await stored(client, response) == CAT
        with pytest.raises(InvalidArgumentError, match="read or closed"):
            await client.files.upload(response)
    transport = httpx.MockTransport(lambda r: httpx.Response(200, headers=headers, stream=PlainOnly()))
    with httpx.Client(transport=transport) as http:
        with http.stream("GET", "http://site/cat.png") as response:
            assert plainly_stored(plain, response) == CAT
        with http.stream("GET", "http://site/cat.png") as response:
            assert await stored(client, response) == CAT


async def test_a_download_of_this_package(client, plain):
    first = await client.files.upload(("cat.png", b"PNG"))
    await client.chat.send("look", files=[first])
    assert await stored(client, client.files.download(first.id, as_attachment=True)) == CAT
    assert plainly_stored(plain, plain.files.download(first.id, as_attachment=True)) == CAT
    assert await stored(client, ("b.png", client.files.download(first.id))) == {**CAT, "name": "b.png"}
    assert await stored(client, client.files.download(first.id)) == {**CAT, "name": first.id}
    async with client.files.download(first.id, as_attachment=True) as download:
        assert await stored(client, download) == CAT
    read = client.files.download(first.id)
    await read.read()
    with pytest.raises(TypeError, match="read already"):
        await client.files.upload(read)
    with pytest.raises(InvalidArgumentError, match="AsyncDify"):
        plain.files.upload(client.files.download(first.id))


async def test_a_download_that_cannot_be_uploaded_is_closed(client, emulator):
    first = await client.files.upload(("cat.png", b"PNG"))
    await client.chat.send("look", files=[first])
    emulator.fail_next(500, path="/files/upload")
    for arguments in ({"filename": "a/b.png"}, {}):
        download = client.files.download(first.id)
        with pytest.raises(Exception, match=r"slash|500"):
            await client.files.upload(download, **arguments)
        assert download._used
        assert download._exchange._response.is_closed


# ------------------------------------------------------------------------------------------------------- text that has bytes
DATA_URLS = {
    "data:image/png;base64,UE5H": {**CAT, "name": "file.png"},
    "data:image/png;name=cat.png;base64,UE5H": CAT,
    "DATA:image/png;base64,UE 5H\n": {**CAT, "name": "file.png"},
    "data:image/png;base64,UE5H%0A": {**CAT, "name": "file.png"},
    "data:text/plain;charset=utf-8,a%20b": {"name": "file.txt", "type": "text/plain", "content": b"a b"},
    "data:,hi": {"name": "file.txt", "type": "text/plain", "content": b"hi"},
    "data:image/webp;base64,UE5H": {"name": "file.webp", "type": "image/webp", "content": b"PNG"},
}


@pytest.mark.parametrize("url", DATA_URLS)
async def test_a_data_url(url, client, plain):
    assert plainly_stored(plain, url) == await stored(client, url) == DATA_URLS[url]


async def test_base64(client, plain):
    for text in ("UE5H", b"UE5H", "UE\r\n5H\n"):
        assert plainly_stored(plain, ("cat.png", Base64(text))) == CAT
    assert await stored(client, Base64("UE5H"), filename="cat.png") == CAT
    assert (await stored(client, ("a.bin", Base64("_-8"))))["content"] == b"\xff\xef"
    assert "UE5H" not in repr(Base64("UE5H"))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("data:image/png;base64,UE5!", "data: URL is not valid Base64"),
        ("data:image/png", "no comma"),
        (("a", Base64("é")), "not valid Base64"),
        ("https://example.com/cat.png", "InputFile.from_url"),
        (("cat.png", "HTTP://example.com/cat.png"), "InputFile.from_url"),
    ],
)
def test_text_that_is_no_file_is_refused(file, words, plain):
    with pytest.raises(InvalidArgumentError, match=words):
        plain.files.upload(file)


def test_files_of_the_standard_library_keep_their_names(plain, tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(b"PNG")
    with path.open("rb") as file:
        assert plainly_stored(plain, file) == CAT
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(b"PNG")
        file.seek(0)
        assert plainly_stored(plain, file) == {**CAT, "name": Path(file.name).name}
    with tempfile.SpooledTemporaryFile() as file:
        file.write(b"PNG")
        file.seek(0)
        assert plainly_stored(plain, ("cat.png", file)) == CAT


def test_a_file_of_fastapi_works_in_a_program_of_asyncio(client):
    upload = UploadFile(io.BytesIO(b"PNG"), filename="cat.png", headers=httpx.Headers({"content-type": "image/png"}))
    assert asyncio.run(stored(client, upload)) == CAT
