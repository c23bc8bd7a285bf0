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
from ..state import state_folder
from .upload_names import Source

__all__ = ["Entry", "Journal", "default_journal", "files_of"]

State = Literal["begun", "uploaded", "indexed", "failed", "skipped", "replaced"]


@dataclass(frozen=True, slots=True)
class Entry:
    """The progress of one file.

    Attributes:
        file: The path.
        state: "begun": upload in progress. "uploaded": stored by the server. "indexed": indexed. "failed": rejected, or not
            indexed. "skipped": a document of its name exists (never written to the journal). "replaced": its document now
            belongs to another file (never written, either).
        size: Size in bytes when it was sent; size and `changed` detect a modified file.
        changed: Modification time in nanoseconds when it was sent.
        document_id: The document; while "begun", the document that is being replaced.
        batch: Batch id of the indexing.
        error: The error, if it failed.
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
    """Return the default path of a knowledge base's journal, in the user's state directory."""
    name = hashlib.sha256(f"{base_url}\n{dataset_id}".encode()).hexdigest()[:20]
    return state_folder() / "uploads" / f"{name}.jsonl"


def files_of(paths: Iterable[Path], patterns: Iterable[str]) -> list[Source]:
    """Return the files to upload: file arguments, and the files below folder arguments except hidden ones.

    Unreadable files and folders are included, so that their upload fails and is reported.
    """
    sources: dict[Path, Source] = {}
    pattern_list = list(patterns)
    for path in paths:
        # Resolve "." and links to the name of the folder; paths below it are the ones that the user sees.
        root = _resolved(path if path.is_dir() else path.parent).name
        if not path.is_dir():
            sources.setdefault(_resolved(path), Source(_resolved(path), path.name, root))
            continue
        for below in sorted(_below(path, pattern_list)):
            relative = below.relative_to(path).as_posix() if below != path else path.name
            sources.setdefault(_resolved(below), Source(_resolved(below), relative, root))
    return list(sources.values())


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises on a circle of links


def _below(root: Path, patterns: Sequence[str]) -> Iterator[Path]:
    """Yield the matching files below a folder, and the folders that cannot be listed."""
    unlisted: list[Path] = []
    for folder, folders, names in os.walk(root, onerror=lambda error: unlisted.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(folder, name) for name in names if not name.startswith(".")):
            if (not patterns or any(path.match(pattern) for pattern in patterns)) and _is_file(path):
                yield path
    yield from unlisted


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True  # a broken link, or a folder without permission: the upload reports the error


class Journal:
    """The journal file: one line per step, appended when the step is done; the last line of a file counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: dict[str, Entry] = {}
        self._owners: dict[str, str] = {}
        self._contested: set[str] = set()
        if path.exists() and not path.is_file():
            raise CommandError(f"the journal {path} is not a regular file; pass another --journal", USAGE)
        try:
            # File names may be invalid UTF-8, and may contain characters that str.splitlines splits at.
            lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
        except (FileNotFoundError, NotADirectoryError):  # the first write reports the error
            lines = []
        for line in lines:
            try:
                entry = Entry(**cast("dict[str, Any]", json.loads(line)))
            except (ValueError, TypeError):
                continue  # an incomplete line of a killed attempt
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        """Add an entry; a document belongs only to the file that was sent last."""
        self._entries[entry.file] = entry
        document_id = entry.document_id
        if document_id is None or entry.state == "begun":
            return
        owner = self._owners.setdefault(document_id, entry.file)
        other = None if owner == entry.file else self._entries.get(owner)
        if other is not None and other.document_id == document_id:
            self._entries[owner] = _without_document(other)
            if entry.name is None:
                # Older versions sent several files under one name, and noted the same document for each of them. Which
                # file it contains is unknown, so all of them are sent again, and the document is never changed.
                self._contested.add(document_id)
        self._owners[document_id] = entry.file
        if document_id in self._contested:
            self._entries[entry.file] = _without_document(entry)

    def of(self, path: Path) -> Entry | None:
        """Return the entry of a file, or None if it was never sent."""
        return self._entries.get(str(path))

    def is_free(self, document_id: str, path: Path) -> bool:
        """Return whether no other file owns a document."""
        return document_id not in self._contested and self._owners.get(document_id, str(path)) == str(path)

    @property
    def document_ids(self) -> set[str]:
        """The documents that were created from the files."""
        return {entry.document_id for entry in self._entries.values() if entry.document_id}

    def note(
        self,
        path: Path,
        state: State,
        status: os.stat_result,
        *,
        document_id: str | None = None,
        batch: str | None = None,
        error: str | None = None,
        name: str | None = None,
        upload_id: str | None = None,
    ) -> Entry:
        """Append a step of a file."""
        times = status.st_size, status.st_mtime_ns
        entry = Entry(str(path), state, *times, document_id, batch, error, name, upload_id)
        self._add(entry)
        # The line break in front separates the entry from an incomplete one of a killed attempt.
        data = f"\n{json.dumps(asdict(entry), ensure_ascii=False)}\n".encode("utf-8", "surrogateescape")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as error_:
            message = f"cannot write the journal {self.path}: {error_.strerror or error_}; pass another --journal"
            raise CommandError(message) from None
        return entry


def _without_document(entry: Entry) -> Entry:
    return replace(entry, state="replaced", document_id=None, batch=None, upload_id=None)
