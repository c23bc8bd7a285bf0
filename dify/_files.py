"""What can be uploaded, as a named part of a form: where its bytes come from, and whether they can be sent twice."""

from __future__ import annotations

import io
import mimetypes
import os
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from .errors import InvalidArgumentError

__all__ = ["CHUNK", "FileContent", "FileSource", "Upload", "upload_of"]

CHUNK = 1 << 20
"""Bytes read at a time; larger reads gain nothing, smaller ones cost a thread switch each."""

FileContent = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | AsyncIterable[bytes] | Iterable[bytes]
)
"""A path, bytes, a binary file object, or an iterable of bytes (async or not)."""

FileSource = FileContent | tuple[str, FileContent] | tuple[str, FileContent, str]
"""A file to upload: its content, or `(filename, content)`, or `(filename, content, mime_type)`."""


@dataclass(slots=True)
class Upload:
    """A file ready to be sent.

    Attributes:
        filename: Name that the server is told.
        mime_type: MIME type that the server is told.
        content: A path, bytes, a binary file object or an iterable of bytes.
        start: Where a file object stood when it was handed over; it is read from there.
        size: Bytes to come, or None where that is not known (an iterable).
        rewindable: Whether it can be sent a second time.
    """

    filename: str
    mime_type: str
    content: Path | bytes | IO[bytes] | AsyncIterable[bytes] | Iterable[bytes]
    start: int = 0
    size: int | None = None
    rewindable: bool = True

    def open(self) -> IO[bytes] | None:
        """A file object to read from, at the right place, or None for an iterable. Blocks: call it off the event loop."""
        match self.content:
            case Path():
                file: IO[bytes] = self.content.open("rb")
                self.size = os.fstat(file.fileno()).st_size
                return file
            case bytes():
                return io.BytesIO(self.content)
            case _ if _is_file(self.content):
                file = cast("IO[bytes]", self.content)
                if self.rewindable:
                    file.seek(self.start)
                return file
            case _:
                return None

    @property
    def owned(self) -> bool:
        """Whether what `open` returns is ours to close."""
        return isinstance(self.content, (Path, bytes))


def upload_of(file: FileSource, *, filename: str | None = None, mime_type: str | None = None) -> Upload:
    """Read what the caller gave as a file; blocks briefly (a size, a position), so call it off the event loop.

    Raises:
        InvalidArgumentError: There is no name to send it under, the name or type cannot be sent, or it is no file at all.
        OSError: The path cannot be read.

    Example:
        >>> upload_of(("notes.txt", b"hello")).mime_type
        'text/plain'
    """
    content: Any = file
    if isinstance(file, tuple):
        parts: tuple[Any, ...] = file
        if len(parts) == 2:
            filename, content = filename or parts[0], parts[1]
        elif len(parts) == 3:
            filename, content, mime_type = filename or parts[0], parts[1], mime_type or parts[2]
        else:
            raise InvalidArgumentError("a file tuple is (filename, content) or (filename, content, mime_type)")
    start, size, rewindable = 0, None, True
    if isinstance(content, (str, os.PathLike)):
        content = Path(cast("str | os.PathLike[str]", content))
        size = content.stat().st_size
        if content.is_dir():
            raise InvalidArgumentError(f"{content.name!r} is a folder; upload its files one by one")
        filename = filename or content.name
    elif isinstance(content, (bytes, bytearray, memoryview)):
        content = bytes(cast("bytes", content))
        size = len(content)
    elif _is_file(content):
        if isinstance(content, io.TextIOBase):
            raise InvalidArgumentError("the file is open as text; open it with mode 'rb'")
        start, size, rewindable = _measure(content)
        filename = filename or _name_of(content)
    elif isinstance(content, (AsyncIterable, Iterable)):
        content = cast("AsyncIterable[bytes] | Iterable[bytes]", content)
        rewindable = False
    else:
        raise InvalidArgumentError(
            f"a {type(content).__name__} cannot be uploaded: give a path, bytes, a binary file, an iterable of bytes, "
            "or (filename, content, mime_type)"
        )
    if not filename:
        raise InvalidArgumentError("the file has no name: pass filename=, or (filename, content)")
    mime_type = mime_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return Upload(_checked_name(filename), _checked_type(mime_type), content, start, size, rewindable)


def _is_file(content: object) -> bool:
    return callable(getattr(content, "read", None))


def _measure(file: IO[bytes]) -> tuple[int, int | None, bool]:
    """Where a file object stands, how much it holds from there, and whether it can go back."""
    try:
        start = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(start)
    except (OSError, AttributeError, ValueError):
        return 0, None, False
    return start, max(0, end - start), True


def _name_of(file: object) -> str | None:
    name = getattr(file, "name", None)
    return os.path.basename(name) if isinstance(name, str) else None


def _checked_name(name: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise InvalidArgumentError("the file name holds a control character")
    if "/" in name or "\\" in name:
        raise InvalidArgumentError(f"the file name {name[:80]!r} holds a slash; Dify refuses such names")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(
            "the file name holds characters that cannot be written as UTF-8; pass filename="
        ) from None
    return name


def _checked_type(mime_type: str) -> str:
    if "/" not in mime_type or not mime_type.isascii() or not mime_type.isprintable():
        raise InvalidArgumentError(f"mime_type {mime_type[:80]!r} is no MIME type such as 'text/plain'")
    return mime_type
