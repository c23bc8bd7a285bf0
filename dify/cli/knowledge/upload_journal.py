"""The journal of a folder upload: a line per step of a file, from which the next attempt resumes."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from ..exits import USAGE, CommandError
from .upload_names import Source

__all__ = ["Entry", "Journal", "default_journal", "files_of"]

State = Literal["begun", "uploaded", "indexed", "failed", "skipped", "replaced"]


@dataclass(frozen=True, slots=True)
class Entry:
    """How far one file is.

    Attributes:
        state: "begun": it was being sent. "uploaded": the server has it. "indexed": searches find it. "failed": it was
            refused, or could not be indexed. "skipped": a document of its name exists (never written to the journal).
            "replaced": its document belongs to another file now (never written, either).
        size: Of the file, in bytes, when it was sent; with `changed`, how to know that it is another file now.
        changed: When the file was changed last, in nanoseconds.
        document_id: The document; while it is "begun", the document that is being replaced.
        batch: The batch to ask for the state of the indexing.
        error: Why it failed.
        name: The name of the document; None in a journal of an older version.
        upload_id: Id of the uploaded file behind the document, which changes whenever the document is replaced.
    """

    file: str
    state: State
    size: int
    changed: int
    document_id: str | None = None
    batch: str | None = None
    error: str | None = None
    name: str | None = None
    upload_id: str | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.file)


def default_journal(base_url: str, dataset_id: str) -> Path:
    """Where the journal of a knowledge base is, unless the caller says: in the user's folder for state."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    name = hashlib.sha256(f"{base_url}\n{dataset_id}".encode()).hexdigest()[:20]
    return Path(home) / "dify" / "uploads" / f"{name}.jsonl"


def files_of(paths: Iterable[Path], patterns: Iterable[str]) -> list[Source]:
    """Return the files to upload, folders with all that is below them; hidden ones are skipped unless named.

    What cannot be read, such as a folder without the right to list it, is among them and fails when its turn comes, so that
    it is reported.
    """
    found: dict[Path, Source] = {}
    wanted = list(patterns)
    for path in paths:
        # The name of "." and of links is that of the folder itself; the names below it are those that the user sees.
        root = _resolved(path if path.is_dir() else path.parent).name
        if not path.is_dir():
            found.setdefault(_resolved(path), Source(_resolved(path), path.name, root))
            continue
        for below in sorted(_below(path, wanted)):
            relative = below.relative_to(path).as_posix() if below != path else path.name
            found.setdefault(_resolved(below), Source(_resolved(below), relative, root))
    return list(found.values())


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
        self._owners: dict[str, str] = {}
        self._contested: set[str] = set()
        if path.exists() and not path.is_file():
            raise CommandError(f"the journal {path} is no file: --journal names another", USAGE)
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
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        """Keep an entry; a document belongs to the file that was sent last, and to no other."""
        self._entries[entry.file] = entry
        document_id = entry.document_id
        if document_id is None or entry.state == "begun":
            return
        owner = self._owners.setdefault(document_id, entry.file)
        other = None if owner == entry.file else self._entries.get(owner)
        if other is not None and other.document_id == document_id:
            self._entries[owner] = _without_document(other)
            if entry.name is None:
                # Older versions sent several files under one name, and noted the one document for each of them. Nothing
                # tells which file it holds, so all of them are sent again, and the document is never touched.
                self._contested.add(document_id)
        self._owners[document_id] = entry.file
        if document_id in self._contested:
            self._entries[entry.file] = _without_document(entry)

    def of(self, path: Path) -> Entry | None:
        """Return how far a file is; None if it was never sent."""
        return self._entries.get(str(path))

    def is_free(self, document_id: str, path: Path) -> bool:
        """Tell whether no file but this one has a claim to a document."""
        return document_id not in self._contested and self._owners.get(document_id, str(path)) == str(path)

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
        name: str | None = None,
        upload_id: str | None = None,
    ) -> Entry:
        """Write down a step of a file."""
        times = seen.st_size, seen.st_mtime_ns
        entry = Entry(str(path), state, *times, document_id, batch, error, name, upload_id)
        self._add(entry)
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
            raise CommandError(f"{why} (--journal names another)") from None
        return entry


def _without_document(entry: Entry) -> Entry:
    return replace(entry, state="replaced", document_id=None, batch=None, upload_id=None)
