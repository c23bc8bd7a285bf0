"""The lists of the app resources, walked: forward, backward, and by number."""

from __future__ import annotations

import httpx

from .support import make_client


def answering(*bodies, seen: list[httpx.Request]):
    """Answers with these JSON bodies, one after the other; the last one from then on."""
    left = list(bodies)

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])

    return handler


async def test_conversations_are_walked_forward_from_the_last_one():
    seen = []
    pages = [
        {"limit": 1, "has_more": True, "data": [{"id": "c-1", "name": "one"}]},
        {"limit": 1, "has_more": False, "data": [{"id": "c-2", "name": "two"}]},
    ]
    client = make_client(answering(*pages, seen=seen))
    assert [one.id async for one in client.conversations.list(limit=1)] == ["c-1", "c-2"]
    assert seen[1].url.params["last_id"] == "c-1"


async def test_messages_are_walked_backward_from_the_first_one():
    def message(id: str) -> dict:
        return {"id": id, "conversation_id": "c-1", "query": "?", "answer": "!"}

    seen = []
    pages = [
        {"limit": 2, "has_more": True, "data": [message("m-3"), message("m-4")]},
        {"limit": 2, "has_more": False, "data": [message("m-1"), message("m-2")]},
    ]
    client = make_client(answering(*pages, seen=seen))
    assert [one.id async for one in client.messages.list("c-1", limit=2)] == ["m-3", "m-4", "m-1", "m-2"]
    assert seen[1].url.params["first_id"] == "m-3"
    assert seen[1].url.params["conversation_id"] == "c-1"


async def test_feedbacks_which_tell_no_total_are_walked_until_a_short_page():
    seen = []
    pages = [{"data": [{"id": "f-1", "message_id": "m"}, {"id": "f-2", "message_id": "m"}]}, {"data": []}]
    client = make_client(answering(*pages, seen=seen))
    assert [one.id async for one in client.app.feedbacks(limit=2)] == ["f-1", "f-2"]
    assert [request.url.params.get("page") for request in seen] == [None, "2"]
