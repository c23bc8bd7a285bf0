"""Completion at the prompt of a conversation: commands, and the paths after `/files`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..terminal.line_editor import Candidate

__all__ = ["COMMANDS", "complete"]

COMMANDS = ("/dislike", "/files", "/help", "/history", "/like", "/new", "/quit", "/suggested")

_SPECIAL = re.compile(r"([^\w@%+=:,./~-])")
"""Characters of a path to escape with a backslash, outside of quotes."""


def complete(text: str) -> list[Candidate]:
    """Return the completions of the text before the cursor.

    Example:
        >>> [candidate.text for candidate in complete("/hi")]
        ['/history ']
    """
    command, space, argument = text.partition(" ")
    if not text.startswith("/") or "\n" in text:
        return []
    if not space:
        return [Candidate(f"{name} ", len(text), name) for name in COMMANDS if name.startswith(command)]
    return list(_paths(argument)) if command == "/files" else []


def _paths(argument: str) -> Iterator[Candidate]:
    """Yield the completions of the path in the last word. The part after the last slash is replaced, if possible."""
    word = _last_word(argument)
    folder, slash, prefix = word.path.rpartition("/")
    folder += slash
    try:
        names = sorted(os.listdir(Path(folder or ".").expanduser()))
    except (OSError, RuntimeError):  # no such directory, or no home directory for ~
        return
    for name in names:
        if not name.startswith(prefix) or (name.startswith(".") and not prefix.startswith(".")):
            continue
        is_folder = Path(folder, name).expanduser().is_dir()
        text = folder + name if word.is_whole else name
        text = text if word.quote else _SPECIAL.sub(r"\\\1", text)
        end = "/" if is_folder else f"{word.quote} "
        yield Candidate(text + end, len(argument) - word.start, f"{name}/" if is_folder else name)


@dataclass(frozen=True, slots=True)
class _Word:
    """The last word of an argument.

    Attributes:
        path: The word without quotes and backslashes.
        start: Position from which a completion replaces the text.
        quote: The quotation mark that is open at `start`, or an empty string.
        is_whole: Whether a completion replaces the whole word: its last part has quotes that would otherwise be lost.
    """

    path: str
    start: int
    quote: str = ""
    is_whole: bool = False


def _last_word(argument: str) -> _Word:
    """Split an argument as `shlex.split` does, which raises where a quote is open; return the last word."""
    path, quote = "", ""
    word_start = part_start = quote_start = 0
    escaped = quoted = False
    for index, character in enumerate(argument):
        if character == "\\" and quote != "'" and not escaped:
            escaped = True
            continue
        if quote and character == quote and not escaped:
            quote = ""
        elif not quote and not escaped and character in "'\"":
            quote, quote_start, quoted = character, index, True
        elif not quote and not escaped and character.isspace():
            path, quoted, word_start, part_start = "", False, index + 1, index + 1
        else:
            path += character
            if character == "/":
                part_start = index + 1
        escaped = False
    if quote and quote_start <= part_start:
        return _Word(path, max(part_start, quote_start + 1), quote)
    return _Word(path, word_start, is_whole=True) if quoted else _Word(path, part_start)
