"""The standard streams of the process, prepared so that the command can rely on them."""

from __future__ import annotations

import io
import os
import sys
from typing import IO, TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["LossyStderr", "prepare_streams"]


class LossyStderr(io.RawIOBase):
    """A standard error that drops what cannot be written.

    A closed pipe, a terminal that is gone (EIO) or a full disk must change neither the work nor its results.
    """

    name = "<stderr>"

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream  # keeps the stream alive: its finalizer would close the raw one
        self._raw: IO[bytes] = getattr(
            stream.buffer, "raw", stream.buffer
        )  # an unbuffered stream is its own raw stream

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._raw.isatty()

    def write(self, data: ReadableBuffer, /) -> int:
        """Write the data; if that fails, report it as written."""
        size = memoryview(data).nbytes
        try:
            written = cast("int | None", self._raw.write(data))
        except OSError:
            return size
        return size if written is None else written  # None: a non-blocking pipe is full


def prepare_streams() -> None:
    """Open streams that the caller has closed, and make standard error ignore write errors."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the shell, as in `dify … >&-`
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))
    # Answers may contain characters that the terminal's encoding lacks, or lone surrogates: replace them.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    stderr = sys.stderr
    raw = io.BufferedWriter(LossyStderr(stderr))
    sys.stderr = io.TextIOWrapper(raw, encoding=stderr.encoding, errors=stderr.errors, line_buffering=True)
