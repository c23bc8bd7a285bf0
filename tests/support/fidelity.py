"""Is anything of a frame lost in its model, and is anything of it undeclared there?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


def lost(wire: Any, dumped: Any, where: str = "") -> Iterator[str]:
    """Paths of what the wire carries and the dump does not give back as it was."""
    match wire:
        case dict():
            for name, value in wire.items():
                if not isinstance(dumped, dict) or name not in dumped:
                    yield f"{where}.{name} is missing"
                else:
                    yield from lost(value, dumped[name], f"{where}.{name}")
        case list():
            if not isinstance(dumped, list) or len(dumped) != len(wire):
                yield f"{where}: {wire!r:.80} became {dumped!r:.80}"
            else:
                for at, (one, other) in enumerate(zip(wire, dumped, strict=True)):
                    yield from lost(one, other, f"{where}[{at}]")
        case _:
            # 1 == True in Python, and not on the wire.
            same = wire == dumped and isinstance(wire, bool) == isinstance(dumped, bool)
            if not same:
                yield f"{where}: {wire!r:.80} became {dumped!r:.80}"


def undeclared(value: Any, where: str = "") -> Iterator[str]:
    """`Model.field` of every field that a model keeps without declaring it, at any depth."""
    match value:
        case BaseModel():
            for name in value.model_extra or ():
                yield f"{type(value).__name__}.{name}"
            for name in type(value).model_fields:
                yield from undeclared(getattr(value, name))
        case list() | tuple():
            for item in value:
                yield from undeclared(item)
        case dict():
            for item in value.values():
                yield from undeclared(item)
        case _:
            pass
