"""Responses of the routes that generate.

They are the events of a script as a stream, or one body at its end.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.responses import Response

from dify.types.events import ErrorEvent, PingEvent
from dify.types.files import MessageFileSummary
from dify.types.replies import AnnotationReply
from dify.types.usage import Usage

from ...script.blocks import ToolFile
from ...script.costs import NO_USAGE, tokens
from ...script.events import metadata
from ...script.frames import Frame, at
from ...script.ids import Ids, SystemClock, new_id
from ...script.messages import MessageKind, MessageScript, canned_answer
from ...script.runs import RunScript, run_inputs
from ..answers import EmulatorFile
from ..apps.features import Mode
from ..apps.models import Message, StoredFile
from ..file_links import tool_file_url
from ..requests import ApiRequest
from ..responses import ApiError, blocking_response
from ..sse import EventStream
from ..state import AppState
from .file_objects import file_object, file_summary
from .generation import Generation
from .models import Run
from .runs_in_progress import RunInProgress
from .script_playback import message_events, run_events

__all__ = [
    "canned_response",
    "chat_reply",
    "check_trace_session",
    "check_version",
    "drain",
    "message_response",
    "read_run",
    "refused_stream",
    "start_run",
    "task_events",
]

_CLOCK = SystemClock()
_KINDS: Mapping[Mode, MessageKind] = {"agent-chat": "agent", "completion": "completion"}


async def task_events(app: AppState, task_id: str, frames: AsyncGenerator[Frame]) -> AsyncGenerator[Frame]:
    """Yield the events of a task, and remove the task in the end."""
    try:
        async with aclosing(frames):
            async for frame in frames:
                yield frame
    finally:
        app.tasks.pop(task_id, None)


async def drain(frames: AsyncGenerator[Frame]) -> None:
    """Run a task to its end, as the blocking mode does."""
    async with aclosing(frames) as rest:
        async for _ in rest:
            pass


def refused_stream(error: ApiError) -> EventStream:
    """Return the stream of a run that the worker refuses.

    It is an `error` event without code and ids.
    """

    async def frames() -> AsyncGenerator[Frame]:
        yield PingEvent()
        yield ErrorEvent(message=error.message, status=500)

    return EventStream(frames())


async def message_response(
    request: ApiRequest, mode: Mode, message: Message, task_id: str, generation: Generation, *, streaming: bool
) -> Response:
    """Return the response of a chat, agent or completion app."""

    def store_file(file: ToolFile) -> tuple[str, str]:
        stored = StoredFile(file.name, file.mime_type, file.content, message.user)
        message.tool_files.append((stored, file.type))
        return stored.id, tool_file_url(request, stored)

    script = MessageScript(
        _KINDS.get(mode, "chat"),
        _ids(message, task_id),
        clock=_CLOCK,
        new_id=new_id,
        store_file=store_file,
        prompt_tokens=tokens(message.query),
        files=lambda: _summaries(request, message.files),
        speak=request.app.auto_play,
    )
    frames = task_events(request.app, task_id, message_events(script, generation, message))
    if streaming:
        return EventStream(frames)
    await drain(frames)
    if generation.failure is not None:
        raise generation.failure
    return blocking_response(chat_reply(message, task_id, mode, script.cost))


def _ids(message: Message, task_id: str) -> Ids:
    return Ids(
        task_id=task_id,
        message_id=message.id,
        conversation_id=None if message.conversation is None else message.conversation.id,
        end_user_id=message.owner,
        user=message.user,
        created_at=at(message.created_at),
    )


def _summaries(request: ApiRequest, files: Sequence[EmulatorFile]) -> list[MessageFileSummary]:
    url = f"{request.origin}/files/{{}}/file-preview"
    return [
        file_summary(file, message_file_id=new_id(), url=url.format(file.upload_file_id))
        for file in files
        if file.upload_file_id is not None
    ]


async def canned_response(
    mode: Mode, message: Message, text: str, annotation: AnnotationReply | None, *, streaming: bool
) -> Response:
    """Return the response of an app that does not request its model.

    It is the answer of an annotation or of moderation.
    """
    task_id, started = new_id(), time.perf_counter()
    message.answer = text
    ids = _ids(message, task_id)
    if mode == "advanced-chat":
        ids = replace(ids, workflow_run_id=new_id())
    if not streaming:
        return blocking_response(chat_reply(message, task_id, mode, NO_USAGE, annotation))

    async def frames() -> AsyncGenerator[Frame]:
        if mode == "advanced-chat":
            yield PingEvent()
        for frame in canned_answer(ids, text, latency=time.perf_counter() - started, annotation=annotation):
            yield frame

    return EventStream(frames())


def check_trace_session(request: ApiRequest) -> None:
    """Check the trace session id of the headers, the query or the body.

    The first of them that has an id counts.

    Raises:
        ApiError: The id is not a text of 1 to 200 characters.
    """
    name = "trace_session_id"
    for source, key in (
        (request.http.headers, "X-Trace-Session-Id"),
        (request.http.query_params, name),
        (request.body, name),
    ):
        if key in source:
            value = source[key]
            if not isinstance(value, str):
                raise ApiError(400, "bad_request", f"{name} must be a string.")
            if not 1 <= len(value.strip()) <= 200:
                raise ApiError(400, "bad_request", f"{name} must be 1 to 200 characters after trimming.")
            return


def check_version(app: AppState, workflow_id: str) -> None:
    """Check the id of a version of the workflow.

    An app of an emulator has one version.

    Raises:
        ApiError: The id is unknown, or not a UUID.
    """
    try:
        known = str(UUID(workflow_id)) == app.workflow_id
    except ValueError:
        raise ApiError(400, "bad_request", f"Invalid workflow_id format: '{workflow_id}'. ") from None
    if not known:
        raise ApiError(404, "not_found", f"Workflow not found with id: {workflow_id}")


def start_run(
    request: ApiRequest,
    generation: Generation,
    task_id: str,
    *,
    message: Message | None,
    workflow_id: str | None,
    files: tuple[EmulatorFile, ...],
) -> tuple[Run, RunScript, RunInProgress]:
    """Start a run of a workflow, or of the chatflow that answers a message."""
    app, app_request = request.app, generation.request
    created_at = _CLOCK.now()
    ids = Ids(
        task_id=task_id,
        message_id=None,
        conversation_id=None,
        workflow_id=workflow_id or app.workflow_id,
        end_user_id=request.owner,
        user=request.user,
        created_at=at(created_at),
    )
    if message is not None:
        ids = replace(_ids(message, task_id), workflow_id=ids.workflow_id)
    ids = replace(ids, workflow_run_id=new_id())
    run = Run(ids, {}, created_at, _CLOCK.elapsed(), in_logs=message is None)
    url = f"{request.origin}/files/{{}}/file-preview"
    objects = [file_object(file, url=url.format(file.upload_file_id)) for file in files]
    run.inputs = run_inputs(
        run,
        app_request.inputs,
        app_id=app.app_id,
        files=[each.model_dump(mode="json", exclude_unset=True) for each in objects],
        query=app_request.query,
        dialogue_count=len(app_request.history) + 1,
    )
    if message is not None:
        message.run = run
    app.runs[run.id] = run
    script = RunScript(
        run,
        clock=_CLOCK,
        new_id=new_id,
        query=app_request.query,
        prompt_tokens=tokens(f"{app_request.query} {' '.join(map(str, app_request.inputs.values()))}"),
        speak=app.auto_play,
    )
    progress = RunInProgress(run, task_events(app, task_id, run_events(script, generation, run, message)))
    app.track(progress)
    return run, script, progress


async def read_run(progress: RunInProgress) -> AsyncGenerator[Frame]:
    """Yield the events of a run to the call that started it, with a ping first."""
    yield PingEvent()
    async with aclosing(progress.frames()) as frames:
        async for frame in frames:
            yield frame


def chat_reply(
    message: Message, task_id: str, mode: Mode, cost: Usage | None, annotation: AnnotationReply | None = None
) -> dict[str, Any]:
    """Return a message as blocking replies show it."""
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
