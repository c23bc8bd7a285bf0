"""Ways in which a key may show that nobody meant to show it."""

from __future__ import annotations

import pickle
import reprlib
import traceback
from collections.abc import Iterator
from typing import Any

APP_KEY = "app-Sup3rS3cretKey0001"
KNOWLEDGE_KEY = "dataset-Sup3rS3cretKey0002"
KEYS = (APP_KEY, KNOWLEDGE_KEY)


def with_locals(error: BaseException) -> str:
    """The traceback as tools print it that show the variables of every frame, in full."""
    limits = reprlib.aRepr
    kept = limits.maxstring, limits.maxother, limits.maxdict
    limits.maxstring = limits.maxother = 100_000
    limits.maxdict = 1000
    try:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    finally:
        limits.maxstring, limits.maxother, limits.maxdict = kept


def reachable(thing: Any, depth: int = 6, seen: set[int] | None = None) -> Iterator[Any]:
    """What an error reporter finds in an object: attributes and items, through plain data and what is the client's own.

    Objects of other libraries are looked at and not into: they are shown by their repr.
    """
    seen = set() if seen is None else seen
    if id(thing) in seen or depth < 0:
        return
    seen.add(id(thing))
    yield thing
    if isinstance(thing, dict):
        inner = [*thing.keys(), *thing.values()]
    elif isinstance(thing, (list, tuple, set, frozenset)):
        inner = list(thing)
    elif isinstance(thing, BaseException):
        inner = [*vars(thing).values(), *thing.args, thing.__cause__, thing.__context__]
    elif type(thing).__module__.startswith("dify"):
        inner = list(getattr(thing, "__dict__", {}).values())
        inner += [getattr(thing, name) for name in getattr(type(thing), "__slots__", ()) if hasattr(thing, name)]
    else:
        inner = []
    for one in inner:
        yield from reachable(one, depth - 1, seen)


def said(error: BaseException) -> str:
    """All that an error says of itself."""
    return "\n".join([str(error), repr(error), repr(vars(error)), repr(pickle.dumps(error))])


def shown(error: BaseException) -> str:
    """All that an error says of itself, and all that can be found from it."""
    return "\n".join([said(error), with_locals(error), *(repr(one) for one in reachable(error))])
