"""The files of a batch's rows: a value whose name ends in `@` names one, and in `[]@` a list of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from .attachments import Attachment, attach, attachment

if TYPE_CHECKING:
    from dify import AsyncDify

__all__ = ["with_files"]


async def with_files(client: AsyncDify, values: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a row, with its files uploaded; a single one that is not named is left out.

    Raises:
        InvalidArgumentError: What should name a file is no text.
        FileNotFoundError: There is no such file.
    """
    inputs: dict[str, Any] = {}
    for name, value in values.items():
        if name.endswith("[]@"):
            given = cast("list[object]", value if isinstance(value, list) else [value] if value else [])
            inputs[name[:-3]] = await attach(client, _named(name, given))
        elif name.endswith("@"):
            if value:
                [inputs[name[:-1]]] = await attach(client, _named(name, [value]))
        else:
            inputs[name] = value
    return inputs


def _named(name: str, values: Sequence[object]) -> list[Attachment]:
    """The files that these values name; that each is a text is made sure of before one is looked for."""
    from dify import InvalidArgumentError

    words = [value for value in values if isinstance(value, str)]
    if len(words) < len(values):
        odd = next(value for value in values if not isinstance(value, str))
        raise InvalidArgumentError(f"{name!r} holds the path of a file, as text, and not {json.dumps(odd)[:40]}")
    return [attachment(word) for word in words]
