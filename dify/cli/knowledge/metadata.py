"""`dify knowledge metadata`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Job, command, examples
from ..exits import NOT_FOUND, Failure
from ..inputs import parse_pairs
from ..lazy import group
from ..options import Yes, confirmed
from .options import DatasetId, DocumentId, literal

__all__ = ["metadata"]

metadata = group("Metadata fields of a knowledge base, and what documents have in them.")
metadata.info.name = "knowledge metadata"

_SHOWN = ("id", "name", "type", "count")
FieldId = Annotated[str, typer.Argument(metavar="FIELD_ID")]
Name = Annotated[str, typer.Argument(metavar="NAME")]


@command(metadata, "list", key="knowledge")
async def list_all(job: Job, dataset_id: DatasetId) -> None:
    """List the fields of a knowledge base."""
    job.out.rows((await job.client.knowledge.metadata.list(dataset_id)).doc_metadata, _SHOWN)


@command(
    metadata, "create", key="knowledge", epilog=examples("dify knowledge metadata create DATASET_ID year --type number")
)
async def create(
    job: Job,
    dataset_id: DatasetId,
    name: Name,
    type: Annotated[str, typer.Option("--type", metavar="TYPE", help="string, number or time.")] = "string",
) -> None:
    """Define a field."""
    kind = literal(type, "--type", ("string", "number", "time"))
    job.out.one(await job.client.knowledge.metadata.create(dataset_id, name, type=kind), _SHOWN)


@command(metadata, "rename", key="knowledge")
async def rename(job: Job, dataset_id: DatasetId, field_id: FieldId, name: Name) -> None:
    """Rename a field."""
    job.out.one(await job.client.knowledge.metadata.update(dataset_id, field_id, name), _SHOWN)


@command(metadata, "delete", key="knowledge")
async def delete(job: Job, dataset_id: DatasetId, field_id: FieldId, yes: Yes = False) -> None:
    """Delete a field, and what documents have in it."""
    confirmed(f"Delete the field {field_id}?", yes)
    await job.client.knowledge.metadata.delete(dataset_id, field_id)
    job.out.done("deleted")


@command(metadata, "built-in", key="knowledge")
async def built_in(
    job: Job,
    dataset_id: DatasetId,
    enable: Annotated[bool | None, typer.Option("--enable/--disable", help="Switch them on or off.")] = None,
) -> None:
    """List the fields that the server fills itself, or switch them on or off."""
    fields = job.client.knowledge.metadata
    if enable is None:
        job.out.rows((await fields.built_in(dataset_id)).fields, ("name", "type"))
    else:
        await (fields.enable_built_in(dataset_id) if enable else fields.disable_built_in(dataset_id))
        job.out.done("switched on" if enable else "switched off")


@command(
    metadata,
    "set",
    key="knowledge",
    epilog=examples(
        "dify knowledge metadata set DATASET_ID DOCUMENT_ID year:=2024 author=Ann",
        "dify knowledge metadata set DATASET_ID DOCUMENT_ID year:=null   (clears it)",
    ),
)
async def set_values(
    job: Job,
    dataset_id: DatasetId,
    document_id: DocumentId,
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="Values, by the names of their fields.")],
) -> None:
    """Set metadata of a document; fields that are not named stay."""
    from dify import MetadataInput, MetadataOperation

    fields = {field.name: field.id for field in (await job.client.knowledge.metadata.list(dataset_id)).doc_metadata}
    given: list[MetadataInput] = []
    for pair in parse_pairs(values):
        if pair.is_file or not isinstance(pair.value, str | int | float | None):
            raise typer.BadParameter(f"{pair.key} takes a text, a number or null")
        if pair.key not in fields:
            # The server would pass it over without a word.
            raise Failure(f"there is no field {pair.key!r} ({', '.join(fields) or 'there are none'})", NOT_FOUND)
        given.append(MetadataInput(id=fields[pair.key], name=pair.key, value=pair.value))
    change = MetadataOperation(document_id=document_id, metadata_list=given, partial_update=True)
    await job.client.knowledge.metadata.update_documents(dataset_id, [change])
    job.out.done("set")
