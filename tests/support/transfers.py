"""The far end of uploads and downloads: takes a file in and keeps only its summary, or sends one that it makes up."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from .server import Exchange
from .upload_forms import ArrivedForm, read_form

BLOCK = 1 << 16


class Taker:
    """Takes uploads in; for a server that leaves bodies to its script (`lazy`)."""

    def __init__(self) -> None:
        self.forms: list[ArrivedForm] = []

    def __call__(self, x: Exchange) -> None:
        form = read_form(x.request.headers["content-type"], x.body())
        self.forms.append(form)
        answer = {"id": "file-1", "name": "name.bin", "size": form.size, "extension": "bin"}
        x.json(
            answer | {"mime_type": "application/octet-stream", "created_by": "user-1", "created_at": 1705407629}, 201
        )


class Giver:
    """Sends a download of so many bytes, each block different from the one before it."""

    def __init__(self, size: int, *headers: str) -> None:
        self.size = size
        self.headers = headers
        self.checksum = 0
        for block in self.blocks():
            self.checksum = zlib.crc32(block, self.checksum)

    def blocks(self) -> Iterator[bytes]:
        for number, at in enumerate(range(0, self.size, BLOCK)):
            yield (number.to_bytes(4, "big") * (BLOCK // 4))[: self.size - at]

    def __call__(self, x: Exchange) -> None:
        x.head(200, "application/octet-stream", f"Content-Length: {self.size}", *self.headers)
        for block in self.blocks():
            x.send(block)
