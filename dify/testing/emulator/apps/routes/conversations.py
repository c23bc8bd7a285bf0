"""Conversations, their messages and their variables."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from ...endpoints import Call, endpoint
from ...responses import WireError, json_answer, shown, unhandled
from ...state import Core
from ..models import Conversation, UnsupportedType, WrongType
from ..schemas import (
    ConversationListQuery,
    ConversationRenamePayload,
    ConversationVariablesQuery,
    ConversationVariableUpdatePayload,
    MessageListQuery,
)
from ..serializers import message_shown
from .chat import CHAT_MODES, title


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    one = "/conversations/{conversation_id:uuid}"
    return [
        endpoint(core, "GET", "/conversations", list_conversations, modes=CHAT_MODES),
        endpoint(core, "DELETE", one, delete_conversation, body="json", modes=CHAT_MODES),
        endpoint(core, "POST", f"{one}/name", rename_conversation, body="json", modes=CHAT_MODES),
        endpoint(core, "GET", "/messages", list_messages, modes=CHAT_MODES),
        endpoint(core, "GET", f"{one}/variables", list_variables, modes=CHAT_MODES),
        endpoint(core, "PUT", f"{one}/variables/{{variable_id:uuid}}", update_variable, body="json", modes=CHAT_MODES),
    ]


async def list_conversations(call: Call) -> Response:
    asked = call.query(ConversationListQuery)
    by, newest_first = asked.sort_by.removeprefix("-").removesuffix("_at"), asked.sort_by.startswith("-")
    mine = [each for each in call.core.conversations.values() if each.owner == call.owner]
    mine.sort(key=lambda each: (getattr(each, f"{by}_at"), getattr(each, f"{by}_order")), reverse=newest_first)

    def after(rows: list[Conversation], cursor: Conversation) -> list[Conversation]:
        # Times have whole seconds and are compared strictly: the others of the cursor's second are left out.
        stamp = getattr(cursor, f"{by}_at")
        times = ((each, getattr(each, f"{by}_at")) for each in rows)
        return [each for each, time in times if (time < stamp if newest_first else time > stamp)]

    if asked.last_id:
        last = next((each for each in mine if each.id == asked.last_id), None)
        if last is None:
            raise WireError(404, "not_found", "Last Conversation Not Exists.")
        mine = after(mine, last)
    page = mine[: asked.limit]
    more = len(page) == asked.limit and bool(after(mine, page[-1]))
    return json_answer({"limit": asked.limit, "has_more": more, "data": [each.wire() for each in page]})


def find_conversation(call: Call, conversation_id: str) -> Conversation:
    found = call.core.conversation_of(call.owner, conversation_id)
    if found is None:
        raise WireError(404, "not_found", "Conversation Not Exists.")
    return found


async def delete_conversation(call: Call) -> Response:
    found = find_conversation(call, call.path("conversation_id"))
    del call.core.conversations[found.id]
    for message in found.messages:
        call.core.messages.pop(message.id, None)
    return Response(b"", 204, media_type="application/json")


async def rename_conversation(call: Call) -> Response:
    sent = call.payload(ConversationRenamePayload)
    found = find_conversation(call, call.path("conversation_id"))
    if sent.auto_generate:
        if not found.messages:
            raise WireError(400, "invalid_param")
        name = title(found.messages[0].query)
        if name != found.name:
            found.name = name
            found.touch()
    elif sent.name is not None:
        if len(sent.name) > 255:
            return unhandled()  # the database refuses it
        found.name = sent.name
        found.touch()
    return json_answer(found.wire())


async def list_messages(call: Call) -> Response:
    asked = call.query(MessageListQuery)
    if not asked.conversation_id:
        return json_answer({"limit": asked.limit, "has_more": False, "data": []})
    found = find_conversation(call, asked.conversation_id)
    messages = found.messages
    if asked.first_id:
        first = next((each for each in messages if each.id == asked.first_id), None)
        if first is None:
            raise WireError(404, "not_found", "First Message Not Exists.")
        # As with conversations, the other messages of the cursor's second are left out.
        messages = [each for each in messages if each.created_at < first.created_at]
    # The newest that are left, in the order in which they were said.
    page = messages[-asked.limit :]
    more = len(messages) > len(page)
    data = [message_shown(call, found, each) for each in page]
    return json_answer({"limit": asked.limit, "has_more": more, "data": data})


async def list_variables(call: Call) -> Response:
    asked = call.query(ConversationVariablesQuery)
    found = find_conversation(call, call.path("conversation_id"))
    if asked.variable_name is not None:
        return unhandled()  # this line of servers fails on its own filter
    rows = call.core.variables_of(found)
    if asked.last_id:
        last = next((each for each in rows if each.id == asked.last_id), None)
        if last is None:
            raise WireError(400, "invalid_param")
        # All variables of a conversation are created within one second: nothing is left after the first page.
        rows = [each for each in rows if each.created_at > last.created_at]
    some, more = rows[: asked.limit], len(rows) > asked.limit
    return json_answer({"limit": asked.limit, "has_more": more, "data": [shown(each.shown()) for each in some]})


async def update_variable(call: Call) -> Response:
    sent = call.payload(ConversationVariableUpdatePayload)
    variables = {
        each.id: each for each in call.core.variables_of(find_conversation(call, call.path("conversation_id")))
    }
    variable = variables.get(call.path("variable_id"))
    if variable is None:
        raise WireError(404, "not_found", "Conversation Variable Not Exists.")
    try:
        variable.set(sent.value)
    except WrongType as error:
        problem = f"variable '{variable.name}' expects {variable.value_type}, but got {error.got} type"
        raise WireError(400, "bad_request", f"Type mismatch: {problem}") from None
    except UnsupportedType as error:
        raise WireError(400, "invalid_param", str(error)) from None
    return json_answer(shown(variable.shown()))
