"""Detection of libraries that replace methods of httpx to trace or record calls."""

from __future__ import annotations

from types import FunctionType
from typing import cast

__all__ = ["is_replaced"]


def is_replaced(cls: type, method: str) -> bool:
    """Return True if a method is not the one in the source of its class any more.

    Libraries may replace it before or after this package is imported, by a wrapper or by another function.
    """
    function: object = vars(cls).get(method)
    if type(function) is not FunctionType:  # not `isinstance`, which wrappers of wrapt pass
        return True
    return function.__code__.co_filename != cast(FunctionType, cls.__init__).__code__.co_filename
