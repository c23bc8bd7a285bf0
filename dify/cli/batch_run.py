"""Running the rows of a batch: what is left of them, several at a time, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .batch_files import with_files
from .batch_results import Results
from .batch_rows import Row, Rows, digest_of
from .exits import CONNECTION, INTERRUPTED, USAGE, Failure, code_of, line_of
from .output import plain
from .render import complain

if TYPE_CHECKING:
    from dify import AsyncDify, MapResult, WorkflowRunDetail

    from .command import Job

__all__ = ["Batch"]

_LOOK_SECONDS = 1.0
_LEAVING_SECONDS = 0.1
"""How long to look for another result that has been received, when leaving at once."""

_SILENCE_SECONDS = 1.0
"""How long to wait for the rows at work before saying so."""

_PATIENCE_SECONDS = 600.0
"""How long to wait for a run that an earlier attempt began, before it is left for another attempt."""


class Batch:
    """One attempt.

    Attributes:
        total: How many rows there are.
        unfinished: Rows whose run the server goes on with, as far as one knows; another attempt asks for them.
    """

    def __init__(
        self,
        job: Job,
        rows: Rows,
        results: Results,
        *,
        kind: str,
        concurrency: int,
        retries: int,
        workflow_id: str | None,
    ) -> None:
        self._job = job
        self._client: AsyncDify = job.client.with_options(max_retries=retries)
        self._rows = rows
        self._results = results
        self._kind = kind
        self._concurrency = concurrency
        self._workflow_id = workflow_id
        self._order: list[Row] = []
        self._draining = False
        self._end: Exception | None = None
        self._told: asyncio.TimerHandle | None = None
        self.total = 0
        self.unfinished = 0
        self.tell: Callable[[], None] = lambda: None

    def check(self, *, but: Container[int] = ()) -> None:
        """Read all rows once, and hold them against the results that are there.

        Args:
            but: Rows whose results are about to be forgotten; these may have changed.

        Raises:
            Failure: A row cannot be read, or is not the one that its result is of.
        """
        done, begun = self._results.done, self._results.begun
        for row in self._rows:
            self.total += 1
            digest = None if row.number in but else done.get(row.number) or begun.get(row.number)
            if digest is not None and digest != digest_of(row.values):
                raise Failure(
                    f"row {row.number} is not what it was when {self._results.path} was written: the rows have changed. "
                    "Choose another --out",
                    USAGE,
                )
        beyond = [row for row in done if row > self.total or row < 1]
        if beyond:
            raise Failure(
                f"{self._results.path} has a result of row {beyond[0]}, and there are {self.total} rows", USAGE
            )

    def drain(self) -> None:
        """Begin no more rows."""
        self._draining = True

    @property
    def draining(self) -> bool:
        """Whether no more rows are begun."""
        return self._draining

    @property
    def ending(self) -> bool:
        """Whether no more rows are begun, for whichever reason."""
        return self._draining or self._end is not None

    async def run(self) -> None:
        """Run what is left.

        Raises:
            Failure: Nothing more can be run: the key is refused, the server is not there …
        """
        await self._collect()
        found: Any
        if self._kind == "workflow":
            found = self._client.workflows.map(
                self._left(),
                concurrency=self._concurrency,
                in_order=False,
                workflow_id=self._workflow_id,
                on_start=self._started,
            )
        else:
            found = self._client.completions.map(self._left(), concurrency=self._concurrency, in_order=False)
        try:
            async with found as results:
                await self._take_all(aiter(results))
        finally:
            if self._told is not None:
                self._told.cancel()
        if self._end is not None:
            raise self._end
        if self._draining:
            raise Failure("", INTERRUPTED)
        if self.unfinished:
            raise Failure(
                f"{self.unfinished} rows were cut off and the server may go on with them: start again to collect them",
                CONNECTION,
            )

    async def _take_all(self, results: AsyncIterator[MapResult[Any]]) -> None:
        try:
            async for result in results:
                await self._take(result)
        except asyncio.CancelledError:
            # The second Ctrl-C. What has been received is paid for: it is written, and nothing more is waited for.
            with suppress(TimeoutError, StopAsyncIteration):
                while True:
                    async with asyncio.timeout(_LEAVING_SECONDS):
                        result = await anext(results)
                    await self._take(result)
            raise

    def _give_up(self, error: Exception) -> None:
        """Begin no more rows, as none would fare better; those at work are waited for, as their answers are paid for."""
        if self._end is not None:
            return
        self._end = error
        loop = asyncio.get_running_loop()
        said = f"{str(error).rstrip('.')}; no more rows are begun, those at work are waited for"
        self._told = loop.call_later(_SILENCE_SECONDS, lambda: complain(said, label="Note"))

    def _started(self, index: int, run_id: str) -> None:
        row = self._order[index]
        self._results.start(row.number, run_id, row.values)

    async def _left(self) -> AsyncIterator[dict[str, Any]]:
        """The inputs of the rows that have no result yet, with their files uploaded."""
        for row in self._rows:
            if self.ending:
                return
            if row.number in self._results.done or row.number in self._results.started:
                continue
            try:
                values = await with_files(self._client, row.values)
            except Exception as error:  # the row's own files; what else can go wrong is raised below
                if code_of(error) is None:
                    raise
                await self._failed(row, error)
                continue
            self._order.append(row)
            yield values

    async def _take(self, result: MapResult[Any]) -> None:
        row = self._order[result.index]
        if result.error is not None:
            await self._failed(row, result.error)
            return
        reply = result.unwrap()
        if self._kind == "workflow":
            about = {"run_id": reply.workflow_run_id, "elapsed_time": reply.data.elapsed_time}
            about |= {"total_tokens": reply.data.total_tokens}
            await self._add(
                row, {"status": reply.status, "outputs": reply.outputs, **_error_text(reply.error), **about}
            )
        else:
            tokens = None if reply.usage is None else reply.usage.total_tokens
            about = {"message_id": reply.message_id, "total_tokens": tokens}
            await self._add(row, {"status": "succeeded", "answer": reply.answer, **about})

    async def _failed(self, row: Row, error: Exception) -> None:
        """A row went wrong: that is its result, unless it says nothing of the row and none would fare better."""
        import dify

        match error:
            case dify.WorkflowFailedError():
                run = error.run
                about = {} if run is None else {"run_id": run.workflow_run_id, "elapsed_time": run.data.elapsed_time}
                outputs: dict[str, Any] = {} if run is None else run.outputs
                said = (None if run is None else run.error) or str(error)
                await self._add(row, {"status": "failed", "outputs": outputs, **_error_text(said), **about})
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
                fatal = not error.sent  # not even reached; else it may have run, which is not to be done twice
            case _:
                fatal = isinstance(error, dify.ConfigurationError) and not isinstance(error, dify.InvalidArgumentError)
        line = line_of(error, "batch", self._job.session.source)
        if fatal:
            self._give_up(Failure(f"row {row.number}: {line}", code_of(error) or USAGE))
            return
        if code_of(error) is None:
            self._give_up(error)
            return
        code = getattr(error, "code", None) or type(error).__name__
        await self._add(row, {"status": "error", "error": line, "code": code})

    async def _add(self, row: Row, result: dict[str, Any]) -> None:
        # In a thread: the disk may take its time, and the streams must not wait for it.
        writing = asyncio.ensure_future(
            asyncio.to_thread(self._results.add, row.number, {"inputs": row.values, **result})
        )
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])  # the file is not closed under it
            raise
        self.tell()

    # ---------------------------------------------------------------------------------- what earlier attempts had begun
    async def _collect(self) -> None:
        """Ask the server what became of the runs that were at work when the last attempt ended."""
        started = self._results.started
        if not started or self._kind != "workflow":
            started.clear()
            return
        slots = asyncio.Semaphore(self._concurrency)

        async def one(row: Row) -> None:
            async with slots:
                detail = await self._outcome(started[row.number])
            if detail is None or detail.status == "stopped":
                del started[row.number]  # the server knows nothing of it, or was asked to stop it: it is run again
            elif detail.status in ("running", "scheduled"):
                self.unfinished += 1
            else:
                about = {"run_id": detail.id, "elapsed_time": detail.elapsed_time, "total_tokens": detail.total_tokens}
                result: dict[str, Any] = {
                    "status": detail.status,
                    "outputs": plain(detail.outputs) or {},
                    **_error_text(detail.error),
                }
                await self._add(row, {**result, **about})

        rows = [row for row in self._rows if row.number in started]
        async with asyncio.TaskGroup() as group:
            for row in rows:
                group.create_task(one(row))

    async def _outcome(self, run_id: str) -> WorkflowRunDetail | None:
        from dify import NotFoundError

        end = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                detail = await self._client.workflows.get(run_id)
            except NotFoundError:
                return None
            late = asyncio.get_running_loop().time() > end
            if late or self._draining or detail.status not in ("running", "scheduled"):
                return detail
            await asyncio.sleep(_LOOK_SECONDS)


def _error_text(error: str | None) -> dict[str, str]:
    return {"error": error} if error else {}
