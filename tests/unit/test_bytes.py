"""Where downloads go: names made safe, and files that are whole or not there."""

from __future__ import annotations

import os
import stat

import pytest
from hypothesis import given, strategies as st

from dify._bytes import PartFile, filename_of, safe_name
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


def part_file(path, name: str) -> PartFile:
    part = PartFile(path, name)
    part.open()
    return part


def files(folder) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_a_part_file_is_there_only_when_it_is_whole(tmp_path):
    part = part_file(tmp_path / "out.bin", "unused")
    part.write(b"one")
    assert "out.bin" not in files(tmp_path)
    part.write(b"two")
    assert part.keep() == tmp_path / "out.bin"
    assert files(tmp_path) == {"out.bin"}
    assert (tmp_path / "out.bin").read_bytes() == b"onetwo"


def test_a_part_file_that_is_dropped_leaves_nothing_and_what_was_there(tmp_path):
    (tmp_path / "out.bin").write_bytes(b"old")
    part = part_file(tmp_path / "out.bin", "unused")
    part.write(b"new")
    part.drop()
    part.drop()
    assert files(tmp_path) == {"out.bin"}
    assert (tmp_path / "out.bin").read_bytes() == b"old"


def test_a_part_file_replaces_what_was_there_when_it_is_whole(tmp_path):
    (tmp_path / "out.bin").write_bytes(b"old")
    part = part_file(tmp_path / "out.bin", "unused")
    part.write(b"new")
    part.keep()
    assert (tmp_path / "out.bin").read_bytes() == b"new"


def test_in_a_folder_the_name_is_used(tmp_path):
    part = part_file(tmp_path, "cat.png")
    assert part.keep() == tmp_path / "cat.png"


def test_a_kept_file_has_the_usual_permissions(tmp_path):
    mask = os.umask(0o027)
    try:
        kept = part_file(tmp_path / "out.bin", "unused").keep()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def test_a_folder_that_is_not_there_is_said_so_before_anything_is_written(tmp_path):
    with pytest.raises(FileNotFoundError):
        part_file(tmp_path / "missing" / "out.bin", "unused")
    assert files(tmp_path) == set()


def test_a_long_name_in_many_bytes_can_be_written(tmp_path):
    name = safe_name("你" * 300)
    assert name is not None
    part = part_file(tmp_path, name)
    part.write(b"x")
    assert part.keep().exists()


def test_a_part_file_that_is_dropped_before_its_thread_made_it_is_never_made(tmp_path):
    part = PartFile(tmp_path / "out.bin", "unused")
    part.drop()
    part.open()
    part.write(b"x")
    assert files(tmp_path) == set()
