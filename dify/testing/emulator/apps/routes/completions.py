"""Completion messages."""

from __future__ import annotations

from starlette.responses import Response

from ...answers import EmulatorRequest
from ...requests import ApiRequest
from ...responses import success
from ...routing import Router
from ...runs.generation_responses import canned_response, check_trace_session, message_response
from ..features import Mode
from ..input_validation import validate_files, validate_inputs
from ..models import Message
from ..schemas import CompletionRequestPayload

_MODES: frozenset[Mode] = frozenset({"completion"})


router = Router()


@router.operation("createCompletionMessage", body="json", user="required", modes=_MODES, wrong_mode="app_unavailable")
async def create_completion(request: ApiRequest) -> Response:
    app = request.app
    payload = request.payload(CompletionRequestPayload)
    check_trace_session(request)
    files = await validate_files(app, request.owner, payload.files)
    inputs = await validate_inputs(app, request.owner, payload.inputs)
    app_request = EmulatorRequest(
        kind="completion",
        query=payload.query,
        inputs=inputs,
        files=files,
        user=request.user,
        response_mode="streaming" if payload.streaming else "blocking",
    )
    task_id, generation = await app.generate(app_request, request.owner)
    message = Message(
        conversation=None, user=request.user, owner=request.owner, query=payload.query, inputs=inputs, files=files
    )
    app.messages[message.id] = message
    if generation.blocked is not None:
        return await canned_response("completion", message, generation.blocked, None, streaming=payload.streaming)
    return await message_response(request, "completion", message, task_id, generation, streaming=payload.streaming)


@router.operation("stopGenerate", body="json", user="required", modes=_MODES, wrong_mode="app_unavailable")
async def stop_completion(request: ApiRequest) -> Response:
    generation = request.app.tasks.get(request.path("task_id"))
    if generation is not None and generation.request.kind == "completion" and generation.owner == request.owner:
        generation.stop()
    return success()
