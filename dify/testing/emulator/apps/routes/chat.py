"""Chat messages: of chat apps, agents and chatflows."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from ...answers import EmulatorRequest
from ...endpoints import Call, endpoint
from ...file_links import tool_link
from ...responses import WireError, generation_json, json_answer
from ...runs.chat_frames import Turn
from ...runs.generation import Generation
from ...runs.models import Run, StoredForm
from ...runs.run_events import pause_shown
from ...runs.running import (
    answered,
    begin_run,
    chat_reply,
    check_trace_session,
    check_version,
    drain,
    preset,
    read,
    refused,
)
from ...sse import EventStream
from ...state import Core
from ..canned_answers import annotation_for, reply_of
from ..features import Mode
from ..models import Conversation, Message
from ..schemas import ChatRequestPayload
from ..validation import take_files, validate_inputs

CHAT_MODES: frozenset[Mode] = frozenset({"chat", "agent-chat", "advanced-chat"})


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    return [
        endpoint(core, "POST", "/chat-messages", _send, body="json", user_required=True, modes=CHAT_MODES),
        endpoint(
            core, "POST", "/chat-messages/{task_id}/stop", _stop, body="json", user_required=True, modes=CHAT_MODES
        ),
    ]


async def _send(call: Call) -> Response:
    core, mode = call.core, call.core.mode or "chat"
    sent = call.payload(ChatRequestPayload)
    check_trace_session(call)
    if mode == "agent-chat" and not sent.streaming:
        raise WireError(400, "invalid_param", "Agent Chat App does not support blocking mode")
    if mode == "advanced-chat" and sent.workflow_id:
        check_version(core, sent.workflow_id)
    try:
        if not sent.query:
            raise WireError(400, "invalid_param", "query is required")
        conversation = _conversation(call, sent, mode)
        files = await take_files(core, call.owner, sent.files)
        inputs = await validate_inputs(core, call.owner, sent.inputs)
    except WireError as error:
        # A chatflow's worker checks the request once the stream has begun.
        if mode == "advanced-chat" and sent.streaming:
            return refused(error)
        raise
    request = EmulatorRequest(
        kind="chat",
        query=sent.query,
        inputs=inputs,
        files=files,
        user=call.user,
        conversation_id=conversation.id,
        workflow_id=sent.workflow_id,
        history=core.history(conversation),
        response_mode="streaming" if sent.streaming else "blocking",
    )
    annotation = annotation_for(core, sent.query)
    if annotation is not None:
        annotation.hit_count += 1
        message = _remember(core, conversation, request)
        return await preset(mode, message, annotation.answer, reply_of(core, annotation), sent.streaming)
    task_id, generation = await core.generate(request, call.owner)
    message = _remember(core, conversation, request)
    if generation.blocked is not None:
        return await preset(mode, message, generation.blocked, None, sent.streaming)
    if mode == "advanced-chat":
        return await _flow(call, sent, generation, task_id, message)
    turn = Turn(
        mode=mode,
        message=message,
        task_id=task_id,
        generation=generation,
        origin=call.origin,
        link=lambda stored: tool_link(call, stored),
        speak=core.auto_play,
    )
    return await answered(call, turn, sent.streaming)


async def _flow(
    call: Call, sent: ChatRequestPayload, generation: Generation, task_id: str, message: Message
) -> Response:
    flow, live = begin_run(
        call, generation, task_id, message=message, workflow_id=sent.workflow_id, files=message.files
    )
    if sent.streaming:
        return EventStream(read(live))
    await drain(live.frames())
    form = flow.run.waits_for
    if form is not None:
        return generation_json(_paused_reply(flow.run, form, message, task_id))
    if flow.failure is not None:
        raise WireError(400, "invalid_param", f"Run failed: {flow.failure}")
    return generation_json(chat_reply(message, task_id, "advanced-chat", flow.cost))


def _paused_reply(run: Run, form: StoredForm, message: Message, task_id: str) -> dict[str, Any]:
    """What the blocking mode answers for a chatflow that waits for a person."""
    empty: dict[str, Any] = {"annotation_reply": None, "retriever_resources": [], "usage": None}
    reply = chat_reply(message, task_id, "advanced-chat", None) | {"metadata": empty, "event": "workflow_paused"}
    reply |= {"answer": run.answer, "workflow_run_id": run.id}
    named = ("id", "mode", "conversation_id", "message_id", "workflow_run_id", "answer", "metadata", "created_at")
    return {**reply, "data": {**{name: reply[name] for name in named}, **pause_shown(run, form)}}


async def _stop(call: Call) -> Response:
    generation = call.core.tasks.get(call.path("task_id"))
    # Another user's task is left alone; the answer is the same.
    if generation is not None and generation.request.kind == "chat" and generation.owner == call.owner:
        generation.stop()
    return json_answer({"result": "success"})


def _conversation(call: Call, sent: ChatRequestPayload, mode: Mode) -> Conversation:
    if sent.conversation_id is not None:
        found = call.core.conversation_of(call.owner, sent.conversation_id)
        if found is not None:
            return found
        if mode != "advanced-chat":  # a chatflow takes an unknown conversation for a new one, and says nothing
            raise WireError(404, "not_found", "Conversation Not Exists.")
    return Conversation(user=call.user, owner=call.owner, name=title(sent.query), inputs=sent.inputs)


def title(query: str) -> str:
    """The name that a conversation gets by itself."""
    return query if len(query) <= 20 else f"{query[:20]}…"


def _remember(core: Core, conversation: Conversation, request: EmulatorRequest) -> Message:
    message = Message(
        conversation=conversation,
        user=conversation.user,
        owner=conversation.owner,
        query=request.query,
        inputs=dict(request.inputs),
        files=request.files,
    )
    core.conversations[conversation.id] = conversation
    if conversation.messages:
        conversation.touch()
    else:
        conversation.inputs = dict(request.inputs)
    conversation.messages.append(message)
    core.messages[message.id] = message
    return message
