"""`dify knowledge documents upload`: files and folders into a knowledge base, with bars; an attempt resumes the last one."""

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
    json_option,
    literal,
)

__all__ = ["upload_command"]


def upload_command(documents: typer.Typer) -> None:
    """Make the command."""
    command(
        documents,
        "upload",
        key="knowledge",
        epilog=examples(
            "dify knowledge documents upload DATASET_ID handbook/ --indexing economy",
            "dify knowledge documents upload DATASET_ID handbook/ --match '*.md' --concurrency 8",
            "dify knowledge documents upload DATASET_ID handbook/ --name-template '{root} {path}' --replace",
            "dify knowledge documents upload DATASET_ID handbook/     (again: resumes where it stopped)",
        ),
    )(_upload)


async def _upload(
    ctx: Context,
    dataset_id: DatasetId,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", exists=True, help="Files, and folders with all below.")
    ],
    match: Annotated[
        list[str] | None,
        typer.Option("--match", metavar="PATTERN", help="In folders, only such as '*.md'; repeatable."),
    ] = None,
    indexing: Technique = None,
    form: Form = None,
    language: Language = None,
    rule: Rule = None,
    embedding_model: Model = None,
    embedding_provider: Provider = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, metavar="N", help="How many at a time.")
    ] = 4,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until all are indexed.")] = True,
    again: Annotated[bool, typer.Option("--again", help="Upload also what an earlier attempt uploaded.")] = False,
    name_template: Annotated[
        str,
        typer.Option(
            "--name-template",
            metavar="TEXT",
            help="Document names, of {path} {parent} {name} {stem} {suffix} {root}.",
        ),
    ] = "{path}",
    if_exists: IfExistsOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Same as --if-exists replace.")] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", metavar="PATH", help="Where to keep what was done; by default in ~/.local/state/dify."
        ),
    ] = None,
) -> None:
    """Upload files and folders as documents, and wait until they are indexed.

    Dify takes the name of a document for its identity: a new document replaces an existing one of the same name. So each
    file gets a name of its own, its path below the folder with %2F for slashes (a%2Findex.md), and documents that this
    upload did not make are replaced only with --replace.

    Called again it resumes where it stopped: what is indexed is skipped, what is at the server is waited for, what failed or
    changed since is sent again and replaces its old document. A file that fails does not stop the others; the summary names
    it, and the exit code is 1. What would fail every file, such as a refused key or an unknown knowledge base, ends the
    upload. On a terminal, bars show uploads and indexing.
    """
    from .upload_journal import Journal, default_journal, files_of
    from .upload_names import names_of
    from .upload_plan import Planner
    from .uploader import Uploader

    action = literal(if_exists, "--if-exists", IF_EXISTS)
    if replace and action not in (None, "replace"):
        raise typer.BadParameter(f"--replace contradicts --if-exists {action}")
    files = files_of(paths, match or [])
    if not files:
        raise CommandError("there are no files to upload")
    names = names_of(files, name_template)
    kept = Journal(journal or default_journal(ctx.client.base_url, dataset_id))
    planner = Planner(
        ctx.client,
        dataset_id,
        kept,
        names,
        if_exists="replace" if replace else action or "error",
        again=again,
        concurrency=concurrency,
    )
    uploader = Uploader(ctx, dataset_id, files, kept, planner, concurrency=concurrency, wait=wait, again=again)
    uploader.settings = {
        "indexing_technique": literal(indexing, "--indexing", ("high_quality", "economy")),
        "doc_form": literal(form, "--form", ("text_model", "hierarchical_model", "qa_model")),
        "doc_language": language,
        "process_rule": json_option(rule, "--rule"),
        "embedding_model": embedding_model,
        "embedding_model_provider": embedding_provider,
    }
    summary = await uploader.run()
    if ctx.as_json:
        for entry in summary.entries:
            about = {"file": entry.file, "name": entry.name, "state": entry.state, "document_id": entry.document_id}
            ctx.screen.line(to_json({**about, "batch": entry.batch, "error": entry.error}))
    else:
        for entry in summary.entries:
            ctx.screen.line(f"{entry.state}\t{entry.document_id or ''}\t{entry.file}\t{entry.error or ''}".rstrip())
    ctx.screen.note(summary.line)
    if summary.end is not None:
        why = error_message(summary.end, "knowledge documents upload", ctx.session.source)
        left = len(files) - len(summary.entries)
        why += f"; {left} of {len(files)} files are left" if left else ""
        raise CommandError(why, exit_code_for(summary.end) or FAILED)
    if summary.failed:
        raise CommandError(f"{summary.failed} of {len(files)} files failed; call it again to try those once more")
