"""Inputs on the command line, in httpie's syntax: `key=text`, `key:=json`, `key=@textfile`, `key@upload`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from .attachments import parse_attachment, upload_attachments

if TYPE_CHECKING:
    from dify import AsyncDify

__all__ = ["INPUT_HELP", "Input", "parse_inputs", "read_text", "resolve_inputs", "valid_text"]

INPUT_HELP = (
    "Inputs:",
    "  key=text     text",
    '  key:=json    JSON, such as n:=3 or tags:=\'["a", "b"]\'',
    "  key=@path    text of a file; - is standard input",
    "  key:=@path   JSON of a file",
    "  key@path     file to upload; key@https://… is fetched by the server",
    "  key[]=text   one item of a list, also key[]:=json, key[]@path; repeatable",
    "  {…}          several inputs as a JSON object",
    "  @path        several inputs as a JSON object in a file; @- is standard input",
)
"""The end of the help text of commands that take inputs."""

# The first separator decides, and the longest one at that position: mail=a@b.c is text, and so is url=http://x.
_INPUT = re.compile(r"(?P<key>[^=:@\[\]]+)(?P<many>\[\])?(?P<sep>:=@|:=|=@|=|@)(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Input:
    """One input of an app.

    Attributes:
        key: The variable's name.
        value: The value; for a file, its path or URL.
        many: Whether the value is one item of a list.
        is_file: Whether the value is a file, which is uploaded first if it is a path.
    """

    key: str
    value: Any
    many: bool = False
    is_file: bool = False


def parse_inputs(words: Iterable[str]) -> list[Input]:
    """Parse arguments, and read the text and JSON files that they name; nothing is uploaded.

    Raises:
        typer.BadParameter: An argument is invalid, a file cannot be read, or a key is repeated.

    Example:
        >>> parse_inputs(["topic=tea"])
        [Input(key='topic', value='tea', many=False, is_file=False)]
        >>> parse_inputs(["n:=3"])[0].value
        3
        >>> [item.value for item in parse_inputs(["tags[]=a", "tags[]=b"])]
        ['a', 'b']
    """
    inputs: list[Input] = []
    for word in words:
        inputs += _parse_object(word) if word.lstrip().startswith("{") or word.startswith("@") else [_parse(word)]
    is_list: dict[str, bool] = {}
    for item in inputs:
        if item.key in is_list and not (item.many and is_list[item.key]):
            raise typer.BadParameter(f"{item.key!r} is set twice; for a list, write {item.key}[]… for each item")
        is_list[item.key] = item.many
    return inputs


def _parse_object(word: str) -> list[Input]:
    """Parse a JSON object, or `@` and a file that contains one."""
    valid_text(word)
    text = read_text(word[1:]) if word.startswith("@") else word
    value = _parse_json(word[:40], text)
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{word[:40]!r} is not a JSON object")
    return [Input(key, item) for key, item in cast("dict[str, Any]", value).items()]


def _parse(word: str) -> Input:
    match = _INPUT.fullmatch(word)
    if match is None:
        raise typer.BadParameter(f"{word!r} is not an input; write key=text, key:=json, key=@textfile or key@upload")
    key, many, value = match["key"], match["many"] is not None, match["value"]
    valid_text(key + value)
    match match["sep"]:
        case "=":
            return Input(key, value, many)
        case "=@":
            return Input(key, read_text(value, f"; to upload a file, write {key}@{value}"), many)
        case ":=":
            return Input(key, _parse_json(key, value), many)
        case ":=@":
            return Input(key, _parse_json(key, read_text(value)), many)
        case _:
            try:
                return Input(key, parse_attachment(value), many, is_file=True)
            except FileNotFoundError as error:
                raise typer.BadParameter(f"{key}@: {error}") from None


def valid_text(text: str) -> str:
    """Return the text if it can be sent; bytes that are invalid in the terminal's encoding cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("an argument is not valid text in this terminal's encoding") from None
    return text


def read_text(path: str, hint: str = "") -> str:
    """Read a text file, or standard input for "-"; line breaks at the end are kept."""
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise typer.BadParameter(f"cannot read {path!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        name = "standard input" if path == "-" else repr(path)
        raise typer.BadParameter(f"{name} is not UTF-8 text{hint}") from None


def _parse_json(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"the value of {key!r} is not valid JSON: {error}") from None


async def resolve_inputs(
    client: AsyncDify, inputs: Sequence[Input], on_upload: Callable[[str], None]
) -> dict[str, Any]:
    """Upload files and collect lists; return the inputs of a request by variable name."""
    values: dict[str, Any] = {}
    for item in inputs:
        value = (await upload_attachments(client, [item.value], on_upload))[0] if item.is_file else item.value
        if item.many:
            values.setdefault(item.key, []).append(value)
        else:
            values[item.key] = value
    return values
