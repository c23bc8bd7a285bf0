"""Knowledge pipelines: files can be uploaded for them, but no knowledge base of the emulator has one."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route

from dify.types.pipelines import PipelineFile

from .._core import Core, StoredFile
from .._knowledge.label_payloads import DatasourceNodeRunPayload, PipelineRunApiEntity
from .._scoped import DATASET, dataset_of, knowledge_routes
from .._wire import Call, WireError, json_answer, shown
from .files import MEGABYTE, size_limit

_PIPELINE = f"{DATASET}/pipeline"


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return knowledge_routes(
        core,
        ("POST", "/datasets/pipeline/file-upload", _upload, "form"),
        ("GET", f"{_PIPELINE}/datasource-plugins", _plugins),
        ("POST", f"{_PIPELINE}/datasource/nodes/{{node_id}}/run", _run_node, "json"),
        ("POST", f"{_PIPELINE}/run", _run, "json"),
    )


async def _upload(call: Call) -> Response:
    assert call.form is not None
    part = call.form.get("file")
    if not isinstance(part, UploadFile):
        raise WireError(400, "no_file_uploaded", "Please upload your file.")
    stored = StoredFile(part.filename or "", part.content_type or "", await part.read(), call.user)
    if not stored.name:
        raise WireError(400, "filename_not_exists_error", "The specified filename does not exist.")
    if len(stored.content) > size_limit(stored.extension) * MEGABYTE:
        raise WireError(400, "invalid_param")  # not the 413 that one would think
    call.core.files[stored.id] = stored
    body = PipelineFile(
        id=stored.id,
        name=stored.name,
        size=len(stored.content),
        extension=stored.extension,
        mime_type=stored.mime_type,
        created_by=call.core.knowledge.account_id,
        created_at=datetime.now(UTC),
    )
    return json_answer(shown(body), status=201)


def _no_pipeline() -> WireError:
    return WireError(400, "invalid_param", "Pipeline not found")


async def _plugins(call: Call) -> Response:
    dataset_of(call, "/v1/datasets/<uuid:dataset_id>/pipeline/datasource-plugins")
    raise _no_pipeline()


async def _run_node(call: Call) -> Response:
    dataset_of(call)
    call.payload(DatasourceNodeRunPayload)
    raise _no_pipeline()


async def _run(call: Call) -> Response:
    dataset_of(call)
    call.payload(PipelineRunApiEntity)
    raise _no_pipeline()
