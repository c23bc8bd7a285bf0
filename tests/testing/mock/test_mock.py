"""`DifyMock`: answers in their order, calls as they were made, and words for what was not expected."""

from __future__ import annotations

import contextlib
import inspect

import httpx
import pytest
import respx

from dify import (
    APIConnectionError,
    APITimeoutError,
    AsyncDify,
    ConfigurationError,
    Dify,
    IndexingFailedError,
    InputFile,
    RateLimitError,
    StreamInterruptedError,
    WorkflowFailedError,
)
from dify.testing import DifyMock, Emulator, UnmockedCall, Wire, chat_stream, error_replies, replies, responses
from dify.testing.mock import UnusedResponse


@pytest.fixture
def mock() -> DifyMock:
    return DifyMock()


# ------------------------------------------------------------------------------------------------------------- answers
async def test_both_faces_get_the_same_answers(mock):
    mock.chat.streams("Hello there")
    assert (await mock.client().chat.send("Hi")).answer == "Hello there"
    assert mock.sync_client().chat.send("Hi").answer == "Hello there"


def test_answers_come_in_order_and_the_last_one_again(mock):
    mock.chat.streams("one")
    mock.chat.streams("two")
    client = mock.sync_client()
    assert [client.chat.send("?").answer for _ in range(4)] == ["one", "two", "two", "two"]


async def test_a_refusal_and_then_an_answer_is_a_retry(mock):
    mock.chat.refuses("too_many_requests", retry_after=0)
    mock.chat.streams("Hello")
    assert (await mock.client(max_retries=1).chat.send("Hi")).answer == "Hello"
    assert mock.chat.send.call_count == 2


def test_without_retries_a_refusal_is_raised(mock):
    mock.chat.refuses(error_replies.too_many_requests())
    with pytest.raises(RateLimitError):
        mock.sync_client().chat.send("Hi")


def test_a_function_answers_by_what_is_asked(mock):
    mock.chat.send.answers(lambda call: Wire(chat_stream(f"{call.query}, {call.user}!")))
    client = mock.sync_client(user="alice")
    assert client.chat.send("Hi").answer == "Hi, alice!"
    assert client.chat.send("Bye", user="bob").answer == "Bye, bob!"


async def test_a_coroutine_function_may_answer_the_async_face(mock):
    async def answer(call):
        return replies.conversation(call.body["name"])

    mock.conversations.rename.answers(answer)
    assert (await mock.client().conversations.rename("c-1", "Tea")).name == "Tea"


def test_a_function_may_refuse_or_fail(mock):
    mock.app.info.answers(lambda call: error_replies.error_reply("forbidden"))
    mock.app.info.answers(lambda call: httpx.ReadError("broken"))
    client = mock.sync_client()
    with pytest.raises(Exception, match="disabled"):
        client.app.info()
    with pytest.raises(APIConnectionError):
        client.app.info()


def test_a_conversation_goes_on_in_the_conversation_that_was_named(mock):
    mock.chat.streams("Hello")
    reply = mock.sync_client().chat.send("Hi", conversation_id="9a8b7c6d-0000-4000-8000-000000000000")
    assert reply.conversation_id == "9a8b7c6d-0000-4000-8000-000000000000"


def test_an_error_inside_the_stream_comes_after_what_was_said(mock):
    mock.chat.fails("provider_quota_exceeded", after="Let me")
    said = []
    with pytest.raises(Exception, match="quota"):
        said.extend(event.answer for event in mock.sync_client().chat.stream("Hi"))
    assert said == ["Let", " me"]


def test_a_completion_fails_after_some_text(mock):
    mock.completions.fails("provider_quota_exceeded", after="Let me")
    received = []
    with pytest.raises(Exception, match="quota"):
        received.extend(event.answer for event in mock.sync_client().completions.stream({"query": "Hi"}))
    assert received == ["Let", " me"]


def test_a_workflow_succeeds_fails_and_waits(mock):
    mock.workflows.succeeds({"text": "done"})
    mock.workflows.fails("no answer")
    mock.workflows.pauses(replies.form("Deploy?"))
    client = mock.sync_client()
    assert client.workflows.run({}).outputs == {"text": "done"}
    with pytest.raises(WorkflowFailedError, match="no answer"):
        client.workflows.run({})
    assert client.workflows.run({}).forms[0].form_content == "Deploy?"


def test_a_paused_chatflow_shows_its_form_and_takes_the_answer(mock):
    mock.chat.pauses(replies.form("Deploy?", token="t-1"))
    mock.human_input.submit.succeeds()
    client = mock.sync_client()
    paused = client.chat.send("go")
    assert paused.paused
    client.human_input.submit(paused.forms[0].form_token, action="approve", inputs={"note": "go"})
    call = mock.human_input.submit.assert_called_once()
    assert (call.path_params, call.body["action"], call.inputs) == ({"form_token": "t-1"}, "approve", {"note": "go"})


def test_blocking_replies_are_taken_too(mock):
    mock.chat.replies("Hello")
    mock.completions.replies(replies.completion_reply("Tea."))
    mock.workflows.replies(replies.workflow_run({"n": 1}))
    client = mock.sync_client()
    assert client.chat.send("Hi", response_mode="blocking").answer == "Hello"
    assert client.completions.create({}).answer == "Tea."
    assert client.workflows.run({}).outputs == {"n": 1}


@pytest.mark.parametrize(("steps", "looks"), [(1, 1), (2, 2), (3, 3), (9, 9)])
def test_indexing_takes_so_many_looks(mock, steps, looks):
    mock.knowledge.documents.indexing(steps=steps)
    seen = []
    status = mock.sync_client().knowledge.documents
    while not seen or seen[-1] != "completed":
        seen.append(status.indexing_status("d-1", "batch").data[0].indexing_status)
    assert len(seen) == looks


def test_indexing_can_fail(mock):
    mock.knowledge.documents.indexing(steps=1, error="cannot read it")
    with pytest.raises(IndexingFailedError, match="cannot read it"):
        mock.sync_client().knowledge.documents.wait_indexed("d-1", "batch")


def test_a_download_brings_the_file_behind_the_link(mock):
    mock.knowledge.documents.downloads(b"# Tea", filename="tea.md")
    assert mock.sync_client().knowledge.documents.download("d-1", "doc-1").read() == b"# Tea"
    assert mock.calls.last.key == "none"


def test_the_link_of_a_download_can_be_followed_by_any_client():
    with DifyMock() as mock:
        mock.knowledge.documents.downloads(b"# Tea", filename="tea.md")
        link = mock.sync_client().knowledge.documents.download_url("d-1", "doc-1").url
        assert httpx.get(link).content == b"# Tea"


def test_indexing_takes_at_least_one_status_request(mock):
    with pytest.raises(ValueError, match="steps must be 1 or more"):
        mock.knowledge.documents.indexing(steps=0)


def test_bytes_from_a_function_are_the_body_of_the_response(mock):
    mock.files.download.answers(lambda call: b"# Tea")
    assert mock.sync_client().files.download("f-1").read() == b"# Tea"


def test_a_page_is_returned_whichever_is_requested(mock):
    page = {"data": [replies.conversation("Tea").model_dump(mode="json")], "has_more": False, "limit": 20}
    mock.conversations.list.returns(page)
    client = mock.sync_client()
    for last_id in (None, "c-9"):
        assert [one.name for one in client.conversations.list(last_id=last_id).data] == ["Tea"]


def test_uploads_return_these_files_in_order(mock):
    mock.files.returns(replies.uploaded_file("a.txt"), replies.uploaded_file("b.txt"))
    client = mock.sync_client()
    assert [client.files.upload(b"x", filename="x").name for _ in range(2)] == ["a.txt", "b.txt"]


def test_an_upload_without_a_file_is_refused_as_by_a_server():
    with DifyMock() as mock:
        mock.files.uploads()
        url, headers = f"{mock.base_url}/files/upload", {"Authorization": "Bearer app-mine"}
        refused = httpx.post(url, data={"user": "alice"}, files={"other": (None, "x")}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "no_file_uploaded")


def test_a_datasource_node_streams_its_events(mock):
    mock.knowledge.pipelines.run_datasource_node.replies([])
    run = mock.sync_client().knowledge.pipelines.run_datasource_node
    stream = run("d-1", "n-1", inputs={}, datasource_type="online_drive", is_published=True)
    assert list(stream) == []


@pytest.mark.parametrize("face", ["client", "sync_client"])
async def test_a_function_that_makes_an_unexpected_call_raises_the_error_of_that_call(mock, face):
    inner, outer = mock.sync_client(), getattr(mock, face)()
    mock.app.info.answers(lambda call: inner.app.meta())
    with pytest.raises(UnmockedCall, match="operation getChatAppMeta"):
        await outer.app.info()
    assert len(mock.unexpected) == 1


def test_a_mock_with_a_router_checks_its_calls_at_the_end_of_a_block():
    with (
        respx.mock(using="httpx", assert_all_called=False) as router,
        pytest.raises(UnusedResponse, match="was never called"),
        DifyMock(router=router) as mock,
    ):
        mock.app.info.returns()


def test_a_resource_and_a_route_show_their_place_in_the_client(mock):
    assert repr(mock.knowledge.documents) == "<mock of client.knowledge.documents>"
    assert repr(mock.app.info) == "<mock of app.info: GET /info>"


def test_searches_find_what_is_set(mock):
    mock.knowledge.datasets.finds("Tea is made from leaves.", replies.retrieve_record("Coffee.", score=0.1))
    found = mock.sync_client().knowledge.datasets.retrieve("d-1", "tea")
    assert [(one.text, one.score) for one in found.records] == [("Tea is made from leaves.", 0.9), ("Coffee.", 0.1)]
    assert found.query.content == "tea"


async def test_timeouts_and_broken_connections(mock):
    mock.app.info.times_out()
    mock.app.info.times_out("connect")
    mock.app.info.disconnects()
    mock.app.info.disconnects("connect")
    client = mock.client()
    for kind in (APITimeoutError, APITimeoutError, APIConnectionError, APIConnectionError):
        with pytest.raises(kind) as caught:
            await client.app.info()
        assert type(caught.value) is kind


def test_a_stream_that_drops_midway(mock):
    mock.completions.streams(Wire(chat_stream("a b c"), drop_after=2))
    with pytest.raises(StreamInterruptedError) as caught:
        mock.sync_client().completions.create({})
    assert caught.value.partial.answer == "a b"


# --------------------------------------------------------------------------------------------------------------- pages
ITEMS = [replies.conversation(str(number)) for number in range(5)]


@pytest.mark.parametrize("limit", [1, 2, 5, 20])
def test_a_list_is_walked_to_its_end(mock, limit):
    mock.conversations.list.lists(ITEMS)
    client = mock.sync_client()
    assert [one.name for one in client.conversations.list(limit=limit)] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("limit", [1, 2, 5, 20])
def test_a_numbered_list_is_walked_in_as_many_calls_as_it_has_pages(mock, limit):
    mock.knowledge.datasets.list.lists([replies.dataset(str(number)) for number in range(5)])
    client = mock.sync_client()
    assert [one.name for one in client.knowledge.datasets.list(limit=limit)] == ["0", "1", "2", "3", "4"]
    assert mock.knowledge.datasets.list.call_count == -(-5 // limit)


def test_messages_come_newest_page_first(mock):
    mock.messages.list.lists([replies.message(str(number)) for number in range(3)])
    walked = [one.query for one in mock.sync_client().messages.list("c-1", limit=2)]
    assert walked == ["1", "2", "0"]


def test_numbered_pages_tell_what_each_kind_tells(mock):
    mock.knowledge.datasets.list.lists([replies.dataset(str(number)) for number in range(3)])
    mock.knowledge.segments.list.lists([replies.segment(str(number)) for number in range(3)])
    mock.knowledge.child_chunks.list.lists([replies.child_chunk(str(number)) for number in range(3)])
    mock.app.feedbacks.lists([replies.feedback()])
    client = mock.sync_client()
    page = client.knowledge.datasets.list(limit=2).first()
    assert (page.total, page.has_more) == (3, True)
    assert client.knowledge.segments.list("d", "e").first().extra == {"doc_form": "text_model"}
    assert len(list(client.knowledge.child_chunks.list("d", "e", "s", limit=2))) == 3
    assert len(list(client.app.feedbacks())) == 1


# --------------------------------------------------------------------------------------------------------------- calls
def test_a_call_tells_what_was_asked(mock):
    mock.chat.streams()
    photo = InputFile.from_url("https://example.com/cat.png", type="image")
    mock.sync_client(user="alice").chat.send("Hi", inputs={"tone": "kind"}, files=[photo])
    call = mock.chat.send.assert_called_once()
    assert (call.query, call.inputs, call.user, call.files) == ("Hi", {"tone": "kind"}, "alice", [photo])
    assert (call.operation, call.call, call.method, call.path) == (
        "sendChatMessage",
        "chat.send",
        "POST",
        "/chat-messages",
    )
    assert (call.response_mode, call.conversation_id, call.key, call.api_key) == ("streaming", None, "app", "app-mock")


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256)) * 40, b"--\r\n\r\n--boundary--\r\n"])
async def test_an_upload_is_seen_as_it_was_sent(mock, content):
    mock.files.uploads(id="f-1")
    uploaded = await mock.client(user="alice").files.upload(('käse "1".png', content, "image/png"))
    assert (uploaded.id, uploaded.size, uploaded.mime_type) == ("f-1", len(content), "image/png")
    call = mock.files.upload.assert_called_once()
    assert (call.user, call.form) == ("alice", {"user": "alice"})
    assert (call.uploads[0].filename, call.uploads[0].content) == ('käse "1".png', content)


def test_a_document_from_a_file_tells_its_settings(mock):
    mock.knowledge.documents.create_from_file.returns()
    mock.sync_client().knowledge.documents.create_from_file("d-1", ("tea.md", b"# Tea"), indexing_technique="economy")
    call = mock.calls.last
    assert call.body["indexing_technique"] == "economy"
    assert (call.key, call.path_params, call.uploads[0].content) == ("knowledge", {"dataset_id": "d-1"}, b"# Tea")


def test_the_key_is_never_shown(mock):
    mock.app.info.returns()
    mock.sync_client(api_key="app-secret").app.info()
    assert "secret" not in f"{mock.calls!r} {mock.calls.last!r} {mock.calls.last}"


def test_calls_are_a_sequence(mock):
    mock.app.info.returns()
    mock.app.site.returns()
    client = mock.sync_client()
    client.app.info()
    client.app.site()
    assert [call.call for call in mock.calls] == ["app.info", "app.site"]
    assert len(mock.calls[1:]) == len(mock.calls.of("app.site")) == len(mock.calls.of("getChatWebAppSettings")) == 1
    assert repr(mock.calls) == "[app.info (GET /info), app.site (GET /site)]"


def test_assertions_say_what_was_called(mock):
    mock.app.info.returns()
    client = mock.sync_client()
    mock.app.info.assert_not_called()
    with pytest.raises(AssertionError, match="no call"):
        _ = mock.calls.last
    with pytest.raises(AssertionError, match="0 times, not once"):
        mock.app.info.assert_called_once()
    client.app.info()
    assert mock.app.info.called
    with pytest.raises(AssertionError, match=r"app\.info was called"):
        mock.app.info.assert_not_called()


# ----------------------------------------------------------------------------------------------------------- unexpected
async def test_a_call_without_an_answer_says_how_to_give_one(mock):
    with pytest.raises(UnmockedCall) as caught:
        await mock.client(user="alice").conversations.list().first()
    assert str(caught.value) == (
        "unexpected call: conversations.list by 'alice' (GET /conversations) - operation getConversationsList. "
        "Give it an answer first: mock.conversations.list.lists([...])"
    )


def test_a_route_that_dify_does_not_have_is_unexpected(mock):
    with pytest.raises(UnmockedCall, match="not an operation of Dify"):
        mock.sync_client().request("GET", "/brand-new", cast_to=dict)


@pytest.mark.parametrize("answer", ["Hello", None, {"answer": "Hello"}], ids=repr)
def test_an_answer_in_place_of_a_function_is_refused_where_it_is_set(mock, answer):
    with pytest.raises(TypeError, match=r"^mock\.chat\.send: answers takes a function.*mock\.chat\.streams\("):
        mock.chat.answers(answer)
    with pytest.raises(TypeError, match=r"^mock\.app\.info: answers takes a function.*mock\.app\.info\.returns\("):
        mock.app.info.answers(answer)
    assert not mock.calls


def test_cleared_answers_are_gone(mock):
    mock.app.info.returns().clear()
    with pytest.raises(UnmockedCall):
        mock.sync_client().app.info()


def test_reset_forgets_answers_and_calls(mock):
    mock.app.info.returns()
    client = mock.sync_client()
    client.app.info()
    mock.reset()
    assert len(mock.calls) == 0
    with pytest.raises(UnmockedCall):
        client.app.info()


def test_an_unknown_operation_is_refused(mock):
    with pytest.raises(ValueError, match="not an operation"):
        mock.operation("getNothing")


# ------------------------------------------------------------------------------------------------------------ patching
async def bot(question: str) -> str:
    """Code under test that makes a client of its own."""
    async with AsyncDify("app-mine", user="alice") as client:
        return (await client.chat.send(question)).answer


async def test_clients_made_anywhere_are_answered_inside_the_block():
    with DifyMock() as mock:
        mock.chat.streams("Hello")
        assert await bot("Hi") == "Hello"
        with Dify("app-mine", user="bob", base_url="https://dify.example.com") as client:
            assert client.chat.send("Hi").answer == "Hello"
        assert [call.user for call in mock.calls] == ["alice", "bob"]


async def test_the_async_block_does_the_same():
    async with DifyMock() as mock:
        mock.chat.streams("Hello")
        assert await bot("Hi") == "Hello"


async def test_leaving_the_block_complains_of_answers_that_nobody_asked_for():
    said = r"mock.app.info was never called \(GET /info\); mock.chat.send was called 1 of 2"
    with pytest.raises(UnusedResponse, match=said), DifyMock() as mock:
        mock.app.info.returns()
        mock.chat.streams("one")
        mock.chat.streams("two")
        await bot("Hi")


async def test_leaving_the_block_complains_of_a_call_that_was_swallowed():
    said = r"unexpected call: chat\.send 'Hi' by 'alice'"
    with pytest.raises(UnmockedCall, match=said), DifyMock(), contextlib.suppress(AssertionError):
        await bot("Hi")


async def test_complaints_do_not_hide_the_error_of_the_test():
    with pytest.raises(ZeroDivisionError), DifyMock() as mock:
        mock.chat.streams()
        raise ZeroDivisionError


async def test_it_can_be_told_not_to_complain():
    with DifyMock(assert_all_called=False) as mock:
        mock.chat.streams()


async def test_emulators_and_servers_of_this_machine_are_left_alone():
    with DifyMock() as mock, Emulator() as emulator:
        mock.chat.streams("mocked")
        assert emulator.sync_client().chat.send("Hi").answer == "Echo: Hi"
        with emulator.serve() as url, Dify("app-mine", user="u", base_url=url) as client:
            assert client.chat.send("Hi").answer == "Echo: Hi"
        assert await bot("Hi") == "mocked"


async def test_other_requests_go_where_they_always_went():
    def app(request):
        return httpx.Response(200, text="mine")

    with DifyMock():
        async with httpx.AsyncClient(transport=httpx.MockTransport(app)) as other:
            assert (await other.get("https://example.com/v1/chat-messages")).text == "mine"


def test_a_server_of_ones_own_can_be_named():
    with DifyMock(base_url="http://127.0.0.1:9/v1") as mock:
        mock.app.info.returns()
        with Dify("app-mine", base_url="http://127.0.0.1:9") as client:
            assert client.app.info().name == "Test app"


# ----------------------------------------------------------------------------------------------- next to other doubles
async def test_it_adds_its_routes_to_a_respx_router():
    with respx.mock(base_url="https://api.dify.ai/v1", using="httpx") as router:
        mock = DifyMock(router=router)
        mock.chat.streams("Hello")
        router.get("/info").respond(json={"name": "by hand"})
        async with AsyncDify("app-mine", user="alice") as client:
            assert (await client.chat.send("Hi")).answer == "Hello"
            assert (await client.app.info()).name == "by hand"
        assert router["sendChatMessage"].called
        assert mock.calls.last.query == "Hi"


@respx.mock
async def test_it_works_under_the_usual_respx_decorator_with_a_client_of_httpx(respx_mock):
    mock = DifyMock(router=respx_mock)
    mock.chat.streams("Hello")
    async with httpx.AsyncClient() as http, AsyncDify("app-mine", user="alice", http_client=http) as client:
        assert (await client.chat.send("Hi")).answer == "Hello"


async def test_it_stands_beside_respx_of_other_servers():
    with respx.mock as router, DifyMock() as mock:
        router.get("https://weather.example.com/").respond(json={"sun": True})
        mock.chat.streams("Hello")
        assert await bot("Hi") == "Hello"
        async with httpx.AsyncClient() as other:
            assert (await other.get("https://weather.example.com/")).json() == {"sun": True}


async def test_it_stands_beside_pytest_httpx(httpx_mock):
    httpx_mock.add_response(url="https://weather.example.com/", json={"sun": True})
    with DifyMock() as mock:
        mock.chat.streams("Hello")
        assert await bot("Hi") == "Hello"
        async with httpx.AsyncClient() as other:
            assert (await other.get("https://weather.example.com/")).json() == {"sun": True}


async def test_pytest_httpx_serves_what_is_built(httpx_mock):
    wire = Wire(chat_stream("Hello there"), cut=10)
    httpx_mock.add_response(
        url="https://api.dify.ai/v1/chat-messages",
        headers={"content-type": "text/event-stream"},
        stream=responses.stream(wire).stream,
    )
    async with httpx.AsyncClient() as http, AsyncDify("app-mine", user="alice", http_client=http) as client:
        assert (await client.chat.send("Hi")).answer == "Hello there"


async def test_a_plain_mock_transport_serves_what_is_built():
    def answer(request):
        return (
            responses.stream(chat_stream("Hello"))
            if request.url.path.endswith("/chat-messages")
            else responses.error("not_found")
        )

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        client = AsyncDify("app-mine", user="alice", http_client=http)
        assert (await client.chat.send("Hi")).answer == "Hello"


# ------------------------------------------------------------------------------------------------------------- editors
def test_every_route_can_be_completed_by_an_editor(mock):
    """The attributes are there to be seen, without asking for any."""
    for resource in (mock.chat, mock.workflows, mock.conversations, mock.knowledge.documents):
        shown = [name for name in dir(resource) if not name.startswith("_")]
        assert len(shown) > 3
    assert "list" in dir(mock.conversations)
    assert inspect.signature(mock.chat.streams).parameters.keys() == {"answer"}


def test_a_user_that_nobody_names_is_asked_for(mock):
    with pytest.raises(ConfigurationError):
        mock.sync_client(user=None).chat.send("Hi")
