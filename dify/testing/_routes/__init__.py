"""The emulator's routes, one file per noun.

To add operations: a file with `routes(core) -> list[Route]`, named in `all_routes`.
"""

from __future__ import annotations

from starlette.routing import Route

from .._core import Core
from . import app, chat, completion, conversations, files, workflows

__all__ = ["all_routes"]


def all_routes(core: Core) -> list[Route]:
    """Every route of the API."""
    nouns = (app, chat, completion, conversations, files, workflows)
    return [route for noun in nouns for route in noun.routes(core)]
