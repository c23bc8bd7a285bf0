"""Bytes on their way: progress bars for uploads, and downloads to a file or standard output."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .render import Screen, complain, harmless, one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from dify import AsyncByteStream

    from .command import Job

__all__ = ["Bars", "CountedFile", "bar_columns", "saved", "uploading"]


class CountedFile(io.FileIO):
    """A file that tells where it is read to, also when it is read again from its start."""

    def __init__(self, path: Path, tell: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._tell_position = tell

    def read(self, size: int | None = -1, /) -> bytes | None:  # type: ignore[override]
        """Read, and tell."""
        data = super().read(-1 if size is None else size)
        self._tell_position(self.tell())
        return data


def bar_columns() -> tuple[object, ...]:
    """What a bar of an upload shows."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn

    return (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
    )


class Bars:
    """A bar for all bytes, and one for each file that is on its way; nothing is drawn where there is no terminal."""

    def __init__(self, screen: Screen, files: Sequence[Path], progress: Progress | None) -> None:
        self._screen = screen
        self._progress = progress
        self._tasks: dict[Path, TaskID] = {}
        self._read: dict[Path, int] = {}
        self._whole: TaskID | None = None
        if progress is not None and len(files) > 1:
            size = sum(_size(path) for path in files)
            self._whole = progress.add_task(f"{len(files)} files", total=size)

    def begin(self, path: Path) -> Callable[[int], None]:
        """A file sets out; gives what is to be told how far it has been read."""
        if self._progress is not None:
            self._tasks[path] = self._progress.add_task(harmless(one_line(path.name, 30)), total=_size(path) or None)

        def tell(position: int) -> None:
            self._read[path] = position
            if self._progress is not None and path in self._tasks:
                self._progress.update(self._tasks[path], completed=position)
                if self._whole is not None:
                    self._progress.update(self._whole, completed=sum(self._read.values()))

        return tell

    def end(self, path: Path) -> None:
        """A file has arrived, or never will."""
        task = self._tasks.pop(path, None)
        if self._progress is not None and task is not None and self._whole is not None:
            self._progress.remove_task(task)
        if self._progress is None:
            self._screen.note(f"sent {path}")

    def failed(self, path: Path, text: str) -> None:
        """Say that a file failed, above the bars."""
        if self._progress is None:
            complain(f"{path}: {text}")
        else:
            self._progress.console.print(f"Error: {harmless(f'{path}: {text}')}", style="red", markup=False)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it has vanished meanwhile: its turn will tell


@contextmanager
def uploading(screen: Screen, files: Sequence[Path]) -> Generator[Bars]:
    """Bars for an upload, while the block runs."""
    if not screen.live:
        yield Bars(screen, files, None)
        return
    from rich.progress import Progress

    columns = bar_columns()
    with Progress(*columns, console=screen.console, redirect_stdout=False, redirect_stderr=False) as progress:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        yield Bars(screen, files, progress)


def _is_pipe_or_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


async def saved(job: Job, stream: AsyncByteStream, out: Path) -> None:
    """Save a download and print where; to standard output for "-". A pipe or a device is written to, never replaced."""
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
                    left = memoryview(chunk)
                    while left:
                        left = left[file.write(left) :]
        job.out.text(str(out), {"path": str(out)})
        return
    if not job.screen.live:
        path = await stream.save(out)
    else:
        from rich.progress import Progress

        with Progress(*bar_columns(), console=job.screen.console) as progress:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            task = progress.add_task("download", total=None)

            def show(done: int, total: int | None) -> None:
                progress.update(task, completed=done, total=total)

            path = await stream.save(out, on_progress=show)
    job.out.text(str(path), {"path": str(path)})
