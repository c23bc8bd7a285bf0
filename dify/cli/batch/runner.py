"""Running the rows of a batch in parallel, and writing the result of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..error_messages import error_message
from ..exits import CONNECTION, INTERRUPTED, USAGE, CommandError, exit_code_for
from ..output import plain
from ..terminal.screen import report
from .results import ResultsFile
from .row_files import upload_row_files
from .rows import Row, RowFile, input_digest

if TYPE_CHECKING:
    from dify import AsyncDify
    from dify.streams import MapResult
    from dify.types import WorkflowRunDetail

    from ..command import Context

__all__ = ["BatchRunner"]

_POLL_INTERVAL = 1.0
"""Seconds between two requests for the status of a run that an earlier attempt started."""

_CANCEL_TIMEOUT = 0.1
"""Seconds to wait for another result that has already been received, when the batch is cancelled."""

_NOTE_DELAY = 1.0
"""Seconds to wait for the rows in progress before a note says so."""

_COLLECT_TIMEOUT = 600.0
"""Seconds to wait for a run that an earlier attempt started; after that it is left for the next attempt."""


class BatchRunner:
    """One attempt to run the rows that have no result yet.

    Attributes:
        total: The number of rows.
        unfinished: The number of rows whose runs may continue on the server; the next attempt requests their outcome.
        on_row_done: Called after each row that got a result.
    """

    def __init__(
        self,
        ctx: Context,
        rows: RowFile,
        results: ResultsFile,
        *,
        kind: str,
        concurrency: int,
        retries: int,
        workflow_id: str | None,
    ) -> None:
        self._ctx = ctx
        self._client: AsyncDify = ctx.client.with_options(max_retries=retries)
        self._rows = rows
        self._results = results
        self._kind = kind
        self._concurrency = concurrency
        self._workflow_id = workflow_id
        self._submitted: list[Row] = []
        self._draining = False
        self._fatal_error: Exception | None = None
        self._note_timer: asyncio.TimerHandle | None = None
        self.total = 0
        self.unfinished = 0
        self.on_row_done: Callable[[], None] = lambda: None

    def check(self, *, ignore: Container[int] = ()) -> None:
        """Read all rows, and compare them with the results of earlier attempts.

        Args:
            ignore: Numbers of rows whose results will be dropped; these rows may have changed.

        Raises:
            CommandError: A row is invalid, or differs from the row of its result.
        """
        done, started = self._results.done, self._results.started_digests
        for row in self._rows:
            self.total += 1
            digest = None if row.number in ignore else done.get(row.number) or started.get(row.number)
            if digest is not None and digest != input_digest(row.values):
                raise CommandError(
                    f"row {row.number} has changed since its result was written to {self._results.path}; "
                    "pass another --out to start a new batch",
                    USAGE,
                )
        unknown = [row for row in done if row > self.total or row < 1]
        if unknown:
            raise CommandError(
                f"{self._results.path} has a result of row {unknown[0]}, but {self._rows.path} has {self.total} rows; "
                "pass another --out to start a new batch",
                USAGE,
            )

    def drain(self) -> None:
        """Start no more rows."""
        self._draining = True

    @property
    def draining(self) -> bool:
        """True after `drain` was called."""
        return self._draining

    @property
    def stopping(self) -> bool:
        """True after `drain` or a fatal error: no more rows are started."""
        return self._draining or self._fatal_error is not None

    async def run(self) -> None:
        """Run the rows that have no result.

        Raises:
            CommandError: All further rows would fail (invalid key, server not reachable …), the batch was drained, or runs
                continue on the server.
        """
        await self._collect()
        pending: Any
        if self._kind == "workflow":
            pending = self._client.workflows.map(
                self._pending_inputs(),
                concurrency=self._concurrency,
                in_order=False,
                workflow_id=self._workflow_id,
                on_start=self._on_start,
            )
        else:
            pending = self._client.completions.map(
                self._pending_inputs(), concurrency=self._concurrency, in_order=False
            )
        try:
            async with pending as results:
                await self._write_results(aiter(results))
        finally:
            if self._note_timer is not None:
                self._note_timer.cancel()
        if self._fatal_error is not None:
            raise self._fatal_error
        if self._draining:
            raise CommandError("", INTERRUPTED)
        if self.unfinished:
            raise CommandError(
                f"{'1 row was' if self.unfinished == 1 else f'{self.unfinished} rows were'} interrupted and may still be "
                "running on the server; to collect the results, run the command again",
                CONNECTION,
            )

    async def _write_results(self, results: AsyncIterator[MapResult[Any]]) -> None:
        try:
            async for result in results:
                await self._write_result(result)
        except asyncio.CancelledError:
            # The second Ctrl-C. Results that have been received are written; nothing else is waited for.
            with suppress(TimeoutError, StopAsyncIteration):
                while True:
                    async with asyncio.timeout(_CANCEL_TIMEOUT):
                        result = await anext(results)
                    await self._write_result(result)
            raise

    def _stop_after(self, error: Exception) -> None:
        """Start no more rows, because all would fail; wait for the rows in progress, whose tokens are already paid for."""
        if self._fatal_error is not None:
            return
        self._fatal_error = error
        loop = asyncio.get_running_loop()
        note = f"{str(error).rstrip('.')}; finishing the rows in progress"
        self._note_timer = loop.call_later(_NOTE_DELAY, lambda: report(note, label="Note"))

    def _on_start(self, index: int, run_id: str) -> None:
        row = self._submitted[index]
        self._results.start(row.number, run_id, row.values)

    async def _pending_inputs(self) -> AsyncIterator[dict[str, Any]]:
        """Upload the files of each row that has no result, and yield its inputs."""
        for row in self._rows:
            if self.stopping:
                return
            if row.number in self._results.done or row.number in self._results.started:
                continue
            try:
                inputs = await upload_row_files(self._client, row.values)
            except Exception as error:
                if exit_code_for(error) is None:
                    raise
                await self._write_error(row, error)
                continue
            self._submitted.append(row)
            yield inputs

    async def _write_result(self, result: MapResult[Any]) -> None:
        row = self._submitted[result.index]
        if result.error is not None:
            await self._write_error(row, result.error)
            return
        reply = result.unwrap()
        if self._kind == "workflow":
            details = {"run_id": reply.workflow_run_id, "elapsed_time": reply.data.elapsed_time}
            details |= {"total_tokens": reply.data.total_tokens}
            await self._add(
                row, {"status": reply.status, "outputs": plain(reply.outputs), **_error_field(reply.error), **details}
            )
        else:
            tokens = None if reply.usage is None else reply.usage.total_tokens
            details = {"message_id": reply.message_id, "total_tokens": tokens}
            await self._add(row, {"status": "succeeded", "answer": reply.answer, **details})

    async def _write_error(self, row: Row, error: Exception) -> None:
        """Write the error as the row's result, unless all rows would fail with it: then stop the batch."""
        import dify

        match error:
            case dify.WorkflowFailedError():
                run = error.run
                details = {} if run is None else {"run_id": run.workflow_run_id, "elapsed_time": run.data.elapsed_time}
                outputs: dict[str, Any] = {} if run is None else plain(run.outputs)
                reason = (None if run is None else run.error) or str(error)
                await self._add(row, {"status": "failed", "outputs": outputs, **_error_field(reason), **details})
                return
            case dify.StreamInterruptedError() if error.workflow_run_id:
                self.unfinished += 1
                return
            case (
                dify.AuthenticationError()
                | dify.PermissionDeniedError()
                | dify.NotThisAppTypeError()
                | dify.AppUnavailableError()
                | dify.ProviderNotInitializedError()
                | dify.ProviderQuotaExceededError()
            ):
                fatal = True
            case dify.APIConnectionError():
                fatal = not error.sent  # a request that was sent may have started a run, which must not run twice
            case _:
                fatal = isinstance(error, dify.ConfigurationError) and not isinstance(error, dify.InvalidArgumentError)
        message = error_message(error, "batch", self._ctx.session.source)
        if fatal:
            self._stop_after(CommandError(f"row {row.number}: {message}", exit_code_for(error) or USAGE))
            return
        if exit_code_for(error) is None:
            self._stop_after(error)
            return
        code = getattr(error, "code", None) or type(error).__name__
        await self._add(row, {"status": "error", "error": message, "code": code})

    async def _add(self, row: Row, result: dict[str, Any]) -> None:
        # In a thread, so that a slow disk does not block the streams.
        writing = asyncio.ensure_future(
            asyncio.to_thread(self._results.add, row.number, {"inputs": row.values, **result})
        )
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])  # the file must stay open until the line is written
            raise
        self.on_row_done()

    # ----------------------------------------------------------------------------------------- runs of earlier attempts
    async def _collect(self) -> None:
        """Request the outcome of runs that were in progress when the last attempt ended."""
        started = self._results.started
        if not started or self._kind != "workflow":
            started.clear()
            return
        semaphore = asyncio.Semaphore(self._concurrency)

        async def collect_row(row: Row) -> None:
            async with semaphore:
                detail = await self._outcome(started[row.number])
            if detail is None or detail.status == "stopped":
                del started[row.number]  # unknown to the server, or stopped on request: run the row again
            elif detail.status in ("running", "scheduled"):
                self.unfinished += 1
            else:
                result: dict[str, Any] = {
                    "status": detail.status,
                    "outputs": plain(detail.outputs) or {},
                    **_error_field(detail.error),
                }
                details = {
                    "run_id": detail.id,
                    "elapsed_time": detail.elapsed_time,
                    "total_tokens": detail.total_tokens,
                }
                await self._add(row, {**result, **details})

        rows = [row for row in self._rows if row.number in started]
        async with asyncio.TaskGroup() as group:
            for row in rows:
                group.create_task(collect_row(row))

    async def _outcome(self, run_id: str) -> WorkflowRunDetail | None:
        from dify import NotFoundError

        loop = asyncio.get_running_loop()
        deadline = loop.time() + _COLLECT_TIMEOUT
        while True:
            try:
                detail = await self._client.workflows.get(run_id)
            except NotFoundError:
                return None
            if loop.time() > deadline or self._draining or detail.status not in ("running", "scheduled"):
                return detail
            await asyncio.sleep(_POLL_INTERVAL)


def _error_field(error: str | None) -> dict[str, str]:
    return {"error": error} if error else {}
