"""Runs in progress.

Each continues without its reader, and can be followed from any transport of the emulator.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, suppress

from dify.types.events import PingEvent, WorkflowFinishedEvent, WorkflowPausedEvent

from ...script.frames import Frame
from .models import Run

__all__ = ["UNREAD", "RunInProgress", "follow"]

UNREAD = 10_000
"""Number of events after which a run without a reader is stopped, because its function may yield for ever."""


class RunInProgress:
    """A run in progress.

    Its first reader sets the pace: an event is created when the reader requests it. Without a reader, the run continues.
    """

    def __init__(self, run: Run, frames: AsyncGenerator[Frame]) -> None:
        self._run = run
        self._frames = frames
        self._loop = asyncio.get_running_loop()
        self._has_reader = True
        self._wanted = asyncio.Semaphore(0)
        self._queue: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._error: BaseException | None = None
        self._task = asyncio.create_task(self._produce())

    async def _produce(self) -> None:
        unread = 0
        try:
            async with aclosing(self._frames) as frames:
                while unread < UNREAD:
                    if self._has_reader:
                        await self._wanted.acquire()
                    else:
                        unread += 1
                        await asyncio.sleep(0)  # let other tasks run
                    frame = await anext(frames, None)
                    if frame is None:
                        break
                    if self._has_reader:
                        self._queue.put_nowait(frame)
                    self._run.publish(frame)
        except Exception as error:  # noqa: BLE001  # raised for the reader
            self._error = error
        finally:
            self._queue.put_nowait(None)
            self._run.publish(None)

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield the events for the call that started the run, up to its first pause."""
        try:
            while True:
                self._wanted.release()
                frame = await self._queue.get()
                if frame is None:
                    break
                yield frame
                if isinstance(frame, WorkflowPausedEvent):
                    break
        finally:
            self._has_reader = False
            self._wanted.release()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Cancel the run; safe from any thread."""
        with suppress(RuntimeError):  # its loop is closed, and the run has ended with it
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def aclose(self) -> None:
        """Cancel the run, and wait for its clean-up if it belongs to this event loop."""
        self.close()
        if self._loop is asyncio.get_running_loop():
            await asyncio.wait({self._task})

    @property
    def over(self) -> bool:
        """True if the run has ended."""
        return self._task.done()


async def follow(
    run: Run, *, snapshot: Callable[[str], Iterable[Frame]] | None, over_pauses: bool
) -> AsyncGenerator[Frame]:
    """Yield what the events endpoint sends for a run in progress.

    Args:
        run: The run.
        snapshot: Function of the text so far that returns the events before the live ones, or None.
        over_pauses: True to continue after pauses.
    """
    loop, frames = asyncio.get_running_loop(), asyncio.Queue[Frame | None]()

    def listen(frame: Frame | None) -> None:
        with suppress(RuntimeError):  # the loop of the follower is closed
            loop.call_soon_threadsafe(frames.put_nowait, frame)

    text, ending = run.join(listen)
    try:
        # Taken at once: a later snapshot would repeat live events.
        so_far = [] if snapshot is None else [*snapshot(text)]
        yield PingEvent()
        for frame in so_far:
            yield frame
            if isinstance(frame, WorkflowPausedEvent) and not over_pauses:
                return
        if ending is not None:
            yield ending
            return
        while (frame := await frames.get()) is not None:
            yield frame
            ended = isinstance(frame, WorkflowFinishedEvent)
            if ended or (isinstance(frame, WorkflowPausedEvent) and not over_pauses):
                return
    finally:
        run.leave(listen)
