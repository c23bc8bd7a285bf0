"""Annotations, and the jobs that switch annotation replies on and off."""

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


def _find(request: ApiRequest) -> tuple[AppState, StoredAnnotation]:
    """The annotation that the path names: the key of any app of the workspace opens it, as on a server."""
    for app in request.app.workspace.apps.values():
        found = app.annotations.get(request.path("annotation_id"))
        if found is not None:
            return app, found
    raise ApiError(404, "not_found", "Annotation not found")


@router.operation("getAnnotationList", user="ignored")
async def list_annotations(request: ApiRequest) -> Response:
    query = request.query(AnnotationListQuery)
    keyword = query.keyword.lower()
    rows = [
        annotation
        for annotation in reversed([*request.app.annotations.values()])
        if keyword in annotation.question.lower() or keyword in annotation.answer.lower()
    ]
    return json_response(page_body(rows, query.page, query.limit, lambda annotation: dump(annotation.to_model())))


@router.operation("createAnnotation", body="json", user="ignored")
async def create_annotation(request: ApiRequest) -> Response:
    sent = request.payload(AnnotationCreatePayload)
    annotation = StoredAnnotation(sent.question, sent.answer)
    request.app.annotations[annotation.id] = annotation
    return json_response(dump(annotation.to_model()), status=201)


@router.operation("updateAnnotation", body="json", user="ignored")
async def update_annotation(request: ApiRequest) -> Response:
    sent, (_, annotation) = request.payload(AnnotationCreatePayload), _find(request)
    annotation.question, annotation.answer = sent.question, sent.answer
    return json_response(dump(annotation.to_model()))


@router.operation("deleteAnnotation", user="ignored")
async def delete_annotation(request: ApiRequest) -> Response:
    app, annotation = _find(request)
    del app.annotations[annotation.id]
    return no_content()


@router.operation("initialAnnotationReplySettings", body="json", user="ignored")
async def start_reply_job(request: ApiRequest) -> Response:
    action, sent = request.path("action"), request.payload(AnnotationReplyActionPayload)
    if action != "enable" and action != "disable":
        return unhandled_response()
    job = AnnotationJob(action, sent.model_dump())
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
        app.annotation_reply = {"enabled": False} if job.action == "disable" else _switched_on(job)
    return json_response(body)


def _switched_on(job: AnnotationJob) -> dict[str, object]:
    names = ("embedding_provider_name", "embedding_model_name")
    model = {name: job.settings[name] for name in names}
    threshold = job.settings["score_threshold"]
    return {"id": new_id(), "enabled": True, "score_threshold": threshold, "embedding_model": model}
