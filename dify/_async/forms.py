"""Runs that pause for people, followed through to their end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from .._config import RequestOptions
from ..errors import DifyError, MisuseError, WorkflowFailedError
from ..types.events import WorkflowPausedEvent
from ..types.human_input import FormAnswer, PauseReason
from ..types.replies import ChatResponse
from ..types.workflows import WorkflowRun
from ._io import answer_of
from .event_stream import AsyncEventStream
from .resources.human_input import AsyncHumanInput

__all__ = ["AsyncFormHandler", "answer_forms"]

R = TypeVar("R", ChatResponse, WorkflowRun)

MaybeAnswer = FormAnswer | None
AsyncFormHandler = Callable[[PauseReason], Awaitable[MaybeAnswer]]
"""Called with each form that a run waits for; gives the answer, or None to leave the run paused."""


async def answer_forms(
    reply: R,
    on_form: AsyncFormHandler | None,
    *,
    events: Callable[..., AsyncEventStream[Any, R]],
    human_input: AsyncHumanInput,
    user: str | None,
    options: RequestOptions | None,
) -> R:
    """Answer every form that a reply waits for, until its run ends, waits for something else, or a form is left open.

    Args:
        reply: What the run has come to.
        on_form: Asks somebody; None asks nobody and leaves the reply as it is.
        events: The method of a resource that follows a run.
        human_input: What submits the answers.
        user: The user whose call it is.
        options: Settings of the call that began the run, for all that follow.

    Raises:
        DifyError: An answer does not fit or cannot be sent, or the run cannot be followed. Its `workflow_run_id` names the
            run, its `partial` is the paused reply with the forms. What the callback itself raises comes with a note.
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
                    None if form.form_token is None else _checked(await answer_of(on_form(form)), reply.workflow_run_id)
                )
                if answer is None or form.form_token is None:
                    return reply  # nobody answers, or the form is not delivered through the API
                await human_input.submit(
                    form.form_token, action=answer.action, inputs=answer.inputs, user=user, options=options
                )
                answered.add(form.form_id)
            stream = events(
                reply.workflow_run_id, user=user, include_state_snapshot=True, continue_on_pause=True, options=options
            )
            reply = _same(reply, await _go_on(stream, answered))
        except Exception as error:
            _tell_the_run(error, reply)
            raise
    return reply


def _tell_the_run(error: Exception, reply: ChatResponse | WorkflowRun) -> None:
    """Put into an error what it takes to go on with the run, which nobody else would know."""
    if isinstance(error, WorkflowFailedError):
        return  # the run has ended, and the error holds it
    if isinstance(error, DifyError):
        error.workflow_run_id = error.workflow_run_id or reply.workflow_run_id
        error.partial = reply if error.partial is None else error.partial
    error.add_note(
        f"This was about a form of run {reply.workflow_run_id}, which is still on the server: human_input.submit answers the "
        f"form, events({reply.workflow_run_id!r}) follows the run"
    )


def _checked(answer: object, run_id: str) -> MaybeAnswer:
    if answer is None or isinstance(answer, FormAnswer):
        return answer
    raise MisuseError(
        f"on_form gave a {type(answer).__name__}: return a FormAnswer, or None to leave the run paused. Run {run_id} waits at "
        "its form"
    )


async def _go_on(stream: AsyncEventStream[Any, R], answered: set[str | None]) -> R:
    """The run from here to its end, or to a form that was not answered yet.

    The stream was asked to stay over pauses: right after an answer the server may still show the pause that it ends.
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
    assert snapshot is not None  # an event has come, so the ids are known
    return snapshot


def _same(before: R, after: R) -> R:
    """The replay of a run that has ended names no conversation and no message; they are those of before."""
    if not isinstance(before, ChatResponse) or not isinstance(after, ChatResponse) or after.message_id:
        return after
    ids = {name: getattr(before, name) for name in ("id", "message_id", "conversation_id", "created_at")}
    return after.model_copy(update=ids)
