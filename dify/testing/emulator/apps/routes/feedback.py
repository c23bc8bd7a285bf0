"""Feedback on messages, and the questions suggested after them."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from dify.types.messages import Feedback, SuggestedQuestions

from ....script.ids import new_id, now
from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response, success
from ...routing import Router
from ..features import enabled
from ..models import Message, StoredFeedback
from ..schemas import FeedbackListQuery, MessageFeedbackPayload
from .chat import CHAT_MODES

router = Router()


def _find(request: ApiRequest) -> Message:
    found = request.app.messages.get(request.path("message_id"))
    if found is None or found.owner != request.owner:
        raise ApiError(404, "not_found", "Message Not Exists.")
    return found


@router.operation("postChatMessageFeedback", body="json", user="required")
async def set_feedback(request: ApiRequest) -> Response:
    feedbacks, message = request.app.feedbacks, _find(request)
    sent = request.payload(MessageFeedbackPayload)
    given = feedbacks.get(message.id)
    if sent.rating is None:
        if given is None:
            raise ApiError(400, "invalid_param", "rating cannot be None when feedback not exists")
        del feedbacks[message.id]
    elif given is None:
        conversation_id = message.conversation.id if message.conversation is not None else new_id()
        feedbacks[message.id] = StoredFeedback(message.id, conversation_id, request.owner, sent.rating, sent.content)
    else:
        given.rating, given.content, given.updated_at = sent.rating, sent.content, now()
    return success()


@router.operation("getSuggestedQuestions", user="required", modes=CHAT_MODES)
async def list_suggested_questions(request: ApiRequest) -> Response:
    _find(request)
    if not enabled(request.app.features, "suggested_questions_after_answer"):
        raise ApiError(400, "bad_request", "Suggested Questions Is Disabled.")
    return json_response(dump(SuggestedQuestions(result="success", data=list(request.app.suggested_questions))))


@router.operation("getChatAppFeedbacks", user="ignored")
async def list_feedback(request: ApiRequest) -> Response:
    asked = request.query(FeedbackListQuery)
    rows = [*request.app.feedbacks.values()][::-1]
    some = rows[(asked.page - 1) * asked.limit : asked.page * asked.limit]
    return json_response({"data": [dump(_shown(request, each)) for each in some]})


def _shown(request: ApiRequest, given: StoredFeedback) -> Feedback:
    return Feedback(
        id=given.id,
        app_id=request.app.app_id,
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
