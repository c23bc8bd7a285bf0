"""`dify upload` and `dify download`: files of end users."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .command import Job, command, examples, single
from .exits import FAILED, Failure, code_of, line_of
from .render import to_json

__all__ = ["download", "upload"]

upload, download = single(), single()

Concurrency = Annotated[int, typer.Option("--concurrency", "-c", min=1, metavar="N", help="How many at a time.")]


@command(
    upload,
    "upload",
    user=True,
    epilog=examples("dify upload photo.jpg report.pdf", "dify upload *.pdf --json | jq .id"),
)
async def upload_files(
    job: Job,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False)],
    concurrency: Concurrency = 4,
) -> None:
    """Upload files for use in calls of the same --user, and print their ids.

    On a terminal, bars show how far each file is. A file that fails does not keep back the others; the exit code is then 1,
    or that of its error where there is one file.
    """
    import asyncio

    from .transfers import CountedFile, uploading

    slots = asyncio.Semaphore(concurrency)
    failures: list[Exception] = []
    with uploading(job.screen, files) as bars:

        async def one(path: Path) -> Any:
            async with slots:
                try:
                    with CountedFile(path, bars.begin(path)) as file:
                        return await job.client.files.upload(file, filename=path.name)
                except Exception as error:
                    if code_of(error) is None:
                        raise
                    failures.append(error)
                    bars.failed(path, line_of(error, "upload", job.session.source))
                    return None
                finally:
                    bars.end(path)

        stored = await asyncio.gather(*(one(path) for path in files))
    for path, found in zip(files, stored, strict=True):
        if found is not None and job.as_json:
            job.screen.line(to_json(found.model_dump(mode="json", exclude_unset=True)))
        elif found is not None:
            job.screen.line(f"{found.id}\t{path}")
    if failures:
        code = code_of(failures[0]) if len(files) == 1 else FAILED
        raise Failure(f"{len(failures)} of {len(files)} files could not be uploaded", code or FAILED)


@command(
    download, "download", user=True, epilog=examples("dify download FILE_ID", "dify download FILE_ID --out photos/")
)
async def download_file(
    job: Job,
    file_id: Annotated[str, typer.Argument(metavar="FILE_ID", help="A file that a message of the app has used.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="PATH", help="A file or a folder; - for standard output.")
    ] = Path(),
) -> None:
    """Download a file of a message, and print where it is."""
    from .transfers import saved

    await saved(job, job.client.files.download(file_id), out)
