"""`dify batch`: run a workflow or completion app on each row of a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ..causes import Causes
from ..command import Context, command, examples, single
from ..exits import FAILED, INTERRUPTED, USAGE, CommandError
from ..options import literal
from ..terminal.interrupts import on_interrupt
from ..terminal.screen import one_line, report, to_json
from .csv_results import journal_of, write_csv
from .progress import show_progress
from .results import SUCCESS_STATUSES, ResultsFile
from .rows import RowFile
from .runner import BatchRunner

__all__ = ["batch"]

batch = single()

HELP = """Run a workflow or completion app on each row of a CSV or JSON Lines file.

Each row contains the inputs of one run. Each result is a line of JSON in the results file: the row number (`row`, from
1), `status`, `inputs`, and `outputs`, `answer` or `error`. When all rows are done, the results are sorted by row. With
--out NAME.csv, the results are a table; NAME.csv.jsonl beside it holds them for the next attempt.

To resume a batch that was interrupted, run the same command again. Rows with a result are not run again. Rows that were
in progress are collected from the server; those whose run id is unknown are run again.

Press Ctrl-C once to finish the rows in progress and stop, twice to stop at once.
"""

_COLUMNS = [
    "Columns (and names in JSON):",
    "  topic       text; any JSON value in a JSON Lines file",
    "  count:=     JSON in a CSV cell, such as 3 or [1, 2]",
    "  photo@      path of a file to upload",
    "  photos[]@   list of paths (JSON Lines)",
]


@command(
    batch,
    "batch",
    user=True,
    emulator="rows",
    help=HELP,
    epilog=examples(
        "dify batch rows.csv --out results.jsonl --concurrency 8",
        "dify batch rows.csv --out results.csv",
        "dify batch rows.jsonl --out results.jsonl --retry-errors",
        "jq -r 'select(.status != \"succeeded\") | .row' results.jsonl",
        more=_COLUMNS,
    ),
)
async def run_batch(
    ctx: Context,
    rows: Annotated[Path, typer.Argument(metavar="rows", exists=True, dir_okay=False, help="CSV or JSON Lines file.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="path",
            dir_okay=False,
            help="Results file: a table if it ends in .csv, otherwise JSON Lines.",
        ),
    ],
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, metavar="n", help="Number of rows to process in parallel.")
    ] = 4,
    app: Annotated[
        str | None,
        typer.Option("--app", metavar="kind", help="Kind of app: workflow or completion.  [default: the app's]"),
    ] = None,
    workflow_id: Annotated[
        str | None, typer.Option("--workflow-id", metavar="id", help="Published version of the workflow to run.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="format", help="csv or jsonl.  [default: from the file name]")
    ] = None,
    retry_errors: Annotated[bool, typer.Option("--retry-errors", help="Run failed rows again.")] = False,
    retries: Annotated[
        int, typer.Option("--retries", min=0, metavar="n", help="Maximum number of retries of a request.")
    ] = 5,
) -> None:
    """Run a batch; the help text is HELP."""
    from asyncio import CancelledError

    literal(app, "--app", ("workflow", "completion"))
    row_file = RowFile(rows, literal(format, "--format", ("csv", "jsonl", "ndjson")))
    if str(out) == "-" or (out.exists() and not out.is_file()):
        raise CommandError(f"--out {out} is not a regular file; results are read back to resume a batch", USAGE)
    if out.suffix.lower() == ".parquet":
        raise CommandError(f"--out {out}: Parquet is not supported; use .csv or .jsonl", USAGE)
    if out.exists() and out.samefile(rows):
        raise CommandError(f"--out {out} is the file of the rows; choose another path", USAGE)
    kind = app or ("workflow" if ctx.session.emulator else (await ctx.client.app.info()).mode)
    if kind not in ("workflow", "completion"):
        raise CommandError(
            f"the app's kind is {kind!r}, but a batch requires a workflow or a completion app; "
            "if the kind is wrong, pass --app",
            USAGE,
        )
    as_csv = out.suffix.lower() == ".csv"
    journal = journal_of(out) if as_csv else out
    with ResultsFile(journal) as results:
        runner = BatchRunner(
            ctx, row_file, results, kind=kind, concurrency=concurrency, retries=retries, workflow_id=workflow_id
        )
        runner.check(ignore=results.failed_rows if retry_errors else ())
        if retry_errors:
            results.drop_failed()
        done_before, started_at = len(results.done), time.monotonic()
        try:
            with (
                show_progress(ctx.screen, runner, results, out) as runner.on_row_done,
                on_interrupt(_interrupt_handler(runner)),
            ):
                await runner.run()
        except CancelledError:
            if not runner.draining:
                raise
            raise CommandError("", INTERRUPTED) from None  # the second Ctrl-C
        finally:
            if as_csv and results.done:
                write_csv(results, out)
            _print_summary(ctx, runner, results, out, done_before, time.monotonic() - started_at)
        results.finish()
        if as_csv:
            write_csv(results, out)  # in the order of the rows
    if results.failed:
        if not ctx.as_json:
            for line in _causes_of(results).summary():
                ctx.screen.message(line)
        raise CommandError(
            f"{results.failed} of {runner.total} rows failed; to run them again, pass --retry-errors", FAILED
        )


def _causes_of(results: ResultsFile) -> Causes:
    causes = Causes("rows")
    for result, _ in results:
        if result.get("status") not in SUCCESS_STATUSES:
            reason = result.get("error") or f"the run ended with the status {result.get('status')}"
            causes.add(f"row {result['row']}", one_line(str(reason)))
    return causes


def _interrupt_handler(runner: BatchRunner) -> Callable[[], None]:
    import asyncio

    task = asyncio.current_task()

    def handle() -> None:
        if runner.draining and task is not None:
            task.cancel()
            return
        runner.drain()
        report("finishing the rows in progress; press Ctrl-C again to stop at once", label="Note")

    return handle


def _print_summary(
    ctx: Context, runner: BatchRunner, results: ResultsFile, out: Path, done_before: int, seconds: float
) -> None:
    done = len(results.done)
    if ctx.as_json:
        summary = {"rows": runner.total, "done": done, "before": done_before, "failed": results.failed}
        ctx.screen.line(to_json({**summary, "seconds": round(seconds, 3)}))
    else:
        earlier = f" ({done_before} of them earlier)" if done_before else ""
        ctx.screen.message(
            f"{done} of {runner.total} rows done{earlier}, {results.failed} failed, in {seconds:.1f} s: {out}"
        )
