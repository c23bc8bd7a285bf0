"""The emulator as a command: `python -m dify.testing`."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from .apps.features import Mode
from .emulator import Emulator

if TYPE_CHECKING:
    from .answers import AnswerFunction

__all__ = ["load_answer", "main", "serve_forever"]

_EPILOG = """\
The answer function is called as dify.testing.Emulator calls it, for example

  def answer(request):
      return f"You said: {request.query}"

in answers.py, with --answer answers:answer. The folder that the command is started in is searched first.
"""


def serve_forever(
    answer: str | AnswerFunction | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    public: bool = False,
    mode: Mode | None = None,
    delay: float = 0.0,
    index_at_once: bool = False,
    api_key: str | None = None,
    knowledge_api_key: str | None = None,
    on_start: Callable[[Mapping[str, str]], None] | None = None,
    until: threading.Event | None = None,
) -> None:
    """Serve an emulator to other processes, until Ctrl-C; for commands of your own like `python -m dify.testing`.

    Args:
        answer: The answer function, or where it is: "module:function", looked for in the current folder first.
        host: The address to listen on; only this machine reaches the default.
        port: The port; 0 for any that is free.
        public: Whether `host` may be an address that others reach; the emulator has no secrets.
        mode: The app's mode; by default it is of every kind at once.
        delay: Seconds to wait before each part of an answer but the first.
        index_at_once: Whether documents are indexed as soon as they are made.
        api_key: The app's key; by default one is made up.
        knowledge_api_key: The key of the knowledge side; by default one is made up.
        on_start: Called once it listens, with the environment variables that lead a client to it; by default they are
            printed.
        until: What ends it besides Ctrl-C.

    Raises:
        ImportError: The extra `emulator` is not installed.
        KeyboardInterrupt: Ctrl-C was pressed; the server has ended.
        OSError: The port is taken.
        ValueError: The answer function cannot be found, or others reach the address and that was not asked for.

    Example:
        >>> import threading
        >>> from dify.testing import serve_forever
        >>> enough = threading.Event()
        >>> serve_forever(on_start=lambda variables: enough.set(), until=enough)
    """
    if not public and not _is_loopback(host):
        raise ValueError(f"{host} is reached from outside this machine: add --public (public=True) if that is meant")
    emulator = Emulator(
        load_answer(answer) if isinstance(answer, str) else answer,
        mode=mode,
        delay=delay,
        index_at_once=index_at_once,
        api_key=api_key,
        knowledge_api_key=knowledge_api_key,
    )
    with emulator, emulator.serve(host=host, port=port) as base_url:
        (on_start or _print)(
            {
                "DIFY_BASE_URL": base_url,
                "DIFY_API_KEY": emulator.api_key,
                "DIFY_KNOWLEDGE_API_KEY": emulator.knowledge_api_key,
            }
        )
        ended = until or threading.Event()
        while not ended.wait(0.5):  # with an end to each wait: Windows hears Ctrl-C only between two
            pass


def load_answer(where: str) -> AnswerFunction:
    """The answer function that "module:function" names.

    Raises:
        ValueError: It is not there.

    Example:
        >>> load_answer("dify.testing.emulator.answers:echo").__name__
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
    try:
        serve_forever(**vars(given))
    except KeyboardInterrupt:
        print("stopped", flush=True)
    except (ImportError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _print(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        print(f"{name}={value}", flush=True)
