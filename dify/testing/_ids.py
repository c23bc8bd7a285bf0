"""Ids and times, as the wire has them."""

from __future__ import annotations

import time
from uuid import uuid4

__all__ = ["new_id", "now"]


def new_id() -> str:
    """A fresh id, as text."""
    return str(uuid4())


def now() -> int:
    """The time in whole seconds, as the wire counts it."""
    return int(time.time())
