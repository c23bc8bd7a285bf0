"""The upload of files into a knowledge base: several at a time, each followed until it is indexed."""

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

from ..error_messages import error_message
from ..exits import CommandError, exit_code_for
from ..transfers import ProgressFile
from .upload_bars import UploadBars, showing_upload
from .upload_journal import Entry, Journal, State
from .upload_names import Source
from .upload_plan import Planner, Step, is_done, upload_id_of

if TYPE_CHECKING:
    from dify import DocumentBatch, IndexingStatus

    from ..command import Context

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
        states = ("indexed", "uploaded", "skipped", "failed")
        parts = [f"{counts[state]} {state}" for state in states if counts[state]]
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
        ctx: Context,
        dataset_id: str,
        sources: Sequence[Source],
        journal: Journal,
        planner: Planner,
        *,
        concurrency: int,
        wait: bool,
        again: bool,
    ) -> None:
        self._ctx = ctx
        self._documents = ctx.client.knowledge.documents
        self._dataset_id = dataset_id
        self._sources = sources
        self._journal = journal
        self._planner = planner
        self._steps: dict[Path, Step] = {}
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
        """Upload all files; what goes wrong with one of them is in the summary.

        Raises:
            CommandError: Documents of these names exist. Nothing was sent.
        """
        try:
            self._steps = await self._planner.steps_for(self._sources)
        except Exception as error:
            if isinstance(error, CommandError) or exit_code_for(error) is None:
                raise
            return Summary([], 0, error)
        paths = [source.path for source in self._sources]
        with showing_upload(self._ctx.screen, paths) as bars:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._one(source, bars)) for source in self._sources]
        found = [task.result() for task in tasks]
        return Summary([entry for entry in found if entry is not None], self._passed_over, self._end)

    async def _one(self, source: Source, bars: UploadBars) -> Entry | None:
        """Upload one file; return its entry, or None where the upload ended before its turn."""
        state: os.stat_result | None = None
        path = source.path
        entry, sent = self._journal.of(path), False
        try:
            async with self._sending:
                self._go_on()
                state = await asyncio.to_thread(_readable, path)
                entry = await self._sent(source, state, entry, bars)
            sent = True
            bars.sent(path, "skipped" if entry.state == "skipped" else "sent")
            if not self._wait or entry.state in ("indexed", "skipped"):
                bars.indexed(path)
                return entry
            async with self._looking:
                await self._followed(entry, path, bars)
            entry = self._note("indexed", path, state, entry)
        except _Ended:
            return None
        except Exception as error:
            if exit_code_for(error) is None:
                raise
            if _for_all(error, sent=sent):
                self._end = self._end or error
                return entry if sent else None  # what the journal knows of it stays true
            why = error_message(error, "knowledge documents upload", self._ctx.session.source)
            if state is None:  # the file itself is at fault; what the journal knows of its document stays true
                made = entry.document_id if entry is not None else None
                entry = Entry(str(path), "failed", 0, 0, document_id=made, error=why)
            else:
                entry = self._note("failed", path, state, entry, why)
            bars.failed(path, why)
        bars.indexed(path)
        return entry

    def _note(
        self, state: State, path: Path, seen: os.stat_result, before: Entry | None, error: str | None = None
    ) -> Entry:
        """Write down a new state of a file whose document stays the same."""
        if before is None:
            return self._journal.note(path, state, seen, error=error)
        return self._journal.note(
            path,
            state,
            seen,
            document_id=before.document_id,
            batch=None if state == "failed" else before.batch,
            error=error,
            name=before.name,
            upload_id=before.upload_id,
        )

    def _go_on(self) -> None:
        if self._end is not None:
            raise _Ended

    async def _sent(self, source: Source, state: os.stat_result, before: Entry | None, bars: UploadBars) -> Entry:
        """Return the entry of a file that the server has, from this attempt or an earlier one."""
        path = source.path
        if before is not None and is_done(before, state, self._again):
            self._passed_over += 1
            return before
        step = self._steps.get(path)
        if step is None:  # it has changed since the plan was made
            step = (await self._planner.steps_for([source]))[path]
        if step.skipped is not None:
            times = state.st_size, state.st_mtime_ns
            return Entry(str(path), "skipped", *times, document_id=step.skipped.id, name=step.name)
        if step.adopted is not None:
            self._passed_over += 1
            known = {"name": step.name, "upload_id": upload_id_of(step.adopted)}
            return self._journal.note(path, "uploaded", state, document_id=step.adopted.id, **known)
        made = await self._send(path, state, step, bars)
        document = made.document
        if before is not None and before.document_id not in (None, document.id) and before.state != "begun":
            await self._remove(path, before)
        return self._journal.note(
            path,
            "uploaded",
            state,
            document_id=document.id,
            batch=made.batch,
            name=step.name,
            upload_id=upload_id_of(document),
        )

    async def _send(self, path: Path, stat: os.stat_result, step: Step, bars: UploadBars) -> DocumentBatch:
        async def send() -> DocumentBatch:
            old = step.replaces
            known = {} if old is None else {"document_id": old.id, "upload_id": upload_id_of(old)}
            self._journal.note(path, "begun", stat, name=step.name, **known)
            with ProgressFile(path, bars.begin(path)) as file:
                # The server replaces a document of that name; the plan has made sure that it may.
                made = await self._documents.create_from_file(
                    self._dataset_id, file, filename=step.name, if_exists="replace", **self.settings
                )
            assert made is not None
            return made

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

    async def _remove(self, path: Path, before: Entry) -> None:
        """Delete the document that an earlier attempt made of a file under another name, if it is still of that file."""
        from dify import NotFoundError

        document_id = before.document_id
        if document_id is None or not self._journal.is_free(document_id, path):
            return
        with suppress(NotFoundError):  # someone may have deleted it
            detail = await self._documents.get(self._dataset_id, document_id)
            file = None if detail.data_source_info is None else detail.data_source_info.upload_file
            if before.upload_id is None or file is None or file.id == before.upload_id:
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
            if detail.indexing_status in ("error", "paused"):
                state = "could not be indexed" if detail.indexing_status == "error" else "is paused"
                raise IndexingFailed(f"document {detail.id} {state}: {detail.error}", error=detail.error)
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
