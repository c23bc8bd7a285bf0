"""`dify emulator`: a Dify server on this machine."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer

from .command import examples, single
from .exits import FAILED, INTERRUPTED, USAGE
from .lazy import HELP_NAMES
from .render import Screen, complain, to_json

__all__ = ["emulator"]

emulator = single()

_MODES = ("chat", "agent-chat", "advanced-chat", "completion", "workflow")


@emulator.command(
    "emulator",
    context_settings=HELP_NAMES,
    epilog=examples(
        "dify emulator",
        "dify emulator --port 5001 --mode workflow",
        "dify emulator --answer answers:answer   (the function answer in answers.py)",
    ),
)
def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where to listen; 0 for any free port.")] = 5001,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    public: Annotated[
        bool, typer.Option("--public", help="Let --host be an address that others reach; it has no secrets.")
    ] = False,
    mode: Annotated[
        str | None, typer.Option("--mode", metavar="MODE", help=f"One of {', '.join(_MODES)}; by default all at once.")
    ] = None,
    answer: Annotated[
        str | None, typer.Option("--answer", metavar="MODULE:FUNCTION", help="What answers; by default an echo.")
    ] = None,
    delay: Annotated[float, typer.Option("--delay", min=0, help="Seconds between an answer's words.")] = 0.03,
    json: Annotated[bool, typer.Option("--json", help="Print address and keys as JSON.")] = False,
) -> None:
    """A Dify server on this machine whose app echoes, with knowledge bases that index at once; until Ctrl-C.

    It prints its address and its keys, as lines that a shell can `export`. Nothing is kept when it ends.
    """
    if mode is not None and mode not in _MODES:
        raise typer.BadParameter(f"--mode is one of {', '.join(_MODES)}")
    ended = threading.Event()
    # Also where Ctrl-C is ignored, as in a background job: whoever ends it asks it to end.
    signal.signal(signal.SIGTERM, lambda *_: ended.set())  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    listening = False

    def show(variables: Mapping[str, str]) -> None:
        nonlocal listening
        listening = True
        screen = Screen()
        lines = [to_json(variables)] if json else [f"export {name}={value}" for name, value in variables.items()]
        for line in lines:
            screen.line(line)
        screen.note("Ctrl-C ends it.")

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
            until=ended,
        )
    except ImportError as error:
        complain(f"the emulator cannot start: {error}")
        raise typer.Exit(USAGE) from None
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(USAGE) from None
    except OSError as error:
        if listening:
            raise
        complain(f"cannot listen on port {port}: {error.strerror or error}")
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
