"""Tests of the bot: with the emulator if they need state, with the mock if they need fixed responses."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from bot import make_app

from dify.testing import Wire, chat_stream, error_replies, events


@pytest.fixture
async def browser(dify_client):
    """An HTTP client for the bot."""
    transport = httpx.ASGITransport(make_app(dify_client))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


async def ask(browser: httpx.AsyncClient, question: str, **more: Any) -> list[dict[str, Any]]:
    reply = await browser.post("/ask", json={"question": question, "user": "alice", **more})
    assert reply.status_code == 200
    return [json.loads(block.removeprefix("data: ")) for block in reply.text.split("\n\n")[:-1]]


def text_of(received: list[dict[str, Any]]) -> str:
    return "".join(event.get("text", "") for event in received)


# ------------------------------------------------------------------------------------------------- with the emulator
async def test_an_answer_is_streamed_piece_by_piece(browser):
    received = await ask(browser, "What is tea?")
    assert text_of(received) == "Echo: What is tea?"
    assert len(received) > 3
    assert received[-1].keys() == {"conversation_id", "message_id"}


async def test_a_conversation_continues(browser, dify_emulator):
    first = (await ask(browser, "I like tea."))[-1]
    second = (await ask(browser, "And you?", conversation_id=first["conversation_id"]))[-1]
    assert second["conversation_id"] == first["conversation_id"]
    assert second["message_id"] != first["message_id"]
    assert [request.user for request in dify_emulator.requests] == ["alice", "alice"]


async def test_a_question_is_asked_about_a_file(browser, dify_emulator):
    form = {"files": {"file": ("tea.txt", b"Tea.", "text/plain")}, "data": {"user": "alice"}}
    uploaded = (await browser.post("/files", **form)).json()
    assert uploaded["type"] == "document"
    received = await ask(browser, "What is in the file?", files=[uploaded])
    assert received[-1].keys() == {"conversation_id", "message_id"}
    assert dify_emulator.requests[-1].json["files"][0]["upload_file_id"] == uploaded["upload_file_id"]


class TestHistory:
    @pytest.fixture
    def dify_answer(self):
        return lambda request: f"{len(request.history)} before"

    async def test_the_app_gets_the_history(self, browser):
        first = (await ask(browser, "one"))[-1]
        assert text_of(await ask(browser, "two", conversation_id=first["conversation_id"])) == "1 before"


async def test_an_answer_is_rated(browser, dify_client):
    received = (await ask(browser, "Hi"))[-1]
    reply = await browser.post(f"/messages/{received['message_id']}/rating", json={"user": "alice", "rating": "like"})
    assert reply.status_code == 204
    stored = await dify_client.messages.list(received["conversation_id"], user="alice")
    assert stored.data[0].feedback.rating == "like"


# ------------------------------------------------------------------------------------------------------ with the mock
async def test_the_question_is_sent_to_the_app(browser, dify_mock):
    dify_mock.chat.streams("Tea.")
    await ask(browser, "What is tea?", user="bob")
    call = dify_mock.chat.send.assert_called_once()
    assert (call.query, call.user, call.inputs, call.conversation_id) == ("What is tea?", "bob", {}, None)


async def test_an_empty_question_never_reaches_dify(browser, dify_mock):
    reply = await browser.post("/ask", json={"question": "", "user": "alice"})
    assert reply.status_code == 422
    dify_mock.chat.send.assert_not_called()


async def test_a_request_to_a_busy_app_is_retried(dify_mock):
    dify_mock.chat.refuses(error_replies.too_many_requests(retry_after=0))
    dify_mock.chat.streams("Tea.")
    transport = httpx.ASGITransport(make_app(dify_mock.client(max_retries=1)))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as browser:
        assert text_of(await ask(browser, "What is tea?")) == "Tea."


async def test_a_busy_app_is_reported(browser, dify_mock):
    dify_mock.chat.refuses(error_replies.too_many_requests())
    assert await ask(browser, "Hi") == [{"error": "Many people are asking right now. Please try again in a moment."}]


async def test_a_deleted_conversation_is_reported(browser, dify_mock):
    dify_mock.chat.refuses(error_replies.conversation_not_found())
    received = await ask(browser, "Hi", conversation_id="00000000-0000-4000-8000-000000000000")
    assert received == [{"error": "This conversation is over. Please start a new one.", "conversation_id": None}]


async def test_an_interrupted_answer_keeps_the_text_so_far(browser, dify_mock):
    dify_mock.chat.streams(Wire(chat_stream("Tea is made from leaves."), drop_after=2))
    received = await ask(browser, "What is tea?")
    assert text_of(received) == "Tea is"
    assert received[-1] == {"error": "The answer was interrupted. Please ask again."}


async def test_an_error_in_the_middle_is_reported(browser, dify_mock):
    dify_mock.chat.fails("provider_quota_exceeded", after="Let me")
    received = await ask(browser, "What is tea?")
    assert (text_of(received), received[-1]) == ("Let me", {"error": "Something went wrong."})


async def test_moderation_replaces_the_text(browser, dify_mock):
    stream = [events.message("The secret is"), events.message_replace("I cannot say."), events.message_end()]
    dify_mock.chat.streams(stream)
    assert (await ask(browser, "What is the secret?"))[:2] == [{"text": "The secret is"}, {"instead": "I cannot say."}]


async def test_the_page_has_a_form(browser):
    assert "<form>" in (await browser.get("/")).text
