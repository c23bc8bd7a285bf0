"""Arguments of several calls, checked and in their wire form. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import InvalidArgumentError
from ..types.files import InputFile, UploadedFile

__all__ = ["FileArgument", "ResponseMode", "files_of", "flag", "inputs_of", "instant", "items_of", "several", "text_of"]

T = TypeVar("T")

ResponseMode = Literal["streaming", "blocking"]
FileArgument = InputFile | UploadedFile | Mapping[str, Any]
"""A file of a call: a file that was uploaded, an `InputFile`, or a dict with its fields."""


def files_of(files: Sequence[FileArgument] | None) -> list[InputFile | UploadedFile] | None:
    """Return the files of a call; raise for values that are not uploaded or wrapped."""
    return None if files is None else [_file(file, index) for index, file in enumerate(items_of(files, "files"))]


def _file(file: FileArgument, index: int) -> InputFile | UploadedFile:
    if isinstance(file, (InputFile, UploadedFile)):
        return file
    if not isinstance(file, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(
            f"files[{index}] is a {type(file).__name__}: pass the return value of files.upload(), InputFile.from_id(...) or "
            "InputFile.from_url(...)",
            param="files",
        )
    try:
        return InputFile.model_validate(file)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise InvalidArgumentError(
            f"files[{index}] is not a valid InputFile: {field + ': ' if field else ''}{problem['msg']}",
            param="files",
            hint="pass the return value of files.upload(), or InputFile.from_url(...)",
        ) from None


def inputs_of(inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the inputs of an app, by variable name."""
    if inputs is not None and not isinstance(inputs, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(
            f"inputs are values by the names of the app's fields, a dict and not a {type(inputs).__name__}",
            param="inputs",
        )
    return dict(inputs or {})


def text_of(value: str, name: str) -> str:
    """Return a text; raise for None and other values.

    The server would refuse or ignore them.

    Example:
        >>> text_of(7, "query")
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: query is of type int: pass text, such as str(...)
    """
    if value is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise InvalidArgumentError(f"{name} is None: pass text", param=name)
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} is of type {type(value).__name__}: pass text, such as str(...)", param=name)
    return value


def flag(value: bool | None) -> bool | None:
    """Return a query flag that the server knows only as `true`; False is omitted."""
    return True if value else None


def items_of(values: Sequence[T], name: str) -> list[T]:
    """Return ids or models as a list.

    Raise for a single one, which would be iterated by letters or fields.

    Example:
        >>> items_of(("d-1", "d-2"), "document_ids")
        ['d-1', 'd-2']
    """
    several(values, name)
    return list(values)


def several(values: object, name: str) -> None:
    """Raise if a value is a single item or not iterable; the value is not iterated.

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
        raise InvalidArgumentError(f"{name} is a list: write [...] around the one {kind}", param=name)


def instant(value: datetime | str | None, name: str) -> datetime | str | None:
    """Return a time; raise if it has no time zone.

    The server would assume its own.

    Example:
        >>> instant(datetime(2026, 11, 30), "created_after")
        Traceback (most recent call last):
        ...
        dify.errors.InvalidArgumentError: created_after has no time zone: give one, as datetime.now(UTC) has
    """
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise InvalidArgumentError(f"{name} has no time zone: give one, as datetime.now(UTC) has", param=name)
    return value
