"""Operations of a mock: the table of operations with patterns of their paths."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dify._operations import OPERATIONS

__all__ = ["INDEX", "SIGNED_FILE", "MockedOperation", "Pagination"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

Pagination: TypeAlias = Literal["first_id", "last_id", "page", "segments", "total_pages", "data"]
"""Kind of a page: its cursor, or for numbered pages the fields beside `data`."""

SIGNED_FILE = "signedFile"
"""Operation of links to files, which are not below the base URL."""

INDEX = "index"
"""Operation of the root of the API, which Dify does not document."""

_UNDOCUMENTED = {SIGNED_FILE: "/{file_name}", INDEX: "/"}
_ANY_BASE = r"(?:/.*)?/v1"


@dataclass(frozen=True)
class MockedOperation:
    """An operation and its place on a mock.

    Attributes:
        id: Id of the operation in Dify's API description.
        method: HTTP method.
        path: Path below the base URL, with parameters in braces.
        call: Method of the client that calls it, which is its place on the mock too.
        status: HTTP status of a success.
        based: False for links to files, which are not below the base URL.
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
        # The path may be without the base already: respx removes it for routers with a base URL.
        object.__setattr__(self, "pattern", re.compile(f"(?:{_ANY_BASE})?{route}" if self.based else route))

    @classmethod
    def of(cls, id: str, call: str) -> MockedOperation:
        """Return an operation by its id, at a place on the mock."""
        if id in _UNDOCUMENTED:
            return cls(id, "GET", _UNDOCUMENTED[id], call, based=id != SIGNED_FILE)
        operation = OPERATIONS[id]
        return cls(id, operation.method, operation.path, call, operation.status)

    @property
    def parameters(self) -> int:
        """Number of parameters in the path.

        Of two matching operations, that with fewer parameters is meant.
        """
        return self.path.count("{")

    def matches(self, method: str, path: str) -> dict[str, str] | None:
        """Return the parameters of a path of this operation, or None."""
        found = self.pattern.fullmatch(path) if method == self.method else None
        return None if found is None else found.groupdict()
