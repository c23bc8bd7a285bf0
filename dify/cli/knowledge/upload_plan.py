"""The plan of a folder upload: the step for each file, by the journal and the existing documents."""

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
    from dify import AsyncDify
    from dify.types import Document

__all__ = ["IfExists", "Planner", "Step", "is_done", "size_of", "upload_id_of"]

IfExists = Literal["error", "replace", "skip"]

_PAGE = 100
"""Documents per page: the server's maximum."""


@dataclass(frozen=True, slots=True)
class Step:
    """The step for a file that is not uploaded yet.

    Attributes:
        name: Name of its document.
        replaces: The document that the file replaces.
        adopted: The document that an interrupted attempt created without noting it; nothing is sent.
        skipped: The existing document of that name; nothing is sent.
    """

    name: str
    replaces: Document | None = None
    adopted: Document | None = None
    skipped: Document | None = None


class Planner:
    """A comparison of files with the journal and with the documents of a knowledge base."""

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
        self._search_semaphore = asyncio.Semaphore(concurrency)

    async def steps_for(self, sources: Sequence[Source]) -> dict[Path, Step]:
        """Return a step for each file that an earlier attempt has not uploaded.

        Raises:
            CommandError: Documents of these names exist, and `if_exists` is "error" or they cannot be replaced.
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
        """Return the step of a file, or the reason why there is none."""
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
            mine = None  # a document of another name is not changed
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
        """Return the document that an interrupted attempt was creating or replacing."""
        # The attempt began with no document of that name, or with the one in its entry: so this one is the attempt's.
        candidates = (document for document in found if entry.document_id in (None, document.id))
        return next((document for document in candidates if self._journal.is_free(document.id, path)), None)

    def _owns(self, path: Path, entry: Entry, document: Document) -> bool:
        if document.id != entry.document_id or not self._journal.is_free(document.id, path):
            return False
        # A document keeps its id when another file replaces it, but not the id of the file behind it.
        return entry.upload_id is None or upload_id_of(document) in (None, entry.upload_id)

    def _failure(self, conflicts: Sequence[tuple[str, str]], total: int) -> CommandError:
        name, reason = conflicts[0]
        several = len(conflicts) > 1
        if self._if_exists == "error":
            existing = (
                f"{len(conflicts)} of the {total} documents, such as {name!r}," if several else f"a document {name!r}"
            )
            return CommandError(
                f"the knowledge base already contains {existing} not created by this upload; nothing was uploaded. "
                "Pass --replace to replace, --if-exists skip to keep existing documents, or --name-template to use other names"
            )
        existing = f"{len(conflicts)} of {total} documents, such as {name!r}," if several else f"the document {name!r}"
        return CommandError(
            f"{existing} cannot be replaced: {reason}; nothing was uploaded. "
            "Pass --if-exists skip to keep existing documents, or --name-template to use other names"
        )

    async def _existing(self, names: set[str]) -> dict[str, list[Document]]:
        """Return the documents of these names, with as few requests as possible."""
        if len(names) == 1:
            return {name: await self._named(name) for name in names}
        first = await self._documents.list(self._dataset_id, limit=_PAGE)
        total = first.total if first.total is not None else len(first.data) + _PAGE * first.has_more
        if first.has_more and (total - 1) // _PAGE > len(names):  # more remaining pages than names to search for
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
        # The server searches with LIKE: wildcards in a name match more than the name, a backslash would match less.
        keyword = max(name.split("\\"), key=len) or None
        async with self._search_semaphore:
            documents = self._documents.list(self._dataset_id, keyword=keyword, limit=_PAGE)
            return [document async for document in documents if document.name == name]


def is_done(entry: Entry | None, state: os.stat_result | None, again: bool) -> bool:
    """Return whether an earlier attempt uploaded the file in its present state."""
    return entry is not None and not again and entry.state in ("uploaded", "indexed") and _unchanged(entry, state)


def _unchanged(entry: Entry, state: os.stat_result | None, stored: int | None = None) -> bool:
    if state is None or (entry.size, entry.changed) != (state.st_size, state.st_mtime_ns):
        return False
    return stored in (None, state.st_size)


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None  # its upload will report the error


def _name_in(entry: Entry) -> str:
    # A journal of an older version has no names: it used those of the files.
    return entry.path.name if entry.name is None else entry.name


def _not_replaced(document: Document) -> str | None:
    """Return the reason why the server would not replace a document by name, or None if it would."""
    if document.enabled is False:
        return "it is disabled, so Dify would create a second document of that name"
    if document.archived:
        return "it is archived, so searches would not find the new content"
    if document.data_source_type not in (None, "upload_file"):
        return "it was not created from a file, so Dify would create a second document of that name"
    return None


def upload_id_of(document: Document) -> str | None:
    """Return the id of the uploaded file behind a document, or None if unknown."""
    info = document.data_source_info
    upload_id = cast("dict[str, Any]", info).get("upload_file_id") if isinstance(info, dict) else None
    return upload_id if isinstance(upload_id, str) else None


def size_of(document: Document) -> int | None:
    """Return the size in bytes of the file behind a document, or None if unknown."""
    file = getattr(document.data_source_detail_dict, "upload_file", None)
    size = getattr(file, "size", None)
    return size if isinstance(size, int) else None
