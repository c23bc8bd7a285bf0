"""The results file of a batch: one line for each finished row, so that no attempt runs a finished row again.

The results file is its own journal. A line is appended with one write and flushed to the disk before the row counts as done;
an incomplete line, left by a killed attempt, is truncated by the next one. A second file, `NAME.started`, holds the run id of
each row in progress, as soon as the server has sent it: the next attempt requests the outcome of those runs. That file is
also the lock against a second attempt at the same time, and is deleted when every row is done. An attempt that writes nothing
deletes the files that it created.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from ..exits import FAILED, USAGE, CommandError
from ..state import replacing
from .rows import input_digest

__all__ = ["SUCCESS_STATUSES", "ResultsFile"]

SUCCESS_STATUSES = ("succeeded", "partial-succeeded")
"""The statuses of rows that `--retry-errors` does not run again."""

_LINE_START = b'{"row": '
"""The first bytes of every line."""


class ResultsFile:
    """The results of all attempts of a batch.

    Attributes:
        path: The results file.
        done: The numbers of the rows that have a result, with the digest of their inputs (None if the line has no inputs).
        failed_rows: The numbers of those rows that failed.
        started: The run ids of rows that were in progress when the last attempt ended.
        started_digests: The digests of the inputs of those runs, where known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._started_path = path.with_name(f"{path.name}.started")
        self.done: dict[int, str | None] = {}
        self.failed_rows: set[int] = set()
        self.started: dict[int, str] = {}
        self.started_digests: dict[int, str] = {}
        self._results_fd = self._started_fd = -1
        self._created: list[Path] = []
        self._write_lock = threading.Lock()

    @property
    def failed(self) -> int:
        """The number of rows that failed."""
        return len(self.failed_rows)

    def __enter__(self) -> Self:
        try:
            self._started_fd = self._open(self._started_path, 0o600)
            self._lock()
            self._results_fd = self._open(self.path, 0o666)
            self._read_results()
            self._read_started()
            _sync_folder(self.path)
        except OSError as error:
            self._close()
            raise CommandError(f"cannot write {self.path}: {error.strerror or error}", USAGE) from None
        except BaseException:
            self._close()
            raise
        return self

    def _open(self, path: Path, mode: int) -> int:
        """Open a file for appending; note whether it is created."""
        if not os.path.lexists(path):
            self._created.append(path)
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, mode)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        with self._write_lock:  # wait until a thread has written its line
            self._delete_empty_files()  # before the lock on the file is released
            for descriptor in (self._results_fd, self._started_fd):
                if descriptor >= 0:
                    os.close(descriptor)
            self._results_fd = self._started_fd = -1

    def _delete_empty_files(self) -> None:
        """Delete files that this attempt has created and not written to."""
        for path, descriptor in ((self.path, self._results_fd), (self._started_path, self._started_fd)):
            if path in self._created and descriptor >= 0:
                with suppress(OSError):
                    if os.fstat(descriptor).st_size == 0:
                        path.unlink()

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:
            return  # Windows: two attempts at the same time are not detected
        locked = CommandError(f"another batch is writing to {self.path}", FAILED)
        try:
            fcntl.flock(self._started_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._created.clear()  # the file belongs to the other attempt
            raise locked from None
        try:
            if os.path.samestat(os.fstat(self._started_fd), os.stat(self._started_path)):
                return
        except FileNotFoundError:
            pass
        # Between open and flock, another attempt ended and deleted the file.
        self._created.clear()
        raise locked

    # ------------------------------------------------------------------------------------- results of earlier attempts
    def _read_results(self) -> None:
        """Read the results, and truncate an incomplete last line."""
        end = 0
        with open(os.dup(self._results_fd), "rb") as file:
            file.seek(0)
            for position, line in enumerate(file, 1):
                result = _parse_result(line)
                if result is None and not line.endswith(b"\n") and _may_be_incomplete(line):
                    os.ftruncate(self._results_fd, end)
                    return
                if result is None:
                    raise CommandError(
                        f"{self.path}, line {position}: not a result of a batch; check the path in --out", USAGE
                    )
                if not line.endswith(b"\n"):
                    self._write(self._results_fd, b"\n")  # only the line break is missing
                row = result["row"]
                if row in self.done:
                    raise CommandError(f"{self.path}, line {position}: duplicate result of row {row}", USAGE)
                self.done[row] = input_digest(result["inputs"]) if "inputs" in result else None
                if result.get("status") not in SUCCESS_STATUSES:
                    self.failed_rows.add(row)
                end += len(line)

    def _read_started(self) -> None:
        with open(os.dup(self._started_fd), "rb") as file:
            file.seek(0)
            for line in file:
                with suppress(ValueError, TypeError, KeyError):
                    entry = json.loads(line)
                    row, run_id = entry["row"], entry["run_id"]
                    if run_id is None:
                        self.started.pop(row, None)
                        self.started_digests.pop(row, None)
                    elif isinstance(row, int) and isinstance(run_id, str) and row not in self.done:
                        self.started[row] = run_id
                        self.started_digests[row] = entry["inputs"]

    def __iter__(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Iterate over the results and their lines, in the order of the file."""
        with self.path.open("rb") as file:
            for line in file:
                result = _parse_result(line)
                if result is not None:
                    yield result, line

    # -------------------------------------------------------------------------------------------- results of this attempt
    def add(self, row: int, result: dict[str, Any]) -> None:
        """Write the result of a row; after this, no attempt runs the row again."""
        line = json.dumps({"row": row, **result}, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        with self._write_lock:
            self._write(self._results_fd, line)
            os.fsync(self._results_fd)
            self.done[row] = None
            if result.get("status") not in SUCCESS_STATUSES:
                self.failed_rows.add(row)

    def start(self, row: int, run_id: str, inputs: object = None) -> None:
        """Write the run id of a row in progress."""
        self._write_started(row, run_id, {} if inputs is None else {"inputs": input_digest(inputs)})

    def _write_started(self, row: int, run_id: str | None, extra: dict[str, str]) -> None:
        # The line break in front separates the entry from an incomplete one of a killed attempt.
        self._write(self._started_fd, f"\n{json.dumps({'row': row, 'run_id': run_id, **extra})}\n".encode())

    def _write(self, descriptor: int, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError as error:
            raise CommandError(f"cannot write {self.path}: {error.strerror or error}", FAILED) from None

    # ------------------------------------------------------------------------------------------------ rewriting the file
    def drop_failed(self) -> int:
        """Delete the results of failed rows, so that these are run again; return their number."""
        kept = {result["row"] for result, _ in self if result.get("status") in SUCCESS_STATUSES}
        dropped = len(self.done) - len(kept)
        if dropped:
            for row in self.done.keys() - kept:
                self._write_started(row, None, {})  # otherwise the next attempt would collect the failed run
            self._rewrite(lambda: (line for result, line in self if result["row"] in kept))
            self.done = {row: digest for row, digest in self.done.items() if row in kept}
            self.failed_rows.clear()
        return dropped

    def finish(self) -> None:
        """Sort the results by row and delete the file of started runs; call it when all rows are done."""
        self._created.clear()  # keep an empty file: it is the result of a batch without rows
        places: dict[int, tuple[int, int]] = {}
        offset = 0
        for result, line in self:
            places[result["row"]] = (offset, len(line))
            offset += len(line)
        if list(places) != sorted(places):

            def sorted_lines() -> Iterator[bytes]:
                with self.path.open("rb") as file:
                    for row in sorted(places):
                        start, length = places[row]
                        file.seek(start)
                        yield file.read(length)

            self._rewrite(sorted_lines)
        with suppress(OSError):
            self._started_path.unlink()

    def _rewrite(self, lines: Callable[[], Iterator[bytes]]) -> None:
        """Replace the file atomically."""
        try:
            with (
                replacing(self.path, mode=self.path.stat().st_mode & 0o777) as temporary,
                temporary.open("wb") as file,
            ):
                file.writelines(lines())
            _sync_folder(self.path)
            os.close(self._results_fd)
            self._results_fd = -1
            self._results_fd = os.open(self.path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise CommandError(f"cannot write {self.path}: {error.strerror or error}", FAILED) from None


def _parse_result(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict) or not isinstance(cast("dict[str, Any]", value).get("row"), int):
        return None
    return cast("dict[str, Any]", value)


def _may_be_incomplete(line: bytes) -> bool:
    """Return whether a line without a line break can be the start of a result; otherwise the file is not ours."""
    return line.startswith(_LINE_START) or _LINE_START.startswith(line)


def _sync_folder(path: Path) -> None:
    """Flush the folder, so that a new file's name survives a power cut; not supported on every system."""
    with suppress(OSError):
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
