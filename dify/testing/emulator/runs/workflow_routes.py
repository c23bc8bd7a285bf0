"""Workflows: running them, and what is known about their runs (and those of chatflows)."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from ..answers import EmulatorRequest
from ..apps.features import Mode
from ..apps.schemas import WorkflowLogQuery, WorkflowRunPayload
from ..apps.validation import take_files, validate_inputs
from ..endpoints import Call, endpoint
from ..knowledge.lookup import is_uuid
from ..responses import WireError, generation_json, json_answer, unhandled
from ..sse import EventStream
from ..state import Core
from .iso_times import iso_time
from .models import Run
from .run_events import pause_shown
from .running import begin_run, check_trace_session, check_version, drain, read, refused

_WORKFLOW: frozenset[Mode] = frozenset({"workflow"})
_RUNS: frozenset[Mode] = frozenset({"workflow", "advanced-chat"})
_WRONG = "not_workflow_app"


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    posts = {"/workflows/run": _run, "/workflows/{workflow_id}/run": _run, "/workflows/tasks/{task_id}/stop": _stop}
    return [
        *(
            endpoint(core, "POST", path, handler, body="json", user_required=True, modes=_WORKFLOW, wrong_mode=_WRONG)
            for path, handler in posts.items()
        ),
        endpoint(
            core, "GET", "/workflows/run/{workflow_run_id}", _detail, reads_user=False, modes=_RUNS, wrong_mode=_WRONG
        ),
        endpoint(core, "GET", "/workflows/logs", _logs, reads_user=False),
    ]


async def _run(call: Call) -> Response:
    core = call.core
    workflow_id: str | None = call.request.path_params.get("workflow_id")
    sent = call.payload(WorkflowRunPayload)
    check_trace_session(call)
    if workflow_id is not None:
        check_version(core, workflow_id)
    try:
        files = await take_files(core, call.owner, sent.files, exact_types=True)
        inputs = await validate_inputs(core, call.owner, sent.inputs)
    except WireError as error:
        if sent.streaming:  # the worker looks at the files, when the stream has begun
            return refused(error)
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
    flow, live = begin_run(call, generation, task_id, message=None, workflow_id=workflow_id, files=files)
    if sent.streaming:
        return EventStream(read(live))
    await drain(live.frames())
    form = flow.run.waits_for
    paused = {} if form is None else pause_shown(flow.run, form)
    return generation_json({"task_id": task_id, "workflow_run_id": flow.run.id, "data": {**flow.run.reply(), **paused}})


async def _stop(call: Call) -> Response:
    # Whose run it is plays no part for workflows.
    generation = call.core.tasks.get(call.path("task_id"))
    if generation is not None and generation.request.kind == "workflow":
        generation.stop()
    return json_answer({"result": "success"})


async def _detail(call: Call) -> Response:
    run_id = call.path("workflow_run_id")
    if not is_uuid(run_id):
        return unhandled()
    run = call.core.runs.get(run_id)
    if run is None:
        raise WireError(404, "not_found", "Workflow run not found.")
    stamp = {"sys.timestamp": run.created_at} if run.in_logs else {}
    return json_answer({**run.reply(), "inputs": json.dumps({**run.inputs, **stamp})})


async def _logs(call: Call) -> Response:
    core, asked = call.core, call.query(WorkflowLogQuery)
    before, after = (iso_time(text) if text else None for text in (asked.created_at__before, asked.created_at__after))
    if asked.created_by_account:
        raise WireError(400, "invalid_param", f"Account not found: {asked.created_by_account}")
    if asked.keyword and asked.created_by_end_user_session_id:
        return unhandled()  # this line of servers fails on the two together
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
    return json_answer(
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
