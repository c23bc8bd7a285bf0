"""What every command does around its own work: options, a client, Ctrl-C, errors."""

from __future__ import annotations

import io
import os
import shlex
import sys
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .exits import INTERRUPTED, PIPE_CLOSED, USAGE, Failure, code_of, line_of
from .render import complain

if TYPE_CHECKING:
    from dify import AsyncChatStream, AsyncDify, AsyncWorkflowStream
    from dify.testing import Emulator

__all__ = [
    "BaseUrlOption",
    "EmulatorOption",
    "JsonOption",
    "Session",
    "UserOption",
    "VerboseOption",
    "perform",
    "stopping",
]

UserOption = Annotated[
    str,
    typer.Option(
        "--user",
        "-u",
        envvar="DIFY_USER",
        metavar="ID",
        help="The end user who asks; conversations and files are theirs.",
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="The server's API address; else DIFY_BASE_URL, else Dify Cloud.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the events as they come, one JSON object per line.")]
EmulatorOption = Annotated[
    bool, typer.Option("--emulator", help="Answer in this process with an app that echoes: no server, no key.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on standard error, also in a pipe.")]

_DELTA_SECONDS = 0.03
"""Between the emulator's words, so that a person sees them come."""

_STOP_SECONDS = 5.0
"""How long to wait for the server's yes to a stop: somebody has pressed Ctrl-C and wants to leave."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a command was told about whom to talk to.

    Attributes:
        command: The command's name.
        user: The end user.
        base_url: The server, where named on the command line.
        emulator: Whether to answer in this process.
        again: The words after the command's name, to show how to call it with the emulator.
    """

    command: str
    user: str
    base_url: str | None = None
    emulator: bool = False
    again: Sequence[str] = ()

    def check(self) -> None:
        """Refuse what cannot work, before anything costly is loaded.

        Raises:
            Failure: There is no key, and no emulator was asked for.
            typer.BadParameter: Two options contradict each other, or a value is empty.
        """
        if self.emulator and self.base_url is not None:
            raise typer.BadParameter("--emulator answers in this process: leave out --base-url")
        if not self.user.strip():
            raise typer.BadParameter("--user must not be empty: name the person who asks")
        if not self.emulator and not os.environ.get("DIFY_API_KEY", "").strip():
            words = ["dify", self.command, "--emulator", *self.again]
            raise Failure(
                "no API key: set DIFY_API_KEY to the key of your app (app-…, from its API Access page).\n"
                f"To try it without a server: {shlex.join(words)}",
                USAGE,
            )

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[AsyncDify]:
        """A client of the server, or of an emulator that ends with the block."""
        if self.emulator:
            async with _emulator() as emulator, emulator.client(user=self.user) as client:
                yield client
        else:
            from dify import AsyncDify

            async with AsyncDify(user=self.user, base_url=self.base_url) as client:
                yield client


def _emulator() -> Emulator:
    try:
        from dify.testing import Emulator

        return Emulator(delay=_DELTA_SECONDS)
    except ImportError as error:  # it says itself which extra is missing
        raise Failure(f"--emulator cannot start: {error}", USAGE) from None


def perform(session: Session, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Check the session, do the work on an event loop, and turn however it ends into an exit code.

    Raises:
        typer.Exit: It went wrong; the reason has been said.
    """
    import asyncio

    try:
        session.check()
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            asyncio.run(work())
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _drop_stdout()
        raise typer.Exit(PIPE_CLOSED) from None
    except typer.BadParameter:
        raise
    except Exception as error:
        code = code_of(error)
        if code is None:
            raise
        complain(str(error) if isinstance(error, Failure) else line_of(error, session.command))
        raise typer.Exit(code) from None


@asynccontextmanager
async def stopping(stream: AsyncChatStream | AsyncWorkflowStream) -> AsyncGenerator[None]:
    """Keep a stream open for the block; when the person at the keyboard leaves, ask the server to stop.

    Ctrl-C arrives as a cancellation: `asyncio.run` makes it one, and a KeyboardInterrupt again once the work has ended.
    """
    from asyncio import CancelledError

    try:
        async with stream:
            yield
    except CancelledError:
        if stream.task_id is not None:
            complain(await _stop(stream.stop), label="Stopped")
        raise
    except BrokenPipeError:
        # Nobody reads on (`dify chat … | head -1`); the server need not go on either.
        if stream.task_id is not None:
            await _stop(stream.stop)
        raise


async def _stop(stop: Callable[[], Awaitable[None]]) -> str:
    from asyncio import timeout

    from dify import DifyError

    try:
        async with timeout(_STOP_SECONDS):
            await stop()
    except (DifyError, TimeoutError) as error:
        return f"but the server did not answer the request to stop, and may go on ({type(error).__name__})"
    return "the server was asked to stop"


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    complain(str(message), label="Warning")


def _drop_stdout() -> None:
    # What is still buffered would fail once more when the interpreter flushes it at exit.
    with suppress(OSError, ValueError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
