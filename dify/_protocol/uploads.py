"""Files to upload: their name, type, size and content.

Pure, but for reading sizes.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from ..errors import InvalidArgumentError
from ..types._media_types import media_type_of_name
from ..types.files import UploadedFile
from .upload_sources import AsyncReadableFile, FileContent, is_file, source_of

__all__ = [
    "CHUNK",
    "PIECE",
    "FileSource",
    "Upload",
    "UploadResult",
    "audio_type",
    "is_file",
    "pieces_of",
    "upload_of",
]

CHUNK = 1 << 20
"""Bytes per read in a thread: on a slow disk, a large read takes about as long as a small one."""

PIECE = 1 << 18
"""Bytes per write: the event loop is blocked while a chunk is passed to the socket."""


def pieces_of(data: bytes) -> Iterator[bytes]:
    """Yield data in the chunks in which it is sent."""
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


FileSource = FileContent | tuple[str, FileContent] | tuple[str, FileContent, str]
"""A file to upload: its content, or `(filename, content)`, or `(filename, content, mime_type)`."""


@dataclass(slots=True)
class Upload:
    """A file ready to be sent.

    Attributes:
        filename: File name to send.
        mime_type: MIME type to send.
        content: A path, bytes, a file object, an object with an asynchronous `read`, or an iterable of bytes.
        start: Position of a file object at the start of the call; it is read from there.
        size: Size in bytes, or None if unknown (an iterable).
        rewindable: The content can be sent a second time.
        release: Asynchronous or plain function to call after the upload, or None.
    """

    filename: str
    mime_type: str
    content: Path | bytes | IO[bytes] | AsyncReadableFile | AsyncIterable[bytes] | Iterable[bytes]
    start: int = 0
    size: int | None = None
    rewindable: bool = True
    release: Callable[[], Any] | None = None

    def open(self) -> IO[bytes] | None:
        """Return a file object at the start of the content.

        None for iterables and asynchronous files. Blocks: call it in a thread.
        """
        match self.content:
            case Path():
                return self.content.open("rb")
            case bytes():
                return io.BytesIO(self.content)
            case _ if is_file(self.content):
                file = cast("IO[bytes]", self.content)
                if self.rewindable:
                    file.seek(self.start)
                return file
            case _:
                return None

    @property
    def owned(self) -> bool:
        """True if the caller of `open` has to close the file."""
        return isinstance(self.content, (Path, bytes))


@dataclass(frozen=True, slots=True)
class UploadResult:
    """The result of one file of `files.upload_many`."""

    file: FileSource = field(repr=False)
    """File as passed to the call."""
    uploaded: UploadedFile | None = None
    """Stored file. None if the upload failed."""
    error: Exception | None = None
    """Exception of the upload. None if it succeeded."""


def upload_of(file: FileSource, *, filename: str | None = None, mime_type: str | None = None) -> Upload:
    """Return an `Upload` for a file argument.

    Blocks briefly to read size and position: call it in a thread.

    Raises:
        InvalidArgumentError: The file has no name, its name or type is invalid, or its type is not supported.
        OSError: The path cannot be read.

    Example:
        >>> upload_of(("notes.txt", b"hello")).mime_type
        'text/plain'
    """
    content: object = file
    if isinstance(file, tuple):
        parts: tuple[Any, ...] = file
        if len(parts) == 2:
            filename, content = filename or parts[0], parts[1]
        elif len(parts) == 3:
            filename, content, mime_type = filename or parts[0], parts[1], mime_type or parts[2]
        else:
            raise InvalidArgumentError(
                "a file tuple is (filename, content) or (filename, content, mime_type)", param="file"
            )
    source = source_of(content)
    filename = filename or source.filename
    start, size, rewindable = 0, None, False
    match source.content:
        case Path() as path:
            try:
                size, rewindable = _extent(path)
            except (OSError, ValueError) as error:
                if isinstance(content, str):
                    error.add_note(
                        "A str is the path of a file here. Text of its own goes in as (filename, text.encode()), "
                        "Base64 as (filename, Base64(text))."
                    )
                raise
        case bytes():
            size, rewindable = len(source.content), True
        case opened if is_file(opened):
            start, size, rewindable = _measure(cast("IO[bytes]", opened))
        case _:
            pass
    if not filename:
        raise InvalidArgumentError("the file has no name: pass filename=, or (filename, content)", param="filename")
    mime_type = mime_type or source.mime_type or media_type_of_name(filename) or "application/octet-stream"
    return Upload(_checked_name(filename), _checked_type(mime_type), source.content, start, size, rewindable)


def _extent(path: Path) -> tuple[int | None, bool]:
    """Return the size of a path, or None if unknown, and if it can be read twice."""
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise InvalidArgumentError(f"{path.name!r} is a folder; upload its files one by one", param="file")
    if not stat.S_ISREG(found.st_mode):
        return None, False  # a pipe or a device
    if found.st_size == 0:
        with path.open("rb") as file:  # files in /proc report size 0
            return (None if file.read(1) else 0), True
    return found.st_size, True


def _measure(file: IO[bytes]) -> tuple[int, int | None, bool]:
    """Return position, remaining size (or None) and rewindability of a file object."""
    try:
        start = file.tell()
        file.seek(0, os.SEEK_END)
        end = file.tell()  # some file objects return nothing from `seek`
        file.seek(start)
    except (OSError, AttributeError, ValueError):
        return 0, None, False
    return start, max(0, end - start), True


def _checked_name(name: str) -> str:
    if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in name):
        raise InvalidArgumentError("the file name holds a control character", param="filename")
    if "/" in name or "\\" in name:
        raise InvalidArgumentError(
            f"the file name {name[:80]!r} holds a slash; Dify refuses such names", param="filename"
        )
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(
            "the file name holds characters that cannot be written as UTF-8", param="filename", hint="pass filename="
        ) from None
    return name


def _checked_type(mime_type: str) -> str:
    if "/" not in mime_type or not mime_type.isascii() or not mime_type.isprintable():
        raise InvalidArgumentError(
            f"mime_type {mime_type[:80]!r} is no MIME type such as 'text/plain'", param="mime_type"
        )
    return mime_type


_AUDIO = frozenset({"mp3", "m4a", "wav", "amr", "mpga"})
"""Audio subtypes that Dify accepts. It compares the names and does not inspect the content."""

_ALSO_CALLED = {
    "mpeg": "mp3",
    "mpeg3": "mp3",
    "x-mp3": "mp3",
    "x-mpeg": "mp3",
    "x-mpeg-3": "mp3",
    "mp4": "m4a",
    "mp4a-latm": "m4a",
    "x-m4a": "m4a",
    "wave": "wav",
    "x-wav": "wav",
    "x-pn-wav": "wav",
    "vnd.wave": "wav",
    "x-amr": "amr",
}


def audio_type(filename: str, mime_type: str) -> str:
    """Return the MIME type under which Dify accepts an audio file.

    Unsupported types are returned unchanged.

    Example:
        >>> audio_type("hello.mp3", "audio/mpeg")
        'audio/mp3'
        >>> audio_type("hello.m4a", "audio/mpeg")
        'audio/m4a'
        >>> audio_type("hello", "audio/x-wav")
        'audio/wav'
        >>> audio_type("hello.ogg", "audio/ogg")
        'audio/ogg'
    """
    kind, _, subtype = mime_type.partition(";")[0].strip().lower().partition("/")
    if kind == "audio" and subtype in _AUDIO:
        return f"audio/{subtype}"
    extension = filename.rpartition(".")[2].lower()
    if extension in _AUDIO and (kind == "audio" or (kind, subtype) == ("application", "octet-stream")):
        return f"audio/{extension}"
    return f"audio/{_ALSO_CALLED[subtype]}" if kind == "audio" and subtype in _ALSO_CALLED else mime_type
