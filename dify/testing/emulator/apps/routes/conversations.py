"""Conversations, their messages and their variables."""

from __future__ import annotations

from starlette.responses import Response

from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response, unhandled_response
from ...routing import Router
from ..models import Conversation, UnsupportedType, WrongType
from ..schemas import (
    ConversationListQuery,
    ConversationRenamePayload,
    ConversationVariablesQuery,
    ConversationVariableUpdatePayload,
    MessageListQuery,
)
from ..serializers import serialize_message
from .chat import CHAT_MODES, title

router = Router()


@router.operation("getConversationsList", modes=CHAT_MODES)
async def list_conversations(request: ApiRequest) -> Response:
    asked = request.query(ConversationListQuery)
    by, newest_first = asked.sort_by.removeprefix("-").removesuffix("_at"), asked.sort_by.startswith("-")
    mine = [each for each in request.app.conversations.values() if each.owner == request.owner]
    mine.sort(key=lambda each: (getattr(each, f"{by}_at"), getattr(each, f"{by}_order")), reverse=newest_first)

    def after(rows: list[Conversation], cursor: Conversation) -> list[Conversation]:
        # Times have whole seconds and are compared strictly: the others of the cursor's second are left out.
        stamp = getattr(cursor, f"{by}_at")
        times = ((each, getattr(each, f"{by}_at")) for each in rows)
        return [each for each, time in times if (time < stamp if newest_first else time > stamp)]

    if asked.last_id:
        last = next((each for each in mine if each.id == asked.last_id), None)
        if last is None:
            raise ApiError(404, "not_found", "Last Conversation Not Exists.")
        mine = after(mine, last)
    page = mine[: asked.limit]
    more = len(page) == asked.limit and bool(after(mine, page[-1]))
    return json_response({"limit": asked.limit, "has_more": more, "data": [each.wire() for each in page]})


def find_conversation(request: ApiRequest, conversation_id: str) -> Conversation:
    found = request.app.conversation_of(request.owner, conversation_id)
    if found is None:
        raise ApiError(404, "not_found", "Conversation Not Exists.")
    return found


@router.operation("deleteConversation", body="json", modes=CHAT_MODES)
async def delete_conversation(request: ApiRequest) -> Response:
    found = find_conversation(request, request.path("conversation_id"))
    del request.app.conversations[found.id]
    for message in found.messages:
        request.app.messages.pop(message.id, None)
    return Response(b"", 204, media_type="application/json")


@router.operation("renameConversation", body="json", modes=CHAT_MODES)
async def rename_conversation(request: ApiRequest) -> Response:
    sent = request.payload(ConversationRenamePayload)
    found = find_conversation(request, request.path("conversation_id"))
    if sent.auto_generate:
        if not found.messages:
            raise ApiError(400, "invalid_param")
        name = title(found.messages[0].query)
        if name != found.name:
            found.name = name
            found.touch()
    elif sent.name is not None:
        if len(sent.name) > 255:
            return unhandled_response()  # the database refuses it
        found.name = sent.name
        found.touch()
    return json_response(found.wire())


@router.operation("getConversationHistory", modes=CHAT_MODES)
async def list_messages(request: ApiRequest) -> Response:
    asked = request.query(MessageListQuery)
    if not asked.conversation_id:
        return json_response({"limit": asked.limit, "has_more": False, "data": []})
    found = find_conversation(request, asked.conversation_id)
    messages = found.messages
    if asked.first_id:
        first = next((each for each in messages if each.id == asked.first_id), None)
        if first is None:
            raise ApiError(404, "not_found", "First Message Not Exists.")
        # As with conversations, the other messages of the cursor's second are left out.
        messages = [each for each in messages if each.created_at < first.created_at]
    # The newest that are left, in the order in which they were said.
    page = messages[-asked.limit :]
    more = len(messages) > len(page)
    data = [serialize_message(request, found, each) for each in page]
    return json_response({"limit": asked.limit, "has_more": more, "data": data})


@router.operation("getConversationVariables", modes=CHAT_MODES)
async def list_variables(request: ApiRequest) -> Response:
    asked = request.query(ConversationVariablesQuery)
    found = find_conversation(request, request.path("conversation_id"))
    if asked.variable_name is not None:
        return unhandled_response()  # this line of servers fails on its own filter
    rows = request.app.variables_of(found)
    if asked.last_id:
        last = next((each for each in rows if each.id == asked.last_id), None)
        if last is None:
            raise ApiError(400, "invalid_param")
        # All variables of a conversation are created within one second: nothing is left after the first page.
        rows = [each for each in rows if each.created_at > last.created_at]
    some, more = rows[: asked.limit], len(rows) > asked.limit
    return json_response({"limit": asked.limit, "has_more": more, "data": [dump(each.to_model()) for each in some]})


@router.operation("updateChatConversationVariable", body="json", modes=CHAT_MODES)
async def update_variable(request: ApiRequest) -> Response:
    sent = request.payload(ConversationVariableUpdatePayload)
    variables = {
        each.id: each for each in request.app.variables_of(find_conversation(request, request.path("conversation_id")))
    }
    variable = variables.get(request.path("variable_id"))
    if variable is None:
        raise ApiError(404, "not_found", "Conversation Variable Not Exists.")
    try:
        variable.set(sent.value)
    except WrongType as error:
        problem = f"variable '{variable.name}' expects {variable.value_type}, but got {error.got} type"
        raise ApiError(400, "bad_request", f"Type mismatch: {problem}") from None
    except UnsupportedType as error:
        raise ApiError(400, "invalid_param", str(error)) from None
    return json_response(dump(variable.to_model()))
