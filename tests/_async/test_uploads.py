"""Files of every kind of source arrive as one part of a form, whole and under their name."""

from __future__ import annotations

import io

import httpx
import pytest

from dify import DifyError, InvalidArgumentError
from tests.support.multipart import Part, parts_of

from .support import make_client, pieces


class Store:
    """Takes uploads and answers as the server does."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(201, json={"id": "file-1", "name": "notes.txt", "mime_type": "text/plain", "size": 5})


async def sent(file, **more) -> tuple[httpx.Request, list[Part]]:
    store = Store()
    uploaded = await make_client(store).files.upload(file, **more)
    assert uploaded.id == "file-1"
    assert uploaded.http.status == 201
    request = store.requests[0]
    return request, parts_of(request)


HELLO = [Part("user", None, "text/plain", b"alice"), Part("file", "notes.txt", "text/plain", b"hello")]


async def test_a_path_is_sent(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"hello")
    for given in (path, str(path)):
        request, parts = await sent(given)
        assert parts == HELLO
        assert int(request.headers["content-length"]) == len(request.content)


@pytest.mark.parametrize("content", [b"hello", bytearray(b"hello"), memoryview(b"hello"), io.BytesIO(b"hello")])
async def test_content_with_a_name_is_sent(content):
    request, parts = await sent(("notes.txt", content))
    assert parts == HELLO
    assert int(request.headers["content-length"]) == len(request.content)
    assert "transfer-encoding" not in request.headers


@pytest.mark.parametrize(
    "make", [lambda: pieces(b"he", b"", b"llo"), lambda: iter([b"hel", b"lo"]), lambda: [b"hello"]]
)
async def test_an_iterable_is_sent_as_it_comes(make):
    request, parts = await sent(("notes.txt", make()))
    assert parts == HELLO
    assert request.headers["transfer-encoding"] == "chunked"


async def test_a_file_object_is_sent_from_where_it_stands_and_left_open():
    file = io.BytesIO(b"skip hello")
    file.seek(5)
    _, parts = await sent(("notes.txt", file))
    assert parts == HELLO
    assert not file.closed


async def test_an_empty_file_is_sent_as_one():
    _, parts = await sent(("notes.txt", b""))
    assert parts[1] == Part("file", "notes.txt", "text/plain", b"")


async def test_the_user_the_name_and_the_type_are_those_of_the_call():
    _, parts = await sent(("a.bin", b"hello"), user="bob", filename="b.csv", mime_type="text/x-csv")
    assert parts == [Part("user", None, "text/plain", b"bob"), Part("file", "b.csv", "text/x-csv", b"hello")]


async def test_a_large_file_arrives_whole(tmp_path):
    path = tmp_path / "large.bin"
    content = bytes(range(256)) * (13 << 10)  # more than three reads, and not a whole number of them
    path.write_bytes(content)
    _, parts = await sent(path)
    assert parts[1].content == content


async def test_content_that_looks_like_the_form_itself_arrives_whole():
    content = b'\r\n--boundary\r\nContent-Disposition: form-data; name="user"\r\n\r\nmallory\r\n--boundary--\r\n'
    _, parts = await sent(("notes.txt", content))
    assert [part.name for part in parts] == ["user", "file"]
    assert parts[1].content == content


@pytest.mark.parametrize("name", ["naïve 你好.txt", 'quo"te.txt', "semi;colon.txt", "per%22cent.txt", "emoji 🎉.txt"])
async def test_a_name_in_any_writing_stays_one_parameter(name):
    request, parts = await sent((name, b"hello"))
    assert [part.name for part in parts] == ["user", "file"]
    line = next(line for line in request.content.split(b"\r\n") if b"filename=" in line)
    assert line.count(b"filename=") == 1
    # Browsers escape a quote as %22; all else is raw UTF-8.
    assert f'filename="{name}"'.replace('quo"te', "quo%22te").encode() in line


@pytest.mark.parametrize("user", ["al\r\nice", 'al"ice', "--", "你好"])
async def test_a_user_of_any_writing_stays_one_field(user):
    _, parts = await sent(("notes.txt", b"hello"), user=user)
    assert [part.name for part in parts] == ["user", "file"]
    assert parts[0].content == user.encode()


@pytest.mark.parametrize(
    "file",
    [("a\r\nb.txt", b"x"), ("a/b.txt", b"x"), ("a.txt", b"x", "text/plain\r\nX: y"), b"no name", ("a.txt", 7)],
    ids=str,
)
async def test_what_cannot_be_sent_is_refused_before_anything_is(file):
    store = Store()
    with pytest.raises(InvalidArgumentError):
        await make_client(store).files.upload(file)
    assert store.requests == []


class Texts:
    """A file that gives text, and does not say so beforehand."""

    def read(self, size: int) -> str:
        return "hello"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"x": 1}, "a dict cannot be uploaded"),
        (["x", b"y"], "not str"),
        ([b"x", 1], "not int"),
        (range(3), "not int"),
        ([b"x", None], "not NoneType"),
    ],
    ids=str,
)
async def test_content_that_is_not_of_bytes_is_refused_before_anything_is_sent(content, words):
    store = Store()
    with pytest.raises(InvalidArgumentError, match=words):
        await make_client(store).files.upload(("notes.txt", content))
    assert store.requests == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: iter(["x"]), "not str"),
        (lambda: iter([b"x", None, b"y"]), "not NoneType"),
        (lambda: pieces("x"), "not str"),
        (Texts, "not str"),
    ],
    ids=["an iterator of text", "one with None", "an async one of text", "a file of text"],
)
async def test_content_that_turns_out_not_to_be_of_bytes_is_refused_as_soon_as_it_is_seen(make, words):
    store = Store()
    with pytest.raises(InvalidArgumentError, match=words):
        await make_client(store).files.upload(("notes.txt", make()))
    assert store.requests == []


async def test_a_closed_file_is_refused_before_anything_is_sent(tmp_path):
    store = Store()
    file = (tmp_path / "notes.txt").open("wb+")
    file.close()
    with pytest.raises(InvalidArgumentError, match="closed"):
        await make_client(store).files.upload(file)
    assert store.requests == []


async def test_pieces_may_be_any_kind_of_bytes():
    _, parts = await sent(("notes.txt", [bytearray(b"he"), memoryview(b"ll"), b"o"]))
    assert parts == HELLO
    _, parts = await sent(("notes.txt", iter([bytearray(b"he"), memoryview(b"ll"), b"o"])))
    assert parts == HELLO


async def test_a_file_that_is_not_there_is_the_systems_error_and_nothing_is_sent(tmp_path):
    store = Store()
    with pytest.raises(FileNotFoundError):
        await make_client(store).files.upload(tmp_path / "missing.txt")
    assert store.requests == []


async def test_an_uploaded_file_goes_into_a_call_in_any_place():
    store = Store()
    client = make_client(store)
    uploaded = await client.files.upload(("notes.txt", b"hello"))
    with pytest.raises(DifyError):  # the answer is of no interest
        await client.workflows.run({"one": uploaded, "many": [uploaded]}, files=[uploaded])
    wire = b'{"type":"document","transfer_method":"local_file","upload_file_id":"file-1"}'
    assert store.requests[1].content.count(wire) == 3
