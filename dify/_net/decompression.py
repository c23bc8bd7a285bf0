"""Decompression of responses, with a bound on the memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

__all__ = ["Inflater"]

_CHECKSUMS = ("incorrect data check", "incorrect length check")
"""Errors of zlib at the end of a member whose content differs from what was compressed."""


class Inflater:
    """A decompressor that returns pieces of bounded size.

    A few hundred bytes of gzip can contain gigabytes.

    Attributes:
        known: True if the encoding is supported: gzip, or none.
        identity: True if the data is not compressed.
        broken: True if data that began as gzip became invalid, so that the pieces before are valid.
    """

    _PIECE = 1 << 18

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        compressed = name in ("gzip", "x-gzip")
        self.known = compressed or name in ("", "identity")
        self.identity = self.known and not compressed
        self.broken = False
        self._member: Any = _new_member() if compressed else None
        self._is_valid = False  # a piece or a complete member was read
        self._is_between = True  # nothing of the next member was read

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed pieces of `data`; raise `ValueError` if it is not gzip.

        Members of gzip may follow each other, with zero bytes after each.
        """
        if self._member is None:
            yield data
            return
        is_full = False
        while data or is_full:
            if self._is_between and self._is_valid:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member = _new_member()
            self._is_between = False
            before = self._member.copy()  # an error loses the output of its call
            try:
                piece = self._member.decompress(data, self._PIECE)
            except zlib.error as error:
                if any(name in str(error) for name in _CHECKSUMS):
                    raise ValueError(f"the compressed body of the response is corrupt: {error}") from None
                yield from self._valid_start(before, data)
                self.broken = self._is_valid
                problem = "the content encoding of the response is gzip, but its body is not"
                if self.broken:
                    problem = "the compressed body of the response broke off, and other data followed"
                raise ValueError(f"{problem}: {error}") from None
            self._is_valid |= bool(piece) or self._member.eof
            self._is_between = self._member.eof
            data = self._member.unused_data or self._member.unconsumed_tail
            is_full = len(piece) == self._PIECE and not self._is_between  # zlib may hold a little more back
            if piece:
                yield piece

    def _valid_start(self, member: Any, data: bytes) -> Iterator[bytes]:
        """Yield the content of the bytes before the invalid one."""
        start = bytearray()
        try:
            for index in range(len(data)):
                start += member.decompress(data[index : index + 1])
        except zlib.error:
            pass
        if start:
            self._is_valid = True
            yield bytes(start)

    @property
    def whole(self) -> bool:
        """True if the compressed data ended where it may end."""
        return self._member is None or self._is_between


def _new_member() -> Any:
    return zlib.decompressobj(31)
