"""Pointers into JSON: `/data/0/id`, `/data/-1/id`, `/data/*/id`, `/data/[name=topic]/id`."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["find"]


def find(value: Any, pointer: str) -> list[Any]:
    """Return every value that a pointer leads to."""
    found = [value]
    for part in filter(None, pointer.split("/")):
        found = [inner for outer in found for inner in _members(outer, part)]
    return found


def _members(value: Any, part: str) -> list[Any]:
    if isinstance(value, dict):
        return [value[part]] if part in value else []
    if not isinstance(value, list):
        return []
    if part == "*":
        return value
    named = re.fullmatch(r"\[(\w+)=(.*)\]", part)
    if named:
        return [each for each in value if isinstance(each, dict) and str(each.get(named[1])) == named[2]][:1]
    is_index = re.fullmatch(r"-?\d+", part) and -len(value) <= int(part) < len(value)
    return [value[int(part)]] if is_index else []
