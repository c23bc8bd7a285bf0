"""The emulator as a command: `python -m dify.testing`."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from ._core import Mode
from ._emulator import Emulator

if TYPE_CHECKING:
    from ._answers import AnswerFunction

__all__ = ["load_answer", "main", "serve_forever"]

_EPILOG = """\
The answer function is called as dify.testing.Emulator calls it, for example

  def answer(request):
      return f"You said: {request.query}"

in answers.py, with --answer answers:answer. The folder that the command is started in is searched first.
"""


def serve_forever(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    mode: Mode | None = None,
    answer: str | AnswerFunction | None = None,
    delay: float = 0.0,
    api_key: str | None = None,
    knowledge_api_key: str | None = None,
    say: Callable[[str], None] | None = None,
    until: threading.Event | None = None,
) -> None:
    """Serve an emulator until Ctrl-C; says where it is and which keys it takes.

    Args:
        host: The address to listen on; only this machine reaches the default.
        port: The port; 0 for any that is free.
        mode: The app's mode; by default it is of every kind at once.
        answer: The answer function, or where it is: "module:function".
        delay: Seconds to wait before each part of an answer but the first.
        api_key: The app's key; by default one is made up.
        knowledge_api_key: The key of the knowledge side; by default one is made up.
        say: What is told each line; by default they are printed.
        until: What ends it besides Ctrl-C.

    Raises:
        ImportError: The extra `emulator` is not installed.
        OSError: The port is taken.
        ValueError: The answer function cannot be found.
    """
    function = load_answer(answer) if isinstance(answer, str) else answer
    emulator = Emulator(function, mode=mode, delay=delay, api_key=api_key, knowledge_api_key=knowledge_api_key)
    tell = say or _print
    with emulator, emulator.serve(host=host, port=port) as base_url:
        tell(f"DIFY_BASE_URL={base_url}")
        tell(f"DIFY_API_KEY={emulator.api_key}")
        tell(f"DIFY_KNOWLEDGE_API_KEY={emulator.knowledge_api_key}")
        try:
            (until or threading.Event()).wait()
        except KeyboardInterrupt:
            tell("stopped")


def load_answer(where: str) -> AnswerFunction:
    """The answer function that "module:function" names.

    Raises:
        ValueError: It is not there.

    Example:
        >>> load_answer("dify.testing._answers:echo").__name__
        'echo'
    """
    module, colon, name = where.partition(":")
    if not (module and colon and name):
        raise ValueError(f"an answer function is named module:function, not {where!r}")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"there is no answer function {where!r}: {error}") from error
    if not callable(function):
        raise ValueError(f"{where!r} is no function")
    return cast("AnswerFunction", function)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m dify.testing",
        description="Serve a Dify emulator on this machine until Ctrl-C.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="where to listen (default: any free port)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--public", action="store_true", help="let --host be an address that others reach; the emulator has no secrets"
    )
    parser.add_argument("--mode", choices=get_args(Mode), help="the app's mode (default: every kind at once)")
    parser.add_argument("--answer", metavar="MODULE:FUNCTION", help="what answers (default: an echo)")
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="wait before each delta")
    given = parser.parse_args(arguments)
    if not given.public and not _is_loopback(given.host):
        parser.error(f"{given.host} is reached from outside this machine: add --public if that is meant")
    try:
        serve_forever(host=given.host, port=given.port, mode=given.mode, answer=given.answer, delay=given.delay)
    except (ImportError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _print(line: str) -> None:
    print(line, flush=True)
