"""A plain JSON reply stands for the events that a stream would have sent."""

from __future__ import annotations

from dify._streaming.kinds import CHAT
from dify.types.replies import ChatResponse
from tests.support.frames import CHAT_IDS


def test_the_events_of_a_chat_reply_have_its_ids_and_its_time():
    ids = {name: value for name, value in CHAT_IDS.items() if name != "created_at"}
    body = {"event": "message", **CHAT_IDS, "id": "msg-1", "mode": "chat", "answer": "Hello", "metadata": {}}
    reply = ChatResponse.model_validate(body)
    message, end = CHAT.events_of(reply)
    assert (message.event, message.answer, end.event) == ("message", "Hello", "message_end")
    for event in (message, end):
        assert {name: getattr(event, name) for name in ids} == ids
        assert event.created_at == reply.created_at
        assert event.id == "msg-1"
