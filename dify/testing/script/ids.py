"""Ids and times, as the wire has them."""

from __future__ import annotations

import time
from uuid import uuid4

__all__ = ["exact_now", "new_id", "now"]


def new_id() -> str:
    """A fresh id, as text."""
    return str(uuid4())


def now() -> int:
    """The time in whole seconds, as the wire counts it."""
    return int(time.time())


def exact_now() -> float:
    """The time in seconds, with fractions, which the wire does not show."""
    return time.time()
