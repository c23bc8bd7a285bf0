"""Where the bytes of a download go: safe names, and a file that is either whole or not there. Pure but for the disk."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from .types.http import HTTPInfo

__all__ = ["PartFile", "filename_of", "safe_name"]

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
        self._part = ""
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
                descriptor, self._part = tempfile.mkstemp(prefix=".dify-", suffix=".part", dir=self.target.parent)
                self._file = os.fdopen(descriptor, "wb")

    def write(self, *pieces: bytes) -> None:
        """Append, in a thread: joining the pieces first, on the event loop, took as long as writing them."""
        with self._at_work():
            if self._file is not None:
                self._file.writelines(pieces)

    def keep(self) -> Path:
        """All has come: put the file in its place."""
        with self._at_work():
            if self._file is not None:
                self._file.close()
                self._file = None
                if not self._part:
                    return self.target
                umask = os.umask(0)
                os.umask(umask)
                os.chmod(self._part, 0o666 & ~umask)
                os.replace(self._part, self.target)
            return self.target

    def drop(self) -> None:
        """Something went wrong: leave nothing behind. Never waits: a thread that is at work cleans up when it is done."""
        self._dropped = True
        self._clean_up()

    @contextmanager
    def _at_work(self) -> Generator[None]:
        try:
            with self._lock:
                yield
        finally:
            if self._dropped:
                self._clean_up()

    def _clean_up(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._file is not None:
                self._file.close()
                self._file = None
                if self._part:
                    Path(self._part).unlink(missing_ok=True)
        finally:
            self._lock.release()
