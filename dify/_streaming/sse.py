"""Bytes of an event stream, cut anywhere, to the data of each event. Linear, and bounded per event."""

from __future__ import annotations

from .._net.http import parse_block

__all__ = ["FrameTooLarge", "SSEParser"]

_BOM = b"\xef\xbb\xbf"
_MANY = 1024
"""Parts of an event that are kept apart; an object for each of its bytes would take forty times their room."""


class FrameTooLarge(ValueError):
    """One event is larger than the limit; the stream cannot be read on."""


def _is_noise(part: bytes) -> bool:
    return not part.strip(b"\n") or (part[:1] == b":" and b"\n" not in part)


class SSEParser:
    """Feeds on chunks and gives the data of every event that is complete.

    Lines may end in LF, CRLF or CR; an event is out as soon as its blank line is, without waiting for the next byte. Events
    without data (pings, comments) are skipped.

    Example:
        >>> parser = SSEParser()
        >>> parser.feed(b'data: {"event": "mess'), parser.feed(b'age"}\\r\\n\\r\\n')
        ([], [b'{"event": "message"}'])
    """

    __slots__ = ("_after_cr", "_head", "_joined", "_limit", "_parts", "_size", "noise")

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit = limit
        self._parts: list[bytes] = []  # of the event that is not complete yet
        self._joined = 0  # of them; those after these are as they came
        self._size = 0
        self._after_cr = False
        self.noise = False
        """Whether the last chunk held nothing but comments and blank lines, which Dify never sends: no sign of life."""
        self._head: bytes | None = b""  # the first bytes while they may still become a BOM; None once that is settled

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of each event that this chunk completes, as the bytes that came.

        Raises:
            FrameTooLarge: An event has outgrown the limit.
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

    def _without_bom(self, chunk: bytes) -> bytes:
        head = (self._head or b"") + chunk
        if len(head) < 3 and _BOM.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head.removeprefix(_BOM)

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """CRLF and CR become LF. A CR that ends a chunk counts at once; an LF that then follows belongs to it."""
        if self._after_cr and chunk[0] == 10:
            chunk = chunk[1:]
            self._after_cr = False
            if not chunk:
                return b""
        self._after_cr = chunk[-1] == 13
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _split(self, chunk: bytes) -> list[bytes]:
        parts, limit = self._parts, self._limit
        end = len(chunk) - 2
        if not parts and chunk.find(b"\n") == end and chunk[:7] == b"data: {" and chunk[-1] == 10 and end <= limit:
            # One frame and nothing else: the usual chunk while a model writes, and worth a way of its own.
            self.noise = False
            return [chunk[6:end]]
        found: list[bytes] = []
        alive = False
        if parts:
            # Only the seam can complete what is waiting: everything before it was searched when it came. So each byte is
            # looked at once, however long an event grows.
            if chunk[0] == 10 and parts[-1].endswith(b"\n"):
                first, chunk = b"\n", chunk[1:]
            else:
                end = chunk.find(b"\n\n")
                if end < 0:
                    self.noise = False
                    return self._keep(chunk)
                first, chunk = chunk[:end], chunk[end + 2 :]
            parts.append(first)
            block = b"".join(parts).rstrip(b"\n")
            parts.clear()
            self._joined = self._size = 0
            self._take(block, found)
            alive = not _is_noise(block)
        end = chunk.rfind(b"\n\n")
        if end >= 0:
            body, chunk = chunk[:end], chunk[end + 2 :]
            # Splitting at one byte is a search that the processor does, at two it is not. The lines are frames, one each, when
            # all between them are empty.
            lines = body.split(b"\n")
            frames = lines[::2]
            plain = len(body) <= limit and len(lines) & 1 and not any(lines[1::2])
            if plain and all([frame[:7] == b"data: {" for frame in frames]):  # noqa: C419 - a list takes half the time
                found += [frame[6:] for frame in frames]
                alive = True
            else:
                blocks = body.split(b"\n\n")
                for block in blocks:
                    self._take(block, found)
                alive = alive or not all(map(_is_noise, blocks))
        self.noise = not alive and _is_noise(chunk)
        if chunk:
            self._keep(chunk)
        return found

    def _take(self, block: bytes, found: list[bytes]) -> None:
        # A single `data: {…}` line goes to the validator as it is: no decoding, no line loop. All else is the parser's.
        if block.startswith((b"data: {", b"data:{")) and b"\n" not in block and len(block) <= self._limit:
            found.append(block[block.index(b"{") :])
        elif block and (data := self._parse(block)) is not None:
            found.append(data)

    def _keep(self, part: bytes) -> list[bytes]:
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._limit:
            self._parts.clear()
            raise FrameTooLarge(f"one event is larger than {self._limit} bytes")
        if len(self._parts) - self._joined > _MANY:
            self._parts[self._joined :] = [b"".join(self._parts[self._joined :])]
            self._joined += 1
        return []

    def _parse(self, block: bytes) -> bytes | None:
        if len(block) > self._limit:
            raise FrameTooLarge(f"one event is larger than {self._limit} bytes")
        return parse_block(block.strip(b"\n"))
