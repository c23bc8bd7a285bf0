"""Feedback on messages, and the questions suggested after them."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response
from starlette.routing import Route

from dify.types.messages import Feedback, SuggestedQuestions

from ....script.ids import new_id, now
from ...endpoints import Call, endpoint
from ...responses import WireError, json_answer, shown, success
from ...state import Core
from ..features import enabled
from ..models import Message, StoredFeedback
from ..schemas import FeedbackListQuery, MessageFeedbackPayload
from .chat import CHAT_MODES


def routes(core: Core) -> list[Route]:
    """The routes of this noun."""
    one = "/messages/{message_id:uuid}"
    return [
        endpoint(core, "POST", f"{one}/feedbacks", _give, body="json", user_required=True),
        endpoint(core, "GET", f"{one}/suggested", _suggested, user_required=True, modes=CHAT_MODES),
        endpoint(core, "GET", "/app/feedbacks", _list, reads_user=False),
    ]


def _find(call: Call) -> Message:
    found = call.core.messages.get(call.path("message_id"))
    if found is None or found.owner != call.owner:
        raise WireError(404, "not_found", "Message Not Exists.")
    return found


async def _give(call: Call) -> Response:
    feedbacks, message = call.core.feedbacks, _find(call)
    sent = call.payload(MessageFeedbackPayload)
    given = feedbacks.get(message.id)
    if sent.rating is None:
        if given is None:
            raise WireError(400, "invalid_param", "rating cannot be None when feedback not exists")
        del feedbacks[message.id]
    elif given is None:
        conversation_id = message.conversation.id if message.conversation is not None else new_id()
        feedbacks[message.id] = StoredFeedback(message.id, conversation_id, call.owner, sent.rating, sent.content)
    else:
        given.rating, given.content, given.updated_at = sent.rating, sent.content, now()
    return success()


async def _suggested(call: Call) -> Response:
    _find(call)
    if not enabled(call.core.features, "suggested_questions_after_answer"):
        raise WireError(400, "bad_request", "Suggested Questions Is Disabled.")
    return json_answer(shown(SuggestedQuestions(result="success", data=list(call.core.suggested_questions))))


async def _list(call: Call) -> Response:
    asked = call.query(FeedbackListQuery)
    rows = [*call.core.feedbacks.values()][::-1]
    some = rows[(asked.page - 1) * asked.limit : asked.page * asked.limit]
    return json_answer({"data": [shown(_shown(call, each)) for each in some]})


def _shown(call: Call, given: StoredFeedback) -> Feedback:
    return Feedback(
        id=given.id,
        app_id=call.core.app_id,
        conversation_id=given.conversation_id,
        message_id=given.message_id,
        rating=given.rating,
        content=given.content,
        from_source="user",
        from_end_user_id=given.owner,
        from_account_id=None,
        created_at=datetime.fromtimestamp(given.created_at, UTC),
        updated_at=datetime.fromtimestamp(given.updated_at, UTC),
    )
