"""What the routes that generate something share, whether they stream it or wait for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID

from starlette.responses import Response

from dify.types.events import ErrorEvent, PingEvent
from dify.types.replies import AnnotationReply, Usage
from dify.types.workflows import RunCreator

from ...script.frames import NOTHING, Frame, file_object, metadata
from ...script.ids import new_id
from ..answers import EmulatorFile
from ..apps.canned_answers import canned_answer_frames
from ..apps.features import Mode
from ..apps.models import Message
from ..requests import ApiRequest
from ..responses import ApiError, blocking_response
from ..sse import EventStream
from ..state import AppState
from .chat_frames import Turn
from .generation import Generation
from .live import Live
from .models import Run
from .run_frames import RunStream

__all__ = [
    "answered",
    "begin_run",
    "chat_reply",
    "check_trace_session",
    "check_version",
    "drain",
    "preset",
    "read",
    "refused",
    "stream",
]


async def stream(core: AppState, task_id: str, frames: AsyncGenerator[Frame]) -> AsyncGenerator[Frame]:
    """The frames of a task, which is forgotten when they end."""
    try:
        async with aclosing(frames):
            async for frame in frames:
                yield frame
    finally:
        core.tasks.pop(task_id, None)


async def drain(frames: AsyncGenerator[Frame]) -> None:
    """Let a task run to its end, as the blocking mode does."""
    async with aclosing(frames) as rest:
        async for _ in rest:
            pass


def refused(error: ApiError) -> EventStream:
    """The stream of a run whose request the worker finds wrong: an `error` without code or ids."""

    async def frames() -> AsyncGenerator[Frame]:
        yield PingEvent()
        yield ErrorEvent(message=error.message, status=500)

    return EventStream(frames())


async def answered(call: ApiRequest, turn: Turn, streaming: bool) -> Response:
    """The answer of a chat, agent or completion app."""
    frames = stream(call.app, turn.task_id, turn.frames())
    if streaming:
        return EventStream(frames)
    await drain(frames)
    if turn.failure is not None:
        raise turn.failure
    return blocking_response(chat_reply(turn.message, turn.task_id, turn.mode, turn.cost))


async def preset(
    mode: Mode, message: Message, text: str, annotation: AnnotationReply | None, streaming: bool
) -> Response:
    """The answer of an app whose model was not asked."""
    task_id = new_id()
    frames = canned_answer_frames(mode, message, task_id, text, annotation)
    if streaming:
        return EventStream(frames)
    await drain(frames)
    return blocking_response(chat_reply(message, task_id, mode, NOTHING, annotation))


def check_trace_session(call: ApiRequest) -> None:
    """Refuse a trace session id that is no short text; of several the one in the headers counts, then that of the query.

    Raises:
        ApiError: The id is no text of 1 to 200 characters.
    """
    name = "trace_session_id"
    for source, key in (
        (call.http.headers, "X-Trace-Session-Id"),
        (call.http.query_params, name),
        (call.body, name),
    ):
        if key in source:
            value = source[key]
            if not isinstance(value, str):
                raise ApiError(400, "bad_request", f"{name} must be a string.")
            if not 1 <= len(value.strip()) <= 200:
                raise ApiError(400, "bad_request", f"{name} must be 1 to 200 characters after trimming.")
            return


def check_version(core: AppState, workflow_id: str) -> None:
    """Refuse an id of a workflow that the app does not have; an emulator's app has one version of its workflow.

    Raises:
        ApiError: The id is unknown, or no UUID.
    """
    try:
        known = str(UUID(workflow_id)) == core.workflow_id
    except ValueError:
        raise ApiError(400, "bad_request", f"Invalid workflow_id format: '{workflow_id}'. ") from None
    if not known:
        raise ApiError(404, "not_found", f"Workflow not found with id: {workflow_id}")


def begin_run(
    call: ApiRequest,
    generation: Generation,
    task_id: str,
    *,
    message: Message | None,
    workflow_id: str | None,
    files: tuple[EmulatorFile, ...],
) -> tuple[RunStream, Live]:
    """A new run of a chatflow (which answers `message`) or of a workflow, at work from now on."""
    core, request = call.app, generation.request
    url = f"{call.origin}/files/{{}}/file-preview"
    objects = [file_object(file, url=url.format(file.upload_file_id)) for file in files]
    attached = [each.model_dump(mode="json", exclude_unset=True) for each in objects]
    run = Run(
        user=call.user,
        owner=call.owner,
        inputs={},
        workflow_id=workflow_id or core.workflow_id,
        task_id=task_id,
        in_logs=message is None,
    )
    system: dict[str, Any] = {"sys.files": attached, "sys.user_id": call.user}
    if message is not None:
        system = {"sys.query": request.query, **system, "sys.dialogue_count": len(request.history) + 1}
        message.run = run
    system |= {"sys.app_id": core.app_id, "sys.workflow_id": run.workflow_id, "sys.workflow_run_id": run.id}
    run.inputs = {**request.inputs, **system}
    core.runs[run.id] = run
    creator = RunCreator(id=call.owner, user=call.user)
    flow = RunStream(run=run, message=message, generation=generation, creator=creator, speak=core.auto_play)
    live = Live(run, stream(core, task_id, flow.frames()))
    core.track(live)
    return flow, live


async def read(live: Live) -> AsyncGenerator[Frame]:
    """The stream of a run, for the call that began it: servers begin those with a ping."""
    yield PingEvent()
    async with aclosing(live.frames()) as frames:
        async for frame in frames:
            yield frame


def chat_reply(
    message: Message, task_id: str, mode: Mode, cost: Usage | None, annotation: AnnotationReply | None = None
) -> dict[str, Any]:
    """What the blocking mode answers for a message."""
    conversation = {} if message.conversation is None else {"conversation_id": message.conversation.id}
    shown = None if cost is None else metadata(cost, message.citations, annotation)
    spent = {} if shown is None else shown.model_dump(mode="json", exclude_unset=True)
    return {
        "event": "message",
        "task_id": task_id,
        "id": message.id,
        "message_id": message.id,
        **conversation,
        "mode": mode,
        "answer": message.answer,
        "metadata": spent,
        "created_at": message.created_at,
    }
