"""Uploads arrive whole, are never held whole, and end well when the server answers before they are through."""

from __future__ import annotations

import io
import os
import threading
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dify import APIConnectionError, APITimeoutError, DifyError, FileTooLargeError

from ...support.measured import measure
from ...support.server import Exchange, Server
from ...support.transfers import Taker
from ...support.upload_forms import checksum_of, sparse_file
from .support import FACE, beside, client_for, single_connection

MIB = 1 << 20
CONTENT = b"".join(number.to_bytes(4, "big") for number in range(3 * MIB // 4)) + b"and a rest"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the peak memory of a process of its own")
def test_a_file_of_a_gibibyte_takes_little_memory_and_arrives_whole(tmp_path: Path) -> None:
    taker = Taker()
    path = sparse_file(tmp_path / "big.bin", 1024 * MIB)
    with Server(taker, lazy=True) as server:
        figures = measure("upload", server.url, path, face=FACE)
    came = taker.forms[-1]
    assert came.whole
    assert came.size == 1024 * MIB
    assert came.checksum == checksum_of(path)
    assert figures["grown"] < 32


async def chunks_of(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 100_000):
        yield content[at : at + 100_000]


def standing_at(file: io.BytesIO, position: int) -> io.BytesIO:
    file.seek(position)
    return file


SOURCES: dict[str, Any] = {
    "a path": lambda path: path,
    "text that is a path": str,
    "bytes": lambda path: ("name.bin", CONTENT),
    "a file object": lambda path: ("name.bin", io.BytesIO(CONTENT)),
    "a file object that stands after a header": lambda path: (
        "name.bin",
        standing_at(io.BytesIO(b"header" + CONTENT), len(b"header")),
    ),
    "an async iterable": lambda path: ("name.bin", chunks_of(CONTENT)),
    "a plain iterable": lambda path: ("name.bin", [CONTENT[:MIB], CONTENT[MIB:]]),
}


@pytest.mark.parametrize("source", SOURCES)
async def test_every_kind_of_source_arrives_whole(source: str, tmp_path: Path) -> None:
    path = tmp_path / "name.bin"
    path.write_bytes(CONTENT)
    taker = Taker()
    with Server(taker, lazy=True) as server:
        async with client_for(server, user="älice") as client:
            uploaded = await client.files.upload(SOURCES[source](path))
        headers = server.requests[0].headers
    (form,) = taker.forms
    assert form.whole
    assert (form.size, form.checksum) == (len(CONTENT), zlib.crc32(CONTENT))
    assert form.fields == {"user": "älice"}
    assert 'name="file"; filename="name.bin"' in form.file_header
    assert "Content-Type: application/octet-stream" in form.file_header
    assert uploaded.size == len(CONTENT)
    # Servers and gateways refuse by length before they read: it is told wherever it is known.
    assert ("content-length" in headers) == ("iterable" not in source)
    assert ("transfer-encoding" in headers) == ("iterable" in source)


async def test_a_file_that_fits_in_one_read_and_an_empty_one_arrive(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    taker = Taker()
    with Server(taker, lazy=True) as server:
        async with client_for(server) as client:
            await client.files.upload(tmp_path / "empty.txt")
            await client.files.upload(("small.txt", b"small"))
    assert [(form.whole, form.size) for form in taker.forms] == [(True, 0), (True, 5)]


async def test_an_upload_that_is_tried_again_is_sent_whole_again(tmp_path: Path) -> None:
    path = tmp_path / "name.bin"
    path.write_bytes(CONTENT)
    taker = Taker()

    def answer(x: Exchange) -> None:
        if not taker.forms:
            taker(Refusing(x))
        else:
            taker(x)

    class Refusing:
        """Takes the form in as always and then refuses it."""

        def __init__(self, x: Exchange) -> None:
            self.request = x.request
            self.body = x.body
            self.json = lambda *_: x.json(
                {"code": "too_many_requests", "message": "wait", "status": 429}, 429, "Retry-After: 0"
            )

    with Server(answer, lazy=True) as server:
        async with client_for(server, max_retries=1) as client:
            with io.BytesIO(b"header" + CONTENT) as file:
                file.seek(len(b"header"))
                await client.files.upload(("name.bin", file))
    assert [(form.whole, form.size) for form in taker.forms] == [(True, len(CONTENT))] * 2
    assert taker.forms[0].checksum == taker.forms[1].checksum == zlib.crc32(CONTENT)


async def test_a_refusal_before_the_end_of_the_upload_is_what_is_raised(tmp_path: Path) -> None:
    """A gateway answers 413 on the length alone and hangs up; the answer counts, and not the broken connection."""
    path = sparse_file(tmp_path / "big.bin", 64 * MIB)

    def answer(x: Exchange) -> None:
        x.json({"code": "file_too_large", "message": "", "status": 413}, 413, "Connection: close")
        x.hold()  # and reads what still comes, so that the answer is not lost to a reset

    with Server(answer, lazy=True) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            with pytest.raises(FileTooLargeError):
                await client.files.upload(path)


async def test_an_upload_that_is_cut_off_is_not_sent_again(tmp_path: Path) -> None:
    path = sparse_file(tmp_path / "big.bin", 16 * MIB)

    def answer(x: Exchange) -> None:
        next(x.body())
        x.reset()

    with Server(answer, lazy=True) as server:
        async with client_for(server, max_retries=2) as client:
            with pytest.raises(APIConnectionError) as caught:
                await client.files.upload(path)
        assert caught.value.sent
        assert len(server.requests) == 1


async def test_a_server_that_stops_reading_ends_in_a_timeout(tmp_path: Path) -> None:
    path = sparse_file(tmp_path / "big.bin", 64 * MIB)
    stuck = threading.Event()

    def answer(x: Exchange) -> None:
        stuck.set()
        x.server.stopping.wait(20)  # neither reads nor answers, until the block below ends

    with Server(answer, lazy=True) as server:
        async with client_for(server, timeout=0.5) as client:
            with pytest.raises(APITimeoutError):
                await client.files.upload(path)
        assert await beside(stuck.wait, 20)
        assert len(server.requests) == 1


async def test_a_source_that_fails_is_the_users_own_error_and_costs_no_connection(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the disk is broken")

    with Server(Taker(), lazy=True) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            with pytest.raises(OSError, match="broken"):
                await client.files.upload(("name.bin", Broken(CONTENT)))
            assert await beside(server.all_closed)
            assert (await client.files.upload(("name.bin", CONTENT))).size == len(CONTENT)


class Misjudged(io.BytesIO):
    """A file that holds more or less than it seemed to, as one does that is still written or has been cut."""

    def __init__(self, content: bytes, seems: int) -> None:
        super().__init__(content)
        self._seems = seems
        self._at_end = False

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at_end = whence == os.SEEK_END
        return super().seek(offset, whence)

    def tell(self) -> int:
        return self._seems if self._at_end else super().tell()


@pytest.mark.parametrize("seems", [2000, 4000], ids=["a file that has grown", "a file that has shrunk"])
async def test_a_file_whose_size_changes_is_cut_at_the_size_it_had_or_is_an_error_of_ours(seems: int) -> None:
    taker = Taker()
    with Server(taker, lazy=True) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http, timeout=10)
            try:
                await client.files.upload(("log.txt", Misjudged(b"x" * 3000, seems)))
            except DifyError:
                assert taker.forms == []
            else:
                assert [(form.whole, form.size) for form in taker.forms] == [(True, seems)]
            # Whatever became of it, the next upload is none the worse.
            assert (await client.files.upload(("name.bin", CONTENT))).size == len(CONTENT)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
async def test_a_path_that_is_a_pipe_is_sent_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe.txt"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"out of a pipe",), daemon=True)
    writer.start()
    taker = Taker()
    with Server(taker, lazy=True) as server:
        async with client_for(server) as client:
            await client.files.upload(path)
    assert [(form.whole, form.size) for form in taker.forms] == [(True, len(b"out of a pipe"))]
