"""What can be uploaded, as a named part of a form: where its bytes come from, and whether they can be sent twice."""

from __future__ import annotations

import io
import mimetypes
import os
import stat
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from ..errors import InvalidArgumentError
from ..types.files import UploadedFile

__all__ = [
    "CHUNK",
    "FileContent",
    "FileSource",
    "Upload",
    "UploadResult",
    "audio_type",
    "checked_piece",
    "pieces_of",
    "upload_of",
]

CHUNK = 1 << 20
"""Bytes read at a time: a slow disk answers a large read as soon as a small one."""

_PIECE = 1 << 18
"""Bytes sent at a time: the event loop stands still while a piece is handed to the socket."""


def pieces_of(data: bytes) -> Iterator[bytes]:
    """What was read, in the pieces in which it is sent."""
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


def checked_piece(piece: object) -> bytes:
    """A piece of a file as it was given; raises `InvalidArgumentError` where it is none."""
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, (bytearray, memoryview)):
        return bytes(cast("bytearray", piece))  # its owner may fill it anew while this one is being sent
    raise InvalidArgumentError(f"the file to upload must give bytes, not {type(piece).__name__}: encode text first")


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
                return self.content.open("rb")
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
        path = Path(cast("str | os.PathLike[str]", content))
        try:
            size, rewindable = _extent(path)
        except (OSError, ValueError) as error:
            if isinstance(content, str):
                error.add_note(
                    "A str is the path of a file here. Text of its own goes in as (filename, text.encode())."
                )
            raise
        content = path
        filename = filename or content.name
    elif isinstance(content, (bytes, bytearray, memoryview)):
        content = bytes(cast("bytes", content))
        size = len(content)
    elif _is_file(content):
        if isinstance(content, io.TextIOBase):
            raise InvalidArgumentError("the file is open as text; open it with mode 'rb'")
        if getattr(content, "closed", False) is True:
            raise InvalidArgumentError("the file is closed: open it again, and close it after the upload")
        start, size, rewindable = _measure(content)
        filename = filename or _name_of(content)
    elif isinstance(content, (AsyncIterable, Iterable)) and not isinstance(content, Mapping):
        if isinstance(content, Sequence):  # all is there: what is wrong with it need not wait until it is sent
            for piece in cast("Sequence[object]", content):
                checked_piece(piece)
        content = cast("AsyncIterable[bytes] | Iterable[bytes]", content)
        rewindable = False
    else:
        raise InvalidArgumentError(
            f"a {type(cast(object, content)).__name__} cannot be uploaded: give a path, bytes, a binary file, "
            "an iterable of bytes, or (filename, content, mime_type)"
        )
    if not filename:
        raise InvalidArgumentError("the file has no name: pass filename=, or (filename, content)")
    mime_type = mime_type or _guessed_type(filename)
    return Upload(_checked_name(filename), _checked_type(mime_type), content, start, size, rewindable)


def _guessed_type(filename: str) -> str:
    # What Python knows by itself lacks Markdown; what it learns from the machine has it on some.
    if filename.lower().endswith((".md", ".markdown", ".mdx")):
        return "text/markdown"
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _extent(path: Path) -> tuple[int | None, bool]:
    """How much a path holds, where that can be told before it is read, and whether it can be read twice."""
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise InvalidArgumentError(f"{path.name!r} is a folder; upload its files one by one")
    if not stat.S_ISREG(found.st_mode):
        return None, False  # a pipe or a device
    if found.st_size == 0:
        with path.open("rb") as file:  # the files of /proc say that they are empty
            return (None if file.read(1) else 0), True
    return found.st_size, True


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
        raise InvalidArgumentError(f"mime_type {mime_type[:80]!r} is no MIME type such as 'text/plain'")
    return mime_type


_AUDIO = frozenset({"mp3", "m4a", "wav", "amr", "mpga"})
"""The subtypes of audio that Dify takes; it compares these words and does not look at the bytes."""

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
    """The MIME type under which Dify takes an audio file; the one given where Dify takes none such.

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
