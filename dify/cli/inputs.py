"""Input values on the command line, in the manner of httpie: `key=text`, `key:=json`, `key=@textfile`, `key@upload`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from .attachments import attach, attachment

if TYPE_CHECKING:
    from dify import AsyncDify

__all__ = ["SYNTAX", "Pair", "checked", "parse_pairs", "read_text", "values_of"]

SYNTAX = (
    'key=text   a text;  key:=json   any JSON value, such as n:=3 or tags:=\'["a", "b"]\'',
    "key=@path   the text of a file, of standard input for -;  key:=@path   the JSON in a file",
    "key@path   a file to upload, for a file variable; key@https://…   one that the server fetches itself",
    "key[]…   in place of key: one item of a list, such as docs[]@a.pdf docs[]@b.pdf",
    "{…}   several at once, as a JSON object;  @path   the same from a file, or from standard input for @-",
)

# The first separator counts, the longest where several begin there: mail=a@b.c is a text, and so is url=http://x.
_PAIR = re.compile(r"(?P<key>[^=:@\[\]]+)(?P<many>\[\])?(?P<sep>:=@|:=|=@|=|@)(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pair:
    """One input: its variable, its value, and whether that is one item of a list.

    Attributes:
        value: The value; of a file, its path or its address.
        is_file: Whether the value is a file, which is to be uploaded first where it is a path.
    """

    key: str
    value: Any
    many: bool = False
    is_file: bool = False


def parse_pairs(words: Iterable[str]) -> list[Pair]:
    """Read the words of the command line, and the files that they name; nothing is uploaded yet.

    Raises:
        typer.BadParameter: A word is no input, a file cannot be read, or a key comes twice.

    Example:
        >>> parse_pairs(["topic=tea"])
        [Pair(key='topic', value='tea', many=False, is_file=False)]
        >>> parse_pairs(["n:=3"])[0].value
        3
        >>> [pair.value for pair in parse_pairs(["tags[]=a", "tags[]=b"])]
        ['a', 'b']
    """
    pairs: list[Pair] = []
    for word in words:
        pairs += _members(word) if word.lstrip().startswith("{") or word.startswith("@") else [_parse(word)]
    seen: dict[str, bool] = {}
    for pair in pairs:
        if pair.key in seen and not (pair.many and seen[pair.key]):
            raise typer.BadParameter(f"{pair.key!r} comes twice; for a list write {pair.key}[]… each time")
        seen[pair.key] = pair.many
    return pairs


def _members(word: str) -> list[Pair]:
    """The members of a JSON object, written out or in a file."""
    checked(word)
    text = read_text(word[1:]) if word.startswith("@") else word
    found = _json(word[:40], text)
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{word[:40]!r} holds no JSON object")
    return [Pair(key, value) for key, value in cast("dict[str, Any]", found).items()]


def _parse(word: str) -> Pair:
    match = _PAIR.fullmatch(word)
    if match is None:
        raise typer.BadParameter(f"{word!r} is no input: write key=text, key:=json, key=@textfile or key@upload")
    key, many, value = match["key"], match["many"] is not None, match["value"]
    checked(key + value)
    match match["sep"]:
        case "=":
            return Pair(key, value, many)
        case "=@":
            return Pair(key, read_text(value, f"; to upload a file write {key}@{value}"), many)
        case ":=":
            return Pair(key, _json(key, value), many)
        case ":=@":
            return Pair(key, _json(key, read_text(value)), many)
        case _:
            try:
                return Pair(key, attachment(value), many, is_file=True)
            except FileNotFoundError as error:
                raise typer.BadParameter(f"{key}@: {error}") from None


def checked(text: str) -> str:
    """Text that can be sent: bytes of the command line that are no text in the terminal's encoding cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("the command line holds bytes that are no text in this terminal's encoding") from None
    return text


def read_text(path: str, hint: str = "") -> str:
    """The text of a file, or of standard input for "-"; a final line break is kept as it is."""
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise typer.BadParameter(f"cannot read {path!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        what = "standard input" if path == "-" else repr(path)
        raise typer.BadParameter(f"{what} is no UTF-8 text{hint}") from None


def _json(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{key!r} takes JSON: {error}") from None


async def values_of(client: AsyncDify, pairs: Sequence[Pair], note: Callable[[str], None]) -> dict[str, Any]:
    """The inputs of a call, by variable name, with files uploaded and items joined to lists."""
    values: dict[str, Any] = {}
    for pair in pairs:
        value = (await attach(client, [pair.value], note))[0] if pair.is_file else pair.value
        if pair.many:
            values.setdefault(pair.key, []).append(value)
        else:
            values[pair.key] = value
    return values
