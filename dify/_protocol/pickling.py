"""What holds connections is neither pickled nor copied. Pure."""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["Connected"]


class Connected:
    """Says so in its own words; Python's would be about a lock or a generator deep inside."""

    _instead: ClassVar[str] = "pickle what it gives"

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__} holds connections and cannot be pickled or copied; {self._instead}")
