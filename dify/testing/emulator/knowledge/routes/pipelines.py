"""Knowledge pipelines: uploads, datasource nodes and runs."""

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
from ...runs.generation_responses import drain
from ...runs.pipeline_runs import Draft, PipelineSource, make_documents
from ...sse import EventStream
from ..lookup import find_dataset
from ..models import StoredDataset, StoredPipeline, collect_one_page
from ..schemas import DatasourceNodeRunPayload, PipelineRunApiEntity

_LOCAL_FILE = "Unsupported datasource provider: local_file"


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
        raise ApiError(400, "invalid_param")  # 400, although other uploads get 413
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
    payload = request.payload(DatasourceNodeRunPayload)
    return EventStream(_run_node_events(_pipeline(dataset), request.path("node_id"), payload))


async def _run_node_events(
    pipeline: StoredPipeline, node_id: str, payload: DatasourceNodeRunPayload
) -> AsyncGenerator[Frame]:
    """Yield the events of a datasource node. All failures are events."""
    started = time.perf_counter()
    if node_id != pipeline.node_id:
        yield DatasourceErrorEvent(error="Datasource node data not found")
        return
    if pipeline.datasource_type == "local_file":
        yield DatasourceErrorEvent(error=_LOCAL_FILE)
        return
    if payload.datasource_type != pipeline.datasource_type:
        yield DatasourceErrorEvent(
            error=f"The datasource is no {payload.datasource_type}, but {pipeline.datasource_type}"
        )
        return
    if payload.credential_id is not None:
        yield DatasourceErrorEvent(error=f"Credential not found: {payload.credential_id}")
        return
    try:
        items = [dict(item) for item in (pipeline.collect or collect_one_page)(payload.inputs)]
    except Exception as error:  # noqa: BLE001  # an exception of the user's function
        yield DatasourceErrorEvent(error=str(error))
        return
    count = len(items)
    if pipeline.datasource_type == "website_crawl" and count > 1:
        yield DatasourceProcessingEvent(total=count, completed=1)
    elif pipeline.datasource_type != "website_crawl":
        yield DatasourceProcessingEvent(total=None, completed=None)
    elapsed = round(time.perf_counter() - started, 2)
    yield DatasourceCompletedEvent(data=items, total=count, completed=count, time_consuming=elapsed)


@router.operation("runPipeline", body="json")
async def run_pipeline(request: ApiRequest) -> Response:
    dataset = find_dataset(request)
    payload = request.payload(PipelineRunApiEntity)
    pipeline = _pipeline(dataset)
    streaming = payload.response_mode == "streaming"
    if payload.start_node_id != pipeline.node_id:
        message = f"Root node id {payload.start_node_id} not found in the graph"
        if payload.is_published:
            raise ApiError(500, "pipeline_run_error", message)
        if streaming:
            return EventStream(_error_event(message))
        raise ApiError(400, "invalid_param", message)
    sources = [PipelineSource.of(request, pipeline, info) for info in payload.datasource_info_list]
    if payload.is_published:
        # The documents are created in the background in both modes.
        return blocking_response(await make_documents(request, dataset, sources))
    draft = Draft(request, dataset, pipeline, payload.inputs, sources)
    if streaming:
        return EventStream(draft.frames())
    await drain(draft.frames())
    return blocking_response(draft.reply())


async def _error_event(message: str) -> AsyncGenerator[Frame]:
    yield ErrorEvent(workflow_run_id=None, code="invalid_param", status=400, message=message)
