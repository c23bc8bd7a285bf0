"""How far a batch is, in plain lines on standard error: for logs, where no bar can be drawn."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .batch_results import Results
from .render import Screen

if TYPE_CHECKING:
    from .batch_run import Batch

__all__ = ["Lines"]

_EVERY_SECONDS = 30.0
"""How often to say something though no tenth of the rows has been finished since."""


class Lines:
    """A line at the start, one for each tenth part of the rows, and one when none has been said for long."""

    def __init__(self, screen: Screen, work: Batch, results: Results) -> None:
        self._screen = screen
        self._work = work
        self._results = results
        self._before = len(results.done)
        self._began = time.monotonic()
        self._tenth = self._tenth_now()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        rows = "1 row" if self._work.total == 1 else f"{self._work.total} rows"
        self._screen.say(f"{rows}, {self._before} of them done before; results go to {self._results.path}")
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def tell(self) -> None:
        """A row is done."""
        if self._tenth_now() > self._tenth and len(self._results.done) < self._work.total:
            self._say()

    def _tenth_now(self) -> int:
        return 10 * len(self._results.done) // max(1, self._work.total)

    def _say(self) -> None:
        done, failed = len(self._results.done), self._results.failed
        self._tenth = self._tenth_now()
        said = f"{done} of {self._work.total} rows are done, {failed} went wrong"
        if done > self._before and not self._work.ending:
            left = (self._work.total - done) * (time.monotonic() - self._began) / (done - self._before)
            said += f", about {left:.0f} s left"
        self._screen.say(said)
        self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_EVERY_SECONDS, self._say)
