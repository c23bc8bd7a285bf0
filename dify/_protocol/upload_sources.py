"""Sources of uploads: the objects that programs have in hand.

Each is reduced to bytes, a path, a file object or an iterable.

Libraries are recognized by the attributes of their objects, so that none of them has to be installed.
"""

from __future__ import annotations

import base64
import binascii
import io
import mimetypes
import os
import re
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from pathlib import Path
from typing import IO, Any, Protocol, cast
from urllib.parse import unquote, unquote_to_bytes

from .._net import http as _http
from .._net.http import Response
from ..errors import InvalidArgumentError
from ..types.http import HTTPInfo
from .file_names import filename_of, safe_name

__all__ = [
    "AsyncReadableFile",
    "Base64",
    "FileContent",
    "FormFile",
    "ReadableFile",
    "Source",
    "WrappedFile",
    "async_reader",
    "checked_piece",
    "is_file",
    "source_of",
    "without_wrapper",
]


class ReadableFile(Protocol):
    """A binary file object.

    For example `open(path, "rb")`, `io.BytesIO`, or a file of Django or Streamlit.
    """

    def read(self, size: int = ..., /) -> bytes:
        """Return up to `size` bytes, or `b""` at the end."""
        ...


class AsyncReadableFile(Protocol):
    """A binary file object whose `read` is awaited.

    For example of anyio, aiofiles, aiohttp or Starlette.
    """

    async def read(self, size: int = ..., /) -> bytes:
        """Return up to `size` bytes, or `b""` at the end."""
        ...


class FormFile(Protocol):
    """A file of a form, with the file object in `file`.

    For example of FastAPI, Starlette or aiohttp.
    """

    @property
    def file(self) -> ReadableFile:
        """File object with the content."""
        ...


class WrappedFile(Protocol):
    """A file of a form, with the file object in `stream`.

    For example of Flask, Werkzeug or Quart.
    """

    @property
    def stream(self) -> ReadableFile:
        """File object with the content."""
        ...


@dataclass(frozen=True, slots=True)
class Base64:
    """The content of a file as Base64 text.

    Standard or URL-safe, with or without line breaks.

    Example:
        >>> Base64("aGVsbG8=").decode()
        b'hello'
    """

    text: str | bytes = field(repr=False)
    """The encoded content."""

    def decode(self) -> bytes:
        """Return the content.

        Raises:
            InvalidArgumentError: The text is not Base64.
        """
        raw = self.text.encode("ascii", "replace") if isinstance(self.text, str) else self.text
        return _decoded(raw, "the text in Base64()")


FileContent = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | ReadableFile
    | AsyncReadableFile
    | FormFile
    | WrappedFile
    | Base64
    | Response
    | AsyncIterable[bytes]
    | Iterable[bytes]
)
"""A path, a `data:` URL, bytes, `Base64`, a binary file object (async or not), an uploaded file of a web framework, an
`httpx.Response`, a download of this package, or an iterable of bytes (async or not)."""


@dataclass(slots=True)
class Source:
    """The content of an upload.

    Attributes:
        content: A path, bytes, a file object, an object with an asynchronous `read`, or an iterable of bytes.
        filename: File name of the object itself, or None.
        mime_type: MIME type of the object itself, or None if it has none or only the general "application/octet-stream".
    """

    content: Path | bytes | IO[bytes] | AsyncReadableFile | AsyncIterable[bytes] | Iterable[bytes]
    filename: str | None = None
    mime_type: str | None = None


def source_of(content: object) -> Source:
    """Return the source for a content; nothing is read.

    Raises:
        InvalidArgumentError: The content cannot be uploaded.

    Example:
        >>> source_of("data:text/plain;base64,aGVsbG8=")
        Source(content=b'hello', filename='file.txt', mime_type='text/plain')
    """
    match content:
        case str() if content[:5].lower() == "data:":
            return _data_url(content)
        case str() if re.match(r"https?://", content, re.IGNORECASE):
            raise InvalidArgumentError(
                "the file is a URL: pass InputFile.from_url(url) in files= if the server can fetch it, or upload what "
                "httpx.get(url) returns",
                param="file",
            )
        case str() | os.PathLike():
            path = Path(cast("str | os.PathLike[str]", content))
            return Source(path, path.name)
        case bytes() | bytearray() | memoryview():
            return Source(bytes(cast("bytes", content)))
        case Base64():
            return Source(content.decode())
        case Response():
            return _response(content)
        case _:
            return Source(_checked(without_wrapper(content), content), _own_name(content), _own_type(content))


def without_wrapper(content: object) -> object:
    """Return the plain file object that a file of a web framework wraps.

    Other contents are returned unchanged.
    """
    if is_file(content):
        return content
    for name in ("file", "stream", "wrapped"):
        inner = getattr(content, name, None)
        if is_file(inner):
            return inner
    inner = getattr(content, "content", None)  # the response of aiohttp, whose own `read` takes no size
    return content if inner is None or async_reader(inner) is None else inner


def is_file(content: object) -> bool:
    """Return True for a file object whose `read` is not asynchronous."""
    return callable(getattr(content, "read", None)) and async_reader(content) is None


def async_reader(content: object) -> Any:
    """Return the asynchronous `read` of a content, or None if it has none."""
    for name in ("read_chunk", "read"):  # the first is that of a part of a multipart body of aiohttp
        read = getattr(content, name, None)
        if iscoroutinefunction(read):
            return read
    return None


def checked_piece(piece: object) -> bytes:
    """Return a chunk of a file as bytes; raise for other types."""
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, (bytearray, memoryview)):
        return bytes(cast("bytearray", piece))  # the caller may reuse the buffer while it is being sent
    raise InvalidArgumentError(
        f"the file to upload must give bytes, not {type(piece).__name__}: encode text first", param="file"
    )


def _checked(content: object, given: object) -> Any:
    if isinstance(content, io.TextIOBase):
        raise InvalidArgumentError("the file is open as text; open it with mode 'rb'", param="file")
    if is_file(content) or async_reader(content) is not None:
        if getattr(content, "closed", False) is True:
            raise InvalidArgumentError("the file is closed: open it again, and close it after the upload", param="file")
        return content
    if isinstance(content, (AsyncIterable, Iterable)) and not isinstance(content, Mapping):
        if isinstance(content, Sequence):  # all chunks are present: check them before the request
            for piece in cast("Sequence[object]", content):
                checked_piece(piece)
        return cast("Any", content)
    raise InvalidArgumentError(
        f"a {type(given).__name__} cannot be uploaded: give a path, bytes, a binary file, an uploaded file of a web "
        "framework, an iterable of bytes, or (filename, content, mime_type)",
        param="file",
    )


# ------------------------------------------------------------------------------------------------ names and types of objects
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


def _own_name(content: object) -> str | None:
    # In forms of Werkzeug and aiohttp, `name` is the name of the field.
    name = getattr(content, "filename" if hasattr(content, "filename") else "name", None)
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    return re.split(r"[\\/]", name)[-1] if isinstance(name, str) else None


def _own_type(content: object) -> str | None:
    for name in ("content_type", "type"):  # the second is that of Streamlit
        value = getattr(content, name, None)
        if isinstance(value, str) and (known := _known_type(value)):
            return known
    return None


def _known_type(text: str) -> str | None:
    """Return a media type without parameters.

    None for one that says nothing about the content.
    """
    media_type = text.partition(";")[0].strip().lower()
    known = _MEDIA_TYPE.fullmatch(media_type) and media_type not in ("application/octet-stream", "binary/octet-stream")
    return media_type if known else None


def _response(response: Response) -> Source:
    """Return the body of a response, named by its headers or its URL.

    The body may still be unread.
    """
    if not response.is_success:
        raise InvalidArgumentError(
            f"the response to upload has status {response.status_code}: its body is not the file", param="file"
        )
    name = filename_of(HTTPInfo(response.status_code, dict(response.headers)))
    name = name or safe_name(unquote(_http.last_segment(response)))
    content = _http.body_of(response)
    if content is None:
        raise InvalidArgumentError(
            "the response to upload is closed and its body was not kept: upload it before it is read or closed",
            param="file",
        )
    return Source(content, name, _known_type(response.headers.get("content-type", "")))


def _data_url(url: str) -> Source:
    head, comma, body = url[5:].partition(",")
    if not comma:
        raise InvalidArgumentError("the data: URL has no comma before its content", param="file")
    media_type, *parameters = head.split(";")
    media_type = _known_type(media_type or "text/plain")
    content = unquote_to_bytes(body)
    if parameters and parameters[-1].strip().lower() == "base64":
        content = _decoded(content, "the data: URL")
    named = [value for name, _, value in (p.partition("=") for p in parameters) if name.strip().lower() in _NAMES]
    name = safe_name(unquote(named[0])) if named else None
    return Source(content, name or f"file{_extension(media_type)}", media_type)


_NAMES = ("name", "filename")


def _extension(media_type: str | None) -> str:
    return {"image/webp": ".webp", "audio/mp4": ".m4a"}.get(media_type or "") or (
        mimetypes.guess_extension(media_type or "") or ""
    )


def _decoded(text: bytes, what: str) -> bytes:
    text = b"".join(text.split()).translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidArgumentError(f"{what} is not valid Base64", param="file") from None
