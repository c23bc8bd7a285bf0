"""Decompression of responses, with a bound on the memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

__all__ = ["Inflater"]


class Inflater:
    """A decompressor that returns pieces of bounded size: a few hundred bytes of gzip can contain gigabytes."""

    _PIECE = 1 << 18

    def __init__(self, encoding: str) -> None:
        self._gzip = zlib.decompressobj(31) if encoding.strip().lower() in ("gzip", "x-gzip") else None
        self.known = self._gzip is not None or encoding.strip().lower() in ("", "identity")
        self.identity = self.known and self._gzip is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed pieces of `data`; raise `ValueError` if it is not gzip."""
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
            raise ValueError(f"the content encoding of the response is gzip, but its body is not: {error}") from None

    @property
    def whole(self) -> bool:
        """True if the end of the compressed data was read."""
        return self._gzip is None or self._gzip.eof
