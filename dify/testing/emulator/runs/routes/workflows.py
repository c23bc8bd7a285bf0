"""Workflows: starting them, and the details of their runs and of chatflows'."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from ...answers import EmulatorRequest
from ...apps.features import Mode
from ...apps.input_validation import validate_files, validate_inputs
from ...apps.schemas import WorkflowLogQuery, WorkflowRunPayload
from ...requests import ApiRequest, is_uuid
from ...responses import ApiError, blocking_response, json_response, unhandled_response
from ...routing import Router
from ...sse import EventStream
from ..generation_responses import check_trace_session, check_version, drain, read_run, refused_stream, start_run
from ..iso_times import iso_time
from ..models import Run

_WORKFLOW: frozenset[Mode] = frozenset({"workflow"})
_RUNS: frozenset[Mode] = frozenset({"workflow", "advanced-chat"})
_WRONG = "not_workflow_app"


router = Router()


@router.operation("executeWorkflow", body="json", user="required", modes=_WORKFLOW, wrong_mode=_WRONG)
@router.operation("runWorkflowById", body="json", user="required", modes=_WORKFLOW, wrong_mode=_WRONG)
async def run_workflow(call: ApiRequest) -> Response:
    core = call.app
    workflow_id: str | None = call.http.path_params.get("workflow_id")
    sent = call.payload(WorkflowRunPayload)
    check_trace_session(call)
    if workflow_id is not None:
        check_version(core, workflow_id)
    try:
        files = await validate_files(core, call.owner, sent.files, exact_types=True)
        inputs = await validate_inputs(core, call.owner, sent.inputs)
    except ApiError as error:
        if sent.streaming:  # the worker validates the files after the response has started
            return refused_stream(error)
        raise
    request = EmulatorRequest(
        kind="workflow",
        query="",
        inputs=inputs,
        files=files,
        user=call.user,
        workflow_id=workflow_id,
        response_mode="streaming" if sent.streaming else "blocking",
    )
    task_id, generation = await core.generate(request, call.owner)
    run, _, progress = start_run(call, generation, task_id, message=None, workflow_id=workflow_id, files=files)
    if sent.streaming:
        return EventStream(read_run(progress))
    await drain(progress.frames())
    form = run.waits_for
    pause = {} if form is None else run.pause(form)
    return blocking_response({"task_id": task_id, "workflow_run_id": run.id, "data": {**run.reply(), **pause}})


@router.operation("stopWorkflowTaskGeneration", body="json", user="required", modes=_WORKFLOW, wrong_mode=_WRONG)
async def stop_workflow(call: ApiRequest) -> Response:
    # Whose run it is plays no part for workflows.
    generation = call.app.tasks.get(call.path("task_id"))
    if generation is not None and generation.request.kind == "workflow":
        generation.stop()
    return json_response({"result": "success"})


@router.operation("getWorkflowRunDetail", user="ignored", modes=_RUNS, wrong_mode=_WRONG)
async def get_run(call: ApiRequest) -> Response:
    run_id = call.path("workflow_run_id")
    if not is_uuid(run_id):
        return unhandled_response()
    run = call.app.runs.get(run_id)
    if run is None:
        raise ApiError(404, "not_found", "Workflow run not found.")
    stamp = {"sys.timestamp": run.created_at} if run.in_logs else {}
    return json_response({**run.reply(), "inputs": json.dumps({**run.inputs, **stamp})})


@router.operation("getWorkflowLogs", user="ignored")
async def list_logs(call: ApiRequest) -> Response:
    core, asked = call.app, call.query(WorkflowLogQuery)
    before, after = (iso_time(text) if text else None for text in (asked.created_at__before, asked.created_at__after))
    if asked.created_by_account:
        raise ApiError(400, "invalid_param", f"Account not found: {asked.created_by_account}")
    if asked.keyword and asked.created_by_end_user_session_id:
        return unhandled_response()  # this line of servers fails on the two together
    runs = [
        run
        for run in reversed(core.runs.values())
        if run.in_logs
        and _matches(run, asked)
        and (before is None or run.created_at <= before.timestamp())
        and (after is None or run.created_at >= after.timestamp())
    ]
    first = (asked.page - 1) * asked.limit
    page = runs[first : first + asked.limit]
    return json_response(
        {
            "page": asked.page,
            "limit": asked.limit,
            "total": len(runs),
            "has_more": len(runs) > first + asked.limit,
            "data": [_log(run) for run in page],
        }
    )


def _matches(run: Run, asked: WorkflowLogQuery) -> bool:
    keyword = (asked.keyword or "")[:30].lower()
    texts = (json.dumps(run.inputs, ensure_ascii=False), json.dumps(run.outputs, ensure_ascii=False), run.user)
    return (
        (not asked.created_by_end_user_session_id or run.user == asked.created_by_end_user_session_id)
        and (asked.status is None or run.status == asked.status)
        and (not keyword or any(keyword in text.lower() for text in texts) or asked.keyword == run.id)
    )


def _log(run: Run) -> dict[str, Any]:
    members = ("status", "error", "elapsed_time", "total_tokens", "total_steps", "created_at", "finished_at")
    of_run = {name: getattr(run, name) for name in (*members, "exceptions_count")}
    creator = {
        "id": run.owner,
        "type": "service-api",
        "is_anonymous": False,
        "session_id": run.user,
    }
    return {
        "id": run.log_id,
        "workflow_run": {"id": run.id, "version": "1", "triggered_from": "app-run", **of_run},
        "details": None,
        "created_from": "service-api",
        "created_by_role": "end_user",
        "created_by_account": None,
        "created_by_end_user": creator,
        "created_at": run.created_at,
    }
