"""`dify knowledge pipeline`: knowledge bases that a pipeline fills."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..command import Job, command, examples
from ..inputs import SYNTAX, parse_pairs, values_of
from ..lazy import group
from ..options import Inputs
from ..render import to_json
from .options import DatasetId, given_json, literal

__all__ = ["pipeline"]

pipeline = group("Knowledge pipelines. They need a server from 1.14 on.")
pipeline.info.name = "knowledge pipeline"

_TYPES = ("local_file", "online_document", "website_crawl", "online_drive")


@command(pipeline, "upload", key="knowledge")
async def upload(job: Job, file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]) -> None:
    """Store a file for a pipeline, and print its id."""
    job.out.one(await job.client.knowledge.pipelines.upload_file(file))


@command(pipeline, "sources", key="knowledge")
async def sources(job: Job, dataset_id: DatasetId) -> None:
    """List the datasource nodes of a pipeline."""
    found = await job.client.knowledge.pipelines.datasource_plugins(dataset_id)
    job.out.rows(found, ("node_id", "title", "datasource_type", "plugin_id", "provider_name"))


@command(
    pipeline,
    "run",
    key="knowledge",
    epilog=examples(
        "dify knowledge pipeline run DATASET_ID NODE_ID --file handbook.pdf",
        "dify knowledge pipeline run DATASET_ID NODE_ID --type website_crawl --source @page.json depth:=2",
        more=["Inputs:", *(f"  {line}" for line in SYNTAX)],
    ),
)
async def run(
    job: Job,
    dataset_id: DatasetId,
    node_id: Annotated[str, typer.Argument(metavar="NODE_ID", help="The datasource node to start from.")],
    inputs: Inputs = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="PATH", help="A file to work on.", exists=True, dir_okay=False),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="JSON|@FILE", help="What to work on, or a list of it, as JSON.")
    ] = None,
    type: Annotated[str, typer.Option("--type", metavar="TYPE", help="local_file, online_document …")] = "local_file",
    draft: Annotated[bool, typer.Option("--draft", help="Run the draft, which makes no documents.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the documents are indexed.")] = True,
) -> None:
    """Run a pipeline, and show the documents that it makes."""
    from dify import LocalFile, PipelineRun

    found = job.client.knowledge
    values = await values_of(job.client, parse_pairs(inputs or []), job.screen.note)
    items: list[Any] = []
    if file is not None:
        items.append(LocalFile.from_upload(await found.pipelines.upload_file(file)))
    given = given_json(source, "--source")
    items += given if isinstance(given, list) else [] if given is None else [given]
    done = await found.pipelines.run(
        dataset_id,
        inputs=values,
        datasource_type=literal(type, "--type", _TYPES),
        datasource_info_list=items,
        start_node_id=node_id,
        is_published=not draft,
    )
    if not isinstance(done, PipelineRun):
        job.screen.line(to_json(done.outputs, indent=2))
        return
    if wait:
        await found.documents.wait_indexed(dataset_id, done.batch, timeout=None)
    job.out.one(done, ("batch", "documents"))


@command(pipeline, "try-source", key="knowledge")
async def try_source(
    job: Job,
    dataset_id: DatasetId,
    node_id: Annotated[str, typer.Argument(metavar="NODE_ID", help="The datasource node.")],
    inputs: Inputs = None,
    type: Annotated[str, typer.Option("--type", metavar="TYPE", help="website_crawl …")] = "website_crawl",
    draft: Annotated[bool, typer.Option("--draft", help="Of the draft.")] = False,
    credential: Annotated[str | None, typer.Option("--credential", metavar="ID", help="Which credentials.")] = None,
) -> None:
    """Run one datasource node, and print the events that it brings, one JSON object per line."""
    values = await values_of(job.client, parse_pairs(inputs or []), job.screen.note)
    stream = job.client.knowledge.pipelines.run_datasource_node(
        dataset_id,
        node_id,
        inputs=values,
        datasource_type=literal(type, "--type", _TYPES),
        is_published=not draft,
        credential_id=credential,
    )
    async for event in stream:
        job.screen.line(to_json({"event": event.event, **event.model_dump(mode="json", exclude_unset=True)}))
