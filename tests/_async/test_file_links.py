"""Files that answers name: downloaded by their link or id, without the key, and typed inside of outputs."""

from __future__ import annotations

import httpx
import pytest

from dify import FileObject, InvalidArgumentError, ResponseValidationError
from dify.types import MessageFile, MessageFileEvent, MessageFileSummary, ReplyFile, UploadedFile
from tests.support.frames import run_finished, run_started, sse

from .support import make_client, streaming

LINK = "/files/tools/0f6b.png?timestamp=1&nonce=n&sign=s%3D"
FOREIGN = "https://files.example.com/f-1/file-preview?sign=s"
FILE = {"dify_model_identity": "__dify__file__", "type": "image", "filename": "cat.png", "size": 3, "url": LINK}
EVENT = {"event": "message_file", "id": "f", "task_id": "t", "message_id": "m", "conversation_id": "c", "url": FOREIGN}


class Server:
    """Serves the same three bytes at every address."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, headers={"content-type": "image/png"}, content=b"PNG")

    @property
    def address(self) -> str:
        return str(self.requests[-1].url)


async def read(file: object, **settings: object) -> Server:
    server = Server()
    client = make_client(server, headers={"X-Gateway": "secret"}, **settings)
    assert await client.files.download(file).read() == b"PNG"
    assert len(server.requests) == 1
    return server


BY_LINK = {
    "file object": (FileObject.model_validate(FILE), f"https://dify.test{LINK}"),
    "dict": (FILE, f"https://dify.test{LINK}"),
    "message file": (MessageFile(id="f", url=FOREIGN, upload_file_id="u"), FOREIGN),
    "summary": (MessageFileSummary(url=FOREIGN, upload_file_id="u"), FOREIGN),
    "remote file": (MessageFileSummary(url="", remote_url=FOREIGN), FOREIGN),
    "file of a reply": (ReplyFile(id="f", type="image", url=LINK), f"https://dify.test{LINK}"),
    "event": (MessageFileEvent.model_validate(EVENT), FOREIGN),
    "path": (LINK, f"https://dify.test{LINK}"),
    "url": (FOREIGN, FOREIGN),
}


@pytest.mark.parametrize("name", BY_LINK)
async def test_a_link_is_followed_without_the_key(name):
    file, address = BY_LINK[name]
    server = await read(file, user=None)
    assert server.address == address
    assert "authorization" not in server.requests[0].headers
    assert ("x-gateway" in server.requests[0].headers) is address.startswith("https://dify.test/")


BY_ID = {
    "id": "u-1",
    "upload": UploadedFile(id="u-1", name="cat.png", source_url=FOREIGN),
    "message file": MessageFile(id="f", upload_file_id="u-1"),
    "summary": MessageFileSummary(url="", remote_url=FOREIGN, upload_file_id="u-1"),
}


@pytest.mark.parametrize("name", BY_ID)
async def test_a_file_without_a_link_is_read_by_its_id(name):
    server = await read(BY_ID[name])
    assert server.address == "https://dify.test/v1/files/u-1/preview?user=alice"
    assert server.requests[0].headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (FileObject(), "FileObject has no url"),
        (MessageFileEvent.model_validate({**EVENT, "url": None}), "has no url"),
        ({}, "has no url"),
        ({"size": "big"}, "not a file of an answer"),
        (None, "file_id is of type NoneType"),
        (7, "is of type int"),
        ("", "empty"),
        ("/other/file", "one path segment"),
        ("ftp://example.com/f", "one path segment"),
    ],
)
async def test_what_names_no_file_is_refused_before_anything_is_sent(file, words):
    server = Server()
    with pytest.raises(InvalidArgumentError, match=words):
        make_client(server).files.download(file)
    assert server.requests == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://a:b@example.com/x", "\\\\host\\x"])
async def test_a_link_of_an_answer_that_is_no_http_url_is_refused(url):
    server = Server()
    with pytest.raises(ResponseValidationError, match="not an http URL"):
        make_client(server).files.download(FileObject(url=url))
    assert server.requests == []


async def test_in_a_folder_the_file_gets_the_name_that_the_answer_gives_it(tmp_path):
    client = make_client(Server())
    assert (await client.files.download(FileObject.model_validate(FILE)).save(tmp_path)).name == "cat.png"
    assert (await client.files.download(FileObject(url=FOREIGN, filename="../a.png")).save(tmp_path)).name == "a.png"
    assert (await client.files.download("/files/tools/a%20b.png?sign=s").save(tmp_path)).name == "a b.png"


async def test_files_inside_outputs_are_file_objects():
    broken = {**FILE, "size": {}}
    outputs = {"one": FILE, "many": [FILE, FILE], "deep": [[FILE]], "text": "a", "data": {"file": 1}, "broken": broken}
    frames = sse(run_started(), run_finished(outputs=outputs))
    run = await make_client(streaming([frames])).workflows.run({})
    file = FileObject.model_validate(FILE)
    assert run.outputs["one"] == file
    assert run.outputs["many"] == [file, file]
    assert run.outputs["deep"] == [[file]]
    assert (run.outputs["text"], run.outputs["data"], run.outputs["broken"]) == ("a", {"file": 1}, broken)
    assert run.model_dump(mode="json", exclude_unset=True)["data"]["outputs"] == outputs


async def test_a_file_inside_outputs_is_sent_on_as_an_input():
    requests = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return streaming([sse(run_started(), run_finished(outputs={"one": FILE}))])(request)

    client = make_client(handler)
    run = await client.workflows.run({})
    await client.workflows.run({"picture": run.outputs["one"]})
    assert b'"picture":{"dify_model_identity":"__dify__file__","type":"image"' in requests[1].content
