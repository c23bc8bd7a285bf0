"""Files that are sent with a request: a path is uploaded, a URL is fetched by the server."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from dify import AsyncDify

__all__ = ["Attachment", "FileURL", "parse_attachment", "parse_attachments", "upload_attachments"]


class FileURL(str):
    """The http or https URL of a file."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The URL, shown in place of a file name."""
        return str(self)


Attachment = Path | FileURL


def parse_attachment(word: str) -> Attachment:
    """Return the path or URL that an argument names.

    Raises:
        FileNotFoundError: The argument is not a URL, and there is no such file.

    Example:
        >>> parse_attachment("https://example.com/cat.png")
        'https://example.com/cat.png'
    """
    if re.match(r"https?://", word, re.IGNORECASE):
        return FileURL(word)
    path = Path(word).expanduser()
    if not path.exists() or path.is_dir():
        raise FileNotFoundError(f"no such file: {word!r}")
    return path


def parse_attachments(line: str) -> list[Attachment]:
    """Return the paths and URLs of a typed line, quoted as in a shell.

    Raises:
        ValueError: A quotation mark is not closed, or a backslash is the last character.
        FileNotFoundError: There is no such file.
    """
    try:
        words = shlex.split(line)
    except ValueError:
        raise ValueError(
            "a quotation mark or a backslash has no end; put names with spaces in quotation marks"
        ) from None
    return [parse_attachment(word) for word in words]


async def upload_attachments(
    client: AsyncDify, files: Sequence[Attachment], on_upload: Callable[[str], None] | None = None
) -> list[Any]:
    """Upload local files one by one, and return the input files for a request.

    Args:
        client: The client that uploads.
        files: Paths and URLs.
        on_upload: Called with a line of text after each upload.
    """
    from dify import InputFile
    from dify.types._media_types import media_type_of_name
    from dify.types.files import kind_of

    input_files: list[Any] = []
    for file in files:
        if isinstance(file, FileURL):
            name = urlsplit(file).path.rpartition("/")[2]
            kind = kind_of(media_type_of_name(name))
            input_files.append(InputFile.from_url(str(file), type=kind))
        else:
            uploaded = await client.files.upload(file)
            if on_upload is not None:
                on_upload(f"uploaded {file.name}: {uploaded.id}")
            input_files.append(InputFile.from_upload(uploaded))
    return input_files
