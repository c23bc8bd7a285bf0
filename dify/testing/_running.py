"""What the routes that generate something share, whether they stream it or wait for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID

from dify.types.events import ErrorEvent, PingEvent
from dify.types.replies import Usage

from ._answers import EmulatorFile
from ._core import Core, Message, Mode, Run
from ._frames import Frame, file_object, metadata
from ._generation import Generation
from ._run_frames import RunStream
from ._sse import EventStream
from ._wire import Call, WireError

__all__ = ["chat_reply", "check_version", "drain", "refused", "run_stream", "stream"]


async def stream(core: Core, task_id: str, frames: AsyncGenerator[Frame]) -> AsyncGenerator[Frame]:
    """The frames of a task, which is forgotten when they end."""
    try:
        async with aclosing(frames):
            async for frame in frames:
                yield frame
    finally:
        core.tasks.pop(task_id, None)


async def drain(core: Core, task_id: str, frames: AsyncGenerator[Frame]) -> None:
    """Let a task run to its end, as the blocking mode does."""
    async with aclosing(stream(core, task_id, frames)) as rest:
        async for _ in rest:
            pass


def refused(error: WireError) -> EventStream:
    """The stream of a run whose request the worker finds wrong: an `error` without code or ids."""

    async def frames() -> AsyncGenerator[Frame]:
        yield PingEvent()
        yield ErrorEvent(message=error.message, status=500)

    return EventStream(frames())


def check_version(workflow_id: str) -> None:
    """Any version id will do here, as long as it is an id."""
    try:
        UUID(workflow_id)
    except ValueError:
        raise WireError(400, "bad_request", f"Invalid workflow_id format: '{workflow_id}'. ") from None


def run_stream(
    call: Call,
    generation: Generation,
    task_id: str,
    *,
    message: Message | None,
    workflow_id: str | None,
    files: tuple[EmulatorFile, ...],
) -> RunStream:
    """A new run of a chatflow (which answers `message`) or of a workflow."""
    core, request = call.core, generation.request
    url = f"{call.origin}/files/{{}}/file-preview"
    objects = [file_object(file, url=url.format(file.upload_file_id)) for file in files]
    attached = [each.model_dump(mode="json", exclude_unset=True) for each in objects]
    run = Run(user=call.user, inputs={}, workflow_id=workflow_id or core.workflow_id, in_logs=message is None)
    system: dict[str, Any] = {"sys.files": attached, "sys.user_id": call.user}
    if message is not None:
        system = {"sys.query": request.query, **system, "sys.dialogue_count": len(request.history) + 1}
    system |= {"sys.app_id": core.app_id, "sys.workflow_id": run.workflow_id, "sys.workflow_run_id": run.id}
    run.inputs = {**request.inputs, **system}
    core.runs[run.id] = run
    return RunStream(run=run, message=message, task_id=task_id, generation=generation, creator=core.end_user(call.user))


def chat_reply(message: Message, task_id: str, mode: Mode, cost: Usage | None) -> dict[str, Any]:
    """What the blocking mode answers for a message."""
    conversation = {} if message.conversation is None else {"conversation_id": message.conversation.id}
    spent = {} if cost is None else metadata(cost).model_dump(mode="json", exclude_unset=True)
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
