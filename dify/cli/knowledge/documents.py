"""`dify knowledge documents`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..command import Context, command, examples
from ..groups import group
from ..inputs import read_text, valid_text
from ..options import All, Keyword, Limit, Overwrite, Yes, confirm
from .options import (
    IF_EXISTS,
    DatasetId,
    DocumentId,
    Form,
    IfExistsOption,
    Language,
    Rule,
    Technique,
    json_object_option,
    literal,
)
from .upload import upload_command

if TYPE_CHECKING:
    from dify.types import IfExists as DocumentAction

__all__ = ["documents"]

documents = group("Manage the documents of a knowledge base.")
documents.info.name = "knowledge documents"

_COLUMNS = ("id", "name", "display_status", "word_count", "error")
_CREATED_COLUMNS = ("document.id", "document.name", "document.indexing_status", "batch")
TECHNIQUES = ("high_quality", "economy")
FORMS = ("text_model", "hierarchical_model", "qa_model")

Ids = Annotated[list[str], typer.Argument(metavar="document-id", help="Ids of the documents.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the document is indexed.")]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="path", help="File or directory to write to; - is standard output.")
]

upload_command(documents)


@command(documents, "list", key="knowledge", epilog=examples("dify knowledge documents list DATASET_ID --status error"))
async def list_all(
    ctx: Context,
    dataset_id: DatasetId,
    keyword: Keyword = None,
    status: Annotated[
        str | None,
        typer.Option(
            "--status", metavar="status", help="Filter by status, such as available, indexing, error or disabled."
        ),
    ] = None,
    limit: Limit = 20,
    all: All = False,
) -> None:
    """List the documents of a knowledge base."""
    pager = ctx.client.knowledge.documents.list(
        dataset_id, keyword=keyword, status=status, limit=100 if all else min(limit + 1, 100)
    )
    await ctx.output.pages(pager, _COLUMNS, limit=limit, all=all)


@command(documents, "show", key="knowledge")
async def show(ctx: Context, dataset_id: DatasetId, document_id: DocumentId) -> None:
    """Show a document."""
    ctx.output.item(await ctx.client.knowledge.documents.get(dataset_id, document_id))


@command(
    documents,
    "add-text",
    key="knowledge",
    epilog=examples(
        'dify knowledge documents add-text DATASET_ID Leave "30 days a year." --indexing economy',
        "dify knowledge documents add-text DATASET_ID Notes - < notes.txt",
    ),
)
async def add_text(
    ctx: Context,
    dataset_id: DatasetId,
    name: Annotated[str, typer.Argument(metavar="name", help="Name of the document.")],
    text: Annotated[str, typer.Argument(metavar="text", help="Text; - reads standard input.")],
    indexing: Technique = None,
    form: Form = None,
    language: Language = None,
    rule: Rule = None,
    if_exists: IfExistsOption = None,
    wait: Wait = True,
) -> None:
    """Create a document from a text. A document of the same name is replaced, unless --if-exists is error or skip."""
    action: DocumentAction = literal(if_exists, "--if-exists", IF_EXISTS) or "replace"
    created = await ctx.client.knowledge.documents.create_from_text(
        dataset_id,
        name,
        read_text("-") if text == "-" else valid_text(text),
        if_exists=action,
        indexing_technique=literal(indexing, "--indexing", TECHNIQUES),
        doc_form=literal(form, "--form", FORMS),
        doc_language=language,
        process_rule=json_object_option(rule, "--rule"),
    )
    if created is None:
        ctx.screen.note(f"skipped: the knowledge base has a document {name!r}")
        return
    await _indexed(ctx, dataset_id, created.batch, wait)
    ctx.output.item(created, _CREATED_COLUMNS)


@command(documents, "update-text", key="knowledge")
async def update_text(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    name: Annotated[str, typer.Argument(metavar="name", help="Name of the document.")],
    text: Annotated[str, typer.Argument(metavar="text", help="Text; - reads standard input.")],
    rule: Rule = None,
    wait: Wait = True,
) -> None:
    """Replace the text of a document and index it again."""
    created = await ctx.client.knowledge.documents.update_from_text(
        dataset_id,
        document_id,
        name=name,
        text=read_text("-") if text == "-" else valid_text(text),
        process_rule=json_object_option(rule, "--rule"),
    )
    await _indexed(ctx, dataset_id, created.batch, wait)
    ctx.output.item(created, _CREATED_COLUMNS)


@command(documents, "update-file", key="knowledge")
async def update_file(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    file: Annotated[Path, typer.Argument(metavar="file", exists=True, dir_okay=False, help="New file.")],
    rule: Rule = None,
    wait: Wait = True,
) -> None:
    """Replace the file of a document and index it again."""
    # The deprecated route, because servers before 1.14 have no other; later ones have both.
    created = await ctx.client.knowledge.documents.update_from_file(  # pyright: ignore[reportDeprecated]
        dataset_id, document_id, file, process_rule=json_object_option(rule, "--rule")
    )
    await _indexed(ctx, dataset_id, created.batch, wait)
    ctx.output.item(created, _CREATED_COLUMNS)


async def _indexed(ctx: Context, dataset_id: str, batch: str, wait: bool) -> None:
    if wait:
        await ctx.client.knowledge.documents.wait_indexed(dataset_id, batch, timeout=None)


@command(documents, "status", key="knowledge", epilog=examples("dify knowledge documents status DATASET_ID BATCH"))
async def status(
    ctx: Context,
    dataset_id: DatasetId,
    batch: Annotated[str, typer.Argument(metavar="batch", help="Batch id of an upload.")],
) -> None:
    """Show the indexing status of a batch."""
    response = await ctx.client.knowledge.documents.indexing_status(dataset_id, batch)
    ctx.output.rows(response.data, ("id", "indexing_status", "completed_segments", "total_segments", "error"))


async def _set(ctx: Context, dataset_id: str, action: str, ids: list[str]) -> None:
    chosen = literal(action, "action", ("enable", "disable", "archive", "un_archive"))
    await ctx.client.knowledge.documents.set_status(dataset_id, chosen, ids)
    ctx.output.status(f"{action}d" if action.endswith("e") else action)


@command(documents, "enable", key="knowledge")
async def enable(ctx: Context, dataset_id: DatasetId, document_ids: Ids) -> None:
    """Include documents in searches."""
    await _set(ctx, dataset_id, "enable", document_ids)


@command(documents, "disable", key="knowledge")
async def disable(ctx: Context, dataset_id: DatasetId, document_ids: Ids) -> None:
    """Exclude documents from searches."""
    await _set(ctx, dataset_id, "disable", document_ids)


@command(documents, "archive", key="knowledge")
async def archive(ctx: Context, dataset_id: DatasetId, document_ids: Ids) -> None:
    """Archive documents, which also excludes them from searches."""
    await _set(ctx, dataset_id, "archive", document_ids)


@command(documents, "unarchive", key="knowledge")
async def unarchive(ctx: Context, dataset_id: DatasetId, document_ids: Ids) -> None:
    """Restore documents from the archive."""
    await _set(ctx, dataset_id, "un_archive", document_ids)


@command(documents, "delete", key="knowledge")
async def delete(ctx: Context, dataset_id: DatasetId, document_ids: Ids, yes: Yes = False) -> None:
    """Delete documents and their segments."""
    confirm(f"Delete {len(document_ids)} documents?", yes)
    for document_id in document_ids:
        await ctx.client.knowledge.documents.delete(dataset_id, document_id)
        ctx.output.status(f"deleted {document_id}")


@command(
    documents,
    "download",
    key="knowledge",
    epilog=examples(
        "dify knowledge documents download DATASET_ID DOCUMENT_ID",
        "dify knowledge documents download DATASET_ID ID1 ID2 --out all.zip",
    ),
)
async def download(
    ctx: Context, dataset_id: DatasetId, document_ids: Ids, out: Out = Path(), overwrite: Overwrite = False
) -> None:
    """Download the files of documents. Several files are saved as a ZIP archive. Requires Dify 1.14 or later."""
    from ..transfers import save_download

    documents = ctx.client.knowledge.documents
    if len(document_ids) == 1:
        await save_download(ctx, documents.download(dataset_id, document_ids[0]), out, overwrite=overwrite)
    else:
        await save_download(ctx, documents.download_zip(dataset_id, document_ids), out, overwrite=overwrite)


@command(documents, "link", key="knowledge")
async def link(ctx: Context, dataset_id: DatasetId, document_id: DocumentId) -> None:
    """Print a signed link to the file of a document. The link expires."""
    link = await ctx.client.knowledge.documents.download_url(dataset_id, document_id)
    ctx.output.text(link.url, link)
