"""The server behind a gateway, which counts what arrives, and the account of what the client was told about it."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dify import APIConnectionError, DifyError

from ..support import raw_frames as frames
from ..support.server import PATIENCE, Exchange, Request, Server

PIECES = ["Hel", "lo, ", "wörld 你好 🌍", " end."]
TEXT = "".join(PIECES)
"""The text of every reply, before the query."""
BLOCK = bytes(range(256)) * 1024
CONTENT = BLOCK * 12
"""The content of every download, 3 MiB: more than the buffers on the way hold."""


def answer(x: Exchange) -> None:
    """Answer a request as Dify does; the query, the file's name or the id in the path marks it."""
    path = x.request.path
    if path.endswith("/chat-messages"):
        x.sse(frames.PING, *map(frames.message, [*PIECES, mark(x.request)]), frames.message_end())
        x.end()
    elif path.endswith("/files/upload"):
        size = x.request.body.count(BLOCK) * len(BLOCK)
        x.json({"id": "f-1", "name": mark(x.request), "size": size, "extension": "bin"}, 201)
    elif path.endswith("/preview"):
        x.bytes(CONTENT, "application/octet-stream")
    else:
        x.json(frames.run_detail(path.rpartition("/")[2]))


def mark(request: Request) -> str:
    """Return the name by which the upstream and the test know a call."""
    if request.path.endswith("/chat-messages"):  # a proxy may send the whole URL
        return str(request.json["query"])
    if request.path.endswith("/files/upload"):
        found = re.search(rb'filename="([^"]+)"', request.body)
        assert found is not None
        return found[1].decode()
    return request.path.removesuffix("/preview").rpartition("/")[2]


def port_of(server: Server) -> int:
    """Return the port that a server listens on."""
    return int(server.url.rpartition(":")[2].partition("/")[0])


@dataclass
class Account:
    """What became of the calls of one test.

    Attributes:
        calls: The number of calls.
        right: How many ended as they should.
        typed: The markers of calls that raised a `DifyError`, with it.
        wrong: Calls with a wrong answer, or an exception that is no `DifyError`.
    """

    server: Server
    calls: int = 0
    right: int = 0
    typed: list[tuple[str, DifyError]] = field(default_factory=list[tuple[str, DifyError]])
    wrong: list[str] = field(default_factory=list[str])

    async def of(self, marker: str, call: Callable[[str], Awaitable[Any]], expected: Any) -> None:
        """Make a call, and book how it ended."""
        self.calls += 1
        try:
            async with asyncio.timeout(PATIENCE):
                result = await call(marker)
        except DifyError as error:
            self.typed.append((marker, error))
        except Exception as error:  # noqa: BLE001 - an exception of another library is what the test looks for
            self.wrong.append(f"{marker}: {error!r}")
        else:
            if result == expected:
                self.right += 1
            else:
                self.wrong.append(f"{marker}: {str(result)[:200]!r}")

    @property
    def arrived(self) -> Counter[str]:
        """How often each call has arrived at the upstream."""
        return Counter(map(mark, list(self.server.requests)))

    @property
    def twice(self) -> list[str]:
        """Calls that arrived more than once."""
        return [marker for marker, times in self.arrived.items() if times > 1]

    @property
    def lost(self) -> list[str]:
        """Calls that arrived although their error says that nothing was sent."""
        arrived = self.arrived
        return [m for m, e in self.typed if isinstance(e, APIConnectionError) and not e.sent and arrived[m]]

    @property
    def untrue(self) -> list[str]:
        """Calls that never arrived although their error says that they may have."""
        arrived = self.arrived
        return [f"{m}: {e}" for m, e in self.typed if isinstance(e, APIConnectionError) and e.sent and not arrived[m]]

    def row(self, left_open: int) -> dict[str, int]:
        """The numbers of the test, for the report."""
        return {
            "calls": self.calls,
            "right": self.right,
            "typed": len(self.typed),
            "untrue": len(self.untrue),
            "wrong": len(self.wrong),
            "twice": len(self.twice),
            "lost": len(self.lost),
            "leaked": left_open,
        }


def connections_to(port: int, *, established: bool = False) -> int:
    """Return the number of sockets that this process has open to a port; with `established`, those that the peer keeps open."""
    inodes: set[str] = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # another thread has closed it meanwhile
            inodes.add(os.readlink(entry))
    count = 0
    for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if int(columns[2].rpartition(":")[2], 16) == port and f"socket:[{columns[9]}]" in inodes:
            count += columns[3] == "01" or not established
    return count
