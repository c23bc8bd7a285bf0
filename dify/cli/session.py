"""What every command does around its own work: whom to talk to, a client, Ctrl-C, errors."""

from __future__ import annotations

import io
import os
import shlex
import signal
import sys
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast

import typer

from .exits import INTERRUPTED, PIPE_CLOSED, USAGE, Failure, Source, code_of, line_of
from .profiles import Profile, chosen_profile, displaced_profile
from .render import complain

if TYPE_CHECKING:
    from dify import AsyncChatStream, AsyncCompletionStream, AsyncDify, AsyncWorkflowStream
    from dify.testing import Emulator

__all__ = ["KeyName", "Session", "at_the_keyboard", "end_with", "interrupting", "perform", "stopping"]

KeyName = Literal["app", "knowledge", "none"]
"""Which of Dify's two kinds of key a command needs."""

_CLOUD = "https://api.dify.ai/v1"

_KEYS = {
    "app": ("DIFY_API_KEY", "--api-key", "the key of your app (app-…, from its API Access page)"),
    "knowledge": (
        "DIFY_KNOWLEDGE_API_KEY",
        "--knowledge-api-key",
        "a knowledge key (dataset-…, from Knowledge, Service API)",
    ),
}

_DELTA_SECONDS = 0.03
"""Between the emulator's words, so that a person sees them come."""

_STOP_SECONDS = 5.0
"""How long to wait for the server's yes to a stop: somebody has pressed Ctrl-C and wants to leave."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a command was told about whom to talk to.

    Attributes:
        command: The command's name.
        user: The end user, where named on the command line or in DIFY_USER.
        base_url: The server, where named on the command line.
        emulator: Whether to answer in this process.
        again: The words after the command's name, to show how to call it with the emulator; None where it has none.
        profile: The profile, where named on the command line.
        key: Which key the command needs.
    """

    command: str
    user: str | None = None
    base_url: str | None = None
    emulator: bool = False
    again: Sequence[str] | None = ()
    profile: str | None = None
    key: KeyName = "app"

    def target(self) -> Profile:
        """Server, keys and user, from the profile or the environment.

        Raises:
            Failure: There is no such profile, or its file cannot be used.
        """
        _, found = (None, None) if self.emulator else chosen_profile(self.profile)
        if found is None:
            found = Profile(
                base_url=os.environ.get("DIFY_BASE_URL", "").strip() or None,
                api_key=os.environ.get("DIFY_API_KEY", "").strip() or None,
                knowledge_api_key=os.environ.get("DIFY_KNOWLEDGE_API_KEY", "").strip() or None,
            )
        return Profile(
            base_url=self.base_url or found.base_url or _CLOUD,
            api_key=found.api_key,
            knowledge_api_key=found.knowledge_api_key,
            user=self.user if self.user is not None else found.user or "cli",
        )

    def check(self) -> None:
        """Refuse what cannot work, before anything costly is loaded.

        Raises:
            Failure: There is no key, and no emulator was asked for.
            typer.BadParameter: Two options contradict each other, or a value is empty.
        """
        if self.emulator and self.base_url is not None:
            raise typer.BadParameter("--emulator answers in this process: leave out --base-url")
        if self.base_url is not None and not self.base_url.strip():  # an unset variable; the key is not for Dify Cloud
            raise typer.BadParameter("--base-url must not be empty: leave it out, or give the server's address")
        if self.user is not None and not self.user.strip():
            raise typer.BadParameter("--user must not be empty: name the person who asks")
        if self.emulator or self.key == "none":
            return
        target = self.target()
        if (target.api_key if self.key == "app" else target.knowledge_api_key) is None:
            text = self._missing_key()
            if self.again is not None:
                words = shlex.join(["dify", *self.command.split(), "--emulator", *self.again])
                text += f"\nTo try it without a server: {words}"
            raise Failure(text, USAGE)

    def _missing_key(self) -> str:
        """What to do about a key that is not there: where it is looked for, and what is not looked at."""
        variable, option, what = _KEYS[self.key]
        name, _ = chosen_profile(self.profile)
        if name is None:
            text = f"no API key: set {variable} to {what}, or keep it in a profile (dify profile set --help)."
            default = displaced_profile()
            if default is not None:
                text += f" The environment goes before the default profile; --profile {shlex.quote(default)} uses that."
            return text
        unused = f"{variable} is not used beside a profile. " if os.environ.get(variable, "").strip() else ""
        add = f"dify profile set {shlex.quote(name)} {option}"
        return f"no API key: the profile {name!r} lacks {what}. {unused}To add it: {add}"

    @property
    def source(self) -> Source:
        """Where key and address come from, to name them where they are refused."""
        name, found = (None, None) if self.emulator else chosen_profile(self.profile)
        key, address = _KEYS["app" if self.key == "none" else self.key][0], Source().address
        if found is not None:
            key, address = f"the profile {name!r}", f"the base_url of the profile {name!r}"
        return Source(key, address if self.base_url is None else "--base-url")

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[AsyncDify]:
        """A client of the server, or of an emulator that ends with the block."""
        target = self.target()
        if self.emulator:
            async with _emulator() as emulator, emulator.client(user=target.user) as client:
                yield client
        else:
            from dify import AsyncDify

            async with AsyncDify(
                target.api_key,
                knowledge_api_key=target.knowledge_api_key,
                user=target.user,
                base_url=target.base_url,
            ) as client:
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
    except typer.BadParameter:
        raise
    except Exception as raised:  # noqa: BLE001 - what nobody expected is raised again
        end_with(_first_of(raised), session.command, lambda: session.source)


def end_with(error: Exception, command: str, source: Callable[[], Source] = Source) -> NoReturn:
    """Say what went wrong in one line, and leave with its exit code.

    Raises:
        typer.Exit: With that code.
        Exception: The error itself, where nobody expected it.
    """
    if isinstance(error, BrokenPipeError):
        _drop_stdout()
        raise typer.Exit(PIPE_CLOSED) from None
    code = code_of(error)
    if code is None:
        raise error
    said = str(error) if isinstance(error, Failure) else line_of(error, command, source())
    # It may be standard output itself that fails; nothing more is to be tried with it then.
    if isinstance(error, OSError) and not _flushed_stdout():
        _drop_stdout()
        said = f"cannot write to standard output: {said}"
    if said:
        complain(said)
    raise typer.Exit(code) from None


@asynccontextmanager
async def stopping(stream: AsyncChatStream | AsyncCompletionStream | AsyncWorkflowStream) -> AsyncGenerator[None]:
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
        else:
            complain(
                "the server has not named the task yet, so it cannot be asked to stop, and may go on", label="Note"
            )
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


@contextmanager
def at_the_keyboard() -> Generator[None]:
    """While somebody is asked for input on the event loop's own thread, Ctrl-C is a KeyboardInterrupt at once.

    The loop's handler would only note it down, to act on when the loop runs again, which is after the input.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a background job of a shell
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def interrupting(act: Callable[[], object]) -> Generator[None]:
    """While the block runs on the event loop, Ctrl-C does this in place of ending the program."""
    import asyncio

    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, act)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not in the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    complain(str(message), label="Warning")


def _first_of(error: Exception) -> Exception:
    """What went wrong: of tasks that worked side by side, in the first that failed."""
    if isinstance(error, ExceptionGroup):
        return _first_of(cast("ExceptionGroup[Exception]", error).exceptions[0])
    return error


def _flushed_stdout() -> bool:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return False
    return True


def _drop_stdout() -> None:
    # What is still buffered would fail once more when the interpreter flushes it at exit.
    with suppress(OSError, ValueError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
