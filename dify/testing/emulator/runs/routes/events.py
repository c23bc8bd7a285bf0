"""The events endpoint of runs: the events so far, and those to come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.responses import Response

from dify.types.events import NodeFinishedEvent, NodeStartedEvent
from dify.types.workflows import NodeExecution

from ....script.events import form_required, message_replace, workflow_finished, workflow_paused, workflow_started
from ....script.frames import Frame, at
from ....script.state import NodeState
from ...apps.features import Mode
from ...requests import ApiRequest, is_uuid
from ...responses import ApiError, unhandled_response
from ...routing import Router
from ...sse import EventStream
from ..models import Run
from ..runs_in_progress import follow

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
    # The replay of a finished run is one event, without a message, and its task has the id of the run.
    yield workflow_finished(run, ids=replace(run.ids, task_id=run.id, message_id=None, conversation_id=None))


def _snapshot(run: Run, answer: str) -> Iterator[Frame]:
    """Yield the stored state of a run: nodes without inputs and outputs."""
    # The task of a run that has never paused has the id of the run.
    ids = run.ids if run.forms else replace(run.ids, task_id=run.id)
    inputs = run.inputs if not run.in_logs else {**run.inputs, "sys.timestamp": run.created_at}
    yield workflow_started(ids, inputs, at(run.created_at))
    if ids.message_id is not None:
        yield message_replace(run.ids, answer)
    for index, node in enumerate([*run.nodes], 1):
        yield NodeStartedEvent(**ids.around_run(), data=_stored(node, index))
        if node.status != "running":
            yield NodeFinishedEvent(**ids.around_run(), data=_stored(node, index, ended=True))
    form = run.waits_for
    if form is not None:
        yield form_required(ids, form.reason)
        yield workflow_paused(run, [form.reason], elapsed=0.0, ids=ids)


def _stored(node: NodeState, index: int, *, ended: bool = False) -> NodeExecution:
    members: dict[str, Any] = {
        "id": node.execution_id,
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
