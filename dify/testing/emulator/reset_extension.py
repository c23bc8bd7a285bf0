"""How an app tells the door that a request came through to reset the connection."""

from __future__ import annotations

__all__ = ["RESET"]

RESET = "dify.testing.reset"
"""The extension of ASGI: a function without arguments."""
