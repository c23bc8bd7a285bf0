"""`dify knowledge pipeline`: run knowledge pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..command import Context, command, examples
from ..groups import group
from ..inputs import INPUT_HELP, parse_inputs, resolve_inputs
from ..output import plain
from ..terminal.screen import to_json
from .options import DatasetId, json_option, literal

__all__ = ["pipeline"]

pipeline = group("Run knowledge pipelines. Requires Dify 1.14 or later.")
pipeline.info.name = "knowledge pipeline"

PipelineInputs = Annotated[
    list[str] | None, typer.Argument(metavar="key=value", help="Inputs of the pipeline; see Inputs below.")
]

_TYPES = ("local_file", "online_document", "website_crawl", "online_drive")


@command(pipeline, "upload", key="knowledge")
async def upload(
    ctx: Context,
    file: Annotated[Path, typer.Argument(metavar="file", exists=True, dir_okay=False, help="File to upload.")],
) -> None:
    """Upload a file for a pipeline and print its id."""
    ctx.output.item(await ctx.client.knowledge.pipelines.upload_file(file))


@command(pipeline, "sources", key="knowledge")
async def sources(ctx: Context, dataset_id: DatasetId) -> None:
    """List the datasource nodes of a pipeline."""
    plugins = await ctx.client.knowledge.pipelines.datasource_plugins(dataset_id)
    ctx.output.rows(plugins, ("node_id", "title", "datasource_type", "plugin_id", "provider_name"))


@command(
    pipeline,
    "run",
    key="knowledge",
    epilog=examples(
        "dify knowledge pipeline run DATASET_ID NODE_ID --file handbook.pdf",
        "dify knowledge pipeline run DATASET_ID NODE_ID --type website_crawl --source @page.json depth:=2",
        more=INPUT_HELP,
    ),
)
async def run(
    ctx: Context,
    dataset_id: DatasetId,
    node_id: Annotated[str, typer.Argument(metavar="node-id", help="Datasource node to start from.")],
    inputs: PipelineInputs = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="path", help="File to process.", exists=True, dir_okay=False),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="json|@file", help="Datasource item to process, or a list of items, as JSON."),
    ] = None,
    type: Annotated[
        str,
        typer.Option(
            "--type",
            metavar="type",
            help="Type of datasource: local_file, online_document, website_crawl or online_drive.",
        ),
    ] = "local_file",
    draft: Annotated[
        bool, typer.Option("--draft", help="Run the draft of the pipeline, without creating documents.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the documents are indexed.")] = True,
) -> None:
    """Run a pipeline and show the documents that it creates."""
    from dify.types import LocalFile, PipelineRun

    knowledge = ctx.client.knowledge
    kind, data = literal(type, "--type", _TYPES), json_option(source, "--source")
    values = await resolve_inputs(ctx.client, parse_inputs(inputs or []), ctx.screen.note)
    items: list[Any] = []
    if file is not None:
        items.append(LocalFile.from_upload(await knowledge.pipelines.upload_file(file)))
    items += data if isinstance(data, list) else [] if data is None else [data]
    result = await knowledge.pipelines.run(
        dataset_id,
        inputs=values,
        datasource_type=kind,
        datasource_info_list=items,
        start_node_id=node_id,
        is_published=not draft,
    )
    if not isinstance(result, PipelineRun):
        ctx.screen.line(to_json(plain(result.outputs), indent=2))
        return
    if wait:
        await knowledge.documents.wait_indexed(dataset_id, result.batch, timeout=None)
    ctx.output.item(result, ("batch", "documents"))


@command(pipeline, "try-source", key="knowledge")
async def try_source(
    ctx: Context,
    dataset_id: DatasetId,
    node_id: Annotated[str, typer.Argument(metavar="node-id", help="Datasource node.")],
    inputs: PipelineInputs = None,
    type: Annotated[str, typer.Option("--type", metavar="type", help="Type of datasource.")] = "website_crawl",
    draft: Annotated[bool, typer.Option("--draft", help="Run the node of the draft.")] = False,
    credential: Annotated[str | None, typer.Option("--credential", metavar="id", help="Credential to use.")] = None,
) -> None:
    """Run a datasource node and print its events. Each event is a line of JSON."""
    kind = literal(type, "--type", _TYPES)
    values = await resolve_inputs(ctx.client, parse_inputs(inputs or []), ctx.screen.note)
    stream = ctx.client.knowledge.pipelines.run_datasource_node(
        dataset_id,
        node_id,
        inputs=values,
        datasource_type=kind,
        is_published=not draft,
        credential_id=credential,
    )
    async for event in stream:
        ctx.screen.line(to_json({"event": event.event, **event.model_dump(mode="json", exclude_unset=True)}))
