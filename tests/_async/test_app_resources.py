"""Conversations, messages, the app, annotations and end users: the request that was recorded, the answer as its model."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import httpx
import pytest

from dify import (
    AppUnavailableError,
    BadRequestError,
    ConfigurationError,
    ConversationNotFoundError,
    InvalidArgumentError,
    NotFoundError,
    NotThisAppTypeError,
)
from dify.types.annotations import Annotation, AnnotationReplyJob
from dify.types.app import AppInfo, AppMeta, AppParameters, SiteSettings
from dify.types.conversations import Conversation, ConversationVariable
from dify.types.end_users import EndUser
from dify.types.messages import Feedback, Message
from tests.support.fidelity import lost, undeclared
from tests.support.recordings import Recording, recording

from .support import make_client

CONVERSATION = "eb87141b-ec7a-4671-987d-eb56745a6a4a"
RENAMED = "c4d5dc90-1331-4b9c-b95c-30d9b841d798"
DELETED = "8087c6d8-c68d-4a5f-bc14-303110d2d5c3"
NOTES = "22222222-2222-4222-8222-222222222222"
ANNOTATION = "e3a79871-76af-4430-94f6-fcca67d7bc92"
MODEL = {"embedding_provider_name": "langgenius/fake/fake", "embedding_model_name": "fake-embed"}

# (recording, the call that makes its request, the model of its answer)
ANSWERED = [
    (
        "conversations/rename_auto",
        lambda client: client.conversations.rename(RENAMED, auto_generate=True),
        Conversation,
    ),
    (
        "conversations/variable_update_list",
        lambda client: client.conversations.update_variable(CONVERSATION, NOTES, ["a", "b"]),
        ConversationVariable,
    ),
    ("app_info/info_chat_full", lambda client: client.app.info(), AppInfo),
    ("annotations/parameters_with_annotation_reply", lambda client: client.app.parameters(), AppParameters),
    ("app_info/meta_chat_full", lambda client: client.app.meta(), AppMeta),
    ("app_info/site_chat_bare", lambda client: client.app.site(), SiteSettings),
    (
        "annotations/create",
        lambda client: client.annotations.create("what is zebra", "An animal."),
        Annotation,
    ),
    (
        "annotations/update",
        lambda client: client.annotations.update(ANNOTATION, question="q2b", answer="a2b"),
        Annotation,
    ),
    (
        "annotations/reply_disable",
        lambda client: client.annotations.disable_reply(**MODEL, score_threshold=0.8),
        AnnotationReplyJob,
    ),
    (
        "annotations/reply_status",
        lambda client: client.annotations.reply_status("enable", "bf49ae37-c76e-4582-af3c-68ba4a67446a"),
        AnnotationReplyJob,
    ),
    (
        "end_users/end_user_of_upload",
        lambda client: client.end_users.get("2a587597-99c7-40f4-9537-9f5a1d986932"),
        EndUser,
    ),
]

# (recording, the call that makes its request, the model of its items)
LISTED = [
    ("conversations/list_chatflow", lambda client: client.conversations.list(), Conversation),
    (
        "conversations/list_sort_-created_at",
        lambda client: client.conversations.list(limit=2, sort_by="-created_at"),
        Conversation,
    ),
    (
        "conversations/variables_limit1",
        lambda client: client.conversations.variables(CONVERSATION, limit=1),
        ConversationVariable,
    ),
    (
        "annotations/messages_of_hit",
        lambda client: client.messages.list("6533dab1-0fab-49d8-9e3c-731769d6d63c"),
        Message,
    ),
    ("annotations/list_keyword", lambda client: client.annotations.list(keyword="zebra"), Annotation),
    ("annotations/list_page", lambda client: client.annotations.list(page=1, limit=1), Annotation),
    ("chat/app_feedbacks", lambda client: client.app.feedbacks(), Feedback),
    ("chat/app_feedbacks_page2", lambda client: client.app.feedbacks(page=2, limit=1), Feedback),
]

# (recording, the call that makes its request), answered with nothing but success
DONE = [
    ("conversations/delete", lambda client: client.conversations.delete(DELETED)),
    ("annotations/delete", lambda client: client.annotations.delete(ANNOTATION)),
    (
        "completion/feedback_like",
        lambda client: client.messages.feedback("34b3f8ff-4bb5-4605-b9e8-bf81480755c2", "like", content="nice"),
    ),
]

DEAD = "00000000-0000-4000-8000-00000000dead"

# (recording, the call that makes its request, what it raises)
REFUSED = [
    ("conversations/delete_again", lambda client: client.conversations.delete(DELETED), ConversationNotFoundError),
    (
        "conversations/rename_unknown",
        lambda client: client.conversations.rename(DEAD, "x"),
        ConversationNotFoundError,
    ),
    (
        "conversations/variable_update_unknown",
        lambda client: client.conversations.update_variable(CONVERSATION, DEAD, "x"),
        NotFoundError,
    ),
    ("conversations/list_on_workflow", lambda client: client.conversations.list().first(), NotThisAppTypeError),
    (
        "conversations/messages_of_deleted",
        lambda client: client.messages.list(DELETED).first(),
        ConversationNotFoundError,
    ),
    ("chat/feedback_unknown_msg", lambda client: client.messages.feedback(DEAD, "like"), NotFoundError),
    ("annotations/update_unknown", lambda client: client.annotations.update(DEAD, "q", "a"), NotFoundError),
    (
        "annotations/reply_status_unknown",
        lambda client: client.annotations.reply_status("enable", DEAD),
        BadRequestError,
    ),
    ("end_users/end_user_unknown", lambda client: client.end_users.get(DEAD), NotFoundError),
]


def replaying(one: Recording, seen: list[httpx.Request]):
    """Answers as recorded, and keeps what was asked."""

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        headers = {name: one.headers[name] for name in ("content-type", "x-version") if name in one.headers}
        return httpx.Response(one.status, headers=headers, content=one.content)

    return handler


def answering(*bodies, seen: list[httpx.Request] | None = None):
    """Answers with these JSON bodies, one after the other; the last one from then on."""
    left = list(bodies)

    def handler(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])

    return handler


def assert_as_recorded(request: httpx.Request, one: Recording) -> None:
    assert request.url.path == one.path
    assert dict(parse_qsl(request.url.query.decode())) == one.query
    assert (json.loads(request.content) if request.content else None) == one.asked
    assert request.headers.get("content-type") == ("application/json" if one.asked else None)


def recorded(cases):
    return [pytest.param(*case, id=case[0]) for case in cases]


@pytest.mark.parametrize(("name", "call", "model"), recorded(ANSWERED))
async def test_the_recorded_request_is_made_and_its_answer_is_a_model(name, call, model):
    one, seen = recording(name), []
    answer = await call(make_client(replaying(one, seen), user="user-1"))
    assert type(answer) is model
    assert list(lost(one.body, answer.model_dump(mode="json"))) == []
    assert list(undeclared(answer)) == []
    assert answer.http.server_version == "1.14.2"
    assert_as_recorded(seen[0], one)


@pytest.mark.parametrize(("name", "call", "model"), recorded(LISTED))
async def test_the_recorded_page_is_asked_for_and_its_items_are_models(name, call, model):
    one, seen = recording(name), []
    page = await call(make_client(replaying(one, seen), user="user-1"))
    assert [type(item) for item in page.data] == [model] * len(one.body["data"])
    assert list(lost(one.body["data"], [item.model_dump(mode="json") for item in page.data])) == []
    assert page.has_more == one.body.get("has_more", page.has_more)
    assert page.total == one.body.get("total")
    assert_as_recorded(seen[0], one)


@pytest.mark.parametrize(("name", "call"), recorded(DONE))
async def test_the_recorded_request_is_made_and_its_success_is_none(name, call):
    one, seen = recording(name), []
    assert await call(make_client(replaying(one, seen), user="user-1")) is None
    assert_as_recorded(seen[0], one)


@pytest.mark.parametrize(("name", "call", "expected"), recorded(REFUSED))
async def test_a_recorded_refusal_raises(name, call, expected):
    one, seen = recording(name), []
    with pytest.raises(expected) as caught:
        await call(make_client(replaying(one, seen), user="user-1"))
    assert type(caught.value) is expected
    assert caught.value.code == one.body["code"]
    assert_as_recorded(seen[0], one)


async def test_suggested_questions_are_a_list_of_texts():
    one, seen = recording("chat/suggested_ok"), []
    message_id = one.path.split("/")[3]
    questions = await make_client(replaying(one, seen), user="user-1").messages.suggested_questions(message_id)
    assert questions == one.body["data"]
    assert_as_recorded(seen[0], one)


@pytest.mark.parametrize("old", [b"204", b'{"result": "success"}'])
@pytest.mark.parametrize(("name", "call"), recorded(DONE[:2]))
async def test_a_delete_that_an_old_server_answers_with_a_body_is_a_success(name, call, old):
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, content=old)

    assert await call(make_client(handler)) is None


async def test_a_run_is_read_from_a_server_that_sends_its_outputs_as_json_text():
    """Servers up to 1.12 answer with the columns of their database as they are."""
    row = {"id": "r-1", "workflow_id": "w-1", "status": "succeeded", "inputs": '{"q": "tea"}', "outputs": '{"a": [1]}'}
    run = await make_client(answering(row)).workflows.get("r-1")
    assert run.outputs == {"a": [1]}
    assert run.input_values == {"q": "tea"}


async def test_taking_a_rating_back_sends_null_and_a_comment_is_left_out():
    seen = []
    client = make_client(answering({"result": "success"}, seen=seen))
    await client.messages.feedback("m-1", None)
    await client.messages.feedback("m-1", "dislike", content="too long", user="bob")
    assert [json.loads(request.content) for request in seen] == [
        {"rating": None, "user": "alice"},
        {"rating": "dislike", "content": "too long", "user": "bob"},
    ]


async def test_disabling_annotation_replies_sends_the_three_fields_that_dify_wants_whatever_is_known():
    seen = []
    client = make_client(answering({"job_id": "j-1", "job_status": "waiting"}, seen=seen))
    await client.annotations.disable_reply()
    body = json.loads(seen[0].content)
    assert set(body) == {"embedding_provider_name", "embedding_model_name", "score_threshold"}
    assert all(isinstance(body[name], str) and body[name] for name in MODEL)


async def test_an_app_that_is_not_published_has_no_parameters():
    refusal = {"code": "app_unavailable", "message": "App unavailable", "status": 400}
    client = make_client(lambda request: httpx.Response(400, json=refusal))
    with pytest.raises(AppUnavailableError, match="publish the app"):
        await client.app.parameters()


async def test_a_call_for_nobody_is_refused_before_anything_is_sent():
    seen = []
    client = make_client(answering({}, seen=seen), user=None)
    for call in (
        lambda: client.conversations.delete("c-1"),
        lambda: client.conversations.rename("c-1", "x"),
        lambda: client.messages.suggested_questions("m-1"),
        lambda: client.messages.feedback("m-1", "like"),
    ):
        with pytest.raises(ConfigurationError, match="user"):
            await call()
    assert seen == []


@pytest.mark.parametrize("id", ["", "..", "a/b", "%2e%2e"])
async def test_an_id_that_is_no_path_segment_is_refused_before_anything_is_sent(id):
    seen = []
    client = make_client(answering({}, seen=seen))
    for call in (
        lambda: client.conversations.delete(id),
        lambda: client.annotations.delete(id),
        lambda: client.conversations.update_variable("c-1", id, 1),
        lambda: client.end_users.get(id),
    ):
        with pytest.raises(InvalidArgumentError):
            await call()
    assert seen == []
