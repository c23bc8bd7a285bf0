"""Events of runs in `dify.testing.events`: start, end and pauses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from dify import HumanInputRequiredEvent, WorkflowFinishedEvent, WorkflowPausedEvent, WorkflowStartedEvent
from dify.types import HumanInputFormFilledEvent, HumanInputFormTimeoutEvent, PauseReason

from ..script import events as script_events
from ..script.ids import Ids, derived_id
from ..script.runs import run_inputs
from ..script.state import RunState

__all__ = [
    "form_filled",
    "form_required",
    "form_timeout",
    "new_run",
    "workflow_finished",
    "workflow_paused",
    "workflow_started",
]

__tracebackhide__ = True  # pytest leaves the frames of this module out of tracebacks

_WORKFLOW = Ids.of("workflow")


def new_run(inputs: Mapping[str, Any] | None, ids: Ids, **members: Any) -> RunState:
    """Return a run with the inputs that a server adds; members as of `RunState`."""
    created_at = int(ids.created_at.timestamp())
    run = RunState(ids, {}, created_at, **members)
    run.inputs = run_inputs(run, inputs or {}, app_id=derived_id(ids.workflow_id, "app"), files=[])
    return run


def workflow_started(
    inputs: Mapping[str, Any] | None = None,
    *,
    reason: Literal["initial", "resumption"] = "initial",
    ids: Ids = _WORKFLOW,
) -> WorkflowStartedEvent:
    """Build the event of a run that starts or resumes.

    Args:
        inputs: Inputs of the app; those of the server (`sys.*`) are added.
        reason: "resumption" after a pause.
        ids: Ids of the run.

    Example:
        >>> workflow_started({"q": "tea"}).data.inputs["q"]
        'tea'
    """
    return script_events.workflow_started(ids, new_run(inputs, ids).inputs, ids.created_at, reason)


# --------------------------------------------------------------------------------------------------------- the end
def workflow_finished(
    outputs: Mapping[str, Any] | None = None,
    *,
    status: Literal["succeeded", "failed", "stopped", "partial-succeeded"] | None = None,
    error: str | None = None,
    total_tokens: int = 0,
    total_steps: int = 3,
    exceptions_count: int | None = None,
    elapsed_time: float = 0.1,
    ids: Ids = _WORKFLOW,
) -> WorkflowFinishedEvent:
    """Build the event of a run that ends.

    Args:
        outputs: Outputs of the run.
        status: Status; by default "failed" with an `error`, else "succeeded".
        error: Reason for a failure.
        total_tokens: Number of tokens that its models used.
        total_steps: Number of nodes that ran.
        exceptions_count: Number of nodes that failed; by default one with an `error`.
        elapsed_time: Duration in seconds.
        ids: Ids of the run.

    Example:
        >>> workflow_finished(error="no answer").data.status
        'failed'
    """
    run = new_run(
        None,
        ids,
        status=status or ("succeeded" if error is None else "failed"),
        outputs=dict(outputs or {}),
        error=error,
        elapsed_time=elapsed_time,
        total_tokens=total_tokens,
        total_steps=total_steps,
        exceptions_count=int(error is not None) if exceptions_count is None else exceptions_count,
        finished_at=int(ids.created_at.timestamp()),
    )
    return script_events.workflow_finished(run)


# ----------------------------------------------------------------------------------------------------------- people
def form_required(form: PauseReason, *, ids: Ids = _WORKFLOW) -> HumanInputRequiredEvent:
    """Build the event of a form that waits for a person.

    `dify.testing.replies.form(...)` builds the form.

    Example:
        >>> from dify.testing import replies
        >>> form_required(replies.form("Deploy?")).data.form_content
        'Deploy?'
    """
    return script_events.form_required(ids, form)


def workflow_paused(*forms: PauseReason, total_steps: int = 2, ids: Ids = _WORKFLOW) -> WorkflowPausedEvent:
    """Build the event of a run that waits for its forms.

    Example:
        >>> from dify.testing import replies
        >>> workflow_paused(replies.form("Deploy?")).data.paused_nodes
        ['human']
    """
    run = new_run(None, ids, total_steps=total_steps)
    return script_events.workflow_paused(run, forms, elapsed=0.1)


def form_filled(
    form: PauseReason,
    *,
    action: str,
    inputs: Mapping[str, Any] | None = None,
    rendered_content: str | None = None,
    ids: Ids = _WORKFLOW,
) -> HumanInputFormFilledEvent:
    """Build the event of a form that was submitted.

    Example:
        >>> from dify.testing import replies
        >>> form_filled(replies.form("Deploy?"), action="approve").data.action_text
        'Approve'
    """
    return script_events.form_filled(ids, form, action, inputs or {}, rendered_content)


def form_timeout(form: PauseReason, *, ids: Ids = _WORKFLOW) -> HumanInputFormTimeoutEvent:
    """Build the event of a form that expired.

    The run continues on its timeout branch.

    Example:
        >>> from dify.testing import replies
        >>> form_timeout(replies.form("Deploy?")).data.node_id
        'human'
    """
    return script_events.form_timeout(ids, form, form.expiration_time or ids.created_at + timedelta(hours=1))
