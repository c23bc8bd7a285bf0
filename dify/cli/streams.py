"""The three standard streams, made so that the command can rely on them before it says a word."""

from __future__ import annotations

import io
import os
import sys
from typing import IO, TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Notes", "prepare_streams"]


class Notes(io.RawIOBase):
    """Where notes go: what cannot be written there is dropped.

    The work and its results do not depend on who reads the notes. A pipe without a reader, a terminal that is gone (EIO) or a
    full disk makes them fall silent, and nothing else.
    """

    name = "<stderr>"

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream  # it would close the raw one if it were let go
        self._raw: IO[bytes] = getattr(stream.buffer, "raw", stream.buffer)  # unbuffered, it is the raw one itself

    def writable(self) -> bool:
        """They are written only."""
        return True

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Whether a person may be reading."""
        return self._raw.isatty()

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what can be written; the rest counts as written, too."""
        size = memoryview(data).nbytes
        try:
            written = cast("int | None", self._raw.write(data))
        except OSError:
            return size
        return size if written is None else written  # None: a pipe that does not wait is full


def prepare_streams() -> None:
    """Open what the caller has closed, and make standard error one that never fails."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # `dify … >&-`
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))
    # Answers may hold what the terminal's encoding, or any (a lone surrogate), cannot say: show the rest nevertheless.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    was = sys.stderr
    notes = io.BufferedWriter(Notes(was))
    sys.stderr = io.TextIOWrapper(notes, encoding=was.encoding, errors=was.errors, line_buffering=True)
