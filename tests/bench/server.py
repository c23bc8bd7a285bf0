"""The server of the benchmark, in a process of its own: answers each request by the plan in its path.

python -m tests.bench.server     prints its address, and stops when its standard input ends
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .plans import Plan, dialect_of, wire

ROOT = Path(__file__).parents[2]


@contextmanager
def running() -> Iterator[str]:
    """The server, while the block runs; its address."""
    command = [sys.executable, "-m", "tests.bench.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.communicate(timeout=20)  # which ends its input


def allow_many_sockets() -> None:
    """As many open files as the system lets a process have."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 20_000) if most > 0 else 20_000, most))


class Connection(asyncio.Protocol):
    """One connection; answers one request after the other."""

    def __init__(self) -> None:
        self._received = b""
        self._playing: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._may_write.set()
        if self._playing is not None:
            self._playing.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, mark, body = self._received.partition(b"\r\n\r\n")
        if not mark:
            return
        if b"transfer-encoding: chunked" in head.lower():
            whole = body.endswith(b"0\r\n\r\n")
        else:
            _, _, length = head.lower().partition(b"content-length:")
            whole = len(body) >= int(length.split(b"\r\n")[0] or 0)
        if whole:
            self._received = b""
            target = head.split(b" ", 2)[1].decode()
            pieces = wire(Plan.of(target), dialect_of(target))
            if len(pieces) == 1:
                self._transport.write(pieces[0])
            else:
                self._playing = asyncio.create_task(self._play(Plan.of(target), pieces))

    async def _play(self, plan: Plan, pieces: list[bytes]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for piece in pieces:
            await self._may_write.wait()
            self._transport.write(piece)
            if plan.hold:
                await asyncio.Event().wait()  # until the client hangs up
            if plan.every:
                due += plan.every / 1000
                await asyncio.sleep(max(0.0, due - loop.time()))
            else:
                await asyncio.sleep(0)


async def main() -> None:
    allow_many_sockets()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
