"""Completion messages."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from .._answers import EmulatorRequest
from .._chat_frames import Turn
from .._core import Core, Message, Mode
from .._payloads import CompletionRequestPayload
from .._running import chat_reply, drain, stream
from .._sse import EventStream
from .._taking import take_files, use_files_in
from .._wire import Call, endpoint, generation_json, json_answer

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
    files = take_files(core, call.user, sent.files)
    use_files_in(core, sent.inputs)
    request = EmulatorRequest(
        kind="completion",
        query=sent.query,
        inputs=sent.inputs,
        files=files,
        user=call.user,
        response_mode="streaming" if sent.streaming else "blocking",
    )
    task_id, generation = await core.generate(request)
    message = Message(conversation=None, user=call.user, query=sent.query, inputs=sent.inputs, files=files)
    core.messages[message.id] = message
    turn = Turn(mode="completion", message=message, task_id=task_id, generation=generation, origin=call.origin)
    if sent.streaming:
        return EventStream(stream(core, task_id, turn.frames()))
    await drain(core, task_id, turn.frames())
    if turn.failure is not None:
        raise turn.failure
    return generation_json(chat_reply(message, task_id, "completion", turn.cost))


async def _stop(call: Call) -> Response:
    generation = call.core.tasks.get(call.path("task_id"))
    if generation is not None and generation.request.kind == "completion" and generation.request.user == call.user:
        generation.stop()
    return json_answer({"result": "success"})
