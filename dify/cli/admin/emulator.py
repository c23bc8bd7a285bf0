"""`dify emulator`: start a local Dify server."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer

from ..command import examples, single
from ..exits import FAILED, INTERRUPTED, USAGE
from ..groups import CONTEXT_SETTINGS, Command
from ..options import literal
from ..terminal.screen import Screen, report, to_json

__all__ = ["emulator"]

emulator = single()

_MODES = ("chat", "agent-chat", "advanced-chat", "completion", "workflow")


@emulator.command(
    "emulator",
    cls=Command,
    context_settings=CONTEXT_SETTINGS,
    epilog=examples(
        "dify emulator",
        "dify emulator --port 5001 --mode workflow",
        "dify emulator --answer answers:answer   (the function answer in answers.py)",
    ),
)
def serve(
    port: Annotated[
        int, typer.Option("--port", metavar="port", min=0, max=65535, help="Port to listen on; 0 selects a free one.")
    ] = 5001,
    host: Annotated[str, typer.Option("--host", metavar="address", help="Address to listen on.")] = "127.0.0.1",
    public: Annotated[
        bool, typer.Option("--public", help="Allow a --host that other machines can reach; the keys are not secret.")
    ] = False,
    mode: Annotated[
        str | None,
        typer.Option("--mode", metavar="mode", help=f"Kind of app: {', '.join(_MODES)}.  [default: all kinds]"),
    ] = None,
    answer: Annotated[
        str | None,
        typer.Option("--answer", metavar="module:function", help="Function that answers.  [default: an echo]"),
    ] = None,
    delay: Annotated[
        float, typer.Option("--delay", metavar="seconds", min=0, help="Delay between the words of an answer.")
    ] = 0.03,
    json: Annotated[bool, typer.Option("--json", help="Print the address and the keys as JSON.")] = False,
) -> None:
    """Start a local Dify server with an echo app and knowledge bases; Ctrl-C stops it.

    The command prints the server's address and keys as `export` lines for a shell. All data is in memory and is lost when
    the server stops.
    """
    literal(mode, "--mode", _MODES)
    stopped = threading.Event()
    # SIGTERM also works where SIGINT is ignored, as in a background job of a shell.
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    listening = False

    def show(variables: Mapping[str, str]) -> None:
        nonlocal listening
        listening = True
        screen = Screen()
        lines = [to_json(variables)] if json else [f"export {name}={value}" for name, value in variables.items()]
        for line in lines:
            screen.line(line)
        screen.note("Press Ctrl-C to stop the server.")

    try:
        from dify.testing import serve_forever

        serve_forever(
            answer,
            host=host,
            port=port,
            public=public,
            mode=cast("Any", mode),
            delay=delay,
            index_at_once=True,
            on_start=show,
            until=stopped,
        )
    except ImportError as error:
        report(f"the emulator cannot start: {error}")
        raise typer.Exit(USAGE) from None
    except ValueError as error:
        report(str(error))
        raise typer.Exit(USAGE) from None
    except OSError as error:
        if listening:
            raise
        report(f"cannot listen on port {port} of {host}: {error.strerror or error}")
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
