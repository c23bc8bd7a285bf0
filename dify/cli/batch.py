"""`dify batch`: a workflow or completion app over the rows of a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .batch_lines import Lines
from .batch_results import Results
from .batch_rows import Rows
from .batch_run import Batch
from .command import Job, command, examples, single
from .exits import FAILED, INTERRUPTED, USAGE, Failure
from .options import literal
from .render import Screen, complain, to_json
from .session import interrupting

__all__ = ["batch"]

batch = single()

HELP = """Run a workflow or completion app over the rows of a CSV or JSON Lines file.

Each row has the inputs of one run. Each finished row is one line of JSON in the file of results: its number (`row`, from 1),
its `status`, its `inputs`, and its `outputs` or `answer`, or the `error`. When all are done they stand in the order of the
rows.

Called again with the same files it goes on where it stopped, however it was ended: a row that has a result is never run
again. Rows that were at work then are asked for at the server; those of which it has not told an id are run again.

The first Ctrl-C begins no more rows and waits for those at work; the second leaves at once.
"""

_COLUMNS = [
    "Columns (and names in JSON):",
    "  topic       a text, or any JSON value in a JSON Lines file",
    "  count:=     JSON in a CSV cell, such as 3 or [1, 2]",
    "  photo@      the path of a file to upload;  photos[]@  a list of paths (JSON Lines)",
]


@command(
    batch,
    "batch",
    user=True,
    emulator="rows",
    help=HELP,
    epilog=examples(
        "dify batch rows.csv --out results.jsonl --concurrency 8",
        "dify batch rows.jsonl --out results.jsonl --retry-errors",
        "jq -r 'select(.status != \"succeeded\") | .row' results.jsonl",
        more=_COLUMNS,
    ),
)
async def run_batch(
    job: Job,
    rows: Annotated[Path, typer.Argument(metavar="ROWS", exists=True, dir_okay=False, help="A .csv or .jsonl file.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="PATH", dir_okay=False, help="The file of results (JSON Lines).")
    ],
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, metavar="N", help="How many rows to have at work.")
    ] = 4,
    app: Annotated[
        str | None, typer.Option("--app", metavar="KIND", help="workflow or completion; by default the app is asked.")
    ] = None,
    workflow_id: Annotated[
        str | None, typer.Option("--workflow-id", metavar="ID", help="A published version to run.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="KIND", help="csv or jsonl; by default from the file's name.")
    ] = None,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Run rows again that went wrong before.")
    ] = False,
    retries: Annotated[
        int, typer.Option("--retries", min=0, metavar="N", help="How often to try a call again where that is safe.")
    ] = 5,
) -> None:
    """Run a batch; see HELP."""
    from asyncio import CancelledError

    literal(app, "--app", ("workflow", "completion"))
    source = Rows(rows, literal(format, "--format", ("csv", "jsonl", "ndjson")))
    if str(out) == "-" or (out.exists() and not out.is_file()):
        raise Failure(f"--out {out} is no file: the next call goes on from what is in it", USAGE)
    if out.exists() and out.samefile(rows):
        raise Failure(f"--out {out} is the file of the rows", USAGE)
    kind = app or ("workflow" if job.session.emulator else (await job.client.app.info()).mode)
    if kind not in ("workflow", "completion"):
        words = "a batch runs workflows and completion apps; if it is one of them all the same, say --app"
        raise Failure(f"the app is of the kind {kind!r}: {words}", USAGE)
    with Results(out) as results:
        work = Batch(job, source, results, kind=kind, concurrency=concurrency, retries=retries, workflow_id=workflow_id)
        work.check(but=results.wrong if retry_errors else ())
        if retry_errors:
            results.drop_failed()
        before, began = len(results.done), time.monotonic()
        try:
            with _showing(job.screen, work, results) as work.tell, interrupting(_ctrl_c(work)):
                await work.run()
        except CancelledError:
            if not work.draining:
                raise
            raise Failure("", INTERRUPTED) from None  # the second Ctrl-C
        finally:
            _summarise(job, work, results, before, time.monotonic() - began)
        results.finish()
    if results.failed:
        raise Failure(f"{results.failed} of {work.total} rows went wrong; --retry-errors runs those again", FAILED)


def _ctrl_c(work: Batch) -> Callable[[], None]:
    import asyncio

    task = asyncio.current_task()

    def pressed() -> None:
        if work.draining and task is not None:
            task.cancel()
            return
        work.drain()
        complain("no more rows are begun; those at work are waited for. Ctrl-C again leaves at once", label="Note")

    return pressed


def _summarise(job: Job, work: Batch, results: Results, before: int, seconds: float) -> None:
    done = len(results.done)
    if job.as_json:
        about = {"rows": work.total, "done": done, "before": before, "failed": results.failed}
        job.screen.line(to_json({**about, "seconds": round(seconds, 3)}))
    else:
        job.screen.say(
            f"{done} of {work.total} rows are done ({before} of them before), {results.failed} went wrong; "
            f"{seconds:.1f} s. {results.path}"
        )


@contextmanager
def _showing(screen: Screen, work: Batch, results: Results) -> Generator[Callable[[], None]]:
    """A bar with what is done and how long the rest will take; lines where there is no terminal."""
    if not screen.live:
        with Lines(screen, work, results) as lines:
            yield lines.tell
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("rows", markup=False),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}", style="red", markup=False),
        TimeElapsedColumn(),
        TextColumn("left", style="dim"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen.console, redirect_stdout=False, redirect_stderr=False) as progress:
        task = progress.add_task("rows", total=work.total, completed=len(results.done), failed="")

        def show() -> None:
            failed = f"{results.failed} wrong" if results.failed else ""
            progress.update(task, completed=len(results.done), failed=failed)

        yield show
