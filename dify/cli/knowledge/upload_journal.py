"""What has become of the files of a folder upload: a line per step, so that the next attempt goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

from ..exits import USAGE, Failure

__all__ = ["Entry", "Journal", "default_journal", "files_of"]

State = Literal["begun", "uploaded", "indexed", "failed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """How far one file is.

    Attributes:
        state: "begun": it was being sent. "uploaded": the server has it. "indexed": searches find it. "failed": it was
            refused, or could not be indexed.
        size: Of the file, in bytes, when it was sent; with `changed`, how to know that it is another file now.
        changed: When the file was changed last, in nanoseconds.
    """

    file: str
    state: State
    size: int
    changed: int
    document_id: str | None = None
    batch: str | None = None
    error: str | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.file)


def default_journal(base_url: str, dataset_id: str) -> Path:
    """Where the journal of a knowledge base is, unless the caller says: in the user's folder for state."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    name = hashlib.sha256(f"{base_url}\n{dataset_id}".encode()).hexdigest()[:20]
    return Path(home) / "dify" / "uploads" / f"{name}.jsonl"


def files_of(paths: Iterable[Path], patterns: Iterable[str]) -> list[Path]:
    """The files to upload, folders with all that is below them; hidden ones are passed over unless named.

    What cannot be looked at, such as a folder that is not ours to list, is among them, to fail when its turn comes: nobody
    is to believe that it was sent.
    """
    found: dict[Path, None] = {}
    wanted = list(patterns)
    for path in paths:
        if not path.is_dir():
            found[_resolved(path)] = None
            continue
        for below in sorted(_below(path, wanted)):
            found[_resolved(below)] = None
    return list(found)


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve may raise where links lead in a circle


def _below(root: Path, wanted: Sequence[str]) -> Iterator[Path]:
    """The files below a folder that are wanted, and the folders that cannot be listed."""
    unlisted: list[Path] = []
    for folder, folders, names in os.walk(root, onerror=lambda error: unlisted.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(folder, name) for name in names if not name.startswith(".")):
            if (not wanted or any(path.match(pattern) for pattern in wanted)) and _is_file(path):
                yield path
    yield from unlisted


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True  # a link to nowhere, a folder without the right to look into it: the upload says what is wrong


class Journal:
    """The file with the steps; each is appended as it is done, and the last one of a file counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: dict[str, Entry] = {}
        if path.exists() and not path.is_file():
            raise Failure(f"the journal {path} is no file: --journal names another", USAGE)
        try:
            # Names of files may be no UTF-8, and may hold what Python takes for the end of a line.
            lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
        except (FileNotFoundError, NotADirectoryError):  # writing it will say what is wrong
            lines = []
        for line in lines:
            try:
                entry = Entry(**cast("dict[str, Any]", json.loads(line)))
            except (ValueError, TypeError):
                continue  # the line that was being written when an attempt was killed
            self._entries[entry.file] = entry

    def of(self, path: Path) -> Entry | None:
        """How far a file is; None where it was never sent."""
        return self._entries.get(str(path))

    @property
    def document_ids(self) -> set[str]:
        """The documents that were made of the files."""
        return {entry.document_id for entry in self._entries.values() if entry.document_id}

    def note(
        self,
        path: Path,
        state: State,
        seen: os.stat_result,
        *,
        document_id: str | None = None,
        batch: str | None = None,
        error: str | None = None,
    ) -> Entry:
        """A file has come a step further."""
        entry = Entry(str(path), state, seen.st_size, seen.st_mtime_ns, document_id, batch, error)
        self._entries[entry.file] = entry
        # A line feed first: what a killed attempt left without its end spoils only itself.
        data = f"\n{json.dumps(asdict(entry), ensure_ascii=False)}\n".encode("utf-8", "surrogateescape")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as failure:
            why = f"cannot write the journal {self.path}: {failure.strerror or failure}"
            raise Failure(f"{why} (--journal names another)") from None
        return entry
