"""Downloads are streamed to the disk, are there only when whole, and stay in the folder they were told."""

from __future__ import annotations

import os
import threading
import zlib
from pathlib import Path

import pytest

from dify import APIConnectionError, APITimeoutError, NotFoundError

from ...support.measured import measure
from ...support.server import Exchange, Server
from ...support.transfers import Giver
from ...support.upload_forms import checksum_of
from .support import FACE, beside, client_for, single_connection

MIB = 1 << 20


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the peak memory of a process of its own")
def test_a_large_download_takes_little_memory_and_is_whole(tmp_path: Path) -> None:
    giver = Giver(64 * MIB, 'Content-Disposition: attachment; filename="large.bin"')
    with Server(giver) as server:
        figures = measure("download", server.url, tmp_path, face=FACE)
    saved = tmp_path / "large.bin"
    assert saved.stat().st_size == 64 * MIB
    assert checksum_of(saved) == giver.checksum
    assert figures["grown"] < 16


async def test_progress_is_told_up_to_the_last_byte(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    giver = Giver(5 * MIB + 17)
    with Server(giver) as server:
        async with client_for(server) as client:
            path = await client.files.download("file-1").save(
                tmp_path / "mine.bin", on_progress=lambda done, total: told.append((done, total))
            )
    assert path == tmp_path / "mine.bin"
    assert checksum_of(path) == giver.checksum
    assert told[-1] == (giver.size, giver.size)
    # One piece may be written while the next comes, so a report may be two pieces after the one before.
    assert len(told) >= 3
    assert [done for done, _ in told] == sorted({done for done, _ in told})


async def test_progress_of_a_download_without_a_length_names_no_total(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []

    def answer(x: Exchange) -> None:
        x.head(200, "text/plain", "Transfer-Encoding: chunked")
        x.chunk(b"Hello, ")
        x.chunk(b"world")
        x.end()

    with Server(answer) as server:
        async with client_for(server) as client:
            path = await client.files.download("file-1").save(
                tmp_path, on_progress=lambda done, total: told.append((done, total))
            )
    assert path == tmp_path / "file-1"  # the server names none, so it is the id
    assert path.read_bytes() == b"Hello, world"
    assert told == [(12, None)]


async def test_the_pieces_and_the_whole_are_the_same_bytes() -> None:
    giver = Giver(3 * MIB)
    with Server(giver) as server:
        async with client_for(server) as client:
            whole = await client.files.download("file-1").read()
            checksum = 0
            async with client.files.download("file-1") as download:
                assert download.content_type == "application/octet-stream"
                assert download.content_length == giver.size
                async for piece in download:
                    checksum = zlib.crc32(piece, checksum)
    assert zlib.crc32(whole) == checksum == giver.checksum


@pytest.mark.parametrize("way", ["closed", "reset", "silent", "chunked"])
async def test_a_download_that_is_cut_leaves_nothing_behind(way: str, tmp_path: Path) -> None:
    def answer(x: Exchange) -> None:
        framing = "Transfer-Encoding: chunked" if way == "chunked" else f"Content-Length: {4 * MIB}"
        x.head(200, "application/octet-stream", 'Content-Disposition: attachment; filename="a.bin"', framing)
        x.chunk(b"x" * 2 * MIB) if way == "chunked" else x.send(b"x" * 2 * MIB)
        if way == "silent":
            x.hold()
        if way == "reset":
            x.reset()
        x.close()

    before = tmp_path / "a.bin"
    before.write_bytes(b"what was there before")
    with Server(answer) as server:
        async with client_for(server, timeout=0.5) as client:
            with pytest.raises(APITimeoutError if way == "silent" else APIConnectionError):
                await client.files.download("file-1").save(tmp_path)
            assert await beside(server.all_closed)
        assert len(server.requests) == 1
    assert list(tmp_path.iterdir()) == [before]
    assert before.read_bytes() == b"what was there before"


async def test_a_refused_download_leaves_nothing_behind(tmp_path: Path) -> None:
    def answer(x: Exchange) -> None:
        x.json({"code": "file_not_found", "message": "no", "status": 404}, 404)

    with Server(answer) as server:
        async with client_for(server) as client:
            with pytest.raises(NotFoundError):
                await client.files.download("file-1").save(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_an_exception_in_on_progress_ends_the_download_and_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(done: int, total: int | None) -> None:
        raise LookupError("the user's own")

    with Server(Giver(64 * MIB)) as server:
        async with client_for(server) as client:
            with pytest.raises(LookupError):
                await client.files.download("file-1").save(tmp_path, on_progress=fail)
            assert await beside(server.all_closed)
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_missing_costs_no_connection(tmp_path: Path) -> None:
    with Server(Giver(64 * MIB)) as server:
        async with client_for(server) as client:
            with pytest.raises(FileNotFoundError):
                await client.files.download("file-1").save(tmp_path / "missing" / "a.bin")
            assert await beside(server.all_closed)


async def test_break_closes_the_connection() -> None:
    with Server(Giver(64 * MIB)) as server:
        async with single_connection() as http:
            client = client_for(server, http_client=http)
            async for _ in client.files.download("file-1"):
                break
            assert await beside(server.all_closed)
            async with client.files.download("file-1") as download:
                assert download.content_length == 64 * MIB
            assert await beside(server.all_closed)


async def test_a_download_that_is_never_read_sends_nothing(tmp_path: Path) -> None:
    asked = threading.Event()
    with Server(lambda x: asked.set()) as server:
        async with client_for(server) as client:
            client.files.download("file-1")
    assert not asked.is_set()
    assert server.connections == 0


HOSTILE = {
    "a step upwards": 'filename="../../evil.txt"',
    "a step upwards, encoded": "filename*=UTF-8''..%2F..%2Fevil.txt",
    "backslashes": 'filename="..\\\\..\\\\evil.txt"',
    "an absolute path": 'filename="/tmp/evil.txt"',
    "a drive": 'filename="C:\\\\evil.txt"',
    "a control character": 'filename="a\x01b.txt"',
    "dots": 'filename=".."',
    "dots, encoded": "filename*=UTF-8''%2e%2e",
    "a dot": 'filename="."',
    "a file that a shell reads": 'filename=".bashrc"',
    "a device": 'filename="CON"',
    "nothing": 'filename=""',
    "spaces": 'filename="   "',
    "a name of 5,000 characters": f'filename="{"a" * 5000}.txt"',
    "a name of 300 characters of four bytes": f"filename*=UTF-8''{'%F0%9F%98%80' * 300}",
    "a name that reads backwards": "filename*=UTF-8''photo%E2%80%AEgpj.exe",
    "an encoded NUL": "filename*=UTF-8''a%00b.txt",
    "twice encoded": "filename*=UTF-8''%252e%252e%252fevil.txt",
    "two names": "filename=\"ok.txt\"; filename*=UTF-8''%2e%2e%2fevil.txt",
    "an unknown charset": "filename*=nonsense''evil.txt",
    "no charset": "filename*=evil.txt",
    "text in Latin-1": 'filename="caf\xe9.txt"',
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_name_stays_in_the_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "outer" / "inner" / "folder"
    folder.mkdir(parents=True)
    header = f"Content-Disposition: attachment; {HOSTILE[name]}"
    with Server(lambda x: x.bytes(b"content", "application/octet-stream", header)) as server:
        async with client_for(server) as client:
            path = await client.files.download("file-1").save(folder)
    assert path.parent == folder
    assert path.read_bytes() == b"content"
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]
    assert path.name.isprintable()
    assert not path.name.startswith(".")
    assert path.name.upper() != "CON"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
async def test_a_pipe_is_written_to_and_never_replaced_by_a_file(tmp_path: Path) -> None:
    giver, pipe, got = Giver(3 * MIB + 5), tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with Server(giver) as server:
        async with client_for(server) as client:
            assert await client.files.download("file-1").save(pipe) == pipe
    await beside(reader.join, 20)
    assert pipe.is_fifo()
    assert [len(data) for data in got] == [giver.size]
    assert list(tmp_path.iterdir()) == [pipe]
