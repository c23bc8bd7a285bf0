"""Downloads of files that answers name, by id or by link. Pure.

No key is sent to a link.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from ..errors import InvalidArgumentError
from ..types.files import FileObject, MessageFileSummary, UploadedFile
from ..types.http import HTTPInfo
from ..types.message_events import MessageFileEvent
from ..types.messages import MessageFile
from ..types.replies import ReplyFile
from .file_names import safe_name
from .request import Call
from .responses import link_address

__all__ = ["DownloadableFile", "FileReference", "file_reference", "link_call"]

DownloadableFile: TypeAlias = (
    str
    | FileObject
    | MessageFile
    | MessageFileEvent
    | MessageFileSummary
    | ReplyFile
    | UploadedFile
    | Mapping[str, Any]
)
"""A file to download: the id of an upload, a link, or an object of an answer that names the file."""

_LINK = re.compile(r"https?://|/files/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileReference:
    """A file to download: its link, or else its id.

    Attributes:
        link: Link to the content, or None.
        file_id: Id of an uploaded file, used without a link.
        name: File name if the response has none.
    """

    link: str | None
    file_id: str
    name: str


def file_reference(file: DownloadableFile) -> FileReference:
    """Return the link or the id of a file.

    Raises:
        InvalidArgumentError: The object has neither link nor id, or is none of these types.

    Example:
        >>> file_reference("/files/tools/cat.png?sign=s").name
        'cat.png'
    """
    if isinstance(file, str):
        return _reference(file, "", None) if _LINK.match(file) else FileReference(None, file, file)
    if isinstance(file, UploadedFile):
        return _reference(None, file.id, file.name)
    if isinstance(file, Mapping):
        file = _from_fields(file)
    if not isinstance(file, (FileObject, MessageFile, MessageFileEvent, MessageFileSummary, ReplyFile)):  # pyright: ignore
        raise InvalidArgumentError(
            f"file_id is of type {type(file).__name__}: give the id of a file, its link, or a file of an answer",
            param="file_id",
        )
    file_id = getattr(file, "upload_file_id", None) or ""
    link = file.url or ("" if file_id else getattr(file, "remote_url", None))
    if not link and not file_id:
        raise InvalidArgumentError(f"the {type(file).__name__} has no url, so it cannot be downloaded", param="file_id")
    return _reference(link, file_id, getattr(file, "filename", None))


def _reference(link: str | None, file_id: str, name: str | None) -> FileReference:
    last = unquote(urlsplit(link).path.rpartition("/")[2]) if link else file_id
    return FileReference(link or None, file_id, safe_name(name) or safe_name(last) or "file")


def link_call(operation: str, link: str, base_url: str, info: HTTPInfo | None = None) -> Call:
    """Return the call for a signed link, which gets no key.

    A link without a host belongs to the server.

    Raises:
        ResponseValidationError: It is not an http(s) link.
    """
    address = link_address(link, base_url, info)
    return Call(operation, "GET", "(a signed link)", key="none", repeatable=True, accept="bytes", address=address)


def _from_fields(fields: Mapping[str, Any]) -> FileObject:
    try:
        return FileObject.model_validate(fields)
    except ValidationError:
        raise InvalidArgumentError("file_id is a dict that is not a file of an answer", param="file_id") from None
