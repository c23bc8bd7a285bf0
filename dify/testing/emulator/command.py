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
Example of an answer function, in answers.py:

  def answer(request):
      return f"You said: {request.query}"

To use it, pass --answer answers:answer. The current directory is searched first.
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
    """Serve an emulator to other processes until Ctrl-C.

    It is the function behind `python -m dify.testing`.

    Args:
        answer: The answer function, or its location as "module:function". The current directory is searched first.
        host: Address to listen on. By default only this machine can reach it.
        port: Port to listen on; 0 selects a free one.
        public: Allow a `host` that other machines can reach. The API keys are not secret.
        mode: Mode of the app. None for an app of every kind.
        delay: Seconds before each part of an answer except the first.
        index_at_once: Index documents completely when they are created.
        api_key: API key of the app. None for a random one.
        knowledge_api_key: API key of the knowledge bases. None for a random one.
        on_start: Function that is called when the server listens, with the environment variables that a client needs.
            By default they are printed.
        until: Event that stops the server, besides Ctrl-C.

    Raises:
        ImportError: The extra `emulator` is not installed.
        KeyboardInterrupt: Ctrl-C was pressed; the server has stopped.
        OSError: The port is in use.
        ValueError: The answer function cannot be loaded, `host` can be reached by other machines and `public` is False,
            or `mode` or `delay` is invalid.

    Example:
        >>> import threading
        >>> from dify.testing import serve_forever
        >>> stop = threading.Event()
        >>> serve_forever(on_start=lambda variables: stop.set(), until=stop)
    """
    if not public and not _is_loopback(host):
        raise ValueError(f"host {host} is reachable from other machines: add --public (public=True) to allow that")
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
        stop = until or threading.Event()
        while not stop.wait(0.5):  # with a timeout, because Windows handles Ctrl-C only between two waits
            pass


def load_answer(location: str) -> AnswerFunction:
    """Import the answer function at a location such as "module:function".

    Raises:
        ValueError: The location has another form, or there is no such function.

    Example:
        >>> load_answer("dify.testing.emulator.answers:echo").__name__
        'echo'
    """
    module, colon, name = location.partition(":")
    if not (module and colon and name):
        raise ValueError(f"answer must have the form module:function, got {location!r}")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"cannot load the answer function {location!r}: {error}") from error
    if not callable(function):
        raise ValueError(f"answer must be a function, and {location!r} is not")
    return cast("AnswerFunction", function)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m dify.testing",
        description="Serve a Dify emulator on this machine until Ctrl-C.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--public", action="store_true", help="allow a --host that other machines can reach; the keys are not secret"
    )
    parser.add_argument("--mode", choices=get_args(Mode), help="mode of the app (default: an app of every kind)")
    parser.add_argument("--answer", metavar="MODULE:FUNCTION", help="function that answers (default: an echo)")
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="delay before each delta")
    options = parser.parse_args(arguments)
    try:
        serve_forever(**vars(options))
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
