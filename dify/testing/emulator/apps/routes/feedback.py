"""Feedback on messages, and suggested questions."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from dify.types.messages import Feedback, SuggestedQuestions

from ....script.ids import new_id, now
from ...requests import ApiRequest
from ...responses import ApiError, dump, json_response, success
from ...routing import Router
from ..features import is_enabled
from ..models import Message, StoredFeedback
from ..schemas import FeedbackListQuery, MessageFeedbackPayload
from .chat import CHAT_MODES

router = Router()


def _find_message(request: ApiRequest) -> Message:
    message = request.app.messages.get(request.path("message_id"))
    if message is None or message.owner != request.owner:
        raise ApiError(404, "not_found", "Message Not Exists.")
    return message


@router.operation("postChatMessageFeedback", body="json", user="required")
async def set_feedback(request: ApiRequest) -> Response:
    feedbacks, message = request.app.feedbacks, _find_message(request)
    payload = request.payload(MessageFeedbackPayload)
    feedback = feedbacks.get(message.id)
    if payload.rating is None:
        if feedback is None:
            raise ApiError(400, "invalid_param", "rating cannot be None when feedback not exists")
        del feedbacks[message.id]
    elif feedback is None:
        conversation_id = message.conversation.id if message.conversation is not None else new_id()
        feedbacks[message.id] = StoredFeedback(
            message.id, conversation_id, request.owner, payload.rating, payload.content
        )
    else:
        feedback.rating, feedback.content, feedback.updated_at = payload.rating, payload.content, now()
    return success()


@router.operation("getSuggestedQuestions", user="required", modes=CHAT_MODES)
async def list_suggested_questions(request: ApiRequest) -> Response:
    _find_message(request)
    if not is_enabled(request.app.features, "suggested_questions_after_answer"):
        raise ApiError(400, "bad_request", "Suggested Questions Is Disabled.")
    return json_response(dump(SuggestedQuestions(result="success", data=list(request.app.suggested_questions))))


@router.operation("getChatAppFeedbacks", user="ignored")
async def list_feedback(request: ApiRequest) -> Response:
    query = request.query(FeedbackListQuery)
    newest_first = [*request.app.feedbacks.values()][::-1]
    page = newest_first[(query.page - 1) * query.limit : query.page * query.limit]
    return json_response({"data": [dump(_to_model(request, feedback)) for feedback in page]})


def _to_model(request: ApiRequest, feedback: StoredFeedback) -> Feedback:
    return Feedback(
        id=feedback.id,
        app_id=request.app.app_id,
        conversation_id=feedback.conversation_id,
        message_id=feedback.message_id,
        rating=feedback.rating,
        content=feedback.content,
        from_source="user",
        from_end_user_id=feedback.owner,
        from_account_id=None,
        created_at=datetime.fromtimestamp(feedback.created_at, UTC),
        updated_at=datetime.fromtimestamp(feedback.updated_at, UTC),
    )
