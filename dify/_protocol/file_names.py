"""File names of servers, made safe for the disk and for uploads."""

from __future__ import annotations

import re
from email.message import Message
from urllib.parse import unquote

from ..types.http import HTTPInfo

__all__ = ["filename_of", "safe_name"]

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}
)
"""Names of devices on Windows, with or without an extension."""


def safe_name(name: str | None) -> str | None:
    """Return a server's file name without folders and unsafe characters.

    None if nothing is left.

    Example:
        >>> safe_name("../../etc/passwd"), safe_name("a\\\\b.txt"), safe_name(".."), safe_name("nul.txt")
        ('passwd', 'b.txt', None, '_nul.txt')
    """
    last = re.split(r"[\\/]", name or "")[-1]
    last = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip().strip(".")
    if not last:
        return None
    while len(last.encode("utf-8", "replace")) > 200:  # file systems limit the bytes of a name, most to 255
        stem, dot, extension = last.rpartition(".")
        last = f"{stem[:-1]}{dot}{extension}" if len(stem) > 1 and len(extension) < 20 else last[:-1]
    return f"_{last}" if last.partition(".")[0].lower() in _RESERVED else last


def filename_of(info: HTTPInfo) -> str | None:
    """Return the file name of the header Content-Disposition, made safe, or None."""
    header = info.headers.get("content-disposition")
    if not header:
        return None
    message = Message()
    message["Content-Disposition"] = "".join(c for c in header if c.isprintable())
    name = message.get_filename()
    return safe_name(unquote(name)) if name else None
