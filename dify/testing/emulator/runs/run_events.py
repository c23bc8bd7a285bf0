"""The frames that a run's stream begins and ends with."""

from __future__ import annotations

from typing import Any

from dify.types.event_data import RunPause, RunStart
from dify.types.events import WorkflowFinishedEvent, WorkflowPausedEvent, WorkflowStartedEvent
from dify.types.human_input import PauseReason
from dify.types.workflows import RunCreator, WorkflowRunData

from ...script.frames import at
from ...script.ids import now
from .models import Run, StoredForm

__all__ = ["finished", "pause_reason", "pause_shown", "paused", "started"]


def started(run: Run, reason: str = "initial", **ids: Any) -> WorkflowStartedEvent:
    """The frame that begins a run's stream, or goes on with it."""
    begun = run.created_at if reason == "initial" else now()
    start = RunStart(id=run.id, workflow_id=run.workflow_id, inputs=run.inputs, created_at=at(begun), reason=reason)
    return WorkflowStartedEvent(**ids, data=start)


def finished(run: Run, creator: RunCreator, *, status: str | None = None, **ids: Any) -> WorkflowFinishedEvent:
    """The frame that ends a run's stream, and all that is left of it for who asks later."""
    data = WorkflowRunData(
        id=run.id,
        workflow_id=run.workflow_id,
        status=status or run.status,
        outputs=run.outputs,
        error=run.error,
        elapsed_time=run.elapsed_time,
        total_tokens=run.total_tokens,
        total_steps=run.total_steps,
        created_by=creator,
        created_at=at(run.created_at),
        finished_at=None if run.finished_at is None else at(run.finished_at),
        exceptions_count=run.exceptions_count,
        files=[],
    )
    return WorkflowFinishedEvent(**ids, data=data)


def pause_reason(form: StoredForm) -> PauseReason:
    """The form as a pause names it; unlike the event of the form itself, without `display_in_ui`."""
    shown = form.request().model_dump(exclude_unset=True, exclude={"display_in_ui"})
    return PauseReason(TYPE="human_input_required", **shown)  # pyright: ignore[reportCallIssue]


def paused(run: Run, form: StoredForm, *, elapsed: float, **ids: Any) -> WorkflowPausedEvent:
    """The frame of a run that waits."""
    data = RunPause(
        workflow_run_id=run.id,
        paused_nodes=[form.node.id],
        outputs={},
        reasons=[pause_reason(form)],
        status="paused",
        created_at=at(run.created_at),
        elapsed_time=elapsed,
        total_tokens=run.total_tokens,
        total_steps=run.total_steps,
    )
    return WorkflowPausedEvent(**ids, data=data)


def pause_shown(run: Run, form: StoredForm) -> dict[str, Any]:
    """What the blocking mode tells of a run that waits."""
    reason = pause_reason(form).model_dump(mode="json", exclude_unset=True, by_alias=True)
    return {
        "paused_nodes": [form.node.id],
        "reasons": [reason],
        "status": "paused",
        "elapsed_time": run.elapsed_time,
        "total_tokens": run.total_tokens,
        "total_steps": run.total_steps,
    }
