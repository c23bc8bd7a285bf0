"""The files of a row: an input whose name ends in `@` is a path, one in `[]@` is a list of paths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from ..attachments import Attachment, parse_attachment, upload_attachments

if TYPE_CHECKING:
    from dify import AsyncDify

__all__ = ["upload_row_files"]


async def upload_row_files(client: AsyncDify, values: dict[str, Any]) -> dict[str, Any]:
    """Upload the files of a row and return its inputs; a single file with an empty path is left out.

    Raises:
        InvalidArgumentError: A path is not a string.
        FileNotFoundError: There is no such file.
    """
    inputs: dict[str, Any] = {}
    for name, value in values.items():
        if name.endswith("[]@"):
            paths = cast("list[object]", value if isinstance(value, list) else [value] if value else [])
            inputs[name[:-3]] = await upload_attachments(client, _parse_paths(name, paths))
        elif name.endswith("@"):
            if value:
                [inputs[name[:-1]]] = await upload_attachments(client, _parse_paths(name, [value]))
        else:
            inputs[name] = value
    return inputs


def _parse_paths(name: str, values: Sequence[object]) -> list[Attachment]:
    """Return the files at these paths; all types are checked before the first file is looked up."""
    from dify import InvalidArgumentError

    paths = [value for value in values if isinstance(value, str)]
    if len(paths) < len(values):
        invalid = next(value for value in values if not isinstance(value, str))
        raise InvalidArgumentError(
            f"{name!r} must be the path of a file (a string), not {json.dumps(invalid)[:40]}", param=name
        )
    return [parse_attachment(path) for path in paths]
