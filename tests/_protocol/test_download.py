"""Where downloads go: names made safe, and files that are whole or not there."""

from __future__ import annotations

import errno
import os
import random
import stat
import threading
from contextlib import closing

import pytest
from hypothesis import given, strategies as st

from dify import ResponseValidationError, ServerError
from dify._protocol.download import (
    BATCH,
    PartFile,
    PartWriter,
    content_error,
    empty_body_error,
    needs_check,
    speech_name,
)
from dify._protocol.file_names import filename_of, safe_name
from dify.types.http import HTTPInfo


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("cat.png", "cat.png"),
        ("你好.txt", "你好.txt"),
        ("a b.txt", "a b.txt"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\system32\\x.dll", "x.dll"),
        ("a/..\\b", "b"),
        ("..", None),
        (".", None),
        ("", None),
        (None, None),
        ("   ", None),
        ("a/", None),
        ("...", None),
        (".bashrc", "bashrc"),
        ("x\r\nSet-Cookie: a", "xSet-Cookie a"),
        ("a\x00.txt", "a.txt"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("lpt1.tar.gz", "_lpt1.tar.gz"),
        ('<>:"|?*', None),
        ("x" * 500, "x" * 200),
        ("\ud83d.txt", ".txt".strip(".")),
    ],
)
def test_a_name_from_a_server_is_reduced_to_a_plain_one(name, safe):
    assert safe_name(name) == safe


@given(st.text())
def test_no_name_from_a_server_leaves_its_folder_or_hides(name):
    safe = safe_name(name)
    if safe is None:
        return
    assert os.path.basename(safe) == safe
    assert safe not in ("", ".", "..")
    assert safe == safe.strip(" .")
    assert not set(safe) & set('/\\:\x00\r\n<>"|?*')
    assert len(safe) <= 201
    safe.encode()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="cat.png"', "cat.png"),
        ("attachment; filename=cat.png", "cat.png"),
        ("attachment; filename*=UTF-8''%E4%BD%A0%E5%A5%BD.txt", "你好.txt"),
        ("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ('attachment; filename="..%2f..%2fetc%2fpasswd"', "passwd"),
        ('attachment; filename="/abs/path.txt"', "path.txt"),
        ("inline", None),
        ("", None),
        ("attachment; filename=", None),
        ('attachment; filename="a\r\nb.txt"', "ab.txt"),
        ("attachment; filename*=bogus''x%FF.txt", None),
        (";;;===", None),
    ],
)
def test_the_name_that_a_header_suggests_is_made_safe(header, name):
    found = filename_of(HTTPInfo(200, {"content-disposition": header}))
    # What a broken header means is nobody's business, as long as it is safe.
    assert found == name or (name is None and found == safe_name(found))


@given(st.text(alphabet=st.characters(max_codepoint=0x17F), max_size=60))
def test_no_header_breaks_the_reading_of_it(text):
    name = filename_of(HTTPInfo(200, {"content-disposition": f"attachment; {text}"}))
    assert name is None or safe_name(name) == name


def part_file(path, name: str, *, overwrite: bool = False) -> PartFile:
    part = PartFile(path, name, overwrite=overwrite)
    part.open()
    return part


def files(folder) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_a_part_file_is_there_only_when_it_is_whole(tmp_path):
    part = part_file(tmp_path / "out.bin", "unused")
    part.write(b"one")
    assert "out.bin" not in files(tmp_path)
    part.write(b"two")
    assert part.commit() == tmp_path / "out.bin"
    assert files(tmp_path) == {"out.bin"}
    assert (tmp_path / "out.bin").read_bytes() == b"onetwo"


def test_a_part_file_that_is_dropped_leaves_nothing_and_what_was_there(tmp_path):
    (tmp_path / "out.bin").write_bytes(b"old")
    part = part_file(tmp_path / "out.bin", "unused", overwrite=True)
    part.write(b"new")
    part.discard()
    part.discard()
    assert files(tmp_path) == {"out.bin"}
    assert (tmp_path / "out.bin").read_bytes() == b"old"


def test_a_part_file_replaces_what_was_there_when_it_is_whole_if_that_is_asked_for(tmp_path):
    (tmp_path / "out.bin").write_bytes(b"old")
    part = part_file(tmp_path / "out.bin", "unused", overwrite=True)
    part.write(b"new")
    part.commit()
    assert (tmp_path / "out.bin").read_bytes() == b"new"
    assert part_file(tmp_path, "out.bin", overwrite=True).commit() == tmp_path / "out.bin"
    assert files(tmp_path) == {"out.bin"}


def test_a_file_that_exists_is_not_replaced(tmp_path):
    (tmp_path / "out.bin").write_bytes(b"old")
    with pytest.raises(FileExistsError, match=r"overwrite=True.*out\.bin"):
        part_file(tmp_path / "out.bin", "unused")
    assert (tmp_path / "out.bin").read_bytes() == b"old"
    assert files(tmp_path) == {"out.bin"}


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_file_that_appears_while_another_is_written_is_not_replaced(links, tmp_path, monkeypatch):
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no hard links")))
    part = part_file(tmp_path / "out.bin", "unused")
    part.write(b"new")
    (tmp_path / "out.bin").write_bytes(b"old")
    with pytest.raises(FileExistsError, match=r"out\.bin"):
        part.commit()
    part.discard()
    assert (tmp_path / "out.bin").read_bytes() == b"old"
    assert files(tmp_path) == {"out.bin"}


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_in_a_folder_a_file_whose_name_is_taken_gets_a_number(links, tmp_path, monkeypatch):
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no hard links")))
    saved = []
    for number in range(3):
        part = part_file(tmp_path, "cat.tar.gz")
        part.write(b"%d" % number)
        saved.append(part.commit())
    assert [path.name for path in saved] == ["cat.tar.gz", "cat.tar (1).gz", "cat.tar (2).gz"]
    assert [path.read_bytes() for path in saved] == [b"0", b"1", b"2"]
    assert len(files(tmp_path)) == 3


def test_in_a_folder_the_name_is_used(tmp_path):
    part = part_file(tmp_path, "cat.png")
    assert part.commit() == tmp_path / "cat.png"


def test_a_kept_file_has_the_usual_permissions(tmp_path):
    mask = os.umask(0o027)
    try:
        kept = part_file(tmp_path / "out.bin", "unused").commit()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def test_the_umask_is_let_be_because_it_belongs_to_the_whole_process(tmp_path, monkeypatch):
    def touched(mask: int) -> int:
        raise AssertionError("to read it is to set it, and another thread may be making a file")

    monkeypatch.setattr(os, "umask", touched)
    part = part_file(tmp_path / "out.bin", "unused")
    part.write(b"x")
    assert part.commit().read_bytes() == b"x"


def test_a_part_file_is_nobodys_elses_file(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "urandom", bytes)  # the name of the part can be guessed
    (tmp_path / "precious").write_bytes(b"old")
    first = part_file(tmp_path / "first", "unused")
    (name,) = files(tmp_path) - {"precious"}
    first.discard()
    assert files(tmp_path) == {"precious"}
    (tmp_path / name).symlink_to(tmp_path / "precious")
    with pytest.raises(FileExistsError):
        part_file(tmp_path / "out.bin", "unused")
    assert (tmp_path / "precious").read_bytes() == b"old"
    assert files(tmp_path) == {"precious", name}


def test_a_file_that_cannot_be_put_in_its_place_leaves_nothing(tmp_path):
    part = part_file(tmp_path / "out.bin", "unused")
    part.write(b"x")
    (tmp_path / "out.bin").mkdir()  # somebody else was faster
    with pytest.raises(OSError, match=r"out\.bin"):
        part.commit()
    part.discard()
    assert files(tmp_path) == {"out.bin"}


def test_a_folder_that_is_not_there_is_said_so_before_anything_is_written(tmp_path):
    with pytest.raises(FileNotFoundError):
        part_file(tmp_path / "missing" / "out.bin", "unused")
    assert files(tmp_path) == set()


def test_a_long_name_in_many_bytes_can_be_written(tmp_path):
    name = safe_name("你" * 300)
    assert name is not None
    part = part_file(tmp_path, name)
    part.write(b"x")
    assert part.commit().exists()


def test_a_part_file_that_is_dropped_before_its_thread_made_it_is_never_made(tmp_path):
    part = PartFile(tmp_path / "out.bin", "unused")
    part.discard()
    part.open()
    part.write(b"x")
    assert files(tmp_path) == set()


class Slow(PartFile):
    """A part file whose every write waits to be let on; one more call of `go` for each."""

    def __init__(self, path) -> None:
        super().__init__(path, "unused")
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.open()

    def write(self, data) -> None:
        self.begun.release()
        assert self.go.acquire(timeout=20)
        super().write(data)


def pieces(size: int, length: int):
    """Bytes that are nowhere alike, in pieces."""
    whole = random.Random(size).randbytes(size)
    return whole, [whole[at : at + length] for at in range(0, size, length)]


@pytest.mark.parametrize("beside", [False, True], ids=["at once", "beside"])
@pytest.mark.parametrize("length", [1, 3, 65_536, BATCH - 1, BATCH, BATCH + 1, 5 * BATCH])
def test_what_is_written_is_what_came_however_it_came(tmp_path, beside, length):
    whole, chunks = pieces(min(5 * BATCH + 7, length * 20_000), length)
    part = part_file(tmp_path / "out.bin", "unused")
    with closing(PartWriter(part, threaded=beside)) as writer:
        seen = [0]
        for chunk in chunks:
            full = writer.add(chunk)
            if full is not None:
                full()
            seen.append(writer.written)
        writer.finish()
    assert part.commit().read_bytes() == whole
    assert writer.written == len(whole)
    assert seen == sorted(seen)
    assert seen[-1] > len(whole) - 3 * BATCH - length


def test_more_is_taken_while_a_piece_is_being_written_and_then_has_to_wait(tmp_path):
    part = Slow(tmp_path / "out.bin")
    whole, chunks = pieces(3 * BATCH, BATCH // 4)
    with closing(PartWriter(part, threaded=True)) as writer:
        taken = [writer.add(chunk) for chunk in chunks[:8]]
        assert taken == [None] * 8  # one piece is with the thread, the next is whole
        assert part.begun.acquire(timeout=20)
        assert writer.written == 0
        full = writer.add(chunks[8])
        assert full is not None
        part.go.release()
        full()
        assert writer.written == BATCH
        part.go.release(4)
        for chunk in chunks[9:]:
            assert writer.add(chunk) is None
        writer.finish()
    assert part.commit().read_bytes() == whole


def test_a_disk_that_is_full_is_told_with_the_next_piece_or_at_the_end(tmp_path):
    class Full(PartFile):
        def write(self, data) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    for more in (1, 0):
        part = Full(tmp_path / "out.bin", "unused")
        part.open()
        with closing(PartWriter(part, threaded=True)) as writer, pytest.raises(OSError, match="No space"):
            for _ in range(2 * BATCH // 65_536 + more):
                (writer.add(bytes(65_536)) or (lambda: None))()
            writer.finish()
        part.discard()
    assert files(tmp_path) == set()


def test_a_download_that_is_given_up_while_a_piece_is_being_written_leaves_nothing(tmp_path):
    part = Slow(tmp_path / "out.bin")
    with closing(PartWriter(part, threaded=True)) as writer:
        for _ in range(5):
            assert writer.add(bytes(BATCH // 4)) is None
        assert part.begun.acquire(timeout=20)
        part.discard()
    (thread,) = (thread for thread in threading.enumerate() if thread.name.startswith("dify-download"))
    part.go.release()
    thread.join(20)
    assert not thread.is_alive()
    assert files(tmp_path) == set()


# -------------------------------------------------------------------------------------------------- is the response the file?
SPEECH, ZIP, FILE = "textToAudioChat", "downloadDocumentsZip", "previewChatFile"


def received(content_type: str = "", **headers: str) -> HTTPInfo:
    return HTTPInfo(
        200, {"content-type": content_type} | {name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize(
    ("operation", "content_type"),
    [
        (SPEECH, "audio/mpeg"),
        (SPEECH, "video/mp4"),
        (SPEECH, "application/ogg"),
        (SPEECH, "application/octet-stream"),
        (SPEECH, "binary/octet-stream"),
        (SPEECH, ""),
        (ZIP, "application/zip"),
        (ZIP, "application/x-zip-compressed"),
        (ZIP, "application/octet-stream"),
        (ZIP, "binary/octet-stream"),
        (FILE, "image/png"),
        (FILE, ""),
    ],
)
def test_a_body_of_the_type_of_the_operation_is_the_file(operation, content_type):
    assert not needs_check(received(content_type), operation)


@pytest.mark.parametrize(
    ("operation", "content_type"),
    [(SPEECH, "application/json"), (SPEECH, "text/html"), (ZIP, "audio/mpeg"), (ZIP, "text/plain")],
)
def test_a_body_of_another_type_than_the_operation_has_is_checked(operation, content_type):
    assert needs_check(received(content_type), operation)


@pytest.mark.parametrize("content_type", ["text/html", "application/xhtml+xml"])
def test_a_web_page_is_the_users_file_only_from_old_servers_or_as_an_attachment(content_type):
    assert needs_check(received(content_type), FILE)
    assert needs_check(received(content_type, x_version="1.14.0"), FILE)
    assert needs_check(received(content_type, x_version="1.15.1"), FILE)
    assert not needs_check(received(content_type, x_version="1.13.9"), FILE)
    for disposition in ("attachment", "Attachment ; filename=a.html"):
        assert not needs_check(received(content_type, content_disposition=disposition), FILE)
    assert needs_check(received(content_type, content_disposition="inline"), FILE)


def test_only_short_json_from_an_unknown_server_may_be_an_error():
    assert needs_check(received("application/json", content_length="16383"), FILE)
    assert not needs_check(received("application/json", content_length="16384"), FILE)
    assert not needs_check(received("application/json"), FILE)
    assert not needs_check(received("application/json", content_length="-1"), FILE)
    assert not needs_check(received("application/json", content_length="10", x_version="1.14.2"), FILE)
    assert not needs_check(received("text/plain", content_length="10"), FILE)


def test_a_body_that_is_not_the_file_is_an_error_that_says_what_it_is():
    refused = b'{"code": "internal_server_error", "message": "no", "status": 500}'
    assert isinstance(content_error(refused, received("application/json"), FILE), ServerError)
    assert content_error(b'{"a": 1}', received("application/json"), FILE) is None

    def message(body: bytes, content_type: str, operation: str) -> str:
        error = content_error(body, received(content_type), operation)
        assert isinstance(error, ResponseValidationError)
        assert error.body == body.decode("utf-8", "replace")[:2048]
        return error.message

    silent = "the server sent no audio: the message is unknown or has an empty answer"
    assert message(b"{}", "application/json", SPEECH) == silent
    assert "web page" in message(b"<html>", "text/html", FILE)
    assert "web page" in message(b" \n<html>", "text/plain", SPEECH)
    other = f"{ZIP} returned a body of type text/plain, expected a ZIP file"
    assert message(b"words \xff", "text/plain", ZIP) == other
    assert message(b"words", "text/plain", SPEECH) == f"{SPEECH} returned a body of type text/plain, expected audio"
    assert message(b"[]", "application/json", ZIP).endswith(
        "returned a body of type application/json, expected a ZIP file"
    )


def test_a_file_may_be_empty_but_speech_and_zip_files_may_not():
    assert empty_body_error(received(), FILE) is None
    for operation in (SPEECH, ZIP):
        error = empty_body_error(HTTPInfo(204, {}), operation)
        assert error is not None
        assert error.message == f"{operation} returned an empty body (HTTP 204)"


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("audio/aac", "speech.aac"),
        ("audio/x-aac", "speech.aac"),
        ("audio/flac", "speech.flac"),
        ("audio/x-flac", "speech.flac"),
        ("audio/mp4", "speech.m4a"),
        ("video/mp4", "speech.m4a"),
        ("audio/m4a", "speech.m4a"),
        ("audio/x-m4a", "speech.m4a"),
        ("audio/mpeg", "speech.mp3"),
        ("audio/mp3", "speech.mp3"),
        ("audio/ogg", "speech.ogg"),
        ("application/ogg", "speech.ogg"),
        ("audio/opus", "speech.opus"),
        ("audio/wav", "speech.wav"),
        ("audio/x-wav", "speech.wav"),
        ("audio/wave", "speech.wav"),
        ("audio/vnd.wave", "speech.wav"),
        ("audio/webm; codecs=opus", "speech.webm"),
        ("application/mp4", "speech.bin"),
        ("audio/basic", "speech.bin"),
    ],
)
def test_speech_is_named_after_its_media_type(content_type, name):
    assert speech_name("speech.bin", received(content_type)) == name
    assert speech_name("speech", received(content_type)) == name.removesuffix(".bin")


def test_a_part_is_a_hidden_file_beside_its_target(tmp_path):
    file = PartFile(tmp_path / "a.bin", "")
    file.open()
    try:
        [name] = os.listdir(tmp_path)
        assert name.startswith(".dify-")
        assert name.endswith(".part")
    finally:
        file.remove()
    assert os.listdir(tmp_path) == []
