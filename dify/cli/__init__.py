"""The `dify` command: chat with an app, run a workflow, from a shell.

Needs the extra: `pip install "dify[cli]"`.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

__all__ = ["main"]


def main() -> None:
    """Run the command; never returns, the process exits with the codes of `dify --help`.

    Example:
        $ dify chat --emulator "Hello"
    """
    _open_closed()
    if find_spec("typer") is None or find_spec("rich") is None:
        print('Error: the dify command needs an extra: pip install "dify[cli]"', file=sys.stderr)
        raise SystemExit(2)
    try:
        from .app import app
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    # Answers may hold what the terminal's encoding, or any (a lone surrogate), cannot say: show the rest nevertheless.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    app(prog_name="dify")


def _open_closed() -> None:
    """Put something in place of streams that the caller has closed (`dify … >&-`), for which Python has None."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))
