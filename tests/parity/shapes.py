"""The shape of a JSON value: a path for each member, with its type."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["merged", "shape_differences", "shape_of"]

_TYPES = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}
_LISTS, _OBJECTS, _NUMBERS = {"[]", "[..]"}, {"{}", "{..}"}, {"int", "float"}


def shape_of(value: Any, path: str = "") -> dict[str, str]:
    """Return the types by path; those of the items of a list are under `path[]`."""
    if isinstance(value, dict):
        if not value:
            return {path: "{}"}
        shape = {path: "{..}"} if path else {}
        for key, member in value.items():
            shape |= shape_of(member, f"{path}.{key}")
        return shape
    if isinstance(value, list):
        shape = {path: "[..]" if value else "[]"}
        if value:
            shape |= merged([shape_of(item, f"{path}[]") for item in value[:20]])
        return shape
    return {path: _TYPES[type(value)]}


def merged(shapes: Sequence[dict[str, str]]) -> dict[str, str]:
    """Return one shape for several: types joined by `|`, and a `?` after those of members that some do not have."""
    result: dict[str, str] = {}
    for path in dict.fromkeys(itertools.chain.from_iterable(shapes)):
        seen = [shape[path] for shape in shapes if path in shape]
        types = sorted({each for kinds in seen for each in kinds.rstrip("?").split("|")})
        optional = any(kinds.endswith("?") for kinds in seen) or any(
            path not in shape and _has_parent(path, shape) for shape in shapes
        )
        result[path] = "|".join(types) + ("?" if optional else "")
    return result


def _has_parent(path: str, shape: dict[str, str]) -> bool:
    parent = path[:-2] if path.endswith("[]") else path.rpartition(".")[0]
    return not parent or bool({"{..}", "{}", "[..]"} & set(shape.get(parent, "").rstrip("?").split("|")))


def shape_differences(real: dict[str, str], own: dict[str, str], ignore: Iterable[str]) -> list[str]:
    """Return where two shapes differ. Empty lists and objects fit any, and integers fit floats."""
    differences: list[str] = []
    judged: list[str] = []  # nothing below these paths is compared again
    for path in sorted(real.keys() | own.keys()):
        if any(path.startswith((f"{each}.", f"{each}[]")) for each in judged):
            continue
        if any(re.search(each, path) for each in ignore):
            judged.append(path)
        elif path not in real:
            judged.append(path)
            differences.append(f"{path or '(body)'}: not in the real answer, here {own[path]}")
        elif path not in own:
            judged.append(path)
            if not real[path].endswith("?"):
                differences.append(f"{path or '(body)'}: really {real[path]}, missing here")
        else:
            problem, complete = _compared(real[path], own[path])
            if complete:
                judged.append(path)
            differences += [f"{path or '(body)'}: {problem}"] if problem else []
    return differences


def _compared(real: str, own: str) -> tuple[str | None, bool]:
    """Return the difference of two types, and whether there is nothing below them to compare."""
    wanted, given = set(real.rstrip("?").split("|")), set(own.rstrip("?").split("|"))
    if own.endswith("?") and not real.endswith("?"):
        return "really always there, here not always", False
    complete = bool(wanted & _LISTS) and (real.rstrip("?") == "[]" or own == "[]")
    for family in (_LISTS, _OBJECTS, _NUMBERS):
        wanted |= family if wanted & family else set()
    if not given <= wanted:
        return f"really {real}, here {own}", True
    return None, complete
