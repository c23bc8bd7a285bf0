"""Arguments that several calls take, and their wire form. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from ..errors import InvalidArgumentError
from ..types.files import InputFile, UploadedFile

__all__ = ["FileArgument", "ResponseMode", "files_of", "flag", "inputs_of", "instant", "items_of", "several"]

T = TypeVar("T")

ResponseMode = Literal["streaming", "blocking"]
FileArgument = InputFile | UploadedFile


def files_of(files: Sequence[FileArgument] | None) -> list[FileArgument] | None:
    """The files of a call; refuses what has not been uploaded or wrapped yet, and says how to."""
    if files is None:
        return None
    for file in items_of(files, "files"):
        if not isinstance(file, (InputFile, UploadedFile)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                f"files takes what files.upload() returned, or InputFile.from_url(...), not a {type(file).__name__}"
            )
    return list(files)


def inputs_of(inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """The inputs of an app, by the names of its fields."""
    if inputs is not None and not isinstance(inputs, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(
            f"inputs are values by the names of the app's fields, a dict and not a {type(inputs).__name__}"
        )
    return dict(inputs or {})


def flag(value: bool | None) -> bool | None:
    """A query flag that the server knows only as the word `true`; false is left out."""
    return True if value else None


def items_of(values: Sequence[T], name: str) -> list[T]:
    """A list of ids or models; refuses one alone, which Python would take apart into letters or fields.

    Example:
        >>> items_of(("d-1", "d-2"), "document_ids")
        ['d-1', 'd-2']
    """
    several(values, name)
    return list(values)


def several(values: object, name: str) -> None:
    """Refuses one thing where many are due, and what holds none at all; takes nothing of what it is given.

    Example:
        >>> several({"topic": "tea"}, "inputs")
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: inputs is a list: write [...] around the one dict
    """
    kind = type(values).__name__
    walkable = any(hasattr(values, way) for way in ("__iter__", "__aiter__", "__getitem__"))
    one = hasattr(values, "read") or isinstance(values, (str, bytes, bytearray, Mapping, BaseModel, PathLike))
    if one or not walkable:
        raise InvalidArgumentError(f"{name} is a list: write [...] around the one {kind}")


def instant(value: datetime | str | None, name: str) -> datetime | str | None:
    """A point in time; refuses one without a time zone, which the server would take for another than is meant.

    Example:
        >>> instant(datetime(2026, 11, 30), "created_after")
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: created_after has no time zone: give one, as datetime.now(UTC) has
    """
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise InvalidArgumentError(f"{name} has no time zone: give one, as datetime.now(UTC) has")
    return value
