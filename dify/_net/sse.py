"""Blocks of an event stream, parsed by httpx-sse."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import httpx_sse

__all__ = ["parse_block"]


class _DataLines(httpx.Response):
    """The `data` lines of one block, as the text of a response that the parser reads."""

    # As Latin-1: all that the parser looks for is ASCII, and one emoji would make the text four times as large. The end of a
    # line is a chunk of its own, so that the line is not copied to append it. Now and then an event ends, so that the parser
    # holds few lines at a time.

    _MANY = 1024

    def __init__(self, block: bytes) -> None:
        super().__init__(200, headers={"content-type": "text/event-stream"})
        self._block = block

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        block, view, start, lines = self._block, memoryview(self._block), 0, 0
        while start < len(block):
            end = block.find(b"\n", start)
            end = len(block) if end < 0 else end
            if block.startswith(b"data", start) and block[start + 4 : start + 5] in (b"", b":", b"\n"):
                yield str(view[start:end], "latin-1")
                lines += 1
                yield "\n" if lines % self._MANY else "\n\n"
            start = end + 1
        yield "\n"


def parse_block(block: bytes) -> bytes | None:
    """Return the data of one block of an event stream, or None if it has none.

    The lines of the block end with LF, and none is blank.

    The parser also dispatches blocks that have only an id or an event name, such as Dify's pings. Nothing is delivered for
    them, so that only lines with data reach the parser.
    """
    if b"data" not in block:
        return None
    parts = [event.data.encode("latin-1") for event in httpx_sse.EventSource(_DataLines(block)).iter_sse()]
    return b"\n".join(parts) if parts else None
