"""Searches that are limited to documents with certain metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

__all__ = ["fits"]


def fits(values: dict[str, Any], wanted: dict[str, Any] | None) -> bool:
    """Return True if the metadata of a document meet the conditions of a search."""
    conditions: list[dict[str, Any]] = (wanted or {}).get("conditions") or []
    tests = list(_tests(values, conditions))
    if not tests:
        return True
    # Only "and" means all of them: a null asks for any, as "or" does.
    return all(tests) if (wanted or {}).get("logical_operator") == "and" else any(tests)


def _tests(values: dict[str, Any], conditions: list[dict[str, Any]]) -> Iterator[bool]:
    for condition in conditions:
        operator, wanted = condition["comparison_operator"], condition.get("value")
        if wanted is not None or operator in ("empty", "not empty"):  # a condition without a value is none
            yield _meets(values.get(condition["name"]), operator, wanted)


def _meets(value: Any, operator: str, wanted: Any) -> bool:
    text = str(value)
    match operator:
        case "empty":
            return value is None
        case "not empty":
            return value is not None
        case _ if value is None:
            return False
        case "contains":
            return str(wanted) in text
        case "not contains":
            return str(wanted) not in text
        case "start with":
            return text.startswith(str(wanted))
        case "end with":
            return text.endswith(str(wanted))
        case "is" | "=" if isinstance(wanted, str):
            return text == wanted
        case "is not" | "≠" if isinstance(wanted, str):
            return text != wanted
        case "in":
            return text in _several(wanted)
        case "not in":
            return text not in _several(wanted)
        case _:
            return _compares(value, operator, wanted)


def _several(wanted: Any) -> list[str]:
    if isinstance(wanted, str):
        return [part.strip() for part in wanted.split(",") if part.strip()]
    several = cast("list[Any]", wanted) if isinstance(wanted, list) else [wanted]
    return [str(each) for each in several]


def _compares(value: Any, operator: str, wanted: Any) -> bool:
    try:
        left, right = float(value), float(wanted)
    except (TypeError, ValueError):
        return False
    match operator:
        case "is" | "=":
            return left == right
        case "is not" | "≠":
            return left != right
        case ">" | "after":
            return left > right
        case "<" | "before":
            return left < right
        case "≥":
            return left >= right
        case _:
            return left <= right
