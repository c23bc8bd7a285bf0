"""Run a command's coroutine, and end the process with the exit code of its outcome."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, NoReturn, cast

import typer

from .error_messages import SettingsSource, error_message, error_object
from .exits import INTERRUPTED, PIPE_CLOSED, CommandError, exit_code_for
from .session import Session
from .terminal.interrupts import Terminated, Termination
from .terminal.screen import report, report_json

__all__ = ["exit_with_error", "run_command"]


def run_command(session: Session, work: Callable[[], Coroutine[Any, Any, None]], *, as_json: bool = False) -> None:
    """Validate the session, run the work on an event loop, and turn an error into an exit code.

    Raises:
        typer.Exit: The work failed; the error has been printed, as JSON if `as_json` is set.
    """
    import asyncio

    termination = Termination()
    try:
        session.validate()
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            asyncio.run(termination.run(work))
    except (Terminated, asyncio.CancelledError) as error:
        raise typer.Exit(error.code if isinstance(error, Terminated) else termination.code) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except typer.BadParameter:
        raise
    except Exception as error:  # noqa: BLE001 - unexpected errors are raised again
        if termination.received:
            raise typer.Exit(termination.code) from None
        exit_with_error(_first_error(error), session.command, lambda: session.source, as_json=as_json)


def exit_with_error(
    error: Exception,
    command: str,
    source: Callable[[], SettingsSource] = SettingsSource,
    *,
    as_json: bool = False,
) -> NoReturn:
    """Print an error on one line and exit with its code.

    Raises:
        typer.Exit: With the exit code of the error.
        Exception: The error itself, if it is unexpected.
    """
    if isinstance(error, BrokenPipeError):
        _discard_stdout()
        raise typer.Exit(PIPE_CLOSED) from None
    code = exit_code_for(error)
    if code is None:
        raise error
    # The source is read lazily: where the error is about the config file, reading it again would raise once more.
    message = str(error) if isinstance(error, CommandError) else error_message(error, command, source())
    # Standard output itself may be what failed: it must not be written to again.
    if isinstance(error, OSError) and not _flush_stdout():
        _discard_stdout()
        message = f"cannot write to standard output: {message}"
    if message and as_json:
        settings = SettingsSource() if isinstance(error, CommandError) else source()
        report_json({**error_object(error, command, settings), "message": message})
    elif message:
        report(message)
    raise typer.Exit(code) from None


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    report(str(message), label="Warning")


def _first_error(error: Exception) -> Exception:
    """Return the first error of an exception group of concurrent tasks."""
    if isinstance(error, ExceptionGroup):
        return _first_error(cast("ExceptionGroup[Exception]", error).exceptions[0])
    return error


def _flush_stdout() -> bool:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return False
    return True


def _discard_stdout() -> None:
    # The interpreter flushes standard output at exit: what is still buffered would fail once more.
    with suppress(OSError, ValueError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
