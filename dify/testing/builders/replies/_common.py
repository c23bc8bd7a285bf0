"""Ids that depend on names, and the fixed time, of all built replies."""

from __future__ import annotations

from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from ...script.ids import Ids

__all__ = ["ACCOUNT", "APP", "END_USER", "HOUR", "TENANT", "WHEN", "id_of"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

WHEN = Ids().created_at
HOUR = timedelta(hours=1)


def id_of(kind: str, name: str = "") -> str:
    """An id that is the same in every test, and another for every kind and name."""
    return str(uuid5(NAMESPACE_URL, f"https://dify.test/{kind}/{name}"))


ACCOUNT = id_of("account")
APP = id_of("app")
TENANT = id_of("tenant")
END_USER = Ids().end_user_id
