"""The `dify` command: chat with an app, run a workflow or manage knowledge from a shell.

Requires the extra: `pip install "dify[cli]"`.
"""

from __future__ import annotations

from .main import main

__all__ = ["main"]
