"""`dify knowledge metadata`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..command import Context, command, examples
from ..exits import NOT_FOUND, CommandError
from ..groups import group
from ..inputs import parse_inputs
from ..options import Yes, confirm
from .options import DatasetId, DocumentId, literal

__all__ = ["metadata"]

metadata = group("Manage the metadata fields of a knowledge base, and the metadata of documents.")
metadata.info.name = "knowledge metadata"

_COLUMNS = ("id", "name", "type", "count")
FieldId = Annotated[str, typer.Argument(metavar="field-id", help="Id of the field.")]
Name = Annotated[str, typer.Argument(metavar="name", help="Name of the field.")]


@command(metadata, "list", key="knowledge")
async def list_fields(ctx: Context, dataset_id: DatasetId) -> None:
    """List the metadata fields of a knowledge base."""
    ctx.output.rows((await ctx.client.knowledge.metadata.list(dataset_id)).doc_metadata, _COLUMNS)


@command(
    metadata, "create", key="knowledge", epilog=examples("dify knowledge metadata create DATASET_ID year --type number")
)
async def create(
    ctx: Context,
    dataset_id: DatasetId,
    name: Name,
    type: Annotated[
        str, typer.Option("--type", metavar="type", help="Type of the field: string, number or time.")
    ] = "string",
) -> None:
    """Create a metadata field."""
    kind = literal(type, "--type", ("string", "number", "time"))
    ctx.output.item(await ctx.client.knowledge.metadata.create(dataset_id, name, type=kind), _COLUMNS)


@command(metadata, "rename", key="knowledge")
async def rename(ctx: Context, dataset_id: DatasetId, field_id: FieldId, name: Name) -> None:
    """Rename a metadata field."""
    ctx.output.item(await ctx.client.knowledge.metadata.update(dataset_id, field_id, name), _COLUMNS)


@command(metadata, "delete", key="knowledge")
async def delete(ctx: Context, dataset_id: DatasetId, field_id: FieldId, yes: Yes = False) -> None:
    """Delete a metadata field and its values in all documents."""
    confirm(f"Delete the field {field_id}?", yes)
    await ctx.client.knowledge.metadata.delete(dataset_id, field_id)
    ctx.output.status("deleted")


@command(metadata, "built-in", key="knowledge")
async def built_in(
    ctx: Context,
    dataset_id: DatasetId,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Enable or disable the built-in fields.")
    ] = None,
) -> None:
    """List, enable or disable the built-in fields. The server sets their values."""
    fields = ctx.client.knowledge.metadata
    if enable is None:
        ctx.output.rows((await fields.built_in(dataset_id)).fields, ("name", "type"))
    else:
        await (fields.enable_built_in(dataset_id) if enable else fields.disable_built_in(dataset_id))
        ctx.output.status("enabled" if enable else "disabled")


@command(
    metadata,
    "set",
    key="knowledge",
    epilog=examples(
        "dify knowledge metadata set DATASET_ID DOCUMENT_ID year:=2024 author=Ann",
        "dify knowledge metadata set DATASET_ID DOCUMENT_ID year:=null   (removes the value)",
    ),
)
async def set_values(
    ctx: Context,
    dataset_id: DatasetId,
    document_id: DocumentId,
    values: Annotated[list[str], typer.Argument(metavar="name=value", help="Field names and values; := for JSON.")],
) -> None:
    """Set metadata of a document; other fields are not changed."""
    from dify.types import MetadataInput, MetadataOperation

    fields = {field.name: field.id for field in (await ctx.client.knowledge.metadata.list(dataset_id)).doc_metadata}
    metadata: list[MetadataInput] = []
    for item in parse_inputs(values):
        if item.is_file or not isinstance(item.value, str | int | float | None):
            raise typer.BadParameter(f"{item.key} must be a text, a number or null")
        if item.key not in fields:
            # The server ignores unknown fields.
            known = f"fields: {', '.join(fields)}" if fields else "the knowledge base has no fields"
            raise CommandError(f"no metadata field {item.key!r} ({known})", NOT_FOUND)
        metadata.append(MetadataInput(id=fields[item.key], name=item.key, value=item.value))
    operation = MetadataOperation(document_id=document_id, metadata_list=metadata, partial_update=True)
    await ctx.client.knowledge.metadata.update_documents(dataset_id, [operation])
    ctx.output.status("metadata saved")
