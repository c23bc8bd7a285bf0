"""Uploads and downloads: memory, throughput, and how long the event loop is kept waiting, on a fast disk and on a slow one."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

import httpx

from ..support.measured import WARM_UP, SlowFile, peak, transfer, transfer_blocking, watching_lag
from ..support.server import Server
from ..support.transfers import Giver, Taker
from ..support.upload_forms import checksum_of, sparse_file
from .clients import HEADERS, PATIENCE
from .streams import p99

MIB = 1 << 20
DELAY = 0.02
"""Seconds that each read and each write takes on the slow disk."""


class SlowWrites:
    """A file on a slow disk."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        time.sleep(DELAY)
        return self._file.write(data)


@contextmanager
def _slow_part_files() -> Iterator[None]:
    """Our downloads write on a slow disk."""
    from dify._protocol.download import PartFile

    usual = PartFile.write

    def write(self: PartFile, *pieces: bytes) -> None:
        time.sleep(DELAY)
        usual(self, *pieces)

    PartFile.write = write  # type: ignore[method-assign]
    try:
        yield
    finally:
        PartFile.write = usual  # type: ignore[method-assign]


async def _raw(what: str, url: str, path: Path, slow: bool) -> dict[str, float]:
    async with httpx.AsyncClient(timeout=PATIENCE, headers=HEADERS) as client:
        if what == "upload":
            await client.post(f"{url}/files/upload", files={"file": WARM_UP}, data={"user": "alice"})
        before, begun = peak(), time.perf_counter()
        async with watching_lag() as lags:
            if what == "upload":
                with path.open("rb") as file:
                    source: Any = SlowFile(file, DELAY) if slow else file
                    answer = await client.post(f"{url}/files/upload", files={"file": source}, data={"user": "alice"})
                    answer.raise_for_status()
            else:
                with path.open("wb") as file:
                    target: Any = SlowWrites(file) if slow else file
                    async with client.stream("GET", f"{url}/files/file-1/preview") as answer:
                        async for chunk in answer.aiter_bytes():
                            target.write(chunk)
            took = time.perf_counter() - begun
    return {"grown": peak() - before, "seconds": took, "lag_p99": p99(lags)}


def _raw_blocking(what: str, url: str, path: Path) -> dict[str, float]:
    with httpx.Client(timeout=PATIENCE, headers=HEADERS) as client:
        if what == "upload":
            client.post(f"{url}/files/upload", files={"file": WARM_UP}, data={"user": "alice"})
        before, begun = peak(), time.perf_counter()
        if what == "upload":
            with path.open("rb") as file:
                client.post(f"{url}/files/upload", files={"file": file}, data={"user": "alice"}).raise_for_status()
        else:
            with path.open("wb") as file, client.stream("GET", f"{url}/files/file-1/preview") as answer:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        return {"grown": peak() - before, "seconds": time.perf_counter() - begun}


def client_side(asked: dict[str, Any]) -> dict[str, float]:
    """One transfer, in the process that is measured: `grown` (MiB), `seconds`, `lag_p99` (seconds; async only)."""
    what, url, path, slow = asked["what"], asked["url"], Path(asked["path"]), asked["slow"]
    if asked["face"] == "sync":
        made = transfer_blocking if asked["variant"] == "ours" else _raw_blocking
        return made(what, url, path)
    if asked["variant"] == "raw":
        return asyncio.run(_raw(what, url, path, slow))
    with _slow_part_files() if slow else nullcontext():
        return asyncio.run(transfer(what, url, path, DELAY if slow else 0.0))


def measured(asked: dict[str, Any], run: Callable[[dict[str, Any]], dict[str, float]]) -> dict[str, float]:
    """The figures of one variant, after proof that all of the file arrived; `run` is how the client's side is run."""
    size = asked["mib"] * MIB
    taker, giver = Taker(), Giver(size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.bin")
        expected = checksum_of(sparse_file(path, size)) if asked["what"] == "upload" else giver.checksum
        with Server(taker if asked["what"] == "upload" else giver, lazy=True) as server:
            figures = run(asked | {"job": "transfer", "url": server.url, "path": str(path)})
        arrived = taker.forms[-1].checksum if asked["what"] == "upload" else checksum_of(path)
        assert arrived == expected, "what arrived is not what was sent"
    return {
        "grown": figures["grown"],
        "mib_s": asked["mib"] / figures["seconds"],
        "seconds": figures["seconds"],
        "lag_ms": figures.get("lag_p99", 0.0) * 1000,
    }
