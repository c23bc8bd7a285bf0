"""Conversations, their messages and their variables."""

from __future__ import annotations

from starlette.responses import Response

from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response, no_content, unhandled_response
from ...routing import Router
from ..models import Conversation, VariableTypeError, VariableValueError
from ..schemas import (
    ConversationListQuery,
    ConversationRenamePayload,
    ConversationVariablesQuery,
    ConversationVariableUpdatePayload,
    MessageListQuery,
)
from ..serializers import serialize_conversation, serialize_message
from .chat import CHAT_MODES, default_name

router = Router()


@router.operation("getConversationsList", modes=CHAT_MODES)
async def list_conversations(request: ApiRequest) -> Response:
    query = request.query(ConversationListQuery)
    field, newest_first = query.sort_by.removeprefix("-").removesuffix("_at"), query.sort_by.startswith("-")

    def sort_key(conversation: Conversation) -> tuple[float, int]:
        return getattr(conversation, f"{field}_at"), getattr(conversation, f"{field}_order")

    def after(conversations: list[Conversation], cursor: Conversation) -> list[Conversation]:
        # Times have whole seconds and are compared strictly: other conversations of the cursor's second are skipped.
        cursor_time, _ = sort_key(cursor)
        times = ((conversation, sort_key(conversation)[0]) for conversation in conversations)
        return [item for item, time in times if (time < cursor_time if newest_first else time > cursor_time)]

    conversations = [item for item in request.app.conversations.values() if item.owner == request.owner]
    conversations.sort(key=sort_key, reverse=newest_first)
    if query.last_id:
        last = next((item for item in conversations if item.id == query.last_id), None)
        if last is None:
            raise ApiError(404, "not_found", "Last Conversation Not Exists.")
        conversations = after(conversations, last)
    page = conversations[: query.limit]
    has_more = len(page) == query.limit and bool(after(conversations, page[-1]))
    data = [serialize_conversation(item) for item in page]
    return json_response({"limit": query.limit, "has_more": has_more, "data": data})


def find_conversation(request: ApiRequest, conversation_id: str) -> Conversation:
    """Return a conversation of the end user.

    Raises:
        ApiError: The user has no such conversation.
    """
    conversation = request.app.conversation_of(request.owner, conversation_id)
    if conversation is None:
        raise ApiError(404, "not_found", "Conversation Not Exists.")
    return conversation


@router.operation("deleteConversation", body="json", modes=CHAT_MODES)
async def delete_conversation(request: ApiRequest) -> Response:
    conversation = find_conversation(request, request.path("conversation_id"))
    del request.app.conversations[conversation.id]
    for message in conversation.messages:
        request.app.messages.pop(message.id, None)
    return no_content()


@router.operation("renameConversation", body="json", modes=CHAT_MODES)
async def rename_conversation(request: ApiRequest) -> Response:
    payload = request.payload(ConversationRenamePayload)
    conversation = find_conversation(request, request.path("conversation_id"))
    if payload.auto_generate:
        name = default_name(conversation.messages[0].query)
        if name != conversation.name:
            conversation.name = name
            conversation.touch()
    elif payload.name is not None:
        if len(payload.name) > 255:
            return unhandled_response()  # too long for the database
        conversation.name = payload.name
        conversation.touch()
    return json_response(serialize_conversation(conversation))


@router.operation("getConversationHistory", modes=CHAT_MODES)
async def list_messages(request: ApiRequest) -> Response:
    query = request.query(MessageListQuery)
    if not query.conversation_id:
        return json_response({"limit": query.limit, "has_more": False, "data": []})
    conversation = find_conversation(request, query.conversation_id)
    messages = conversation.messages
    if query.first_id:
        first = next((message for message in messages if message.id == query.first_id), None)
        if first is None:
            raise ApiError(404, "not_found", "First Message Not Exists.")
        # As with conversations, other messages of the cursor's second are skipped.
        messages = [message for message in messages if message.created_at < first.created_at]
    # The newest of the remaining messages, oldest first.
    page = messages[-query.limit :]
    has_more = len(messages) > len(page)
    data = [serialize_message(request, conversation, message) for message in page]
    return json_response({"limit": query.limit, "has_more": has_more, "data": data})


@router.operation("getConversationVariables", modes=CHAT_MODES)
async def list_variables(request: ApiRequest) -> Response:
    query = request.query(ConversationVariablesQuery)
    conversation = find_conversation(request, request.path("conversation_id"))
    if query.variable_name is not None:
        return unhandled_response()  # these servers fail on their own filter
    variables = request.app.variables_of(conversation)
    if query.last_id:
        last = next((variable for variable in variables if variable.id == query.last_id), None)
        if last is None:
            raise ApiError(400, "invalid_param")
        # All variables of a conversation are created within one second: the second page is always empty.
        variables = [variable for variable in variables if variable.created_at > last.created_at]
    data = [dump(variable.to_model()) for variable in variables[: query.limit]]
    return json_response({"limit": query.limit, "has_more": len(variables) > query.limit, "data": data})


@router.operation("updateChatConversationVariable", body="json", modes=CHAT_MODES)
async def update_variable(request: ApiRequest) -> Response:
    payload = request.payload(ConversationVariableUpdatePayload)
    conversation = find_conversation(request, request.path("conversation_id"))
    variables = request.app.variables_of(conversation)
    variable = next((item for item in variables if item.id == request.path("variable_id")), None)
    if variable is None:
        raise ApiError(404, "not_found", "Conversation Variable Not Exists.")
    try:
        variable.set(payload.value)
    except VariableTypeError as error:
        mismatch = f"variable '{variable.name}' expects {variable.value_type}, but got {error.type} type"
        raise ApiError(400, "bad_request", f"Type mismatch: {mismatch}") from None
    except VariableValueError as error:
        raise ApiError(400, "invalid_param", str(error)) from None
    return json_response(dump(variable.to_model()))
