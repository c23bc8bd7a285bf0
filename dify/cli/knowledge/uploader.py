"""Files on their way into a knowledge base: sent several at a time, and followed until they are indexed."""

from __future__ import annotations

import asyncio
import os
import stat
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exits import code_of, line_of
from ..transfers import CountedFile
from .upload_bars import UploadBars, showing_upload
from .upload_journal import Entry, Journal

if TYPE_CHECKING:
    from dify import DocumentBatch, IndexingStatus

    from ..command import Job

__all__ = ["Summary", "Uploader"]

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of the files.

    Attributes:
        entries: Those of which something is known.
        passed_over: How many of them an earlier attempt had done.
        end: Why no more files were sent, where none would have fared better; None where all had their turn.
    """

    entries: Sequence[Entry]
    passed_over: int
    end: Exception | None = None

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(entry.state == "failed" for entry in self.entries)

    @property
    def line(self) -> str:
        """All in one line."""
        counts = Counter(entry.state for entry in self.entries)
        parts = [f"{counts[state]} {state}" for state in ("indexed", "uploaded", "failed") if counts[state]]
        if self.passed_over:
            parts.append(f"{self.passed_over} of them before")
        return ", ".join(parts)


class _Ended(Exception):
    """No more files are sent."""


class Uploader:
    """One call of the command."""

    settings: dict[str, Any]

    def __init__(
        self,
        job: Job,
        dataset_id: str,
        files: Sequence[Path],
        journal: Journal,
        *,
        concurrency: int,
        wait: bool,
        again: bool,
    ) -> None:
        self._job = job
        self._documents = job.client.knowledge.documents
        self._dataset_id = dataset_id
        self._files = files
        self._journal = journal
        self._sending = asyncio.Semaphore(concurrency)
        self._looking = asyncio.Semaphore(concurrency)
        self._first = asyncio.Lock()
        self._first_done = False
        self._wait = wait
        self._again = again
        self._passed_over = 0
        self._end: Exception | None = None
        self.settings = {}

    async def run(self) -> Summary:
        """Do it all; what goes wrong with one file is in the summary."""
        with showing_upload(self._job.screen, self._files) as bars:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._one(path, bars)) for path in self._files]
        found = [task.result() for task in tasks]
        return Summary([entry for entry in found if entry is not None], self._passed_over, self._end)

    async def _one(self, path: Path, bars: UploadBars) -> Entry | None:
        """What became of a file; None where it is as it was when the upload ended."""
        state: os.stat_result | None = None
        entry, sent = self._journal.of(path), False
        try:
            async with self._sending:
                self._go_on()
                state = await asyncio.to_thread(_readable, path)
                entry = await self._sent(path, state, entry, bars)
            sent = True
            bars.sent(path)
            if not self._wait or entry.state == "indexed":
                bars.indexed(path)
                return entry
            async with self._looking:
                await self._followed(entry, path, bars)
            entry = self._journal.note(path, "indexed", state, document_id=entry.document_id, batch=entry.batch)
        except _Ended:
            return None
        except Exception as error:
            if code_of(error) is None:
                raise
            if _for_all(error, sent=sent):
                self._end = self._end or error
                return entry if sent else None  # what the journal knows of it stays true
            why = line_of(error, "knowledge documents upload", self._job.session.source)
            made = entry.document_id if entry is not None else None
            if state is None:  # the file itself is at fault; what the journal knows of its document stays true
                entry = Entry(str(path), "failed", 0, 0, document_id=made, error=why)
            else:
                entry = self._journal.note(path, "failed", state, document_id=made, error=why)
            bars.failed(path, why)
        bars.indexed(path)
        return entry

    def _go_on(self) -> None:
        if self._end is not None:
            raise _Ended

    async def _sent(self, path: Path, stat: os.stat_result, before: Entry | None, bars: UploadBars) -> Entry:
        """The file as the server has it, sent now or by an earlier attempt."""
        same = before is not None and (before.size, before.changed) == (stat.st_size, stat.st_mtime_ns)
        if before is not None and same and not self._again:
            if before.state == "begun":
                before = await self._adopted(path, stat, before)
            if before.state in ("uploaded", "indexed"):
                self._passed_over += 1
                return before
        if before is not None and before.document_id is not None and not self._again:
            await self._remove(before.document_id)
        made = await self._send(path, stat, bars)
        return self._journal.note(path, "uploaded", stat, document_id=made.document.id, batch=made.batch)

    async def _send(self, path: Path, stat: os.stat_result, bars: UploadBars) -> DocumentBatch:
        async def send() -> DocumentBatch:
            self._journal.note(path, "begun", stat)
            with CountedFile(path, bars.begin(path)) as file:
                return await self._documents.create_from_file(
                    self._dataset_id, file, filename=path.name, **self.settings
                )

        if not self._first_done:
            # The first document settles how the knowledge base is indexed; two at once would quarrel over it.
            async with self._first:
                self._go_on()  # the first one may have been told what holds for all
                if not self._first_done:
                    made = await self._or_with_a_rule(send)
                    self._first_done = True
                    return made
        return await send()

    async def _or_with_a_rule(self, send: Callable[[], Awaitable[DocumentBatch]]) -> DocumentBatch:
        """An empty knowledge base has no rule that a file could follow: then it is the usual one."""
        from dify import BadRequestError

        try:
            return await send()
        except BadRequestError as error:
            if "process_rule is required" not in error.message:
                raise
            self.settings["process_rule"] = {"mode": "automatic"}
            return await send()

    async def _adopted(self, path: Path, stat: os.stat_result, before: Entry) -> Entry:
        """A file that was being sent when an attempt was ended: it may have arrived all the same."""
        known = self._journal.document_ids
        async for document in self._documents.list(self._dataset_id, keyword=path.name, limit=100):
            detail = document.data_source_detail_dict
            file = None if detail is None else detail.upload_file
            size = None if file is None else file.size
            if document.name == path.name and document.id not in known and size in (None, stat.st_size):
                return self._journal.note(path, "uploaded", stat, document_id=document.id)
        return before

    async def _remove(self, document_id: str) -> None:
        """Take away what an earlier attempt made of the file, before it is sent anew."""
        from dify import NotFoundError

        with suppress(NotFoundError):  # somebody may have done so already
            await self._documents.delete(self._dataset_id, document_id)

    async def _followed(self, entry: Entry, path: Path, bars: UploadBars) -> None:
        """Wait until a document is indexed."""
        from dify import IndexingFailed

        if entry.batch is not None:

            def show(status: IndexingStatus) -> None:
                for document in status.data:
                    bars.indexing(path, document.completed_segments, document.total_segments)

            await self._documents.wait_indexed(
                self._dataset_id, entry.batch, timeout=None, poll_interval=_LOOK_SECONDS, on_progress=show
            )
            return
        assert entry.document_id is not None  # a file that was adopted has no batch to ask about
        while (detail := await self._documents.get(self._dataset_id, entry.document_id)).indexing_status != "completed":
            if detail.indexing_status == "error":
                raise IndexingFailed(f"document {detail.id} could not be indexed: {detail.error}", error=detail.error)
            await asyncio.sleep(_LOOK_SECONDS)


def _readable(path: Path) -> os.stat_result:
    """How large and old a file is; made sure of before its old document is taken away, not after.

    Raises:
        OSError: It is gone, or cannot be read.
    """
    found = path.stat()
    if not stat.S_ISFIFO(found.st_mode):  # opening one would wait for its writer
        path.open("rb").close()
    return found


def _for_all(error: Exception, *, sent: bool) -> bool:
    """Whether no other file would fare better: the key is refused, the knowledge base or the server is not there."""
    import dify

    match error:
        case dify.AuthenticationError() | dify.PermissionDeniedError():
            return True
        case dify.NotFoundError():
            return not sent  # afterwards it is the document that somebody has deleted
        case dify.APIConnectionError():
            return not error.sent
        case _:
            return False
