"""The names of documents created from files: unique in one upload, and valid for the server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from string import Formatter

from ..exits import USAGE, CommandError

__all__ = ["FIELDS", "Source", "document_name", "names_of"]

FIELDS = ("path", "parent", "name", "stem", "suffix", "root")
"""The fields of a template."""

_MAX_LENGTH = 200
"""The number of characters that the server keeps of a file name."""

# Names with slashes are refused by the server, names with control characters and undecodable bytes by the client.
# A percent sign is escaped only where it would read as an escape, so that unescaping gives the original text.
_ESCAPED = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\udc80-\udcff]|%(?=[0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to upload.

    Attributes:
        path: The file, with links resolved; the key of its journal entry.
        relative: The path below the folder argument, with forward slashes; for a file argument, its name.
        root: Name of the folder argument, or of the folder that contains a file argument.
    """

    path: Path
    relative: str
    root: str

    @property
    def name(self) -> str:
        """Name of the file itself, with links resolved."""
        return self.path.name

    @property
    def fields(self) -> dict[str, str]:
        """The values of the fields of a template."""
        path = PurePosixPath(self.relative)
        parent = "" if str(path.parent) == "." else str(path.parent)
        values = (self.relative, parent, path.name, path.stem, path.suffix, self.root)
        return dict(zip(FIELDS, values, strict=True))


def document_name(text: str) -> str:
    """Return the name of a document for a rendered template: slashes as %2F, and at most 200 characters.

    Example:
        >>> document_name("a/index.md"), document_name("100% sure.md"), document_name("a%2Fb.md")
        ('a%2Findex.md', '100% sure.md', 'a%252Fb.md')
    """
    name = _ESCAPED.sub(_escape, text)
    if len(name) <= _MAX_LENGTH:
        return name
    # The server would cut at the first dot, which makes one name of many.
    suffix = PurePosixPath(name).suffix[:50]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{name[: _MAX_LENGTH - len(suffix) - len(digest) - 1]}~{digest}{suffix}"


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def names_of(sources: Sequence[Source], template: str) -> dict[Path, str]:
    """Return the name of the document of every file.

    Raises:
        CommandError: The template has unknown fields or drops the file's extension, or two files would have one name.
    """
    _check(template)
    names: dict[Path, str] = {}
    taken: dict[str, Path] = {}
    for source in sources:
        name = names[source.path] = document_name(template.format(**source.fields))
        suffix = PurePosixPath(source.relative).suffix
        if not name.lower().endswith(suffix.lower()) or name == suffix:
            raise CommandError(
                f"--name-template gives {source.relative} the name {name!r}; end the name in the file's extension ({suffix}), "
                "from which Dify detects the type",
                USAGE,
            )
        if (other := taken.setdefault(name, source.path)) != source.path:
            raise CommandError(
                f"{other} and {source.path} would have the same document name {name!r}, and Dify keeps only one of them; "
                "pass --name-template, such as '{root}/{path}'",
                USAGE,
            )
    return names


def _check(template: str) -> None:
    known = ", ".join(f"{{{field}}}" for field in FIELDS)
    try:
        pieces = [piece for piece in Formatter().parse(template) if piece[1] is not None]
    except ValueError as error:
        raise CommandError(f"invalid --name-template: {error}; write braces as {{{{ and }}}}", USAGE) from None
    for _, field, spec, conversion in pieces:
        if field not in FIELDS:
            raise CommandError(f"unknown field {{{field}}} in --name-template; use {known}", USAGE)
        if spec or conversion:
            raise CommandError(f"remove the format or conversion of {{{field}}} in --name-template", USAGE)
