"""The progress of a batch: a bar on a terminal, lines in a log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..terminal.screen import Screen
from .results import ResultsFile

if TYPE_CHECKING:
    from .runner import BatchRunner

__all__ = ["ProgressLog", "show_progress"]

_MAX_SILENCE = 30.0
"""Seconds after which a line is written even if fewer than a tenth of the rows were finished since the last one."""


@contextmanager
def show_progress(
    screen: Screen, runner: BatchRunner, results: ResultsFile, out: Path
) -> Generator[Callable[[], None]]:
    """Show progress during the block; yield the function to call when a row is done."""
    if not screen.live:
        with ProgressLog(screen, runner, results, out) as log:
            yield log.on_row_done
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("rows", markup=False),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}", style="red", markup=False),
        TimeElapsedColumn(),
        TextColumn("left", style="dim"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen.console, redirect_stdout=False, redirect_stderr=False) as progress:
        task = progress.add_task("rows", total=runner.total, completed=len(results.done), failed="")

        def update() -> None:
            failed = f"{results.failed} failed" if results.failed else ""
            progress.update(task, completed=len(results.done), failed=failed)

        yield update


class ProgressLog:
    """A log of a batch: a line at the start, one for each tenth of the rows, and one after a long silence."""

    def __init__(self, screen: Screen, runner: BatchRunner, results: ResultsFile, out: Path) -> None:
        self._screen = screen
        self._runner = runner
        self._results = results
        self._out = out
        self._done_before = len(results.done)
        self._started_at = time.monotonic()
        self._logged_tenth = self._tenth()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        rows = "1 row" if self._runner.total == 1 else f"{self._runner.total} rows"
        earlier = f", {self._done_before} already done" if self._done_before else ""
        self._screen.message(f"{rows}{earlier}; writing results to {self._out}")
        self._start_timer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def on_row_done(self) -> None:
        """Write a line if another tenth of the rows is done."""
        if self._tenth() > self._logged_tenth and len(self._results.done) < self._runner.total:
            self._write()

    def _tenth(self) -> int:
        return 10 * len(self._results.done) // max(1, self._runner.total)

    def _write(self) -> None:
        done, failed = len(self._results.done), self._results.failed
        self._logged_tenth = self._tenth()
        line = f"{done} of {self._runner.total} rows done, {failed} failed"
        if done > self._done_before and not self._runner.stopping:
            per_row = (time.monotonic() - self._started_at) / (done - self._done_before)
            line += f", about {(self._runner.total - done) * per_row:.0f} s left"
        self._screen.message(line)
        self._start_timer()

    def _start_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_MAX_SILENCE, self._write)
