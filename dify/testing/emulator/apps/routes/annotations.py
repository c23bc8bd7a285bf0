"""Annotations, and the jobs that switch annotation replies on and off."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from dify.types.annotations import AnnotationReplyJob

from ....script.ids import new_id
from ...endpoints import Call, endpoint
from ...knowledge.lookup import page
from ...responses import WireError, json_answer, no_content, shown, unhandled
from ...state import Core
from ..models import AnnotationJob, StoredAnnotation
from ..schemas import AnnotationCreatePayload, AnnotationListQuery, AnnotationReplyActionPayload


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    one, job = "/apps/annotations/{annotation_id:uuid}", "/apps/annotation-reply/{action}"
    return [
        endpoint(core, "GET", "/apps/annotations", _list, reads_user=False),
        endpoint(core, "POST", "/apps/annotations", _create, body="json", reads_user=False),
        endpoint(core, "PUT", one, _update, body="json", reads_user=False),
        endpoint(core, "DELETE", one, _delete, reads_user=False),
        endpoint(core, "POST", job, _start, body="json", reads_user=False),
        endpoint(core, "GET", f"{job}/status/{{job_id:uuid}}", _status, reads_user=False),
    ]


def _find(call: Call) -> tuple[Core, StoredAnnotation]:
    """The annotation that the path names: the key of any app of the workspace opens it, as on a server."""
    for app in call.core.workspace.apps.values():
        found = app.annotations.get(call.path("annotation_id"))
        if found is not None:
            return app, found
    raise WireError(404, "not_found", "Annotation not found")


async def _list(call: Call) -> Response:
    keyword = call.query(AnnotationListQuery).keyword.lower()
    rows = [
        annotation
        for annotation in reversed([*call.core.annotations.values()])
        if keyword in annotation.question.lower() or keyword in annotation.answer.lower()
    ]
    return json_answer(page(call, rows, lambda annotation: shown(annotation.shown())))


async def _create(call: Call) -> Response:
    sent = call.payload(AnnotationCreatePayload)
    annotation = StoredAnnotation(sent.question, sent.answer)
    call.core.annotations[annotation.id] = annotation
    return json_answer(shown(annotation.shown()), status=201)


async def _update(call: Call) -> Response:
    sent, (_, annotation) = call.payload(AnnotationCreatePayload), _find(call)
    annotation.question, annotation.answer = sent.question, sent.answer
    return json_answer(shown(annotation.shown()))


async def _delete(call: Call) -> Response:
    app, annotation = _find(call)
    del app.annotations[annotation.id]
    return no_content()


async def _start(call: Call) -> Response:
    action, sent = call.path("action"), call.payload(AnnotationReplyActionPayload)
    if action != "enable" and action != "disable":
        return unhandled()
    job = AnnotationJob(action, sent.model_dump())
    call.core.annotation_jobs[job.id] = job
    return json_answer(shown(AnnotationReplyJob(job_id=job.id, job_status=job.status)))


async def _status(call: Call) -> Response:
    core = call.core
    job = core.annotation_jobs.get(call.path("job_id"))
    if job is None or job.action != call.path("action"):
        raise WireError(400, "invalid_param", "The job does not exist.")
    body = shown(AnnotationReplyJob(job_id=job.id, job_status=job.status, error_msg=""))
    if job.advance():
        core.annotation_reply = {"enabled": False} if job.action == "disable" else _switched_on(job)
    return json_answer(body)


def _switched_on(job: AnnotationJob) -> dict[str, object]:
    names = ("embedding_provider_name", "embedding_model_name")
    model = {name: job.settings[name] for name in names}
    threshold = job.settings["score_threshold"]
    return {"id": new_id(), "enabled": True, "score_threshold": threshold, "embedding_model": model}
