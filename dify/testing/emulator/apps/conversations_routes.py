"""Conversations and their messages."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from ..endpoints import Call, WireError, endpoint, json_answer, unhandled
from ..payloads import ConversationListQuery, ConversationRenamePayload, MessageListQuery
from ..state import Conversation, Core
from .chat_routes import CHAT_MODES, title
from .messages import message_shown


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


def _find(call: Call, conversation_id: str) -> Conversation:
    found = call.core.conversation_of(call.owner, conversation_id)
    if found is None:
        raise WireError(404, "not_found", "Conversation Not Exists.")
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


async def _messages(call: Call) -> Response:
    asked = call.query(MessageListQuery)
    if not asked.conversation_id:
        return json_answer({"limit": asked.limit, "has_more": False, "data": []})
    found = _find(call, asked.conversation_id)
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
