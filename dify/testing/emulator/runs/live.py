"""Runs at work: each goes on by itself, whoever reads it, and can be followed from any of the emulator's doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, suppress

from dify.types.events import PingEvent, WorkflowFinishedEvent, WorkflowPausedEvent

from ...script.frames import Frame
from .models import Run

__all__ = ["UNREAD", "Live", "follow"]

UNREAD = 10_000
"""How many frames a run makes with nobody to read them before it is stopped: a function may yield for ever."""


class Live:
    """A run at work.

    While its first reader is there, frames are made as that one takes them; without it the run goes on by itself.
    """

    def __init__(self, run: Run, frames: AsyncGenerator[Frame]) -> None:
        self._run = run
        self._frames = frames
        self._loop = asyncio.get_running_loop()
        self._read = True
        self._wanted = asyncio.Semaphore(0)
        self._made: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._error: BaseException | None = None
        self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        unread = 0
        try:
            async with aclosing(self._frames) as frames:
                while unread < UNREAD:
                    if self._read:
                        await self._wanted.acquire()
                    else:
                        unread += 1
                        await asyncio.sleep(0)  # a run that nobody waits for lets others work
                    frame = await anext(frames, None)
                    if frame is None:
                        break
                    if self._read:
                        self._made.put_nowait(frame)
                    self._run.publish(frame)
        except Exception as error:  # noqa: BLE001  # told to whoever reads
            self._error = error
        finally:
            self._made.put_nowait(None)
            self._run.publish(None)

    async def frames(self) -> AsyncGenerator[Frame]:
        """What the call that began the run reads: the frames up to its end, or to its first pause."""
        try:
            while True:
                self._wanted.release()
                frame = await self._made.get()
                if frame is None:
                    break
                yield frame
                if isinstance(frame, WorkflowPausedEvent):
                    break
        finally:
            self._read = False
            self._wanted.release()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End it now; from any thread."""
        with suppress(RuntimeError):  # its loop has ended, and it with it
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def aclose(self) -> None:
        """End it now, and wait for its clean-up where that is within reach."""
        self.close()
        if self._loop is asyncio.get_running_loop():
            await asyncio.wait({self._task})

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self._task.done()


async def follow(
    run: Run, *, snapshot: Callable[[str], Iterable[Frame]] | None, over_pauses: bool
) -> AsyncGenerator[Frame]:
    """What the events endpoint sends of a run that has not ended.

    Args:
        run: The run.
        snapshot: Gives what has happened so far, to be told first, for the text so far.
        over_pauses: Whether to stay when the run pauses.
    """
    loop, frames = asyncio.get_running_loop(), asyncio.Queue[Frame | None]()

    def listen(frame: Frame | None) -> None:
        with suppress(RuntimeError):  # the follower's loop has ended
            loop.call_soon_threadsafe(frames.put_nowait, frame)

    text, ending = run.join(listen)
    try:
        # Made at once: later it would tell what the stream behind it tells, too.
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
