"""Objects that cannot be pickled or copied."""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["NotPicklable"]


class NotPicklable:
    """Base class of objects that own connections.

    Its error names the object, where Python's would name a lock inside.
    """

    _instead: ClassVar[str] = "pickle what it gives"

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__} holds connections and cannot be pickled or copied; {self._instead}")
