"""Downloads: checks of the response, safe file names, and complete files.

Files exist only when complete. No I/O but the disk's.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .._operations import release_of
from ..errors import DifyError, ResponseValidationError
from ..types.http import HTTPInfo
from .responses import error_with_success, media_type, not_json

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = [
    "BATCH",
    "PartFile",
    "PartWriter",
    "check_free",
    "content_error",
    "empty_body_error",
    "needs_check",
    "speech_name",
]

BATCH = 1 << 20
"""Bytes per write to the disk in a thread, and per report of progress."""


# -------------------------------------------------------------------------------------------------- is the response the file?
_SPEECH, _ZIP = "textToAudioChat", "downloadDocumentsZip"
_MEDIA_TYPES = {
    _SPEECH: ("audio/", "video/", "application/octet-stream", "binary/octet-stream", "application/ogg"),
    _ZIP: ("application/zip", "application/x-zip-compressed", "application/octet-stream", "binary/octet-stream"),
}
"""The media types of operations whose files have a known type; all other files may be of any type."""

_LONGEST_ERROR = 1 << 14
"""Bytes of the longest JSON body that may be an error in place of a file."""


def needs_check(info: HTTPInfo, operation: str) -> bool:
    """Return True if the headers of a successful response may not be the file's.

    A user's file may itself be a web page or JSON. Dify sends web pages as attachments, since 1.14 at the latest as
    "application/octet-stream", and sends its version with every response. Pages of gateways and login forms have neither.
    """
    content_type = media_type(info)
    expected = _MEDIA_TYPES.get(operation)
    if expected is not None:
        return bool(content_type) and not content_type.startswith(expected)
    disposition = info.headers.get("content-disposition", "").partition(";")[0].strip().lower()
    if disposition == "attachment":
        return False
    if content_type in ("text/html", "application/xhtml+xml"):
        release = release_of(info.server_version)
        return release is None or release >= (1, 14)
    length = info.headers.get("content-length", "")
    short = length.isdecimal() and int(length) < _LONGEST_ERROR
    return content_type == "application/json" and not info.server_version and short


def content_error(body: bytes, info: HTTPInfo, operation: str) -> DifyError | None:
    """Return the error for a body that needed a check, or None if it is the file."""
    error = error_with_success(body, info)
    if error is not None:
        return error
    content_type = media_type(info)
    text = body[:2048].decode("utf-8", "replace")
    if operation == _SPEECH and content_type == "application/json":
        reason = "the server sent no audio: the message is unknown or has an empty answer"
        return ResponseValidationError(reason, http=info, body=text)
    if content_type == "application/json" and operation not in _MEDIA_TYPES:
        return None
    if "html" in content_type or body.lstrip()[:1] == b"<":
        return not_json(body, info)
    expected = "audio" if operation == _SPEECH else "a ZIP file"
    reason = f"{operation} returned a body of type {content_type}, expected {expected}"
    return ResponseValidationError(reason, http=info, body=text)


def empty_body_error(info: HTTPInfo, operation: str) -> ResponseValidationError | None:
    """Return the error for an empty body, or None for a file.

    Files may be empty, speech and ZIP files cannot.
    """
    if operation not in _MEDIA_TYPES:
        return None
    return ResponseValidationError(f"{operation} returned an empty body (HTTP {info.status})", http=info, body="")


# ---------------------------------------------------------------------------------------------------------------- file names
_EXTENSIONS = {
    "aac": "aac",
    "x-aac": "aac",
    "flac": "flac",
    "x-flac": "flac",
    "mp4": "m4a",
    "m4a": "m4a",
    "x-m4a": "m4a",
    "mpeg": "mp3",
    "mp3": "mp3",
    "ogg": "ogg",
    "opus": "opus",
    "wav": "wav",
    "x-wav": "wav",
    "wave": "wav",
    "vnd.wave": "wav",
    "webm": "webm",
}
"""Extensions of audio files by subtype. Servers from 1.17 send the media type of the model's output."""


def speech_name(default: str, info: HTTPInfo) -> str:
    """Return the default file name with the extension of the audio that was received.

    Unchanged if the type is not audio.

    Example:
        >>> speech_name("speech.mp3", HTTPInfo(200, {"content-type": "audio/wav"}))
        'speech.wav'
        >>> speech_name("speech.mp3", HTTPInfo(200, {"content-type": "application/octet-stream"}))
        'speech.mp3'
    """
    kind, _, subtype = media_type(info).partition("/")
    extension = _EXTENSIONS.get(subtype) if kind in ("audio", "video") or subtype == "ogg" else None
    return default if extension is None else f"{default.rpartition('.')[0] or default}.{extension}"


# --------------------------------------------------------------------------------------------------------- writing to the disk


class PartFile:
    """A file that is written beside its target and moved there when complete.

    Its methods block.

    A file that exists is replaced only with `overwrite`; in a directory, the new file gets a number otherwise. A target that is
    not a regular file, such as a pipe or a device, is written directly: it must not be replaced.

    The file can be discarded while a thread works on it, because a cancelled task does not wait for its thread.
    """

    def __init__(self, path: str | os.PathLike[str], name: str, *, overwrite: bool = False) -> None:
        self._path = Path(path)
        self._name = name
        self._overwrite = overwrite
        self._file: IO[bytes] | None = None
        self._part: Path | None = None
        self._discarded = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Create the file.

        Raises:
            OSError: The file cannot be created. `filename` is the target.
        """
        with self._locked():
            if not self._discarded:
                check_free(self._path, overwrite=self._overwrite)
                self._in_directory = self._path.is_dir()
                self.target = self._path / self._name if self._in_directory else self._path
                if self.target.exists() and not self.target.is_file():
                    self._file = self.target.open("wb")
                    return
                part = self.target.parent / f".dify-{os.urandom(8).hex()}.part"
                # Not with `tempfile`, whose files only their owner can read: this one gets the usual permissions.
                try:
                    self._file = part.open("xb")
                except OSError as error:
                    error.filename = str(self.target)  # the caller does not know the name of the part
                    raise
                self._part = part

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        try:  # like `_locked`, whose generator would cost more than the write; a download has tens of thousands of them
            with self._lock:
                if self._file is not None:
                    self._file.write(data)
        finally:
            if self._discarded:
                self._delete_if_unlocked()

    def commit(self) -> Path:
        """Move the complete file to its target, and return that."""
        with self._locked():
            if self._file is not None:
                self._file.close()
                self._file = None
                if self._part is not None:
                    if self._overwrite:
                        self._part.replace(self.target)
                    else:
                        self.target = _move(self._part, self.target, numbered=self._in_directory)
                    self._part = None
            return self.target

    def discard(self) -> None:
        """Delete the file without waiting.

        A thread that writes to it deletes it afterwards.
        """
        self._discarded = True
        self._delete_if_unlocked()

    def remove(self) -> None:
        """Delete the file, after waiting for a thread that writes to it."""
        self._discarded = True
        with self._lock:
            self._delete()

    @contextmanager
    def _locked(self) -> Generator[None]:
        try:
            with self._lock:
                yield
        finally:
            if self._discarded:
                self._delete_if_unlocked()

    def _delete_if_unlocked(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._delete()
            finally:
                self._lock.release()

    def _delete(self) -> None:
        part, self._part = self._part, None
        try:
            if self._file is not None:
                self._file.close()
        finally:
            self._file = None
            if part is not None:
                part.unlink(missing_ok=True)


def check_free(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raise `FileExistsError` if a path is a file that must not be replaced."""
    if not overwrite and Path(path).is_file():
        raise _file_exists(Path(path))


def _file_exists(path: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, "the file exists; pass overwrite=True to replace it", str(path))


def _move(part: Path, target: Path, *, numbered: bool) -> Path:
    """Move a file to a path that is free, and return that path.

    It is the target, or with `numbered` "name (1).txt" and so on.
    """
    for number in count():
        path = target.with_name(f"{target.stem} ({number}){target.suffix}") if number else target
        try:
            try:
                os.link(part, path)
            except FileExistsError:
                raise
            except OSError:  # the file system has no hard links
                path.open("xb").close()
                part.replace(path)
            else:
                part.unlink()
        except FileExistsError:
            if not numbered:
                raise _file_exists(path) from None
        else:
            return path
    raise AssertionError  # `count` has no end


class PartWriter:
    """A buffered writer of a part file.

    With `threaded`, a thread writes one buffer while the other is filled.

    Both buffers are reused: allocating memory for each write costs as much as the write itself.
    """

    def __init__(self, part: PartFile, *, threaded: bool) -> None:
        self._written = 0
        self._part = part
        self._threaded = threaded
        self._filling = self._spare = memoryview(b"")
        self._length = 0
        self._thread: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None  # the write of the spare buffer

    @property
    def written(self) -> int:
        """Bytes written so far. An error of the last write may not have been raised yet."""
        done = self._writing is not None and self._writing.done()
        return self._written + (len(self._spare) if done else 0)

    def add(self, chunk: bytes) -> Callable[[], None] | None:
        """Add a chunk; return None, or a function that writes to the file.

        The function blocks, and must be called off the event loop before the next chunk.
        """
        if not self._threaded:
            self._part.write(chunk)
            self._written += len(chunk)
            return None
        if len(chunk) <= len(self._filling) - self._length:
            self._fill(chunk)
            return None
        fill = partial(self._fill_all, memoryview(chunk))
        if len(chunk) > BATCH or not (self._writing is None or self._writing.done()):
            return fill
        fill()
        return None

    def finish(self) -> None:
        """Write the rest. Blocks."""
        self._wait()
        if self._length:
            self._part.write(self._filling[: self._length])
            self._written += self._length

    def close(self) -> None:
        """End the thread after its current write."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _fill(self, chunk: bytes | memoryview) -> None:
        self._filling[self._length : self._length + len(chunk)] = chunk
        self._length += len(chunk)

    def _fill_all(self, chunk: memoryview) -> None:
        while len(chunk):
            if self._length == len(self._filling):
                self._swap()
            room = len(self._filling) - self._length
            self._fill(chunk[:room])
            chunk = chunk[room:]

    def _swap(self) -> None:
        """Write the full buffer in the thread, and fill the other one."""
        self._wait()
        if self._length:
            if self._thread is None:
                from concurrent.futures import ThreadPoolExecutor

                self._thread = ThreadPoolExecutor(1, "dify-download")
            self._writing = self._thread.submit(self._part.write, self._filling)
        self._filling, self._spare = self._spare or memoryview(bytearray(BATCH)), self._filling
        self._length = 0

    def _wait(self) -> None:
        """Wait for the write in progress, and raise its error."""
        if self._writing is not None:
            self._writing.result()
            self._written += len(self._spare)
            self._writing = None
