"""Arguments that several calls take, and their wire form. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .errors import InvalidArgumentError
from .types.files import InputFile, UploadedFile

__all__ = ["FileArgument", "ResponseMode", "files_of", "flag"]

ResponseMode = Literal["streaming", "blocking"]
FileArgument = InputFile | UploadedFile


def files_of(files: Sequence[FileArgument] | None) -> list[FileArgument] | None:
    """The files of a call; refuses what has not been uploaded or wrapped yet, and says how to."""
    if files is None:
        return None
    for file in files:
        if not isinstance(file, (InputFile, UploadedFile)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                f"files takes what files.upload() returned, or InputFile.from_url(...), not a {type(file).__name__}"
            )
    return list(files)


def flag(value: bool | None) -> bool | None:
    """A query flag that the server knows only as the word `true`; false is left out."""
    return True if value else None
