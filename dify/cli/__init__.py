"""The `dify` command: chat with an app, run a workflow, from a shell.

Needs the extra: `pip install "dify[cli]"`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]


def main() -> None:
    """Run the command; never returns, the process exits with the codes of `dify --help`.

    Example:
        $ dify chat --emulator "Hello"
    """
    from .streams import prepare_streams

    prepare_streams()
    if find_spec("typer") is None or find_spec("rich") is None:
        print('Error: the dify command needs an extra: pip install "dify[cli]"', file=sys.stderr)
        raise SystemExit(2)
    try:
        from .app import app
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    app(prog_name="dify")
