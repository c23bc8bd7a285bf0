"""Conversations and their messages."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from .._core import Conversation, Core
from .._messages import message_shown
from .._payloads import ConversationListQuery, ConversationRenamePayload, MessageListQuery
from .._wire import Call, WireError, endpoint, json_answer
from .chat import CHAT_MODES, title

_MESSAGES_HINT = (
    " You have requested this URI [/v1/messages] but did you mean /v1/messages or /v1/chat-messages or /api/messages ?"
)
_CONVERSATIONS_HINT = (
    " You have requested this URI [/v1/conversations] but did you mean /v1/conversations"
    " or /v1/conversations/<uuid:c_id>/variables/<uuid:variable_id> or /api/conversations ?"
)


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    one = "/conversations/{conversation_id:uuid}"
    return [
        endpoint(core, "GET", "/conversations", _list, modes=CHAT_MODES),
        endpoint(core, "DELETE", one, _delete, body="json", modes=CHAT_MODES),
        endpoint(core, "POST", f"{one}/name", _rename, body="json", modes=CHAT_MODES),
        endpoint(core, "GET", "/messages", _messages, modes=CHAT_MODES),
    ]


async def _list(call: Call) -> Response:
    asked = call.query(ConversationListQuery)
    by = asked.sort_by.removeprefix("-").removesuffix("_at")
    mine = [each for each in call.core.conversations.values() if each.user == call.user]
    mine.sort(key=lambda each: getattr(each, f"{by}_order"), reverse=asked.sort_by.startswith("-"))
    first = 0
    if asked.last_id:
        ids = [each.id for each in mine]
        if asked.last_id not in ids:
            raise WireError(404, "not_found", f"Last Conversation Not Exists.{_CONVERSATIONS_HINT}")
        first = ids.index(asked.last_id) + 1
    page = mine[first : first + asked.limit]
    more = len(mine) > first + asked.limit
    return json_answer({"limit": asked.limit, "has_more": more, "data": [each.wire() for each in page]})


def _find(call: Call, conversation_id: str, hint: str = "") -> Conversation:
    found = call.core.conversation_of(call.user, conversation_id)
    if found is None:
        raise WireError(404, "not_found", f"Conversation Not Exists.{hint}")
    return found


async def _delete(call: Call) -> Response:
    found = _find(call, call.path("conversation_id"))
    del call.core.conversations[found.id]
    for message in found.messages:
        call.core.messages.pop(message.id, None)
    return Response(b"", 204, media_type="application/json")


async def _rename(call: Call) -> Response:
    sent = call.payload(ConversationRenamePayload)
    found = _find(call, call.path("conversation_id"))
    if sent.auto_generate:
        if not found.messages:
            raise WireError(400, "invalid_param")
        found.name = title(found.messages[0].query)
    elif sent.name is not None:
        found.name = sent.name
    found.touch()
    return json_answer(found.wire())


async def _messages(call: Call) -> Response:
    asked = call.query(MessageListQuery)
    if not asked.conversation_id:
        return json_answer({"limit": asked.limit, "has_more": False, "data": []})
    found = _find(call, asked.conversation_id, _MESSAGES_HINT)
    messages = found.messages
    if asked.first_id:
        ids = [each.id for each in messages]
        if asked.first_id not in ids:
            raise WireError(404, "not_found", f"First Message Not Exists.{_MESSAGES_HINT}")
        messages = messages[: ids.index(asked.first_id)]
    # The newest that are left, in the order in which they were said.
    page = messages[-asked.limit :]
    more = len(messages) > len(page)
    data = [message_shown(call, found, each) for each in page]
    return json_answer({"limit": asked.limit, "has_more": more, "data": data})
