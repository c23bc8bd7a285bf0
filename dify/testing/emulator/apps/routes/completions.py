"""Completion messages."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from ...answers import EmulatorRequest
from ...endpoints import Call, endpoint
from ...file_links import tool_link
from ...responses import json_answer
from ...runs.chat_frames import Turn
from ...runs.running import answered, check_trace_session, preset
from ...state import Core
from ..features import Mode
from ..models import Message
from ..schemas import CompletionRequestPayload
from ..validation import take_files, validate_inputs

_MODES: frozenset[Mode] = frozenset({"completion"})


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    paths = {"/completion-messages": _create, "/completion-messages/{task_id}/stop": _stop}
    return [
        endpoint(
            core, "POST", path, handler, body="json", user_required=True, modes=_MODES, wrong_mode="app_unavailable"
        )
        for path, handler in paths.items()
    ]


async def _create(call: Call) -> Response:
    core = call.core
    sent = call.payload(CompletionRequestPayload)
    check_trace_session(call)
    files = await take_files(core, call.owner, sent.files)
    inputs = await validate_inputs(core, call.owner, sent.inputs)
    request = EmulatorRequest(
        kind="completion",
        query=sent.query,
        inputs=inputs,
        files=files,
        user=call.user,
        response_mode="streaming" if sent.streaming else "blocking",
    )
    task_id, generation = await core.generate(request, call.owner)
    message = Message(conversation=None, user=call.user, owner=call.owner, query=sent.query, inputs=inputs, files=files)
    core.messages[message.id] = message
    if generation.blocked is not None:
        return await preset("completion", message, generation.blocked, None, sent.streaming)
    turn = Turn(
        mode="completion",
        message=message,
        task_id=task_id,
        generation=generation,
        origin=call.origin,
        link=lambda stored: tool_link(call, stored),
        speak=core.auto_play,
    )
    return await answered(call, turn, sent.streaming)


async def _stop(call: Call) -> Response:
    generation = call.core.tasks.get(call.path("task_id"))
    if generation is not None and generation.request.kind == "completion" and generation.owner == call.owner:
        generation.stop()
    return json_answer({"result": "success"})
