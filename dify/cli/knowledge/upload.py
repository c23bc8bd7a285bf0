"""`dify knowledge documents upload`: upload files and folders into a knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..command import Context, command, examples
from ..error_messages import error_message
from ..exits import FAILED, CommandError, exit_code_for
from ..terminal.screen import to_json
from .options import (
    IF_EXISTS,
    DatasetId,
    Form,
    IfExistsOption,
    Language,
    Model,
    Provider,
    Rule,
    Technique,
    json_object_option,
    literal,
)

__all__ = ["upload_command"]


def upload_command(documents: typer.Typer) -> None:
    """Add the command to the group."""
    command(
        documents,
        "upload",
        key="knowledge",
        epilog=examples(
            "dify knowledge documents upload DATASET_ID handbook/ --indexing economy",
            "dify knowledge documents upload DATASET_ID handbook/ --match '*.md' --concurrency 8",
            "dify knowledge documents upload DATASET_ID handbook/ --name-template '{root} {path}' --replace",
            "dify knowledge documents upload DATASET_ID handbook/     (run again to resume)",
        ),
    )(_upload)


async def _upload(
    ctx: Context,
    dataset_id: DatasetId,
    paths: Annotated[
        list[Path], typer.Argument(metavar="path", exists=True, help="Files, and folders with their subfolders.")
    ],
    match: Annotated[
        list[str] | None,
        typer.Option(
            "--match", metavar="pattern", help="Upload only matching files of folders, such as '*.md'; repeatable."
        ),
    ] = None,
    indexing: Technique = None,
    form: Form = None,
    language: Language = None,
    rule: Rule = None,
    embedding_model: Model = None,
    embedding_provider: Provider = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, metavar="n", help="Number of files to upload in parallel.")
    ] = 4,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until all documents are indexed.")] = True,
    again: Annotated[
        bool, typer.Option("--again", help="Upload files again that an earlier attempt uploaded.")
    ] = False,
    name_template: Annotated[
        str,
        typer.Option(
            "--name-template",
            metavar="template",
            help="Template of document names; fields: {path} {parent} {name} {stem} {suffix} {root}.",
        ),
    ] = "{path}",
    if_exists: IfExistsOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Same as --if-exists replace.")] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", metavar="path", help="Journal of the upload.  [default: a file in ~/.local/state/dify]"
        ),
    ] = None,
) -> None:
    """Upload files and folders as documents. Waits until they are indexed, unless --no-wait is set.

    Each document is named after the file's path below the folder, with %2F for slashes (a%2Findex.md). Dify identifies
    documents by name: a new document replaces an existing one of the same name. Documents that this upload did not create
    are replaced only with --replace.

    To resume an upload, run the same command again. Indexed files are skipped; files that failed or have changed are sent
    again and replace their documents. If a file fails, the others are uploaded all the same, and the exit code is 1. An
    error that would affect every file, such as an invalid key, ends the upload.
    """
    from .upload_journal import Journal, default_journal, files_of
    from .upload_names import names_of
    from .upload_plan import Planner
    from .uploader import Uploader

    action = literal(if_exists, "--if-exists", IF_EXISTS)
    if replace and action not in (None, "replace"):
        raise typer.BadParameter(f"--replace and --if-exists {action} cannot be used together")
    files = files_of(paths, match or [])
    if not files:
        raise CommandError("no files to upload; check the paths and --match")
    names = names_of(files, name_template)
    upload_journal = Journal(journal or default_journal(ctx.client.base_url, dataset_id))
    planner = Planner(
        ctx.client,
        dataset_id,
        upload_journal,
        names,
        if_exists="replace" if replace else action or "error",
        again=again,
        concurrency=concurrency,
    )
    uploader = Uploader(
        ctx, dataset_id, files, upload_journal, planner, concurrency=concurrency, wait=wait, again=again
    )
    uploader.settings = {
        "indexing_technique": literal(indexing, "--indexing", ("high_quality", "economy")),
        "doc_form": literal(form, "--form", ("text_model", "hierarchical_model", "qa_model")),
        "doc_language": language,
        "process_rule": json_object_option(rule, "--rule"),
        "embedding_model": embedding_model,
        "embedding_model_provider": embedding_provider,
    }
    summary = await uploader.run()
    if ctx.as_json:
        for entry in summary.entries:
            data = {"file": entry.file, "name": entry.name, "state": entry.state, "document_id": entry.document_id}
            ctx.screen.line(to_json({**data, "batch": entry.batch, "error": entry.error}))
    else:
        for entry in summary.entries:
            ctx.screen.line(f"{entry.state}\t{entry.document_id or ''}\t{entry.file}\t{entry.error or ''}".rstrip())
    ctx.screen.note(summary.line)
    if summary.end is not None:
        message = error_message(summary.end, "knowledge documents upload", ctx.session.source)
        remaining = len(files) - len(summary.entries)
        message += f"; {remaining} of {len(files)} files were not uploaded" if remaining else ""
        raise CommandError(message, exit_code_for(summary.end) or FAILED)
    if summary.failed:
        raise CommandError(f"{summary.failed} of {len(files)} files failed; to retry them, run the command again")
