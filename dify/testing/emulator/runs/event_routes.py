"""Following a run that goes on: what has happened so far, and what comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from functools import partial
from typing import Any

from starlette.responses import Response

from dify.types.events import (
    HumanInputRequiredEvent,
    MessageReplaceEvent,
    NodeFinishedEvent,
    NodeStartedEvent,
)
from dify.types.workflows import NodeExecution, RunCreator

from ...script.frames import Frame, at
from ..apps.features import Mode
from ..requests import ApiRequest, is_uuid
from ..responses import ApiError, unhandled_response
from ..routing import Router
from ..sse import EventStream
from .live import follow
from .models import Run, StoredNode
from .run_events import finished, paused, started

_RUNS: frozenset[Mode] = frozenset({"workflow", "advanced-chat"})


router = Router()


@router.operation("streamWorkflowEvents", user="required", modes=_RUNS, wrong_mode="not_workflow_app")
async def stream_events(call: ApiRequest) -> Response:
    core, run_id = call.app, call.path("workflow_run_id")
    if not is_uuid(run_id):
        return unhandled_response()
    run = core.runs.get(run_id)
    if run is None or run.owner != call.owner:
        raise ApiError(404, "not_found", "Workflow run not found")
    headers = {"Cache-Control": "no-cache"}
    if run.finished_at is not None:
        return EventStream(_replay(run), spaced=True, headers=headers)
    asked = {name: call.text(name).lower() == "true" for name in ("include_state_snapshot", "continue_on_pause")}
    snapshot = partial(_snapshot, run) if asked["include_state_snapshot"] else None
    return EventStream(follow(run, snapshot=snapshot, over_pauses=asked["continue_on_pause"]), headers=headers)


async def _replay(run: Run) -> AsyncGenerator[Frame]:
    # Of a finished run one frame is left, and its task is named after the run.
    creator = RunCreator(id=run.owner, user=run.user)
    yield finished(run, creator, task_id=run.id, workflow_run_id=run.id)


def _snapshot(run: Run, answer: str) -> Iterator[Frame]:
    """What has happened so far, as it is stored: nodes without what they were given and gave."""
    ids: dict[str, Any] = {**run.envelope, "workflow_run_id": run.id}
    if not run.forms:
        ids["task_id"] = run.id  # a run that has never paused is named after itself here too
    stamped = run.inputs if not run.in_logs else {**run.inputs, "sys.timestamp": run.created_at}
    begun = started(run, **ids)
    yield begun.model_copy(update={"data": begun.data.model_copy(update={"inputs": stamped})})
    if "message_id" in ids:
        yield MessageReplaceEvent(**run.envelope, answer=answer, reason="")
    for index, node in enumerate([*run.nodes], 1):
        yield NodeStartedEvent(**ids, data=_stored(node, index))
        if node.status != "running":
            yield NodeFinishedEvent(**ids, data=_stored(node, index, ended=True))
    form = run.waits_for
    if form is not None:
        yield HumanInputRequiredEvent(**ids, data=form.request())
        yield paused(run, form, elapsed=0.0, **ids)


def _stored(node: StoredNode, index: int, *, ended: bool = False) -> NodeExecution:
    members: dict[str, Any] = {
        "id": node.execution,
        "node_id": node.id,
        "node_type": node.type,
        "title": node.title,
        "index": index,
        "predecessor_node_id": None,
        "inputs": None,
    }
    if not ended:
        members |= {"created_at": at(node.created_at), "extras": {}}
    else:
        members |= {
            "process_data": None,
            "outputs": None,
            "status": node.status,
            "error": None,
            "elapsed_time": node.elapsed,
            "execution_metadata": None,
            "created_at": at(node.created_at),
            "finished_at": at(node.finished_at or node.created_at),
            "files": [],
        }
    held: dict[str, Any] = {"iteration_id": node.container_id("iteration"), "loop_id": node.container_id("loop")}
    return NodeExecution(**members, **held)
