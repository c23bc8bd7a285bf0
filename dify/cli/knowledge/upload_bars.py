"""Progress bars of an upload into a knowledge base: bytes sent and documents indexed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal.screen import Screen, one_line, report, sanitize

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["UploadBars", "bars_of", "showing_upload"]


class UploadBars:
    """Two progress bars for all files and one for each file in progress; notes instead where there is no terminal."""

    def __init__(self, screen: Screen, files: Sequence[Path], progress: Progress | None) -> None:
        self._screen = screen
        self._progress = progress
        self._tasks: dict[Path, TaskID] = {}
        self._upload = self._index = None
        if progress is not None:
            self._upload = progress.add_task("upload", total=len(files), unit="files")
            self._index = progress.add_task("indexing", total=len(files), unit="documents")

    def begin(self, path: Path) -> Callable[[int], None]:
        """Add a file's bar, and return the function that takes the position in the file."""
        if self._progress is None:
            return _ignore
        progress, name = self._progress, sanitize(one_line(path.name, 30))
        task = self._tasks[path] = progress.add_task(f"  {name}", total=path.stat().st_size or 1, unit="bytes")
        return lambda position: progress.update(task, completed=position)

    def sent(self, path: Path, done: str = "sent") -> None:
        """Count a file that was sent or skipped."""
        if self._progress is None:
            self._screen.note(f"{done} {path}")
            return
        self._drop(path)
        if self._upload is not None:
            self._progress.advance(self._upload)

    def indexing(self, path: Path, done: int | None, total: int | None) -> None:
        """Update the number of indexed segments of a file."""
        if self._progress is None:
            return
        if path not in self._tasks:
            name = sanitize(one_line(path.name, 30))
            self._tasks[path] = self._progress.add_task(f"  {name}", total=total or None, unit="segments")
        self._progress.update(self._tasks[path], completed=done or 0, total=total or None)

    def indexed(self, path: Path) -> None:
        """Remove the bar of a file that was indexed or failed."""
        if self._progress is None:
            return
        self._drop(path)
        if self._index is not None:
            self._progress.advance(self._index)

    def failed(self, path: Path, message: str) -> None:
        """Print a file's error above the bars."""
        if self._progress is None:
            report(f"{path}: {message}")
        else:
            self._progress.console.print(f"Error: {sanitize(f'{path.name}: {message}')}", style="red", markup=False)

    def _drop(self, path: Path) -> None:
        task = self._tasks.pop(path, None)
        if task is not None and self._progress is not None:
            self._progress.remove_task(task)


def _ignore(position: int) -> None:
    del position


def bars_of(**settings: object) -> Progress:
    """Return rich's progress display for the bars."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}", markup=False),
        TimeElapsedColumn(),
    )
    return Progress(*columns, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@contextmanager
def showing_upload(screen: Screen, files: Sequence[Path]) -> Generator[UploadBars]:
    """Show progress bars during the block."""
    if not screen.live:
        yield UploadBars(screen, files, None)
        return
    with bars_of(console=screen.console, redirect_stdout=False, redirect_stderr=False) as progress:
        yield UploadBars(screen, files, progress)
