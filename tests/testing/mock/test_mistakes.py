"""Mistakes in what a mock is told: each is refused where it is made, in words that say what to do."""

from __future__ import annotations

from typing import Any

import pytest

from dify.testing import DifyMock, error_replies, replies, responses


@pytest.fixture
def mock() -> DifyMock:
    return DifyMock()


# ------------------------------------------------------------------------------------------------- replies of other calls
def test_a_reply_of_another_operation_is_refused(mock):
    said = r"app\.info answers an AppInfo \(replies\.app_info\(\.\.\.\)\) or a dict, and not a Conversation"
    with pytest.raises(TypeError, match=said):
        mock.app.info.returns(replies.conversation("x"))
    mock.assert_all_called()


@pytest.mark.parametrize(
    ("name", "verb", "given"),
    [
        ("app.info", "returns", "x"),
        ("app.info", "returns", 3),
        ("app.info", "returns", [replies.app_info()]),
        ("files", "returns", replies.app_info()),
        ("chat.send", "replies", replies.workflow_run()),
        ("workflows", "replies", replies.chat_reply()),
        ("completions", "replies", replies.workflow_run()),
        ("conversations.list", "lists", [replies.message()]),
        ("conversations.list", "lists", ["x"]),
        ("conversations.list", "lists", replies.conversation()),
        ("conversations.list", "lists", "x"),
        ("knowledge.tags.list", "returns", [replies.dataset()]),
    ],
)
def test_so_is_what_is_no_reply_of_it(mock, name, verb, given):
    route: Any = mock
    for part in name.split("."):
        route = getattr(route, part)
    with pytest.raises(TypeError, match=r"answers .* and not an? \w+"):
        getattr(route, verb)(given)


@pytest.mark.parametrize(
    ("name", "verb", "reply", "problem", "builder"),
    [
        ("chat", "replies", {"answer": "Hi"}, "message_id: Field required", "chat_reply"),
        ("app.info", "returns", {}, "name: Field required", "app_info"),
        ("conversations.list", "lists", [{"name": "Tea"}], "id: Field required", "conversation"),
        ("files", "returns", {"id": None}, "id: ", "uploaded_file"),
        ("audio.transcribe", "returns", {"words": "x"}, "text: Field required", "transcription"),
    ],
)
def test_a_partial_reply_is_refused_with_the_builder_of_a_complete_one(mock, name, verb, reply, problem, builder):
    route: Any = mock
    for part in name.split("."):
        route = getattr(route, part)
    with pytest.raises(ValueError, match=r"the client cannot parse this reply: ") as caught:
        getattr(route, verb)(reply)
    assert problem in str(caught.value)
    assert f"Use replies.{builder}(...)" in str(caught.value)
    mock.assert_all_called()


def test_dicts_are_replies_and_items_too(mock):
    mock.app.info.returns(responses.plain(replies.app_info("Mine")))
    mock.conversations.list.lists([responses.plain(replies.conversation("Tea")), replies.conversation("Coffee")])
    mock.chat.replies(responses.plain(replies.chat_reply("Hello")))
    client = mock.sync_client()
    assert client.app.info().name == "Mine"
    assert [one.name for one in client.conversations.list()] == ["Tea", "Coffee"]
    assert client.chat.send("Hi").answer == "Hello"


def test_pages_of_dicts_go_on_where_the_last_ended(mock):
    known = [responses.plain(replies.conversation(str(number))) for number in range(5)]
    mock.conversations.list.lists(known)
    assert [one.name for one in mock.sync_client().conversations.list(limit=2)] == ["0", "1", "2", "3", "4"]


# --------------------------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (429, r"429 is a status.* the code: name one of 'too_many_requests', 'rate_limit_error'"),
        (401, r"name one of 'unauthorized'"),
        (503, r"name one of 'service_unavailable'"),
        (504, r"no code of Dify's has it: error_replies\.bad_gateway\(\).* with status=504"),
        (None, r"an error is one of Dify's codes, or made by dify\.testing\.error_replies, and not None"),
    ],
)
def test_a_status_alone_picks_no_code(mock, given, said):
    for take in (mock.chat.refuses, mock.app.info.refuses, error_replies.error_reply, responses.error):
        with pytest.raises(TypeError, match=said):
            take(given)


@pytest.mark.parametrize("status", [0, 200, 302, 600])
def test_what_is_no_status_of_an_error_is_refused(mock, status):
    with pytest.raises(ValueError, match="the status of an error is from 400 to 599"):
        mock.app.info.refuses("forbidden", status=status)
    with pytest.raises(ValueError, match="the status of an error is from 400 to 599"):
        mock.app.info.refuses(error_replies.ErrorReply(status, "forbidden"))
