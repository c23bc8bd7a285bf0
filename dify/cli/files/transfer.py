"""`dify upload` and `dify download`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..causes import Causes
from ..command import Context, command, examples, single
from ..error_messages import error_message, error_object
from ..exits import FAILED, CommandError, exit_code_for
from ..options import Overwrite
from ..terminal.screen import report, report_json, to_json

__all__ = ["download", "upload"]

upload, download = single(), single()

Concurrency = Annotated[
    int, typer.Option("--concurrency", "-c", min=1, metavar="n", help="Number of files to upload in parallel.")
]


@command(
    upload,
    "upload",
    user=True,
    epilog=examples("dify upload photo.jpg report.pdf", "dify upload *.pdf --json | jq .id"),
)
async def upload_files(
    ctx: Context,
    files: Annotated[list[Path], typer.Argument(metavar="file", exists=True, dir_okay=False, help="Files to upload.")],
    concurrency: Concurrency = 4,
) -> None:
    """Upload files and print their ids, which requests of the same --user can refer to.

    If a file fails, the others are uploaded all the same, and the exit code is 1; with a single file it is that of the
    error.
    """
    import asyncio

    from ..transfers import ProgressFile, upload_bars

    semaphore = asyncio.Semaphore(concurrency)
    errors: list[Exception] = []
    causes = Causes("files")
    with upload_bars(ctx.screen, files) as bars:

        async def upload_file(path: Path) -> Any:
            async with semaphore:
                try:
                    with ProgressFile(path, bars.begin(path)) as file:
                        return await ctx.client.files.upload(file, filename=path.name)
                except Exception as error:
                    if exit_code_for(error) is None:
                        raise
                    errors.append(error)
                    message = error_message(error, "upload", ctx.session.source)
                    is_new = causes.add(str(path), message)
                    if ctx.as_json:
                        report_json({**error_object(error, "upload", ctx.session.source), "file": str(path)})
                    elif is_new:
                        bars.failed(path, message)
                    return None
                finally:
                    bars.end(path)

        uploads = await asyncio.gather(*(upload_file(path) for path in files))
    for path, uploaded in zip(files, uploads, strict=True):
        if uploaded is not None and ctx.as_json:
            ctx.screen.line(to_json(uploaded.model_dump(mode="json", exclude_unset=True)))
        elif uploaded is not None:
            ctx.screen.line(f"{uploaded.id}\t{path}")
    if not ctx.as_json:
        for line in causes.summary(repeated=True):
            report(line)
    if errors:
        code = exit_code_for(errors[0]) if len(files) == 1 else FAILED
        raise CommandError(f"{len(errors)} of {len(files)} files could not be uploaded", code or FAILED)


@command(
    download, "download", user=True, epilog=examples("dify download FILE_ID", "dify download FILE_ID --out photos/")
)
async def download_file(
    ctx: Context,
    file_id: Annotated[str, typer.Argument(metavar="file-id", help="A file used by a message of the app.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="path", help="File or directory to write to; - is standard output.")
    ] = Path(),
    overwrite: Overwrite = False,
) -> None:
    """Download a file of a message and print its path. A file that exists is replaced only with --overwrite."""
    from ..transfers import save_download

    await save_download(ctx, ctx.client.files.download(file_id), out, overwrite=overwrite)
