"""Where each operation of the Service API is: which route a request belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["Operation", "Paging"]

Paging: TypeAlias = Literal["first_id", "last_id", "page", "segments", "total_pages", "data"]
"""How a list goes on (before its first item, after its last, or by number), and what its pages tell beside `data`."""

_ANY_BASE = r"(?:/.*)?/v1"


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        id: Its name in Dify's API description.
        method: HTTP method.
        path: Path below the base URL, with its parameters in braces.
        call: The client's method that makes it, which is where it is on a mock too.
        status: The status of success.
        based: Whether it is below the base URL; links to files are not.
    """

    id: str
    method: str
    path: str
    call: str
    status: int = 200
    based: bool = True
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        route = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path)
        # The base may have been taken off before (respx does that for routers with a base URL).
        object.__setattr__(self, "pattern", re.compile(f"(?:{_ANY_BASE})?{route}" if self.based else route))

    @property
    def parameters(self) -> int:
        """How many parameters its path has: of two operations that fit a path, the one with fewer is meant."""
        return self.path.count("{")

    def matches(self, method: str, path: str) -> dict[str, str] | None:
        """The parameters of a path that is this operation's, or None."""
        found = self.pattern.fullmatch(path) if method == self.method else None
        return None if found is None else found.groupdict()
