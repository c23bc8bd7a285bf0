"""Many uploads at once."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import httpx
import pytest

from dify import (
    ConfigurationError,
    InvalidArgumentError,
    UnsupportedFileTypeError,
)

from .support import make_client

REFUSAL = {"code": "unsupported_file_type", "message": "File type not allowed.", "status": 415}


def storing(seen: list[httpx.Request]):
    """Stores every file but those named bad."""

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        name = request.content.partition(b'filename="')[2].partition(b'"')[0].decode()
        if name.startswith("bad"):
            return httpx.Response(415, json=REFUSAL)
        return httpx.Response(201, json={"id": f"id of {name}", "name": name})

    return handler


async def test_every_file_has_a_result_in_the_order_of_the_files():
    seen = []
    files = [(f"{number}.txt", b"x" * (10 - number)) for number in range(10)]
    results = await make_client(storing(seen)).files.upload_many(files, concurrency=3)
    assert [result.uploaded.id for result in results] == [f"id of {number}.txt" for number in range(10)]
    assert [result.file for result in results] == files
    assert [result.error for result in results] == [None] * 10
    assert len(seen) == 10
    assert all(b'name="user"\r\n\r\nalice\r\n' in request.content for request in seen)


async def test_a_file_that_fails_fails_alone(tmp_path):
    def broken():
        yield b"begin"
        raise ValueError("the disk is gone")

    files = [
        ("good.txt", b"1"),
        ("bad.bin", b"2"),
        tmp_path / "missing.txt",
        b"no name",
        ("broken.txt", broken()),
        ("also good.txt", b"3"),
    ]
    results = await make_client(storing([])).files.upload_many(files)
    kinds = [type(result.error) for result in results]
    nothing = type(None)
    assert kinds == [
        nothing,
        UnsupportedFileTypeError,
        FileNotFoundError,
        InvalidArgumentError,
        ValueError,
        nothing,
    ]
    assert [result.uploaded is None for result in results] == [result.error is not None for result in results]


async def test_progress_counts_failed_files_too():
    seen = []
    await make_client(storing([])).files.upload_many(
        [("good.txt", b"1"), ("bad.txt", b"2"), ("good.txt", b"3")], on_progress=lambda *counts: seen.append(counts)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


async def test_progress_is_told_where_the_caller_runs():
    threads = []
    await make_client(storing([])).files.upload_many(
        [("a.txt", b"1"), ("b.txt", b"2")], on_progress=lambda *_: threads.append(threading.current_thread())
    )
    assert set(threads) == {threading.current_thread()}


async def test_what_the_progress_function_raises_ends_the_call_and_is_raised_as_it_is():
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Enough

    seen = []
    with pytest.raises(Enough):
        await make_client(storing(seen)).files.upload_many(
            [(f"{n}.txt", b"1") for n in range(100)], concurrency=1, on_progress=stop
        )
    assert len(seen) < 100


async def test_no_files_are_no_results():
    assert await make_client(storing([])).files.upload_many([]) == []


async def test_what_is_wrong_with_the_call_itself_is_raised_before_anything_is_sent():
    seen = []
    files = [("a.txt", b"1")]
    with pytest.raises(ConfigurationError, match="user"):
        await make_client(storing(seen), user=None).files.upload_many(files)
    with pytest.raises(ConfigurationError, match="api_key"):
        await make_client(storing(seen), api_key=None).files.upload_many(files)
    with pytest.raises(InvalidArgumentError, match="concurrency"):
        await make_client(storing(seen)).files.upload_many(files, concurrency=0)
    with pytest.raises(InvalidArgumentError, match="retries"):
        await make_client(storing(seen)).files.upload_many(files, options={"retries": 1})
    assert seen == []


@pytest.mark.parametrize(
    "file",
    ["report.pdf", Path("report.pdf"), b"bytes", io.BytesIO(b"x"), 7],
    ids=["str", "Path", "bytes", "file", "int"],
)
async def test_one_file_in_place_of_many_is_refused_and_not_taken_apart(file):
    seen = []
    with pytest.raises(InvalidArgumentError, match=r"^files is a list: write \[\.\.\.\] around the one "):
        await make_client(storing(seen)).files.upload_many(file)
    assert seen == []


async def test_files_may_come_from_a_generator_and_belong_to_another_user():
    seen = []
    results = await make_client(storing(seen)).files.upload_many(((f"{n}.txt", b"x") for n in range(3)), user="bob")
    assert [result.uploaded.name for result in results] == ["0.txt", "1.txt", "2.txt"]
    assert all(b'name="user"\r\n\r\nbob\r\n' in request.content for request in seen)
