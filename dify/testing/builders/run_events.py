"""The events of runs: their start, their end, and the pauses for people; reached as `dify.testing.events`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from dify import HumanInputRequiredEvent, WorkflowFinishedEvent, WorkflowPausedEvent, WorkflowStartedEvent
from dify.types import (
    FormFilled,
    FormTimeout,
    HumanInputFormFilledEvent,
    HumanInputFormTimeoutEvent,
    HumanInputRequest,
    PauseReason,
    RunCreator,
    RunPause,
    RunStart,
    WorkflowRunData,
)

from .ids import Ids

__all__ = [
    "form_filled",
    "form_required",
    "form_timeout",
    "pause",
    "workflow_finished",
    "workflow_paused",
    "workflow_started",
]

_WORKFLOW = Ids.of("workflow")


def workflow_started(
    inputs: Mapping[str, Any] | None = None,
    *,
    reason: Literal["initial", "resumption"] = "initial",
    ids: Ids = _WORKFLOW,
) -> WorkflowStartedEvent:
    """A run starts, or goes on after a pause.

    Args:
        inputs: The app's variables; the server adds its own.
        reason: "resumption" when it goes on.
        ids: Whose run it is.

    Example:
        >>> workflow_started({"q": "tea"}).data.inputs["q"]
        'tea'
    """
    system: dict[str, Any] = {"sys.files": [], "sys.user_id": ids.user, "sys.workflow_run_id": ids.run_id}
    data = RunStart(
        id=ids.run_id,
        workflow_id=ids.workflow_id,
        inputs={**(inputs or {}), **system, "sys.workflow_id": ids.workflow_id},
        created_at=ids.created_at,
        reason=reason,
    )
    return WorkflowStartedEvent(**ids.around_run(), data=data)


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
    """A run has ended.

    Args:
        outputs: What it made.
        status: How it ended; by default "failed" with an `error`, else "succeeded".
        error: Why it failed.
        total_tokens: What its models used.
        total_steps: How many nodes ran.
        exceptions_count: How many nodes failed; by default one with an `error`.
        elapsed_time: Seconds that it took.
        ids: Whose run it is.

    Example:
        >>> workflow_finished(error="no answer").data.status
        'failed'
    """
    data = WorkflowRunData(
        id=ids.run_id,
        workflow_id=ids.workflow_id,
        status=status or ("succeeded" if error is None else "failed"),
        outputs=dict(outputs or {}),
        error=error,
        elapsed_time=elapsed_time,
        total_tokens=total_tokens,
        total_steps=total_steps,
        created_by=RunCreator(id=ids.end_user_id, user=ids.user),
        created_at=ids.created_at,
        finished_at=ids.created_at,
        exceptions_count=int(error is not None) if exceptions_count is None else exceptions_count,
        files=[],
    )
    return WorkflowFinishedEvent(**ids.around_run(), data=data)


# ----------------------------------------------------------------------------------------------------------- people
def form_required(form: PauseReason, *, ids: Ids = _WORKFLOW) -> HumanInputRequiredEvent:
    """A form that a person has to fill; `dify.testing.replies.form(...)` makes one.

    Example:
        >>> from dify.testing import replies
        >>> form_required(replies.form("Deploy?")).data.form_content
        'Deploy?'
    """
    told = form.model_dump(exclude_unset=True, by_alias=True)
    told.pop("TYPE", None)
    return HumanInputRequiredEvent(
        **ids.around_run(), data=HumanInputRequest.model_validate(told | {"display_in_ui": True})
    )


def workflow_paused(*forms: PauseReason, total_steps: int = 2, ids: Ids = _WORKFLOW) -> WorkflowPausedEvent:
    """A run waits for people, until their forms are filled.

    Example:
        >>> from dify.testing import replies
        >>> workflow_paused(replies.form("Deploy?")).data.paused_nodes
        ['human']
    """
    return WorkflowPausedEvent(**ids.around_run(), data=pause(forms, total_steps=total_steps, ids=ids))


def pause(forms: Sequence[PauseReason], *, total_steps: int, ids: Ids) -> RunPause:
    """The state of a run that waits."""
    return RunPause(
        workflow_run_id=ids.run_id,
        paused_nodes=[form.node_id for form in forms if form.node_id is not None],
        outputs={},
        reasons=list(forms),
        status="paused",
        created_at=ids.created_at,
        elapsed_time=0.1,
        total_tokens=0,
        total_steps=total_steps,
    )


def form_filled(
    form: PauseReason,
    *,
    action: str,
    inputs: Mapping[str, Any] | None = None,
    rendered_content: str | None = None,
    ids: Ids = _WORKFLOW,
) -> HumanInputFormFilledEvent:
    """A person has filled a form; the run goes on.

    Example:
        >>> from dify.testing import replies
        >>> form_filled(replies.form("Deploy?"), action="approve").data.action_text
        'Approve'
    """
    titles = {one.id: one.title for one in form.actions or []}
    data = FormFilled(
        node_id=form.node_id,
        node_title=form.node_title,
        rendered_content=form.form_content if rendered_content is None else rendered_content,
        action_id=action,
        action_text=titles.get(action, action),
        submitted_data=dict(inputs or {}),
    )
    return HumanInputFormFilledEvent(**ids.around_run(), data=data)


def form_timeout(form: PauseReason, *, ids: Ids = _WORKFLOW) -> HumanInputFormTimeoutEvent:
    """Nobody filled a form in time; the run goes on along its timeout branch.

    Example:
        >>> from dify.testing import replies
        >>> form_timeout(replies.form("Deploy?")).data.node_id
        'human'
    """
    expired = form.expiration_time or ids.created_at + timedelta(hours=1)
    data = FormTimeout(node_id=form.node_id, node_title=form.node_title, expiration_time=expired)
    return HumanInputFormTimeoutEvent(**ids.around_run(), data=data)
