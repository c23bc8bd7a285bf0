"""Reads a multipart form as it arrives, and holds none of its file: what came is counted and summed up."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path


@dataclass
class ArrivedForm:
    """What a form held. `whole` says that it ended with its closing boundary and nothing after it."""

    fields: dict[str, str]
    file_header: str = ""
    size: int = 0
    checksum: int = 0
    whole: bool = False


def read_form(content_type: str, chunks: Iterable[bytes]) -> ArrivedForm:
    """The fields of a form and a summary of its one file, which comes last."""
    boundary = content_type.partition("boundary=")[2].encode()
    pieces = iter(chunks)
    form, seen = ArrivedForm({}), b""
    while True:  # the parts before the file, and the file's header
        header, mark, rest = seen.partition(b"\r\n\r\n")
        if mark and b"filename" in header:
            form.file_header = header.removeprefix(b"--" + boundary + b"\r\n").decode()
            break
        value, end, after = rest.partition(b"\r\n--" + boundary + b"\r\n")
        if end:
            name = header.decode().partition('name="')[2].partition('"')[0]
            form.fields[name] = value.decode()
            seen = b"--" + boundary + b"\r\n" + after
        else:
            seen += next(pieces)
    tail = b"\r\n--" + boundary + b"--\r\n"
    kept = b""  # as much as the tail is long may be the tail
    for piece in chain([rest], pieces):
        kept += piece
        content, kept = kept[: -len(tail)], kept[-len(tail) :]
        form.size += len(content)
        form.checksum = zlib.crc32(content, form.checksum)
    form.whole = kept == tail
    return form


def checksum_of(path: Path) -> int:
    """The checksum that `read_form` gives for this file."""
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def sparse_file(path: Path, size: int) -> Path:
    """A file that takes hardly any room on the disk, with marks here and there so that the order of its bytes matters."""
    with path.open("wb") as file:
        for at in range(0, size, 64 << 20):
            file.seek(at)
            file.write(f"mark at {at}".encode())
        file.truncate(size)
    return path
