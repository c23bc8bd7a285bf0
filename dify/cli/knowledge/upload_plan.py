"""The plan of a folder upload: which names the knowledge base has already, and what that means for each file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from ..exits import CommandError
from .upload_journal import Entry, Journal
from .upload_names import Source

if TYPE_CHECKING:
    from dify import AsyncDify, Document

__all__ = ["IfExists", "Planner", "Step", "is_done", "size_of", "upload_id_of"]

IfExists = Literal["error", "replace", "skip"]

_PAGE = 100
"""Documents in a page, the most that the server gives."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with a file that is not uploaded yet.

    Attributes:
        name: Name of its document.
        replaces: The document that the file replaces.
        adopted: The document that was made of it though an attempt ended before it was noted; nothing is sent.
        skipped: The document of that name that stays; nothing is sent.
    """

    name: str
    replaces: Document | None = None
    adopted: Document | None = None
    skipped: Document | None = None


class Planner:
    """Compares files with the journal and with the documents of a knowledge base."""

    def __init__(
        self,
        client: AsyncDify,
        dataset_id: str,
        journal: Journal,
        names: Mapping[Path, str],
        *,
        if_exists: IfExists,
        again: bool,
        concurrency: int,
    ) -> None:
        self._documents = client.knowledge.documents
        self._dataset_id = dataset_id
        self._journal = journal
        self._names = names
        self._if_exists = if_exists
        self._again = again
        self._looking = asyncio.Semaphore(concurrency)

    async def steps_for(self, sources: Sequence[Source]) -> dict[Path, Step]:
        """Return a step for each file that an earlier attempt has not uploaded.

        Raises:
            CommandError: The knowledge base has documents of these names that are not to be replaced or skipped.
        """
        states = await asyncio.to_thread(lambda: {source.path: _state(source.path) for source in sources})
        todo = [path for path, state in states.items() if not is_done(self._journal.of(path), state, self._again)]
        names = {self._names[path] for path in todo}
        names |= {_name_in(entry) for path in todo if (entry := self._journal.of(path)) and entry.state == "begun"}
        existing = await self._existing(names) if names else {}
        steps: dict[Path, Step] = {}
        conflicts: list[tuple[str, str]] = []
        for path in todo:
            step = self._step(path, states[path], existing)
            if isinstance(step, Step):
                steps[path] = step
            else:
                conflicts.append((self._names[path], step))
        if conflicts:
            raise self._failure(conflicts, len(sources))
        return steps

    def _step(self, path: Path, state: os.stat_result | None, existing: Mapping[str, Sequence[Document]]) -> Step | str:
        """Return the step of a file, or why there is none."""
        name, entry = self._names[path], self._journal.of(path)
        found = existing.get(name, ())
        mine: Document | None = None
        if entry is not None and entry.state == "begun":
            mine = self._interrupted(path, entry, existing.get(_name_in(entry), ()))
            arrived = mine is not None and upload_id_of(mine) != entry.upload_id
            if mine is not None and arrived and not self._again and _unchanged(entry, state, size_of(mine)):
                return Step(name, adopted=mine)
        elif entry is not None and entry.document_id is not None:
            mine = next((document for document in found if self._owns(path, entry, document)), None)
        if mine not in found:
            mine = None  # it has another name, which the upload does not touch
        foreign = [document for document in found if document is not mine]
        if not foreign:
            return Step(name, replaces=mine)
        if self._if_exists == "skip":
            return Step(name, skipped=foreign[0])
        if self._if_exists == "error":
            return "exists"
        if len(found) > 1:
            return f"{len(found)} documents have that name"
        return _not_replaced(foreign[0]) or Step(name, replaces=foreign[0])

    def _interrupted(self, path: Path, entry: Entry, found: Sequence[Document]) -> Document | None:
        """Return the document that an interrupted attempt was making or replacing."""
        # When it began there was no document of that name, or the one that the entry names: so this one is of that attempt.
        matching = (one for one in found if entry.document_id in (None, one.id) and self._journal.is_free(one.id, path))
        return next(matching, None)

    def _owns(self, path: Path, entry: Entry, document: Document) -> bool:
        if document.id != entry.document_id or not self._journal.is_free(document.id, path):
            return False
        # A document keeps its id when another file replaces it, but not the id of the file behind it.
        return entry.upload_id is None or upload_id_of(document) in (None, entry.upload_id)

    def _failure(self, conflicts: Sequence[tuple[str, str]], total: int) -> CommandError:
        name, reason = conflicts[0]
        count = f"{len(conflicts)} of {total} documents" if len(conflicts) > 1 else "1 document"
        if self._if_exists == "error":
            return CommandError(
                f"the knowledge base already has {count} of these names that this upload did not make, such as {name!r}; "
                "nothing was sent: pass --replace to replace them, --if-exists skip to leave them as they are, or "
                "--name-template to choose other names"
            )
        return CommandError(
            f"{count} cannot be replaced, such as {name!r}: {reason}; nothing was sent: mend or delete it, pass "
            "--if-exists skip, or --name-template to choose other names"
        )

    async def _existing(self, names: set[str]) -> dict[str, list[Document]]:
        """Return the documents of these names, found with as few requests as the server allows."""
        if len(names) == 1:
            return {name: await self._named(name) for name in names}
        first = await self._documents.list(self._dataset_id, limit=_PAGE)
        total = first.total if first.total is not None else len(first.data) + _PAGE * first.has_more
        if first.has_more and (total - 1) // _PAGE > len(names):  # pages left, against a search for each name
            async with asyncio.TaskGroup() as group:
                tasks = {name: group.create_task(self._named(name)) for name in sorted(names)}
            return {name: task.result() for name, task in tasks.items()}
        existing: dict[str, list[Document]] = {}
        page = first
        while page is not None:
            for document in page.data:
                if document.name in names and document not in existing.setdefault(document.name, []):
                    existing[document.name].append(document)
            page = await page.next_page() if page.data else None
        return existing

    async def _named(self, name: str) -> list[Document]:
        # The server searches with LIKE: wildcards in a name find more than the name, a backslash would find less.
        keyword = max(name.split("\\"), key=len) or None
        async with self._looking:
            found = self._documents.list(self._dataset_id, keyword=keyword, limit=_PAGE)
            return [document async for document in found if document.name == name]


def is_done(entry: Entry | None, state: os.stat_result | None, again: bool) -> bool:
    """Tell whether an earlier attempt uploaded a file as it is now."""
    return entry is not None and not again and entry.state in ("uploaded", "indexed") and _unchanged(entry, state)


def _unchanged(entry: Entry, state: os.stat_result | None, stored: int | None = None) -> bool:
    if state is None or (entry.size, entry.changed) != (state.st_size, state.st_mtime_ns):
        return False
    return stored in (None, state.st_size)


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None  # it fails when its turn comes


def _name_in(entry: Entry) -> str:
    return entry.path.name if entry.name is None else entry.name  # as older versions named documents


def _not_replaced(document: Document) -> str | None:
    """Return why the server would not replace a document by one of its name; None if it would."""
    if document.enabled is False:
        return "it is disabled, and Dify would make a second document of that name"
    if document.archived:
        return "it is archived, and would stay hidden from searches"
    if document.data_source_type not in (None, "upload_file"):
        return "it does not come from a file, and Dify would make a second document of that name"
    return None


def upload_id_of(document: Document) -> str | None:
    """Return the id of the uploaded file behind a document, where the server tells it."""
    info = document.data_source_info
    found = cast("dict[str, Any]", info).get("upload_file_id") if isinstance(info, dict) else None
    return found if isinstance(found, str) else None


def size_of(document: Document) -> int | None:
    """Return the size in bytes of the file behind a document, where the server tells it."""
    file = getattr(document.data_source_detail_dict, "upload_file", None)
    size = getattr(file, "size", None)
    return size if isinstance(size, int) else None
