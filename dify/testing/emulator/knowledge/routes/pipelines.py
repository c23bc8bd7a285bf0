"""Knowledge pipelines: what feeds them, and their runs."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from starlette.datastructures import UploadFile
from starlette.responses import Response

from dify.types.events import DatasourceCompletedEvent, DatasourceErrorEvent, DatasourceProcessingEvent, ErrorEvent
from dify.types.pipelines import PipelineFile

from ....script.frames import Frame
from ...apps.models import StoredFile
from ...apps.routes.files import MEGABYTE, size_limit
from ...requests import ApiRequest
from ...responses import ApiError, blocking_response, dump, json_response
from ...routing import Router
from ...runs.pipeline_runs import Draft, Material, make_documents
from ...runs.running import drain
from ...sse import EventStream
from ..lookup import find_dataset
from ..models import StoredDataset, StoredPipeline, collect_one_page
from ..schemas import DatasourceNodeRunPayload, PipelineRunApiEntity

_NO_LOCAL = "Unsupported datasource provider: local_file"


router = Router()


@router.operation("uploadPipelineFile", body="form")
async def upload_file(request: ApiRequest) -> Response:
    assert request.form is not None
    part = request.form.get("file")
    if not isinstance(part, UploadFile):
        raise ApiError(400, "no_file_uploaded", "Please upload your file.")
    stored = StoredFile(part.filename or "", part.content_type or "", await part.read(), request.user)
    if not stored.name:
        raise ApiError(400, "filename_not_exists_error", "The specified filename does not exist.")
    if len(stored.content) > size_limit(stored.extension) * MEGABYTE:
        raise ApiError(400, "invalid_param")  # not the 413 that one would think
    request.app.files[stored.id] = stored
    body = PipelineFile(
        id=stored.id,
        name=stored.name,
        size=len(stored.content),
        extension=stored.extension,
        mime_type=stored.mime_type,
        created_by=request.app.knowledge.account_id,
        created_at=datetime.now(UTC),
    )
    return json_response(dump(body), status=201)


def _pipeline(dataset: StoredDataset) -> StoredPipeline:
    if dataset.pipeline is None:
        raise ApiError(400, "invalid_param", "Pipeline not found")
    return dataset.pipeline


@router.operation("listDatasourcePlugins")
async def list_plugins(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    return json_response([_pipeline(dataset).plugin()])


@router.operation("runDatasourceNode", body="json")
async def run_datasource_node(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    sent = request.payload(DatasourceNodeRunPayload)
    return EventStream(_collected(_pipeline(dataset), request.path("node_id"), sent))


async def _collected(pipeline: StoredPipeline, node_id: str, sent: DatasourceNodeRunPayload) -> AsyncGenerator[Frame]:
    """What a datasource finds. Every failure is an event, whatever it is."""
    begun, inputs = time.perf_counter(), sent.inputs
    if node_id != pipeline.node_id:
        yield DatasourceErrorEvent(error="Datasource node data not found")
        return
    if pipeline.datasource_type == "local_file":
        yield DatasourceErrorEvent(error=_NO_LOCAL)
        return
    if sent.datasource_type != pipeline.datasource_type:
        yield DatasourceErrorEvent(error=f"The datasource is no {sent.datasource_type}, but {pipeline.datasource_type}")
        return
    if sent.credential_id is not None:
        yield DatasourceErrorEvent(error=f"Credential not found: {sent.credential_id}")
        return
    try:
        found = [dict(each) for each in (pipeline.collect or collect_one_page)(inputs)]
    except Exception as error:  # noqa: BLE001  # a function that fails is a datasource that does
        yield DatasourceErrorEvent(error=str(error))
        return
    count = len(found)
    if pipeline.datasource_type == "website_crawl" and count > 1:
        yield DatasourceProcessingEvent(total=count, completed=1)
    elif pipeline.datasource_type != "website_crawl":
        yield DatasourceProcessingEvent(total=None, completed=None)
    spent = round(time.perf_counter() - begun, 2)
    yield DatasourceCompletedEvent(data=found, total=count, completed=count, time_consuming=spent)


@router.operation("runPipeline", body="json")
async def run_pipeline(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    sent = request.payload(PipelineRunApiEntity)
    pipeline = _pipeline(dataset)
    streaming, known = sent.response_mode == "streaming", sent.start_node_id == pipeline.node_id
    if not known:
        problem = f"Root node id {sent.start_node_id} not found in the graph"
        if sent.is_published:
            raise ApiError(500, "pipeline_run_error", problem)
        if streaming:
            return EventStream(_refused(problem))
        raise ApiError(400, "invalid_param", problem)
    material = [Material.of(request, pipeline, info) for info in sent.datasource_info_list]
    if sent.is_published:
        # Whatever mode was asked for, the documents are made in the background.
        return blocking_response(await make_documents(request, dataset, material))
    draft = Draft(request, dataset, pipeline, sent.inputs, material)
    if streaming:
        return EventStream(draft.frames())
    await drain(draft.frames())
    return blocking_response(draft.reply())


async def _refused(problem: str) -> AsyncGenerator[Frame]:
    yield ErrorEvent(workflow_run_id=None, code="invalid_param", status=400, message=problem)
