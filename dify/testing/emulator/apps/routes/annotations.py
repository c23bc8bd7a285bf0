"""Annotations, and the jobs that enable and disable annotation replies."""

from __future__ import annotations

from starlette.responses import Response

from dify.types.annotations import AnnotationReplyJob

from ....script.ids import new_id
from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response, no_content, page_body, unhandled_response
from ...routing import Router
from ...state import AppState
from ..models import AnnotationJob, StoredAnnotation
from ..schemas import AnnotationCreatePayload, AnnotationListQuery, AnnotationReplyActionPayload

router = Router()


def _find_annotation(request: ApiRequest) -> tuple[AppState, StoredAnnotation]:
    """Return the annotation in the path and its app.

    As on a server, the key of any app of the workspace gives access.

    Raises:
        ApiError: The annotation does not exist.
    """
    for app in request.app.workspace.apps.values():
        annotation = app.annotations.get(request.path("annotation_id"))
        if annotation is not None:
            return app, annotation
    raise ApiError(404, "not_found", "Annotation not found")


@router.operation("getAnnotationList", user="ignored")
async def list_annotations(request: ApiRequest) -> Response:
    query = request.query(AnnotationListQuery)
    keyword = query.keyword.lower()
    matches = [
        annotation
        for annotation in reversed([*request.app.annotations.values()])
        if keyword in annotation.question.lower() or keyword in annotation.answer.lower()
    ]
    return json_response(page_body(matches, query.page, query.limit, lambda annotation: dump(annotation.to_model())))


@router.operation("createAnnotation", body="json", user="ignored")
async def create_annotation(request: ApiRequest) -> Response:
    payload = request.payload(AnnotationCreatePayload)
    annotation = StoredAnnotation(payload.question, payload.answer)
    request.app.annotations[annotation.id] = annotation
    return json_response(dump(annotation.to_model()), status=201)


@router.operation("updateAnnotation", body="json", user="ignored")
async def update_annotation(request: ApiRequest) -> Response:
    payload, (_, annotation) = request.payload(AnnotationCreatePayload), _find_annotation(request)
    annotation.question, annotation.answer = payload.question, payload.answer
    return json_response(dump(annotation.to_model()))


@router.operation("deleteAnnotation", user="ignored")
async def delete_annotation(request: ApiRequest) -> Response:
    app, annotation = _find_annotation(request)
    del app.annotations[annotation.id]
    return no_content()


@router.operation("initialAnnotationReplySettings", body="json", user="ignored")
async def start_reply_job(request: ApiRequest) -> Response:
    action, payload = request.path("action"), request.payload(AnnotationReplyActionPayload)
    if action != "enable" and action != "disable":
        return unhandled_response()
    job = AnnotationJob(action, payload.model_dump())
    request.app.annotation_jobs[job.id] = job
    return json_response(dump(AnnotationReplyJob(job_id=job.id, job_status=job.status)))


@router.operation("getInitialAnnotationReplySettingsStatus", user="ignored")
async def get_reply_job(request: ApiRequest) -> Response:
    app = request.app
    job = app.annotation_jobs.get(request.path("job_id"))
    if job is None or job.action != request.path("action"):
        raise ApiError(400, "invalid_param", "The job does not exist.")
    body = dump(AnnotationReplyJob(job_id=job.id, job_status=job.status, error_msg=""))
    if job.advance():
        app.annotation_reply = {"enabled": False} if job.action == "disable" else _enabled_settings(job)
    return json_response(body)


def _enabled_settings(job: AnnotationJob) -> dict[str, object]:
    names = ("embedding_provider_name", "embedding_model_name")
    model = {name: job.settings[name] for name in names}
    threshold = job.settings["score_threshold"]
    return {"id": new_id(), "enabled": True, "score_threshold": threshold, "embedding_model": model}
