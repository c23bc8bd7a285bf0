"""The entry point of the `dify` command."""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]


def main() -> None:
    """Run the command and exit the process with one of the codes that `dify --help` lists.

    Example:
        $ dify chat --emulator "Hello"
    """
    from .terminal.streams import prepare_streams

    prepare_streams()
    if find_spec("typer") is None or find_spec("rich") is None:
        print('Error: the dify command requires an extra; run: pip install "dify[cli]"', file=sys.stderr)
        raise SystemExit(2)
    try:
        from .app import app
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    app(prog_name="dify")
