"""The results of a batch on disk: one line for each finished row, so that no attempt runs a finished row again.

The file of results is its own journal. A line is appended with one write, flushed to the disk, and only then counts as
done; what a killed attempt left of a line without its end is cut off by the next. Beside it, in `NAME.started`, stands the
run of each row that is at work, as soon as the server names it: the next attempt asks the server what became of those. That
file also is the lock that keeps two attempts apart, and goes away when every row is done. An attempt that has nothing to
tell leaves neither file behind, unless it was there before.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from .batch_rows import digest_of
from .exits import FAILED, USAGE, Failure

__all__ = ["GOOD", "Results"]

GOOD = ("succeeded", "partial-succeeded")
"""The states of rows that need no second attempt."""

_BEGINS = b'{"row": '
"""How every line of results begins."""


class Results:
    """The results so far, and those that come.

    Attributes:
        done: The rows that have a result, with the digest of their inputs (None where the line has none).
        wrong: Those of them that went wrong.
        started: The runs of rows that were at work when the last attempt ended.
        begun: The digests of the inputs that those runs were given, where they are known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._beside = path.with_name(f"{path.name}.started")
        self.done: dict[int, str | None] = {}
        self.wrong: set[int] = set()
        self.started: dict[int, str] = {}
        self.begun: dict[int, str] = {}
        self._out = self._journal = -1
        self._made: list[Path] = []
        self._guard = threading.Lock()

    @property
    def failed(self) -> int:
        """How many rows went wrong."""
        return len(self.wrong)

    def __enter__(self) -> Self:
        try:
            self._journal = self._open(self._beside, 0o600)
            self._lock()
            self._out = self._open(self.path, 0o666)
            self._recover()
            self._read_started()
            _sync_folder(self.path)
        except OSError as error:
            self._close()
            raise Failure(f"cannot write {self.path}: {error.strerror or error}", USAGE) from None
        except BaseException:
            self._close()
            raise
        return self

    def _open(self, path: Path, mode: int) -> int:
        """Open a file to add to; remembers whether it is a new one."""
        if not os.path.lexists(path):
            self._made.append(path)
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, mode)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        with self._guard:  # a line that a thread is writing is written to its end
            self._tidy()  # while the lock is held
            for descriptor in (self._out, self._journal):
                if descriptor >= 0:
                    os.close(descriptor)
            self._out = self._journal = -1

    def _tidy(self) -> None:
        """Take away what this attempt has made and not written to."""
        for path, descriptor in ((self.path, self._out), (self._beside, self._journal)):
            if path in self._made and descriptor >= 0:
                with suppress(OSError):
                    if os.fstat(descriptor).st_size == 0:
                        path.unlink()

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:
            return  # Windows: two attempts at once are then not noticed
        other = Failure(f"another batch is writing {self.path}", FAILED)
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._made.clear()  # what was made here is the other's by now
            raise other from None
        try:
            if os.path.samestat(os.fstat(self._journal), os.stat(self._beside)):
                return
        except FileNotFoundError:
            pass
        # Another one took the file away when it ended, after it had been opened here.
        self._made.clear()
        raise other

    # ------------------------------------------------------------------------------------------------- what there is
    def _recover(self) -> None:
        """Read what there is, and cut off what a killed attempt left of a line."""
        end = 0
        with open(os.dup(self._out), "rb") as file:
            file.seek(0)
            for position, line in enumerate(file, 1):
                found = _result_of(line)
                if found is None and not line.endswith(b"\n") and _may_be_cut(line):
                    os.ftruncate(self._out, end)
                    return
                if found is None:
                    raise Failure(f"{self.path}, line {position}: no result of a batch; is it the right file?", USAGE)
                if not line.endswith(b"\n"):
                    self._write(self._out, b"\n")  # all but the line's end had been written
                row = found["row"]
                if row in self.done:
                    raise Failure(f"{self.path}, line {position}: a second result of row {row}", USAGE)
                self.done[row] = digest_of(found["inputs"]) if "inputs" in found else None
                if found.get("status") not in GOOD:
                    self.wrong.add(row)
                end += len(line)

    def _read_started(self) -> None:
        with open(os.dup(self._journal), "rb") as file:
            file.seek(0)
            for line in file:
                with suppress(ValueError, TypeError, KeyError):
                    found = json.loads(line)
                    row, run_id = found["row"], found["run_id"]
                    if run_id is None:
                        self.started.pop(row, None)
                        self.begun.pop(row, None)
                    elif isinstance(row, int) and isinstance(run_id, str) and row not in self.done:
                        self.started[row] = run_id
                        self.begun[row] = found["inputs"]

    def __iter__(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """The results with their lines, as they stand in the file."""
        with self.path.open("rb") as file:
            for line in file:
                found = _result_of(line)
                if found is not None:
                    yield found, line

    # ---------------------------------------------------------------------------------------------------- what comes
    def add(self, row: int, result: dict[str, Any]) -> None:
        """A row is done: after this no attempt runs it again."""
        line = json.dumps({"row": row, **result}, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        with self._guard:
            self._write(self._out, line)
            os.fsync(self._out)
            self.done[row] = None
            if result.get("status") not in GOOD:
                self.wrong.add(row)

    def start(self, row: int, run_id: str, inputs: object = None) -> None:
        """A row's run has been named by the server."""
        self._note(row, run_id, {} if inputs is None else {"inputs": digest_of(inputs)})

    def _note(self, row: int, run_id: str | None, more: dict[str, str]) -> None:
        self._write(self._journal, f"\n{json.dumps({'row': row, 'run_id': run_id, **more})}\n".encode())

    def _write(self, descriptor: int, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError as error:
            raise Failure(f"cannot write {self.path}: {error.strerror or error}", FAILED) from None

    # --------------------------------------------------------------------------------------------------- written anew
    def drop_failed(self) -> int:
        """Forget the rows that went wrong, so that they are run again; gives how many."""
        kept = {found["row"] for found, _ in self if found.get("status") in GOOD}
        dropped = len(self.done) - len(kept)
        if dropped:
            for row in self.done.keys() - kept:
                self._note(row, None, {})  # or the next attempt would collect the run that went wrong
            self._rewrite(lambda: (line for found, line in self if found["row"] in kept))
            self.done = {row: digest for row, digest in self.done.items() if row in kept}
            self.wrong.clear()
        return dropped

    def finish(self) -> None:
        """All rows are done: put them in their order, and put the journal away."""
        self._made.clear()  # a file without a row is the result of no rows
        places: dict[int, tuple[int, int]] = {}
        offset = 0
        for found, line in self:
            places[found["row"]] = (offset, len(line))
            offset += len(line)
        if list(places) != sorted(places):

            def ordered() -> Iterator[bytes]:
                with self.path.open("rb") as file:
                    for row in sorted(places):
                        start, length = places[row]
                        file.seek(start)
                        yield file.read(length)

            self._rewrite(ordered)
        with suppress(OSError):
            self._beside.unlink()

    def _rewrite(self, lines: Callable[[], Iterator[bytes]]) -> None:
        """Another file in place of this one, which is whole at any time."""
        try:
            descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}-", dir=self.path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    os.chmod(name, self.path.stat().st_mode & 0o777)
                    file.writelines(lines())
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise
            _sync_folder(self.path)
            os.close(self._out)
            self._out = -1
            self._out = os.open(self.path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise Failure(f"cannot write {self.path}: {error.strerror or error}", FAILED) from None


def _result_of(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(cast("dict[str, Any]", found).get("row"), int):
        return None
    return cast("dict[str, Any]", found)


def _may_be_cut(line: bytes) -> bool:
    """Whether a line without its end is what is left of a result, and not somebody's own file."""
    return line.startswith(_BEGINS) or _BEGINS.startswith(line)


def _sync_folder(path: Path) -> None:
    """Have the name of a new file outlive a power cut, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
