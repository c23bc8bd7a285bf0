"""The client's messages in the words of the command line: options and variables in place of Python arguments."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["is_python", "translate", "translate_validation"]

NameOf = Callable[[str], str | None]
"""A function that returns the option, argument or variable for an argument of the client, or None if it has none."""

_QUOTED = r"'[^'\n]*'|\"[^\"\n]*\""
_TOKEN = re.compile(
    rf"(?P<quoted>{_QUOTED}|https?://\S+)"
    r"|`?(?<![\w/.@-])(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)*)\b(?![./:@]\w)(?P<value>=(?!=)\w*)?`?"
)
"""A quoted text or an address, which are left alone, or a lower-case word, with the value that follows an equals sign."""

_SUBJECT = re.compile(r"(?P<name>[a-z][a-z0-9_]*)(?=:| (?:is|are|has|have|holds|hold|must|begins|names|takes|goes)\b)")
"""The argument at the start of a message, such as "content is empty"."""

_CALLS = {"models.list('text-embedding')": "`dify knowledge models text-embedding`"}
"""Calls of the client that messages mention, and the commands that do the same."""

_VALIDATION = re.compile(r"\d+ validation errors? for \w+\s+")
_FIELD = re.compile(
    r"(?P<field>[\w.]+)\s+(?P<problem>[^\[]+?)\s+\[type=.*?(?:\]\s+For further information visit \S+|\]?\s*$)",
    re.DOTALL,
)
"""The parts of a message of pydantic: the head, and a field with its problem."""

_PYTHON = re.compile(r"\w=(?!=)|\w\(|\b[a-z]+(?:_[a-z0-9]+)+\b|`(?!dify )\w|\bclient\b|\bNone\b|\bTrue\b|\bFalse\b")


def translate(text: str, name_of: NameOf) -> str:
    """Replace the names of Python arguments in a message of the client.

    A name without an option is written with hyphens, as the command line writes the names of arguments.

    Args:
        text: The message.
        name_of: The option or argument of the command for an argument of the client.

    Example:
        >>> translate("dataset_id is empty", lambda name: None)
        'dataset-id is empty'
        >>> translate("content is empty; omit content", {"content": "--content"}.get)
        '--content is empty; omit --content'
        >>> translate("cannot connect to http://my_server/v1?page_size=1", lambda name: None)
        'cannot connect to http://my_server/v1?page_size=1'
    """
    for call, command in _CALLS.items():
        text = text.replace(call, command)
    subject = _SUBJECT.match(text)
    about = None if subject is None or name_of(subject["name"]) is None else subject["name"]

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        if match["quoted"] is not None or not (name == about or "_" in name or match["value"] is not None):
            return match[0]
        return name_of(name) or name.replace("_", "-")

    return _TOKEN.sub(replace, text)


def translate_validation(text: str, name_of: NameOf) -> str:
    """Shorten the messages of pydantic in a server's message: the field, as the command line names it, and the problem.

    Example:
        >>> translate_validation("1 validation error for P name Field required [type=missing]", lambda name: None)
        'name: Field required'
    """

    def replace(match: re.Match[str]) -> str:
        problem = match["problem"].removeprefix("Value error, ")
        return f"{name_of(match['field']) or match['field']}: {translate(problem, name_of)}"

    head = _VALIDATION.search(text)
    return text if head is None else text[: head.start()] + _FIELD.sub(replace, text[head.end() :])


def is_python(text: str) -> bool:
    """Return whether a text contains names or calls of Python, apart from quoted ones.

    Example:
        >>> is_python("pass user= to the call"), is_python("the key 'a_b' is unknown; pass --user")
        (True, False)
    """
    return _PYTHON.search(re.sub(_QUOTED, "", text)) is not None
