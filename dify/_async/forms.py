"""Human input: answers the forms of a paused run, and follows the run to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from .._config import RequestOptions
from ..errors import DifyError, MisuseError, WorkflowFailedError
from ..types.events import WorkflowPausedEvent
from ..types.human_input import FormAnswer, PauseReason
from ..types.replies import ChatResponse
from ..types.workflows import WorkflowRun
from ._io import result_of_callback
from .event_stream import AsyncEventStream
from .resources.human_input import AsyncHumanInput

__all__ = ["AsyncFormHandler", "answer_forms"]

R = TypeVar("R", ChatResponse, WorkflowRun)

MaybeAnswer = FormAnswer | None
AsyncFormHandler = Callable[[PauseReason], Awaitable[MaybeAnswer]]
"""Callback for each form of a paused run; returns the answer, or None to leave the run paused."""


async def answer_forms(
    reply: R,
    on_form: AsyncFormHandler | None,
    *,
    events: Callable[..., AsyncEventStream[Any, R]],
    human_input: AsyncHumanInput,
    user: str | None,
    options: RequestOptions | None,
) -> R:
    """Answer the forms of a paused run.

    This continues until the run ends or pauses for another reason, or until the callback leaves a form open.

    Args:
        reply: The reply of the paused run.
        on_form: The callback; None returns the reply unchanged.
        events: The resource's method that follows a run.
        human_input: The resource that submits the answers.
        user: The user of the call that started the run.
        options: Settings of that call, used for all further calls.

    Raises:
        DifyError: An answer is not valid or cannot be sent, or the run cannot be followed. `workflow_run_id` names the run, and
            `partial` holds the paused reply with its forms. Exceptions of the callback get a note with the same information.
    """
    if on_form is None or not reply.paused:
        return reply
    answered: set[str | None] = set()
    while reply.workflow_run_id is not None:
        waiting = [form for form in reply.forms if form.form_id not in answered]
        if not waiting:
            return reply
        try:
            for form in waiting:
                answer = (
                    None
                    if form.form_token is None
                    else _checked(await result_of_callback(on_form(form)), reply.workflow_run_id)
                )
                if answer is None or form.form_token is None:
                    return reply  # left open, or delivered by other means than the API
                await human_input.submit(
                    form.form_token, action=answer.action, inputs=answer.inputs, user=user, options=options
                )
                answered.add(form.form_id)
            stream = events(
                reply.workflow_run_id, user=user, include_state_snapshot=True, continue_on_pause=True, options=options
            )
            reply = _with_ids_of(reply, await _follow(stream, answered))
        except Exception as error:
            _add_run(error, reply)
            raise
    return reply


def _add_run(error: Exception, reply: ChatResponse | WorkflowRun) -> None:
    """Add to an error the information to continue the run.

    The caller has no other access to it.
    """
    if isinstance(error, WorkflowFailedError):
        return  # the run has ended, and the error already holds it
    if isinstance(error, DifyError):
        error.workflow_run_id = error.workflow_run_id or reply.workflow_run_id
        error.partial = reply if error.partial is None else error.partial
    error.add_note(
        f"Run {reply.workflow_run_id} may still be waiting for its form: answer it with human_input.submit, and follow the run "
        f"with events({reply.workflow_run_id!r})"
    )


def _checked(answer: object, run_id: str) -> MaybeAnswer:
    if answer is None or isinstance(answer, FormAnswer):
        return answer
    raise MisuseError(
        f"on_form returned a {type(answer).__name__}: return a FormAnswer, or None to leave the run paused. Run {run_id} still "
        "waits for its form"
    )


async def _follow(stream: AsyncEventStream[Any, R], answered: set[str | None]) -> R:
    """Follow a run to its end, or to a form that was not answered yet.

    The stream continues on pauses, because right after an answer the server may still send the pause that the answer ended.
    """
    async with stream:
        async for event in stream:
            if isinstance(event, WorkflowPausedEvent) and any(
                form.form_id not in answered for form in event.data.reasons
            ):
                break
        else:
            return await stream.final()
        snapshot = stream.snapshot
    assert snapshot is not None  # the ids are known since the first event
    return snapshot


def _with_ids_of(before: R, after: R) -> R:
    """Return the reply with its message and conversation.

    The replay of a run that has ended does not name them.
    """
    if not isinstance(before, ChatResponse) or not isinstance(after, ChatResponse) or after.message_id:
        return after
    ids = {name: getattr(before, name) for name in ("id", "message_id", "conversation_id", "created_at")}
    return after.model_copy(update=ids)
