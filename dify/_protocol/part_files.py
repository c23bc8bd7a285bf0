"""Where the bytes of a download go: safe names, and a file that is either whole or not there. Pure but for the disk."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from email.message import Message
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote

from ..types.http import HTTPInfo

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["PartFile", "PartWriter", "filename_of", "safe_name"]

BATCH = 1 << 20
"""Bytes that are written at once where that takes a thread."""

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}
)


def safe_name(name: str | None) -> str | None:
    """A file name from a server, reduced to what may name a file in a folder of ours; None where nothing is left.

    Example:
        >>> safe_name("../../etc/passwd"), safe_name("a\\\\b.txt"), safe_name(".."), safe_name("nul.txt")
        ('passwd', 'b.txt', None, '_nul.txt')
    """
    last = re.split(r"[\\/]", name or "")[-1]
    last = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip().strip(".")
    if not last:
        return None
    while len(last.encode("utf-8", "replace")) > 200:  # file systems count bytes, and want less than 256
        stem, dot, extension = last.rpartition(".")
        last = f"{stem[:-1]}{dot}{extension}" if len(stem) > 1 and len(extension) < 20 else last[:-1]
    return f"_{last}" if last.partition(".")[0].lower() in _RESERVED else last


def filename_of(info: HTTPInfo) -> str | None:
    """The name that the server suggests, made safe."""
    header = info.headers.get("content-disposition")
    if not header:
        return None
    message = Message()
    message["Content-Disposition"] = "".join(c for c in header if c.isprintable())
    name = message.get_filename()
    return safe_name(unquote(name)) if name else None


class PartFile:
    """A file written beside its target and put in its place only when whole. Blocks, so it is used off the event loop.

    What is no plain file, such as a pipe or a device, is written to as it stands: it must not be replaced.

    Safe to drop while a thread still works on it: a task that is cancelled does not wait for its thread.
    """

    def __init__(self, path: str | os.PathLike[str], name: str) -> None:
        self._path = Path(path)
        self._name = name
        self._file: IO[bytes] | None = None
        self._part: Path | None = None
        self._dropped = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Make the file; raises `OSError` where that cannot be."""
        with self._at_work():
            if not self._dropped:
                self.target = self._path / self._name if self._path.is_dir() else self._path
                if self.target.exists() and not self.target.is_file():
                    self._file = self.target.open("wb")
                    return
                part = self.target.parent / f".dify-{os.urandom(8).hex()}.part"
                # Not by `tempfile`, whose files are for this user alone: this one is to have the usual permissions.
                try:
                    self._file = part.open("xb")
                except OSError as error:
                    error.filename = str(self.target)  # the other name is none that anybody knows
                    raise
                self._part = part

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        try:  # as `_at_work`, of which this happens tens of thousands of times
            with self._lock:
                if self._file is not None:
                    self._file.write(data)
        finally:
            if self._dropped:
                self._clean_up()

    def keep(self) -> Path:
        """All has come: put the file in its place."""
        with self._at_work():
            if self._file is not None:
                self._file.close()
                self._file = None
                if self._part is not None:
                    self._part.replace(self.target)
                    self._part = None
            return self.target

    def drop(self) -> None:
        """Give the file up. Never waits: where a thread is writing, that removes the file when it is done."""
        self._dropped = True
        self._clean_up()

    def remove(self) -> None:
        """Give the file up, and return when it is removed. Blocks while a thread is writing."""
        self._dropped = True
        with self._lock:
            self._discard()

    @contextmanager
    def _at_work(self) -> Generator[None]:
        try:
            with self._lock:
                yield
        finally:
            if self._dropped:
                self._clean_up()

    def _clean_up(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._discard()
            finally:
                self._lock.release()

    def _discard(self) -> None:
        part, self._part = self._part, None
        try:
            if self._file is not None:
                self._file.close()
        finally:
            self._file = None
            if part is not None:
                part.unlink(missing_ok=True)


class PartWriter:
    """Writes what comes to a part file: at once, or (`beside`) in a thread while more comes.

    There are two buffers then: one fills while the other is written. They are filled again and again, since memory that is new
    each time costs as much as the writing.
    """

    def __init__(self, part: PartFile, *, beside: bool) -> None:
        self._written = 0
        self._part = part
        self._beside = beside
        self._filling = self._spare = memoryview(b"")
        self._length = 0
        self._thread: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None  # of the spare buffer, which is whole

    @property
    def written(self) -> int:
        """Bytes that the file has; an error of writing may still be on its way."""
        done = self._writing is not None and self._writing.done()
        return self._written + (len(self._spare) if done else 0)

    def add(self, chunk: bytes) -> Callable[[], None] | None:
        """Take a chunk; what is returned is to be called first, off the event loop, before there is room for more."""
        if not self._beside:
            self._part.write(chunk)
            self._written += len(chunk)
            return None
        if len(chunk) <= len(self._filling) - self._length:
            self._fill(chunk)
            return None
        take = partial(self._take, memoryview(chunk))
        if len(chunk) > BATCH or not (self._writing is None or self._writing.done()):
            return take
        take()
        return None

    def finish(self) -> None:
        """All has come: write what is left. Blocks."""
        self._settle()
        if self._length:
            self._part.write(self._filling[: self._length])
            self._written += self._length

    def close(self) -> None:
        """Let the thread go, which ends what it is at."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _fill(self, chunk: bytes | memoryview) -> None:
        self._filling[self._length : self._length + len(chunk)] = chunk
        self._length += len(chunk)

    def _take(self, chunk: memoryview) -> None:
        while len(chunk):
            if self._length == len(self._filling):
                self._hand_over()
            room = len(self._filling) - self._length
            self._fill(chunk[:room])
            chunk = chunk[room:]

    def _hand_over(self) -> None:
        self._settle()
        if self._length:
            if self._thread is None:
                from concurrent.futures import ThreadPoolExecutor

                self._thread = ThreadPoolExecutor(1, "dify-download")
            self._writing = self._thread.submit(self._part.write, self._filling)
        self._filling, self._spare = self._spare or memoryview(bytearray(BATCH)), self._filling
        self._length = 0

    def _settle(self) -> None:
        """Wait for what is being written; an error of it is raised here."""
        if self._writing is not None:
            self._writing.result()
            self._written += len(self._spare)
            self._writing = None
