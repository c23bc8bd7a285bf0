"""Ctrl-C and signals to terminate: stop a stream at the server, or run a handler instead of ending the program."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from .screen import report

if TYPE_CHECKING:
    from dify import AsyncChatStream, AsyncCompletionStream, AsyncWorkflowStream

__all__ = ["Terminated", "Termination", "keyboard_interrupts", "on_interrupt", "stop_on_interrupt"]

_STOP_TIMEOUT = 5.0
"""Seconds to wait for the response to a stop request: the user has pressed Ctrl-C and wants to leave."""

_TERMINATING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Terminated(KeyboardInterrupt):
    """A signal to terminate arrived while the user was being prompted.

    Attributes:
        code: The exit code, 128 plus the number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


class Termination:
    """The handling of SIGTERM and SIGHUP: they cancel the command, as Ctrl-C does, so that the server's task is stopped.

    Attributes:
        received: The number of the signal that arrived, or 0.
    """

    def __init__(self) -> None:
        self.received = 0

    @property
    def code(self) -> int:
        """The exit code: 128 plus the number of the signal."""
        return 128 + (self.received or signal.SIGINT)

    async def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the work; cancel it when a signal arrives. Ignored signals, as with `nohup`, stay ignored."""
        import asyncio

        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        handled: list[int] = []

        def cancel(number: int) -> None:
            self.received = number
            task.cancel()

        for number in _TERMINATING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not in the main thread
                    loop.add_signal_handler(number, cancel, number)
                    handled.append(number)
        try:
            await work()
        finally:
            for number in handled:
                loop.remove_signal_handler(number)


@asynccontextmanager
async def stop_on_interrupt(
    stream: AsyncChatStream | AsyncCompletionStream | AsyncWorkflowStream,
) -> AsyncGenerator[None]:
    """Keep a stream open for the block; on Ctrl-C or a closed output pipe, ask the server to stop its task.

    Ctrl-C arrives as a cancellation: `asyncio.run` cancels the main task, and raises KeyboardInterrupt when the task has ended.
    """
    from asyncio import CancelledError

    try:
        async with stream:
            yield
    except CancelledError:
        if stream.task_id is not None:
            report(await _stop(stream.stop), label="Stopped")
        else:
            report("the server has not sent a task id yet, so the run cannot be stopped and may continue", label="Note")
        raise
    except BrokenPipeError:
        # The reader has closed the pipe, as in `dify chat … | head -1`; the rest of the answer is not needed.
        if stream.task_id is not None:
            await _stop(stream.stop)
        raise


async def _stop(stop: Callable[[], Awaitable[None]]) -> str:
    from asyncio import timeout

    from dify import DifyError

    try:
        async with timeout(_STOP_TIMEOUT):
            await stop()
    except (DifyError, TimeoutError) as error:
        return f"the stop request failed ({type(error).__name__}), so the run may continue on the server"
    return "sent a stop request to the server"


@contextmanager
def keyboard_interrupts() -> Generator[None]:
    """Raise KeyboardInterrupt, or Terminated, at once during the block, which waits for input in the event loop's own thread.

    The event loop's handler only schedules the cancellation, which would then happen after the input.
    """
    with ExitStack() as stack:
        # Otherwise the event loop, too, would handle the signals of this block as soon as it runs again.
        stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(-1))
        for number in (signal.SIGINT, *_TERMINATING):
            if signal.getsignal(number) is not signal.SIG_IGN:  # ignored in a background job of a shell
                handler = signal.default_int_handler if number == signal.SIGINT else _raise_terminated
                stack.callback(signal.signal, number, signal.signal(number, handler))
        yield


def _raise_terminated(number: int, _frame: object) -> NoReturn:
    raise Terminated(number)


@contextmanager
def on_interrupt(handler: Callable[[], object]) -> Generator[None]:
    """Call a handler on Ctrl-C during the block, instead of ending the program."""
    import asyncio

    loop = asyncio.get_running_loop()
    previous = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, handler)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not in the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, previous)
