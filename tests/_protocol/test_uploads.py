"""What can be uploaded, and what is known of it before it is."""

from __future__ import annotations

import io
import pathlib
import tempfile

import pytest

from dify import InvalidArgumentError
from dify._protocol.uploads import upload_of


async def pieces():
    yield b"a"


def test_a_path_gives_name_size_and_type(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"hello")
    for given in (path, str(path), pathlib.PurePath(path)):
        upload = upload_of(given)
        assert (upload.filename, upload.mime_type) == ("notes.txt", "text/plain")
        assert (upload.size, upload.rewindable) == (5, True)
        with upload.open() as file:
            assert file.read() == b"hello"


def test_bytes_of_every_kind_are_taken():
    for content in (b"hello", bytearray(b"hello"), memoryview(b"hello")):
        upload = upload_of(("a.bin", content))
        assert (upload.size, upload.rewindable) == (5, True)
        assert upload.open().read() == b"hello"


def test_a_file_object_is_read_from_where_it_stands_every_time():
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    upload = upload_of(("a.bin", file))
    assert (upload.start, upload.size, upload.rewindable, upload.owned) == (4, 6, True, False)
    assert file.tell() == 4
    assert upload.open().read() == b"456789"
    assert upload.open().read() == b"456789"


def test_a_named_file_object_needs_no_name(tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(b"x")
    with path.open("rb") as file:
        upload = upload_of(file)
    assert (upload.filename, upload.mime_type) == ("cat.png", "image/png")


def test_a_file_object_without_a_usable_name_needs_one():
    with tempfile.TemporaryFile() as file:  # its name is a number
        with pytest.raises(InvalidArgumentError, match="name"):
            upload_of(file)
        assert upload_of(file, filename="a.txt").filename == "a.txt"


class Pipe(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return 0


def test_a_pipe_has_no_size_and_cannot_be_sent_twice():
    upload = upload_of(("a.bin", Pipe()))
    assert (upload.size, upload.rewindable) == (None, False)
    assert upload.open() is upload.content


@pytest.mark.parametrize("content", [pieces(), iter([b"a"]), [b"a"]], ids=["async", "iterator", "list"])
def test_an_iterable_has_no_size_and_cannot_be_sent_twice(content):
    upload = upload_of(("a.bin", content))
    assert (upload.size, upload.rewindable, upload.open()) == (None, False, None)


def test_name_and_type_that_are_given_win():
    upload = upload_of(("a.txt", b"x", "text/csv"), filename="b.md", mime_type="text/markdown")
    assert (upload.filename, upload.mime_type) == ("b.md", "text/markdown")
    assert upload_of(("a.txt", b"x", "text/csv")).mime_type == "text/csv"
    assert upload_of(("a.unknown-ending", b"x")).mime_type == "application/octet-stream"


@pytest.mark.parametrize(
    "file",
    [b"bytes", bytearray(b"x"), io.BytesIO(b"x"), pieces(), ("", b"x")],
    ids=["bytes", "bytearray", "file", "async iterator", "empty name"],
)
def test_a_file_without_a_name_is_refused_with_what_to_do(file):
    with pytest.raises(InvalidArgumentError, match="filename="):
        upload_of(file)


@pytest.mark.parametrize(
    "file", [None, 7, ("a.txt", None), ("a.txt", 7), ("a",), ("a", b"x", "text/plain", "more"), ()]
)
def test_what_is_no_file_is_refused(file):
    with pytest.raises(InvalidArgumentError):
        upload_of(file)


def test_text_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(InvalidArgumentError, match="rb"):
        upload_of(("a.txt", io.StringIO("text")))
    path = tmp_path / "a.txt"
    path.write_text("x")
    with path.open() as file, pytest.raises(InvalidArgumentError, match="rb"):
        upload_of(file)


def test_a_folder_is_refused_and_a_path_that_is_not_there_is_the_systems_error(tmp_path):
    with pytest.raises(InvalidArgumentError, match="folder"):
        upload_of(tmp_path)
    with pytest.raises(FileNotFoundError):
        upload_of(tmp_path / "missing.txt")


@pytest.mark.parametrize("text", ["Tea is made from leaves.", "x" * 5000, "a\x00b"], ids=["short", "long", "null"])
def test_text_in_place_of_a_path_is_told_that_it_was_taken_for_one(text):
    for file in (text, ("tea.txt", text)):
        with pytest.raises((OSError, ValueError)) as caught:
            upload_of(file)
        assert "(filename, text.encode())" in caught.value.__notes__[0]


def test_a_path_that_is_not_there_needs_no_such_note(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        upload_of(tmp_path / "missing.txt")
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    "name", ["a/b.txt", "a\\b.txt", "a\r\nb.txt", "a\x00", "a\x7f", "a\ud83d.txt", '../x"', "a\x85b"]
)
def test_a_name_that_cannot_be_sent_is_refused(name):
    with pytest.raises(InvalidArgumentError, match="name"):
        upload_of((name, b"x"))


@pytest.mark.parametrize(
    "mime", ["text", "text/plain\r\nX: y", "text/plain\x00", "té/xt", "text/\u2028plain", "a/b\x7f"]
)
def test_a_type_that_cannot_be_sent_is_refused(mime):
    with pytest.raises(InvalidArgumentError, match="MIME"):
        upload_of(("a.txt", b"x", mime))
