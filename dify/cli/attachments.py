"""Files that go with a call: a path, which is uploaded, or an address, from which the server fetches the file itself."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from dify import AsyncDify

__all__ = ["Attachment", "Link", "attach", "attachment", "attachments_in"]


class Link(str):
    """The http or https address of a file."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """How it is called beside files: as it is."""
        return str(self)


Attachment = Path | Link


def attachment(word: str) -> Attachment:
    """A file as a person names it.

    Raises:
        FileNotFoundError: It is no address, and there is no such file.

    Example:
        >>> attachment("https://example.com/cat.png")
        'https://example.com/cat.png'
    """
    if re.match(r"https?://", word, re.IGNORECASE):
        return Link(word)
    path = Path(word).expanduser()
    if not path.exists() or path.is_dir():
        raise FileNotFoundError(f"there is no file {word!r}")
    return path


def attachments_in(line: str) -> list[Attachment]:
    """The files of a line that a person typed, quoted as for a shell.

    Raises:
        ValueError: A quote stays open.
        FileNotFoundError: One is not there.
    """
    return [attachment(word) for word in shlex.split(line)]


async def attach(
    client: AsyncDify, files: Sequence[Attachment], note: Callable[[str], None] | None = None
) -> list[Any]:
    """Upload what lies here, one after the other, and give what stands for all of them in a call.

    Args:
        client: With what to upload.
        files: The files.
        note: Takes a line for each that was uploaded.
    """
    from dify import InputFile
    from dify.types.files import kind_of

    attached: list[Any] = []
    for file in files:
        if isinstance(file, Link):
            kind = kind_of(guess_type(urlsplit(file).path)[0])
            attached.append(InputFile.from_url(str(file), type=kind))
        else:
            uploaded = await client.files.upload(file)
            if note is not None:
                note(f"uploaded {file.name}: {uploaded.id}")
            attached.append(InputFile.from_upload(uploaded))
    return attached
