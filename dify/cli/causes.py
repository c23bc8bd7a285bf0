"""Failures of files or rows, grouped by cause, so that one cause is reported once."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Causes"]

_SPECIFIC = re.compile(r"'[^']*'|\"[^\"]*\"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
"""The parts of a message that differ between two failures of one cause: quoted texts and ids."""

_SHOWN = 5
"""Maximum number of causes in a summary."""


@dataclass
class _Cause:
    first: str
    message: str
    count: int = 0


class Causes:
    """Failures of several items, grouped by cause.

    Args:
        noun: The items, such as "files".

    Example:
        >>> causes = Causes("files")
        >>> [causes.add(name, f"{name}: too large") for name in ("a.md", "b.md")]
        [True, False]
        >>> causes.summary()
        ['2 files, the first a.md: a.md: too large']
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._causes: dict[str, _Cause] = {}

    def add(self, item: str, message: str) -> bool:
        """Add a failure; return True if it is the first of its cause.

        Args:
            item: The name of the file or row.
            message: The error.
        """
        key = _SPECIFIC.sub("…", message.replace(item, "…"))
        cause = self._causes.setdefault(key, _Cause(item, message))
        cause.count += 1
        return cause.count == 1

    def summary(self, *, repeated: bool = False) -> list[str]:
        """Return a line for each cause, the most frequent first.

        Args:
            repeated: Leave out the causes of a single failure.
        """
        causes = sorted(self._causes.values(), key=lambda cause: -cause.count)
        causes = [cause for cause in causes if cause.count > 1 or not repeated]
        lines = [self._line(cause) for cause in causes[:_SHOWN]]
        return [*lines, f"{len(causes) - _SHOWN} other errors"] if len(causes) > _SHOWN else lines

    def _line(self, cause: _Cause) -> str:
        if cause.count == 1:
            return f"{cause.first}: {cause.message}"
        return f"{cause.count} {self._noun}, the first {cause.first}: {cause.message}"
