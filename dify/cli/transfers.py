"""Uploads with progress bars, and downloads to a file, a pipe or standard output."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .exits import CommandError
from .terminal.screen import Screen, one_line, report, sanitize

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from dify import AsyncByteStream

    from .command import Context

__all__ = ["ProgressFile", "UploadBars", "progress_columns", "save_download", "upload_bars"]


class ProgressFile(io.FileIO):
    """A file that reports its position after each read, also when it is read again from its start."""

    def __init__(self, path: Path, on_read: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._on_read = on_read

    def read(self, size: int | None = -1, /) -> bytes | None:  # type: ignore[override]
        """Read, and report the position."""
        data = super().read(-1 if size is None else size)
        self._on_read(self.tell())
        return data


def progress_columns() -> tuple[object, ...]:
    """Return the columns of a progress bar for bytes."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn

    return (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
    )


class UploadBars:
    """A progress bar for all bytes and one for each file in transfer; notes instead where there is no terminal."""

    def __init__(self, screen: Screen, files: Sequence[Path], progress: Progress | None) -> None:
        self._screen = screen
        self._progress = progress
        self._tasks: dict[Path, TaskID] = {}
        self._positions: dict[Path, int] = {}
        self._total: TaskID | None = None
        if progress is not None and len(files) > 1:
            size = sum(_size(path) for path in files)
            self._total = progress.add_task(f"{len(files)} files", total=size)

    def begin(self, path: Path) -> Callable[[int], None]:
        """Add a file's bar, and return the function that takes the position in the file."""
        if self._progress is not None:
            self._tasks[path] = self._progress.add_task(sanitize(one_line(path.name, 30)), total=_size(path) or None)

        def update(position: int) -> None:
            self._positions[path] = position
            if self._progress is not None and path in self._tasks:
                self._progress.update(self._tasks[path], completed=position)
                if self._total is not None:
                    self._progress.update(self._total, completed=sum(self._positions.values()))

        return update

    def end(self, path: Path) -> None:
        """Remove the bar of a file that was sent or failed."""
        task = self._tasks.pop(path, None)
        if self._progress is not None and task is not None and self._total is not None:
            self._progress.remove_task(task)
        if self._progress is None:
            self._screen.note(f"sent {path}")

    def failed(self, path: Path, message: str) -> None:
        """Print a file's error above the bars."""
        if self._progress is None:
            report(f"{path}: {message}")
        else:
            self._progress.console.print(f"Error: {sanitize(f'{path}: {message}')}", style="red", markup=False)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # the file is gone; its upload reports the error


@contextmanager
def upload_bars(screen: Screen, files: Sequence[Path]) -> Generator[UploadBars]:
    """Show progress bars for an upload during the block."""
    if not screen.live:
        yield UploadBars(screen, files, None)
        return
    from rich.progress import Progress

    columns = progress_columns()
    with Progress(*columns, console=screen.console, redirect_stdout=False, redirect_stderr=False) as progress:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        yield UploadBars(screen, files, progress)


def _is_pipe_or_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


async def save_download(ctx: Context, stream: AsyncByteStream, out: Path, *, overwrite: bool) -> None:
    """Save a download and print its path; "-" is standard output. A pipe or device is written to, not replaced.

    Raises:
        CommandError: The file exists and `overwrite` is False.
    """
    if str(out) == "-":
        async with stream:
            async for chunk in stream:
                sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    if _is_pipe_or_device(out):
        async with stream:
            with out.open("wb", buffering=0) as file:
                async for chunk in stream:
                    rest = memoryview(chunk)
                    while rest:
                        rest = rest[file.write(rest) :]
        ctx.output.text(str(out), {"path": str(out)})
        return
    folder, is_folder = _folder_for(out, overwrite)  # before the request
    # The name in a directory is known only from the response, so the file is moved to its place when it is complete.
    with TemporaryDirectory(prefix=".dify-", dir=folder, ignore_cleanup_errors=True) as temporary:
        async with stream:
            if is_folder and stream.filename:
                _check_free(out / Path(stream.filename).name, overwrite)
            part = await _save(ctx, stream, Path(temporary) if is_folder else Path(temporary) / out.name)
        path = out / part.name if is_folder else out
        _move(part, path, overwrite)
    ctx.output.text(str(path), {"path": str(path)})


def _folder_for(out: Path, overwrite: bool) -> tuple[Path, bool]:
    """Return the folder to write to, and whether it is `out` itself; check that the file may be written."""
    if out.is_dir():
        return out, True
    _check_free(out, overwrite)
    if not out.parent.is_dir():
        raise CommandError(f"cannot write {out}: there is no directory {str(out.parent)!r}")
    return out.parent, False


async def _save(ctx: Context, stream: AsyncByteStream, target: Path) -> Path:
    """Save a download with a progress bar; return the path of the file."""
    if not ctx.screen.live:
        return await stream.save(target, overwrite=True)  # in a temporary folder
    from rich.progress import Progress

    with Progress(*progress_columns(), console=ctx.screen.console) as progress:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        task = progress.add_task("download", total=None)

        def update(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total)

        return await stream.save(target, overwrite=True, on_progress=update)


def _check_free(path: Path, overwrite: bool) -> None:
    if not overwrite and path.exists():
        raise CommandError(f"{path} exists; pass --overwrite to replace it, or --out with another path")


def _move(part: Path, path: Path, overwrite: bool) -> None:
    """Move a complete file to its place; a file that has appeared there in the meantime is not replaced either."""
    if not overwrite:
        try:
            os.link(part, path)
            return
        except OSError:  # the file exists, or the file system has no hard links
            _check_free(path, overwrite)
    part.replace(path)
