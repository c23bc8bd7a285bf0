"""Undoing the compression of answers, with a bound on what is held at once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

__all__ = ["Inflater"]


class Inflater:
    """Undoes `Content-Encoding`, a bounded piece at a time: a few hundred bytes of gzip can open to gigabytes."""

    _PIECE = 1 << 18

    def __init__(self, encoding: str) -> None:
        self._gzip = zlib.decompressobj(31) if encoding.strip().lower() in ("gzip", "x-gzip") else None
        self.known = self._gzip is not None or encoding.strip().lower() in ("", "identity")
        self.identity = self.known and self._gzip is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded pieces of `data`; raises `ValueError` where it is not what its header says."""
        if self._gzip is None:
            yield data
            return
        try:
            while data:
                piece = self._gzip.decompress(data, self._PIECE)
                data = self._gzip.unconsumed_tail
                if piece:
                    yield piece
                if self._gzip.eof:
                    return
        except zlib.error as error:
            raise ValueError(f"the answer says gzip but is not: {error}") from None

    @property
    def whole(self) -> bool:
        """Whether the compressed data has come to its own end."""
        return self._gzip is None or self._gzip.eof
