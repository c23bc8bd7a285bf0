"""Chat messages of chat apps, agents and chatflows."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ...answers import EmulatorRequest
from ...requests import ApiRequest
from ...responses import ApiError, blocking_response, success
from ...routing import Router
from ...runs.generation import Generation
from ...runs.generation_responses import (
    canned_response,
    chat_reply,
    check_trace_session,
    check_version,
    drain,
    message_response,
    read_run,
    refused_stream,
    start_run,
)
from ...runs.models import Run, StoredForm
from ...sse import EventStream
from ...state import AppState
from ..canned_answers import annotation_reply, find_annotation
from ..features import Mode
from ..input_validation import validate_files, validate_inputs
from ..models import Conversation, Message
from ..schemas import ChatRequestPayload

CHAT_MODES: frozenset[Mode] = frozenset({"chat", "agent-chat", "advanced-chat"})


router = Router()


@router.operation("sendChatMessage", body="json", user="required", modes=CHAT_MODES)
async def send_message(request: ApiRequest) -> Response:
    app, mode = request.app, request.app.mode or "chat"
    payload = request.payload(ChatRequestPayload)
    check_trace_session(request)
    if mode == "agent-chat" and not payload.streaming:
        raise ApiError(400, "invalid_param", "Agent Chat App does not support blocking mode")
    if mode == "advanced-chat" and payload.workflow_id:
        check_version(app, payload.workflow_id)
    try:
        if not payload.query:
            raise ApiError(400, "invalid_param", "query is required")
        conversation = _find_or_create_conversation(request, payload, mode)
        files = await validate_files(app, request.owner, payload.files)
        inputs = await validate_inputs(app, request.owner, payload.inputs)
    except ApiError as error:
        # A chatflow checks these after the stream has started.
        if mode == "advanced-chat" and payload.streaming:
            return refused_stream(error)
        raise
    app_request = EmulatorRequest(
        kind="chat",
        query=payload.query,
        inputs=inputs,
        files=files,
        user=request.user,
        conversation_id=conversation.id,
        workflow_id=payload.workflow_id,
        history=app.history(conversation),
        response_mode="streaming" if payload.streaming else "blocking",
    )
    annotation = find_annotation(app, payload.query)
    if annotation is not None:
        annotation.hit_count += 1
        message = _add_message(app, conversation, app_request)
        reply = annotation_reply(app, annotation)
        return await canned_response(mode, message, annotation.answer, reply, streaming=payload.streaming)
    task_id, generation = await app.generate(app_request, request.owner)
    message = _add_message(app, conversation, app_request)
    if generation.blocked is not None:
        return await canned_response(mode, message, generation.blocked, None, streaming=payload.streaming)
    if mode == "advanced-chat":
        return await _run_chatflow(request, payload, generation, task_id, message)
    return await message_response(request, mode, message, task_id, generation, streaming=payload.streaming)


async def _run_chatflow(
    request: ApiRequest, payload: ChatRequestPayload, generation: Generation, task_id: str, message: Message
) -> Response:
    run, script, progress = start_run(
        request, generation, task_id, message=message, workflow_id=payload.workflow_id, files=message.files
    )
    if payload.streaming:
        return EventStream(read_run(progress))
    await drain(progress.frames())
    form = run.waits_for
    if form is not None:
        return blocking_response(_paused_reply(run, form, message, task_id))
    if script.failure is not None:
        raise ApiError(400, "invalid_param", f"Run failed: {script.failure}")
    return blocking_response(chat_reply(message, task_id, "advanced-chat", script.cost))


def _paused_reply(run: Run, form: StoredForm, message: Message, task_id: str) -> dict[str, Any]:
    """Return the blocking response of a chatflow that is paused by a form."""
    empty: dict[str, Any] = {"annotation_reply": None, "retriever_resources": [], "usage": None}
    reply = chat_reply(message, task_id, "advanced-chat", None) | {"metadata": empty, "event": "workflow_paused"}
    reply |= {"answer": run.answer, "workflow_run_id": run.id}
    copied = ("id", "mode", "conversation_id", "message_id", "workflow_run_id", "answer", "metadata", "created_at")
    return {**reply, "data": {**{name: reply[name] for name in copied}, **run.pause(form)}}


@router.operation("stopChatMessageGeneration", body="json", user="required", modes=CHAT_MODES)
async def stop_message(request: ApiRequest) -> Response:
    generation = request.app.tasks.get(request.path("task_id"))
    # The response is the same for another user's task, which is not stopped.
    if generation is not None and generation.request.kind == "chat" and generation.owner == request.owner:
        generation.stop()
    return success()


def _find_or_create_conversation(request: ApiRequest, payload: ChatRequestPayload, mode: Mode) -> Conversation:
    if payload.conversation_id is not None:
        conversation = request.app.conversation_of(request.owner, payload.conversation_id)
        if conversation is not None:
            return conversation
        if mode != "advanced-chat":  # a chatflow starts a new conversation if the id is unknown
            raise ApiError(404, "not_found", "Conversation Not Exists.")
    return Conversation(user=request.user, owner=request.owner, name=default_name(payload.query), inputs=payload.inputs)


def default_name(query: str) -> str:
    """Return the generated name of a conversation."""
    return query if len(query) <= 20 else f"{query[:20]}…"


def _add_message(app: AppState, conversation: Conversation, app_request: EmulatorRequest) -> Message:
    message = Message(
        conversation=conversation,
        user=conversation.user,
        owner=conversation.owner,
        query=app_request.query,
        inputs=dict(app_request.inputs),
        files=app_request.files,
    )
    app.conversations[conversation.id] = conversation
    if conversation.messages:
        conversation.touch()
    else:
        conversation.inputs = dict(app_request.inputs)
    conversation.messages.append(message)
    app.messages[message.id] = message
    return message
