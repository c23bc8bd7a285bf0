"""Bytes from the server: read, saved or taken piece by piece, and nothing left behind when it fails."""

from __future__ import annotations

import gzip
import threading
from types import SimpleNamespace

import httpx
import pytest

from dify import APIConnectionError, APITimeoutError, DifyError, NotFoundError, ResponseValidationError
from dify._async import transport
from dify._protocol.download import BATCH, PartFile

from .support import Chunks, make_client


def serving(*chunks: bytes, error: Exception | None = None, **headers: str):
    known = {"content-type": "image/png"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(200, headers=known, stream=Chunks(chunks, error))


def download(handler):
    return make_client(handler).files.download("file-1")


def names(folder) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


async def test_all_bytes_at_once():
    assert await download(serving(b"one", b"", b"two")).read() == b"onetwo"
    assert await download(serving()).read() == b""


async def test_bytes_piece_by_piece():
    assert [chunk async for chunk in download(serving(b"one", b"two"))] == [b"one", b"two"]


async def test_bytes_as_from_a_file_object():
    stream = download(serving(b"one", b"two", b"three"))
    assert [await stream.read(size) for size in (2, 2, 0, 4)] == [b"on", b"et", b"", b"woth"]
    assert await stream.read() == b"ree"
    assert await stream.read(5) == await stream.read() == await stream.read(None) == b""


async def test_closing_a_download_that_was_read_in_part_closes_the_connection():
    body = Chunks([b"one", b"two"])
    async with download(lambda request: httpx.Response(200, stream=body)) as stream:
        assert await stream.read(2) == b"on"
    assert body.closed
    assert body.sent == 1


async def test_headers_are_known_inside_the_block():
    headers = {"content_disposition": 'attachment; filename="../cat.png"', "content_length": "6"}
    async with download(serving(b"onetwo", **headers)) as stream:
        assert (stream.content_type, stream.content_length, stream.filename) == ("image/png", 6, "cat.png")
        assert await stream.read() == b"onetwo"


async def test_a_folder_takes_the_servers_name_and_only_its_last_part(tmp_path):
    headers = {"content_disposition": "attachment; filename*=UTF-8''..%2F..%2Fcat.png"}
    path = await download(serving(b"onetwo", **headers)).save(tmp_path)
    assert path == tmp_path / "cat.png"
    assert path.read_bytes() == b"onetwo"
    assert names(tmp_path) == ["cat.png"]


async def test_a_file_that_exists_is_kept_and_nothing_is_sent(tmp_path):
    (tmp_path / "mine.bin").write_bytes(b"old")
    sent = []
    handler = lambda request: sent.append(request)  # noqa: E731
    with pytest.raises(FileExistsError, match="overwrite=True"):
        await download(handler).save(tmp_path / "mine.bin")
    assert sent == []
    assert (tmp_path / "mine.bin").read_bytes() == b"old"
    await download(serving(b"new")).save(tmp_path / "mine.bin", overwrite=True)
    assert (tmp_path / "mine.bin").read_bytes() == b"new"


async def test_in_a_folder_a_file_whose_name_is_taken_gets_a_number(tmp_path):
    headers = {"content_disposition": 'attachment; filename="cat.png"'}
    for content in (b"one", b"two"):
        await download(serving(content, **headers)).save(tmp_path)
    assert names(tmp_path) == ["cat (1).png", "cat.png"]
    assert (tmp_path / "cat (1).png").read_bytes() == b"two"
    assert await download(serving(b"three", **headers)).save(tmp_path, overwrite=True) == tmp_path / "cat.png"
    assert (tmp_path / "cat.png").read_bytes() == b"three"


async def test_a_path_wins_over_the_servers_name(tmp_path):
    headers = {"content_disposition": 'attachment; filename="cat.png"'}
    path = await download(serving(b"onetwo", **headers)).save(str(tmp_path / "mine.bin"))
    assert path == tmp_path / "mine.bin"
    assert names(tmp_path) == ["mine.bin"]


async def test_without_a_name_of_the_servers_the_id_is_used(tmp_path):
    assert (await download(serving(b"x")).save(tmp_path)).name == "file-1"
    headers = {"content_disposition": 'attachment; filename=".."'}
    assert (await download(serving(b"x", **headers)).save(tmp_path, overwrite=True)).name == "file-1"


async def test_progress_is_told_up_to_the_whole(tmp_path):
    told = []
    chunks = [b"x" * (700 << 10)] * 4
    headers = {"content_length": str(2800 << 10)}
    await download(serving(*chunks, **headers)).save(tmp_path / "out", on_progress=lambda *seen: told.append(seen))
    assert told == sorted(told)
    assert told[-1] == (2800 << 10, 2800 << 10)
    assert len(told) > 1
    told.clear()
    await download(serving(b"abc")).save(tmp_path / "other", on_progress=lambda *seen: told.append(seen))
    assert told == [(3, None)]


@pytest.mark.parametrize(
    ("error", "cls"),
    [
        (httpx.ReadError("reset"), APIConnectionError),
        (httpx.RemoteProtocolError("peer closed"), APIConnectionError),
        (httpx.ReadTimeout("slow"), APITimeoutError),
    ],
)
async def test_a_download_that_breaks_off_leaves_nothing_behind(error, cls, tmp_path):
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(APIConnectionError) as caught:
        await download(serving(b"one", error=error)).save(tmp_path / "out", overwrite=True)
    assert type(caught.value) is cls
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").read_bytes() == b"old"
    with pytest.raises(cls):
        await download(serving(b"one", error=error)).read()


async def test_an_exception_of_the_progress_callback_leaves_nothing_behind(tmp_path):
    def broken(done: int, total: int | None) -> None:
        raise ZeroDivisionError

    body = Chunks([b"one"])
    handler = lambda request: httpx.Response(200, stream=body)  # noqa: E731
    with pytest.raises(ZeroDivisionError):
        await download(handler).save(tmp_path / "out", on_progress=broken)
    assert names(tmp_path) == []
    assert body.closed


async def test_a_folder_that_is_not_there_closes_the_connection(tmp_path):
    body = Chunks([b"one"])
    handler = lambda request: httpx.Response(200, stream=body)  # noqa: E731
    with pytest.raises(FileNotFoundError) as caught:
        await download(handler).save(tmp_path / "missing" / "out")
    assert body.closed
    assert caught.value.filename == str(tmp_path / "missing" / "out")  # and not the name that it has meanwhile


async def test_a_refusal_is_raised_and_no_file_made(tmp_path):
    handler = lambda request: httpx.Response(404, json={"code": "file_not_found", "message": "no"})  # noqa: E731
    with pytest.raises(NotFoundError):
        await download(handler).save(tmp_path / "out")
    assert names(tmp_path) == []


async def test_leaving_a_download_closes_its_connection():
    body = Chunks([b"one", b"two", b"three"])
    async with download(lambda request: httpx.Response(200, stream=body)) as stream:
        async for _ in stream:
            break
    assert body.closed
    assert body.sent == 1


async def test_a_compressed_download_is_opened_and_a_lie_is_told():
    whole = gzip.compress(b"hello" * 1000)
    assert await download(serving(whole[:20], whole[20:], content_encoding="gzip")).read() == b"hello" * 1000
    for body in (b"plain", whole[:-12]):
        with pytest.raises(DifyError):
            await download(serving(body, content_encoding="gzip")).read()
    with pytest.raises(ResponseValidationError, match="gzip"):
        await download(serving(whole, content_encoding="br")).read()


async def test_a_download_of_several_gzip_members_is_complete(tmp_path):
    content = [bytes([n]) * 100_000 for n in range(3)]
    body = b"".join(gzip.compress(part) for part in content)
    for chunks in ([body], [body[:50], body[50:250], body[250:]]):
        assert await download(serving(*chunks, content_encoding="gzip")).read() == b"".join(content)
    path = await download(serving(body, content_encoding="gzip")).save(tmp_path / "out")
    assert path.read_bytes() == b"".join(content)


async def test_a_download_that_continues_with_raw_bytes_is_an_error_and_leaves_no_file(tmp_path):
    body = gzip.compress(b"hello" * 1000) + b"raw bytes"
    with pytest.raises(ResponseValidationError, match="broke off"):
        await download(serving(body, content_encoding="gzip")).save(tmp_path / "out")
    assert names(tmp_path) == []


async def test_compressed_blocks_without_content_do_not_keep_a_download_alive(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=lambda: now[0]))

    class Empty(Chunks):
        async def __aiter__(self):
            yield gzip.compress(b"hello")[:10]
            while now[0] < 1000:
                now[0] += 1
                yield b"\x00\x00\x00\xff\xff"  # an empty block

    headers = {"content-encoding": "gzip"}
    client = make_client(lambda request: httpx.Response(200, headers=headers, stream=Empty([])), timeout=10)
    with pytest.raises(APITimeoutError, match="did not arrive in time"):
        await client.files.download("file-1").read()
    assert now == [21]


async def test_the_length_of_a_compressed_download_is_not_known_beforehand(tmp_path):
    told = []
    packed = gzip.compress(b"a" * 3_000_000)
    handler = serving(packed, content_encoding="gzip", content_length=str(len(packed)))
    async with download(handler) as stream:
        assert stream.content_length is None
    await download(handler).save(tmp_path / "out", on_progress=lambda *seen: told.append(seen))
    assert told[-1] == (3_000_000, None)
    assert {total for _, total in told} == {None}
    async with download(serving(b"abc", content_encoding="identity", content_length="3")) as stream:
        assert stream.content_length == 3


@pytest.mark.parametrize("value", ["-1", "x", "", "９", "1" * 30, "1.5"])
async def test_a_length_that_is_none_is_unknown(value):
    handler = lambda request: httpx.Response(200, headers={"content-length": value.encode()}, stream=Chunks([b"x"]))  # noqa: E731
    async with download(handler) as stream:
        assert stream.content_length is None


async def test_a_download_that_breaks_off_while_a_piece_is_being_written_has_left_nothing_when_it_raises(
    tmp_path, monkeypatch
):
    write, raised = PartFile.write, threading.Event()

    def slow(part: PartFile, data: bytes | memoryview) -> None:
        with part._lock:
            raised.wait(0.3)  # still at it when the connection breaks
        write(part, data)

    monkeypatch.setattr(PartFile, "write", slow)
    with pytest.raises(APIConnectionError):
        await download(serving(bytes(BATCH + 1), error=httpx.ReadError("gone"))).save(tmp_path / "a.bin")
    left = names(tmp_path)
    raised.set()
    assert left == []
