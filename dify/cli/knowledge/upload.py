"""`dify knowledge documents upload`: files and folders into a knowledge base, with bars, and where it stopped before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..command import Job, command, examples
from ..exits import FAILED, Failure, code_of, line_of
from ..render import to_json
from .options import DatasetId, Form, Language, Model, Provider, Rule, Technique, given_json, literal

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
            "dify knowledge documents upload DATASET_ID handbook/     (again: goes on where it stopped)",
        ),
    )(_upload)


async def _upload(
    job: Job,
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
    again: Annotated[bool, typer.Option("--again", help="Upload also what is there by an earlier attempt.")] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", metavar="PATH", help="Where to keep what was done; by default in ~/.local/state/dify."
        ),
    ] = None,
) -> None:
    """Upload files and folders as documents, and wait until they are indexed.

    Called again it goes on where it stopped: what is indexed is passed over, what is at the server is waited for, what
    failed or changed since is sent anew in place of the old document. A file that fails does not keep back the others; the
    summary names it, and the exit code is 1. What would fail every file, such as a refused key or a knowledge base that is
    not there, ends the upload. On a terminal, bars show uploads and indexing.
    """
    from .upload_journal import Journal, default_journal, files_of
    from .uploader import Uploader

    files = files_of(paths, match or [])
    if not files:
        raise Failure("there are no files to upload")
    kept = Journal(journal or default_journal(job.client.base_url, dataset_id))
    uploader = Uploader(job, dataset_id, files, kept, concurrency=concurrency, wait=wait, again=again)
    uploader.settings = {
        "indexing_technique": literal(indexing, "--indexing", ("high_quality", "economy")),
        "doc_form": literal(form, "--form", ("text_model", "hierarchical_model", "qa_model")),
        "doc_language": language,
        "process_rule": given_json(rule, "--rule"),
        "embedding_model": embedding_model,
        "embedding_model_provider": embedding_provider,
    }
    summary = await uploader.run()
    if job.as_json:
        for entry in summary.entries:
            about = {"file": entry.file, "state": entry.state, "document_id": entry.document_id}
            job.screen.line(to_json({**about, "batch": entry.batch, "error": entry.error}))
    else:
        for entry in summary.entries:
            job.screen.line(f"{entry.state}\t{entry.document_id or ''}\t{entry.file}\t{entry.error or ''}".rstrip())
    job.screen.note(summary.line)
    if summary.end is not None:
        why = line_of(summary.end, "knowledge documents upload", job.session.source)
        left = len(files) - len(summary.entries)
        why += f"; {left} of {len(files)} files are left" if left else ""
        raise Failure(why, code_of(summary.end) or FAILED)
    if summary.failed:
        raise Failure(f"{summary.failed} of {len(files)} files failed; call it again to try those once more")
