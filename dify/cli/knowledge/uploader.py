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

from ..causes import Causes
from ..error_messages import error_message
from ..exits import USAGE, CommandError, exit_code_for
from ..terminal.screen import report
from ..transfers import ProgressFile
from .upload_bars import UploadBars, showing_upload
from .upload_journal import Entry, Journal, State
from .upload_names import Source
from .upload_plan import Planner, Step, is_done, upload_id_of

if TYPE_CHECKING:
    from dify.types import DocumentBatch, IndexingStatus

    from ..command import Context

__all__ = ["Summary", "Uploader"]

_POLL_INTERVAL = 1.0
"""Seconds between two requests for the status of the indexing."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of an upload.

    Attributes:
        entries: The entries of the files that were processed.
        done_before: The number of files that an earlier attempt had uploaded.
        end: The error that ended the upload before all files were processed, or None.
    """

    entries: Sequence[Entry]
    done_before: int
    end: Exception | None = None

    @property
    def failed(self) -> int:
        """The number of files that failed."""
        return sum(entry.state == "failed" for entry in self.entries)

    @property
    def line(self) -> str:
        """The summary in one line."""
        counts = Counter(entry.state for entry in self.entries)
        states = ("indexed", "uploaded", "skipped", "failed")
        parts = [f"{counts[state]} {state}" for state in states if counts[state]]
        if self.done_before:
            parts.append(f"{self.done_before} of them earlier")
        return ", ".join(parts)


class _Ended(Exception):
    """The upload has ended; the file is not sent."""


class Uploader:
    """An upload of files, several in parallel, each followed until it is indexed."""

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
        self._send_semaphore = asyncio.Semaphore(concurrency)
        self._index_semaphore = asyncio.Semaphore(concurrency)
        self._first_lock = asyncio.Lock()
        self._first_sent = False
        self._wait = wait
        self._again = again
        self._done_before = 0
        self._end: Exception | None = None
        self._causes = Causes("files")
        self.settings = {}

    async def run(self) -> Summary:
        """Upload all files; errors of single files are in the summary.

        Raises:
            CommandError: Documents of these names exist, or the first document requires `--indexing`. Nothing was sent.
        """
        try:
            self._steps = await self._planner.steps_for(self._sources)
            if any(step.adopted is None and step.skipped is None for step in self._steps.values()):
                await self._check_indexing()
        except Exception as error:
            if isinstance(error, CommandError) or exit_code_for(error) is None:
                raise
            return Summary([], 0, error)
        paths = [source.path for source in self._sources]
        with showing_upload(self._ctx.screen, paths) as bars:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._upload(source, bars)) for source in self._sources]
        if not self._ctx.as_json:
            for line in self._causes.summary(repeated=True):
                report(line)
        entries = [task.result() for task in tasks]
        return Summary([entry for entry in entries if entry is not None], self._done_before, self._end)

    async def _check_indexing(self) -> None:
        """Check that the knowledge base has an indexing technique, which the server would request of every file."""
        if self.settings.get("indexing_technique") is not None:
            return
        dataset = await self._ctx.client.knowledge.datasets.get(self._dataset_id)
        if dataset.indexing_technique is None:
            raise CommandError(
                f"the knowledge base {dataset.name!r} has no indexing technique yet; pass --indexing economy (keywords) "
                "or --indexing high_quality (embeddings)",
                USAGE,
            )

    async def _upload(self, source: Source, bars: UploadBars) -> Entry | None:
        """Upload one file and return its entry; None if the upload ended first."""
        status: os.stat_result | None = None
        path = source.path
        entry, sent = self._journal.of(path), False
        try:
            async with self._send_semaphore:
                self._check_ended()
                status = await asyncio.to_thread(_stat_readable, path)
                entry = await self._ensure_sent(source, status, entry, bars)
            sent = True
            bars.sent(path, "skipped" if entry.state == "skipped" else "sent")
            if not self._wait or entry.state in ("indexed", "skipped"):
                bars.indexed(path)
                return entry
            async with self._index_semaphore:
                await self._wait_indexed(entry, path, bars)
            entry = self._note("indexed", path, status, entry)
        except _Ended:
            return None
        except Exception as error:
            if exit_code_for(error) is None:
                raise
            if _affects_all_files(error, sent=sent):
                self._end = self._end or error
                return entry if sent else None  # the journal entry stays valid
            message = error_message(error, "knowledge documents upload", self._ctx.session.source)
            if status is None:  # the file cannot be read; the journal entry of its document stays valid
                document_id = entry.document_id if entry is not None else None
                entry = Entry(str(path), "failed", 0, 0, document_id=document_id, error=message)
            else:
                entry = self._note("failed", path, status, entry, message)
            is_new = self._causes.add(str(path), message)
            if is_new and not self._ctx.as_json:  # with --json, the error is in the file's result
                bars.failed(path, message)
        bars.indexed(path)
        return entry

    def _note(
        self, state: State, path: Path, status: os.stat_result, before: Entry | None, error: str | None = None
    ) -> Entry:
        """Add a journal entry with a new state for the same document."""
        if before is None:
            return self._journal.note(path, state, status, error=error)
        return self._journal.note(
            path,
            state,
            status,
            document_id=before.document_id,
            batch=None if state == "failed" else before.batch,
            error=error,
            name=before.name,
            upload_id=before.upload_id,
        )

    def _check_ended(self) -> None:
        if self._end is not None:
            raise _Ended

    async def _ensure_sent(
        self, source: Source, status: os.stat_result, before: Entry | None, bars: UploadBars
    ) -> Entry:
        """Send a file unless an earlier attempt has; return its entry."""
        path = source.path
        if before is not None and is_done(before, status, self._again):
            self._done_before += 1
            return before
        step = self._steps.get(path)
        if step is None:  # the file has changed since the plan was made
            step = (await self._planner.steps_for([source]))[path]
        if step.skipped is not None:
            times = status.st_size, status.st_mtime_ns
            return Entry(str(path), "skipped", *times, document_id=step.skipped.id, name=step.name)
        if step.adopted is not None:
            self._done_before += 1
            known = {"name": step.name, "upload_id": upload_id_of(step.adopted)}
            return self._journal.note(path, "uploaded", status, document_id=step.adopted.id, **known)
        response = await self._send(path, status, step, bars)
        document = response.document
        if before is not None and before.document_id not in (None, document.id) and before.state != "begun":
            await self._remove(path, before)
        return self._journal.note(
            path,
            "uploaded",
            status,
            document_id=document.id,
            batch=response.batch,
            name=step.name,
            upload_id=upload_id_of(document),
        )

    async def _send(self, path: Path, stat: os.stat_result, step: Step, bars: UploadBars) -> DocumentBatch:
        async def send() -> DocumentBatch:
            old = step.replaces
            known = {} if old is None else {"document_id": old.id, "upload_id": upload_id_of(old)}
            self._journal.note(path, "begun", stat, name=step.name, **known)
            with ProgressFile(path, bars.begin(path)) as file:
                # The plan has checked that a document of that name may be replaced.
                response = await self._documents.create_from_file(
                    self._dataset_id, file, filename=step.name, if_exists="replace", **self.settings
                )
            assert response is not None
            return response

        if not self._first_sent:
            # The first document sets the knowledge base's indexing settings, so the others wait for it.
            async with self._first_lock:
                self._check_ended()  # the first file may have failed with an error that affects all
                if not self._first_sent:
                    response = await self._send_first(send)
                    self._first_sent = True
                    return response
        return await send()

    async def _send_first(self, send: Callable[[], Awaitable[DocumentBatch]]) -> DocumentBatch:
        """Send the first file; if the knowledge base is empty and requires a rule, use the automatic one."""
        from dify import BadRequestError

        try:
            return await send()
        except BadRequestError as error:
            if error.reason != "process_rule_required":
                raise
            self.settings["process_rule"] = {"mode": "automatic"}
            return await send()

    async def _remove(self, path: Path, before: Entry) -> None:
        """Delete the document that an earlier attempt created under another name, if it still belongs to the file."""
        from dify import NotFoundError

        document_id = before.document_id
        if document_id is None or not self._journal.is_free(document_id, path):
            return
        with suppress(NotFoundError):  # deleted in the meantime
            detail = await self._documents.get(self._dataset_id, document_id)
            file = None if detail.data_source_info is None else detail.data_source_info.upload_file
            if before.upload_id is None or file is None or file.id == before.upload_id:
                await self._documents.delete(self._dataset_id, document_id)

    async def _wait_indexed(self, entry: Entry, path: Path, bars: UploadBars) -> None:
        """Wait until a document is indexed."""
        from dify import IndexingFailedError

        if entry.batch is not None:

            def update(status: IndexingStatus) -> None:
                for document in status.data:
                    bars.indexing(path, document.completed_segments, document.total_segments)

            await self._documents.wait_indexed(
                self._dataset_id, entry.batch, timeout=None, poll_interval=_POLL_INTERVAL, on_progress=update
            )
            return
        assert entry.document_id is not None  # adopted documents have no batch id
        while (detail := await self._documents.get(self._dataset_id, entry.document_id)).indexing_status != "completed":
            if detail.indexing_status in ("error", "paused"):
                state = "could not be indexed" if detail.indexing_status == "error" else "is paused"
                raise IndexingFailedError(f"document {detail.id} {state}: {detail.error}", error=detail.error)
            await asyncio.sleep(_POLL_INTERVAL)


def _stat_readable(path: Path) -> os.stat_result:
    """Return the status of a file, after a check that it can be read: before its old document is deleted.

    Raises:
        OSError: The file is gone, or cannot be read.
    """
    status = path.stat()
    if not stat.S_ISFIFO(status.st_mode):  # opening a FIFO would block until it has a writer
        path.open("rb").close()
    return status


def _affects_all_files(error: Exception, *, sent: bool) -> bool:
    """Return whether an error would affect every file: invalid key, unknown knowledge base, server not reachable."""
    import dify

    match error:
        case dify.AuthenticationError() | dify.PermissionDeniedError():
            return True
        case dify.NotFoundError():
            return not sent  # after sending, it is the document that was deleted
        case dify.APIConnectionError():
            return not error.sent
        case dify.ProviderNotInitializedError() | dify.ProviderQuotaExceededError():
            return True
        case dify.APIStatusError():
            return error.reason == "indexing_technique_required"
        case _:
            return False
