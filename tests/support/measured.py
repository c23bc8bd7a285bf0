"""One transfer in a process of its own, so that its memory is nobody else's; prints what it took as JSON.

python -m tests.support.measured upload BASE_URL FILE [--delay SECONDS]
python -m tests.support.measured download BASE_URL FOLDER
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from dify import AsyncDify, Dify

ROOT = Path(__file__).parents[2]


def measure(what: str, url: str, path: Path, *, face: str = "async", delay: float = 0.0) -> dict[str, float]:
    """Run this program and return what it printed: `grown` (MiB), `seconds`, `lag_p99` (seconds; async only)."""
    command = [sys.executable, "-m", "tests.support.measured", what, url, str(path), "--face", face]
    command += ["--delay", str(delay)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def peak() -> float:
    """The most memory that this process has held so far, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would begin with the peak of the process that started us
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


class SlowFile:
    """A file on a slow disk: every read takes its time, and blocks the thread that makes it."""

    name = "slow.bin"

    def __init__(self, file: IO[bytes], delay: float) -> None:
        self._file = file
        self._delay = delay

    def read(self, size: int = -1) -> bytes:
        time.sleep(self._delay)
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


@asynccontextmanager
async def watching_lag() -> AsyncIterator[list[float]]:
    """Sample how late the loop comes back to a task that sleeps for 2 ms; at least once, however short the block is."""
    lags: list[float] = []
    over = False

    async def watch() -> None:
        while not (over and lags):
            begun = time.perf_counter()
            await asyncio.sleep(0.002)
            lags.append(time.perf_counter() - begun - 0.002)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)  # its first sample begins
    try:
        yield lags
    finally:
        over = True
        await watching


WARM_UP = ("warm-up.bin", b"everything is loaded when this has been sent")


async def transfer(what: str, url: str, path: Path, delay: float) -> dict[str, float]:
    async with AsyncDify(base_url=url, api_key="app-test-key", user="alice", max_retries=0) as client:
        if what == "upload":
            await client.files.upload(WARM_UP)
        before, begun = peak(), time.perf_counter()
        async with watching_lag() as lags:
            if what == "download":
                await client.files.download("file-1").save(path)
            elif delay:
                with path.open("rb") as file:
                    slow: Any = SlowFile(file, delay)
                    await client.files.upload(slow)
            else:
                await client.files.upload(path)
            took = time.perf_counter() - begun
    lags.sort()
    return {"grown": peak() - before, "seconds": took, "lag_p99": lags[int(len(lags) * 0.99)]}


def transfer_blocking(what: str, url: str, path: Path) -> dict[str, float]:
    with Dify(base_url=url, api_key="app-test-key", user="alice", max_retries=0) as client:
        if what == "upload":
            client.files.upload(WARM_UP)
        before, begun = peak(), time.perf_counter()
        if what == "download":
            client.files.download("file-1").save(path)
        else:
            client.files.upload(path)
        return {"grown": peak() - before, "seconds": time.perf_counter() - begun}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["upload", "download"])
    parser.add_argument("url")
    parser.add_argument("path", type=Path)
    parser.add_argument("--face", choices=["async", "sync"], default="async")
    parser.add_argument("--delay", type=float, default=0.0)
    asked = parser.parse_args()
    if asked.face == "sync":
        figures = transfer_blocking(asked.what, asked.url, asked.path)
    else:
        figures = asyncio.run(transfer(asked.what, asked.url, asked.path, asked.delay))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
