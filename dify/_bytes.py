"""Where the bytes of a download go: safe names, and a file that is either whole or not there. Pure but for the disk."""

from __future__ import annotations

import os
import re
import tempfile
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
    """A file written beside its target and put in its place only when whole; blocks, so use it off the event loop."""

    def __init__(self, path: str | os.PathLike[str], name: str) -> None:
        target = Path(path)
        self.target = target / name if target.is_dir() else target
        descriptor, self._part = tempfile.mkstemp(prefix=".dify-", suffix=".part", dir=self.target.parent)
        self._file: IO[bytes] = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        """Append."""
        self._file.write(data)

    def keep(self) -> Path:
        """All has come: put the file in its place."""
        self._file.close()
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(self._part, 0o666 & ~umask)
        os.replace(self._part, self.target)
        return self.target

    def drop(self) -> None:
        """Something went wrong: leave nothing behind."""
        self._file.close()
        Path(self._part).unlink(missing_ok=True)
