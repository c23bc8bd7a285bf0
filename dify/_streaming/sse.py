"""Bytes of an event stream, cut anywhere, to the data of each event.

Linear in the bytes, and bounded per event.
"""

from __future__ import annotations

from .._net.sse import parse_block

__all__ = ["FrameTooLarge", "SSEParser"]

_BOM = b"\xef\xbb\xbf"
_MANY = 1024
"""Parts of an incomplete event that are kept apart. One object per byte would take forty times the memory of the bytes."""


class FrameTooLarge(ValueError):
    """An event is larger than the limit."""


def _is_blank(part: bytes) -> bool:
    return not part.strip(b"\n") or (part[:1] == b":" and b"\n" not in part)


class SSEParser:
    """An incremental parser of event streams.

    Lines may end in LF, CRLF or CR. An event is returned as soon as its blank line is complete, without waiting for the next
    byte. Events without data (pings, comments) are skipped.

    Example:
        >>> parser = SSEParser()
        >>> parser.feed(b'data: {"event": "mess'), parser.feed(b'age"}\\r\\n\\r\\n')
        ([], [b'{"event": "message"}'])
    """

    __slots__ = ("_after_cr", "_head", "_joined", "_limit", "_parts", "_size", "idle", "pings")

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit = limit
        self._parts: list[bytes] = []  # of the event that is not complete yet
        self._joined = 0  # number of parts at the start of the list that are already joined
        self._size = 0
        self._after_cr = False
        self._head: bytes | None = b""  # the first bytes while they may still become a BOM; None afterwards
        self.pings = 0
        """Number of events named "ping" without data, which servers send while nothing else happens. The reader resets it."""
        self.idle = False
        """True after a chunk of nothing but comments and blank lines, which Dify never sends: no sign of life."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of each event that a chunk completes, as received.

        Raises:
            FrameTooLarge: An event is larger than the limit. The parser cannot be used afterwards.
        """
        if self._head is not None:
            chunk = self._without_bom(chunk)
        if not chunk:
            return []
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
            if not chunk:
                return []
        return self._split(chunk)

    def finish(self) -> list[bytes]:
        """Return the data of an event whose blank line is missing at the end.

        Call it once, at the end of the stream.

        The standard drops such an event. Streams that were written by hand often end in one.

        Example:
            >>> parser = SSEParser()
            >>> parser.feed(b'data: {"event": "message"}'), parser.finish()
            ([], [b'{"event": "message"}'])
        """
        block = b"".join(self._parts)
        self._parts.clear()
        frames: list[bytes] = []
        self._add(block.strip(b"\n"), frames)
        return frames

    def _without_bom(self, chunk: bytes) -> bytes:
        head = (self._head or b"") + chunk
        if len(head) < 3 and _BOM.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head.removeprefix(_BOM)

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """Replace CRLF and CR by LF.

        A CR at the end of a chunk counts at once; an LF that follows it is dropped.
        """
        if self._after_cr and chunk[0] == 10:
            chunk = chunk[1:]
            self._after_cr = False
            if not chunk:
                return b""
        self._after_cr = chunk[-1] == 13
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _split(self, chunk: bytes) -> list[bytes]:
        end = len(chunk) - 2
        if (
            not self._parts
            and chunk.find(b"\n") == end
            and chunk[:7] == b"data: {"
            and chunk[-1] == 10
            and end <= self._limit
        ):
            # One frame and nothing else: the usual chunk while a model writes, and worth a path of its own.
            self.idle = False
            return [chunk[6:end]]
        frames: list[bytes] = []
        alive = False
        if self._parts:
            # Only the seam can complete the waiting event: all bytes before it were searched when they arrived. So each byte is
            # searched once, however long an event grows.
            if chunk[0] == 10 and self._parts[-1].endswith(b"\n"):
                first, chunk = b"\n", chunk[1:]
            else:
                end = chunk.find(b"\n\n")
                if end < 0:
                    self.idle = False
                    self._keep(chunk)
                    return []
                first, chunk = chunk[:end], chunk[end + 2 :]
            self._parts.append(first)
            block = b"".join(self._parts).rstrip(b"\n")
            self._parts.clear()
            self._joined = self._size = 0
            self._add(block, frames)
            alive = not _is_blank(block)
        end = chunk.rfind(b"\n\n")
        if end >= 0:
            alive = self._add_all(chunk[:end], frames) or alive
            chunk = chunk[end + 2 :]
        self.idle = not alive and _is_blank(chunk)
        if chunk:
            self._keep(chunk)
        return frames

    def _add_all(self, body: bytes, frames: list[bytes]) -> bool:
        """Add the data of complete blocks; return False if all of them are blank."""
        # bytes.split at one byte is a processor's search, at two it is not. The lines are frames, one each, if every second
        # line is empty.
        lines = body.split(b"\n")
        data_lines = lines[::2]
        plain = len(body) <= self._limit and len(lines) & 1 and not any(lines[1::2])
        if plain and all([line[:7] == b"data: {" for line in data_lines]):  # noqa: C419 - a list takes half the time
            frames += [line[6:] for line in data_lines]
            return True
        blocks = body.split(b"\n\n")
        for block in blocks:
            self._add(block, frames)
        return not all(map(_is_blank, blocks))

    def _add(self, block: bytes, frames: list[bytes]) -> None:
        # A single `data: {…}` line needs no decoding and no loop over lines. The library's parser handles all others.
        if block.startswith((b"data: {", b"data:{")) and b"\n" not in block and len(block) <= self._limit:
            frames.append(block[block.index(b"{") :])
        elif block and (data := self._parse(block)) is not None:
            frames.append(data)

    def _keep(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._limit:
            self._parts.clear()
            raise FrameTooLarge(f"an event is larger than {self._limit} bytes")
        if len(self._parts) - self._joined > _MANY:
            self._parts[self._joined :] = [b"".join(self._parts[self._joined :])]
            self._joined += 1

    def _parse(self, block: bytes) -> bytes | None:
        if len(block) > self._limit:
            raise FrameTooLarge(f"an event is larger than {self._limit} bytes")
        block = block.strip(b"\n")
        if block in (b"event: ping", b"event:ping"):
            self.pings += 1
        return parse_block(block)
