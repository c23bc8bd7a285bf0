"""Ctrl-C: stop a stream at the server, or run a handler instead of ending the program."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from .screen import report

if TYPE_CHECKING:
    from dify import AsyncChatStream, AsyncCompletionStream, AsyncWorkflowStream

__all__ = ["keyboard_interrupts", "on_interrupt", "stop_on_interrupt"]

_STOP_TIMEOUT = 5.0
"""Seconds to wait for the response to a stop request: the user has pressed Ctrl-C and wants to leave."""


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
    """Raise KeyboardInterrupt at once during the block, which waits for input in the event loop's own thread.

    The event loop's handler only schedules the cancellation, which would then happen after the input.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a background job of a shell
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


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
