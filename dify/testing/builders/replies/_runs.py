"""Replies about runs of workflows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from dify import WorkflowRun
from dify.types import EndUserRef, PauseReason, WorkflowLog, WorkflowLogRun, WorkflowRunData, WorkflowRunDetail

from ...script.ids import Ids
from ._common import id_of
from ._generation import form

__all__ = ["workflow_log", "workflow_run", "workflow_run_detail"]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

Status = Literal["running", "succeeded", "failed", "stopped", "partial-succeeded", "paused"]


def workflow_run(
    outputs: Mapping[str, Any] | None = None,
    *,
    error: str | None = None,
    status: Status | None = None,
    forms: Sequence[PauseReason] = (),
    total_tokens: int = 0,
    total_steps: int = 3,
    elapsed_time: float = 0.1,
    ids: Ids | None = None,
) -> WorkflowRun:
    """Build the blocking reply of a workflow.

    Args:
        outputs: Outputs of the run.
        error: Reason for a failure.
        status: Status; by default "failed" with an `error`, "paused" with `forms`, else "succeeded".
        forms: Forms of a pause; by default one with status "paused".
        total_tokens: Number of tokens used.
        total_steps: Number of nodes that ran.
        elapsed_time: Duration in seconds.
        ids: Ids of the run.

    Example:
        >>> workflow_run({"text": "Tea."}).outputs
        {'text': 'Tea.'}
    """
    known = ids or Ids.of("workflow")
    ended = status or ("failed" if error is not None else "paused" if forms else "succeeded")
    reasons = list(forms or (form(),))
    waiting: dict[str, Any] = {}
    if ended == "paused":
        waiting = {"paused_nodes": [one.node_id for one in reasons if one.node_id is not None], "reasons": reasons}
    data = WorkflowRunData(
        id=known.run_id,
        workflow_id=known.workflow_id,
        status=ended,
        outputs=dict(outputs or {}),
        error=error,
        elapsed_time=elapsed_time,
        total_tokens=total_tokens,
        total_steps=total_steps,
        created_at=known.created_at,
        finished_at=None if ended in ("paused", "running") else known.created_at,
        **waiting,
    )
    return WorkflowRun(task_id=known.task_id, workflow_run_id=known.run_id, data=data)


def workflow_run_detail(
    outputs: Mapping[str, Any] | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    error: str | None = None,
    status: Status | None = None,
    ids: Ids | None = None,
) -> WorkflowRunDetail:
    """Build a stored run.

    Example:
        >>> workflow_run_detail(inputs={"q": "tea"}).input_values["q"]
        'tea'
    """
    known = ids or Ids.of("workflow")
    ended = status or ("failed" if error is not None else "succeeded")
    return WorkflowRunDetail(
        id=known.run_id,
        workflow_id=known.workflow_id,
        status=ended,
        inputs=json.dumps({**(inputs or {}), "sys.files": [], "sys.user_id": known.user}),
        outputs=dict(outputs or {}),
        error=error,
        total_steps=3,
        total_tokens=0,
        created_at=known.created_at,
        finished_at=None if ended in ("paused", "running") else known.created_at,
        elapsed_time=0.1,
    )


def workflow_log(*, error: str | None = None, id: str | None = None, ids: Ids | None = None) -> WorkflowLog:
    """Build an entry of a workflow log.

    Example:
        >>> workflow_log(error="no answer").workflow_run.status
        'failed'
    """
    known = ids or Ids.of("workflow")
    run = WorkflowLogRun(
        id=known.run_id,
        version="2026-01-01 00:00:00.000000",
        status="succeeded" if error is None else "failed",
        triggered_from="app-run",
        error=error,
        elapsed_time=0.1,
        total_tokens=0,
        total_steps=3,
        created_at=known.created_at,
        finished_at=known.created_at,
        exceptions_count=int(error is not None),
    )
    return WorkflowLog(
        id=id or id_of("log"),
        workflow_run=run,
        details=None,
        created_from="service-api",
        created_by_role="end_user",
        created_by_account=None,
        created_by_end_user=EndUserRef(
            id=known.end_user_id, type="service-api", is_anonymous=False, session_id=known.user
        ),
        created_at=known.created_at,
    )
