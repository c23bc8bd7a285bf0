"""Workflows: running them, and what is known about their runs (and those of chatflows)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from dify.types.events import PingEvent, WorkflowFinishedEvent

from .._answers import EmulatorRequest
from .._core import Core, Mode, Run
from .._frames import Frame
from .._payloads import WorkflowLogQuery, WorkflowRunPayload
from .._run_frames import finished
from .._running import check_version, drain, refused, run_stream, stream
from .._sse import EventStream
from .._taking import take_files, use_files_in
from .._wire import Call, WireError, endpoint, generation_json, json_answer, unhandled

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
        endpoint(core, "GET", "/workflows/run/{workflow_run_id}", _detail, modes=_RUNS, wrong_mode=_WRONG),
        endpoint(core, "GET", "/workflows/logs", _logs),
        endpoint(
            core,
            "GET",
            "/workflow/{workflow_run_id}/events",
            _events,
            user_required=True,
            modes=_RUNS,
            wrong_mode=_WRONG,
        ),
    ]


async def _run(call: Call) -> Response:
    core = call.core
    workflow_id: str | None = call.request.path_params.get("workflow_id")
    if workflow_id is not None:
        check_version(workflow_id)
    sent = call.payload(WorkflowRunPayload)
    try:
        files = take_files(core, call.user, sent.files)
    except WireError as error:
        if sent.streaming:  # the worker looks at the files, when the stream has begun
            return refused(error)
        raise
    use_files_in(core, sent.inputs)
    request = EmulatorRequest(
        kind="workflow",
        query="",
        inputs=sent.inputs,
        files=files,
        user=call.user,
        workflow_id=workflow_id,
        response_mode="streaming" if sent.streaming else "blocking",
    )
    task_id, generation = await core.generate(request)
    flow = run_stream(call, generation, task_id, message=None, workflow_id=workflow_id, files=files)
    if sent.streaming:
        return EventStream(stream(core, task_id, flow.frames()))
    await drain(core, task_id, flow.frames())
    return generation_json({"task_id": task_id, "workflow_run_id": flow.run.id, "data": _reply(flow.run)})


def _reply(run: Run) -> dict[str, Any]:
    members = ("id", "workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps")
    return {name: getattr(run, name) for name in (*members, "created_at", "finished_at")}


async def _stop(call: Call) -> Response:
    # Whose run it is plays no part for workflows.
    generation = call.core.tasks.get(call.path("task_id"))
    if generation is not None and generation.request.kind == "workflow":
        generation.stop()
    return json_answer({"result": "success"})


async def _detail(call: Call) -> Response:
    run_id = call.path("workflow_run_id")
    if not _is_uuid(run_id):
        return unhandled()
    run = call.core.runs.get(run_id)
    if run is None:
        raise WireError(404, "not_found", "Workflow run not found.")
    stamp = {"sys.timestamp": run.created_at} if run.in_logs else {}
    return json_answer({**_reply(run), "inputs": json.dumps({**run.inputs, **stamp})})


async def _logs(call: Call) -> Response:
    core, asked = call.core, call.query(WorkflowLogQuery)
    if asked.created_by_account:
        raise WireError(400, "invalid_param", f"Account not found: {asked.created_by_account}")
    runs = [run for run in reversed(core.runs.values()) if run.in_logs and _matches(run, asked)]
    first = (asked.page - 1) * asked.limit
    page = runs[first : first + asked.limit]
    return json_answer(
        {
            "page": asked.page,
            "limit": asked.limit,
            "total": len(runs),
            "has_more": len(runs) > first + asked.limit,
            "data": [_log(core, run) for run in page],
        }
    )


def _matches(run: Run, asked: WorkflowLogQuery) -> bool:
    created = datetime.fromtimestamp(run.created_at, UTC)
    session, status = asked.created_by_end_user_session_id, asked.status
    text = json.dumps([run.inputs, run.outputs], ensure_ascii=False)
    return (
        (session is None or run.user == session)
        and (status is None or run.status == status)
        and (not asked.keyword or asked.keyword in text)
        and (asked.created_at__after is None or created >= _aware(asked.created_at__after))
        and (asked.created_at__before is None or created <= _aware(asked.created_at__before))
    )


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _log(core: Core, run: Run) -> dict[str, Any]:
    members = ("status", "error", "elapsed_time", "total_tokens", "total_steps", "created_at", "finished_at")
    of_run = {name: getattr(run, name) for name in (*members, "exceptions_count")}
    creator = {
        "id": core.end_user(run.user),
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


async def _events(call: Call) -> Response:
    core, run_id = call.core, call.path("workflow_run_id")
    if not _is_uuid(run_id):
        return unhandled()
    run = core.runs.get(run_id)
    if run is None or run.user != call.user:
        raise WireError(404, "not_found", "Workflow run not found")
    headers = {"Cache-Control": "no-cache"}
    if run.finished_at is not None:
        return EventStream(_replay(core, run), spaced=True, headers=headers)
    return EventStream(_follow(run), headers=headers)


async def _replay(core: Core, run: Run) -> AsyncGenerator[Frame]:
    # Of a finished run one frame is left, and its task is named after the run.
    yield finished(run, core.end_user(run.user), task_id=run.id, workflow_run_id=run.id)


async def _follow(run: Run) -> AsyncGenerator[Frame]:
    loop, frames = asyncio.get_running_loop(), asyncio.Queue[Frame]()

    def listen(frame: Frame) -> None:
        loop.call_soon_threadsafe(frames.put_nowait, frame)

    run.listeners.append(listen)
    try:
        yield PingEvent()
        while True:
            frame = await frames.get()
            yield frame
            if isinstance(frame, WorkflowFinishedEvent):
                return
    finally:
        run.listeners.remove(listen)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
