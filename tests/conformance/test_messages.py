"""Chat, agents, chatflows and completion apps: asking, streaming, conversations."""

from __future__ import annotations

import pytest

from dify import (
    AgentMessageEvent,
    AgentThoughtEvent,
    APIStatusError,
    AppUnavailableError,
    BadRequestError,
    MessageEndEvent,
    MessageEvent,
    NotFoundError,
    NotThisAppTypeError,
    WorkflowFinishedEvent,
    WorkflowStartedEvent,
)

from .conftest import inputs_of

CHATS = ["chat", "agent", "chatflow"]


@pytest.mark.parametrize("kind", CHATS)
async def test_a_question_is_answered(kind, open_app):
    client = open_app(kind)
    reply = await client.chat.send("What is tea?", inputs=await inputs_of(client))
    assert reply.answer
    assert reply.message_id == reply.id
    assert reply.conversation_id
    assert reply.usage is not None
    assert reply.http.status == 200


@pytest.mark.parametrize("kind", CHATS)
async def test_the_pieces_of_a_stream_are_the_stored_answer(kind, open_app):
    client = open_app(kind)
    async with client.chat.stream("What is tea?", inputs=await inputs_of(client)) as stream:
        said = "".join([text async for text in stream.text_stream])
        reply = await stream.final()
    assert said == reply.answer
    stored = (await client.messages.list(reply.conversation_id)).data[-1]
    assert (stored.id, stored.query) == (reply.message_id, "What is tea?")
    if (
        kind == "agent"
    ):  # what an agent said in several steps is stored with line breaks between them, and streamed without
        assert stored.answer.split() == reply.answer.split()
    else:
        assert stored.answer == reply.answer


@pytest.mark.parametrize("kind", CHATS)
async def test_a_conversation_goes_on(kind, open_app):
    client = open_app(kind)
    inputs = await inputs_of(client)
    first = await client.chat.send("I like tea.", inputs=inputs)
    second = await client.chat.send("And coffee?", inputs=inputs, conversation_id=first.conversation_id)
    assert second.conversation_id == first.conversation_id
    assert second.message_id != first.message_id
    stored = [one async for one in client.messages.list(first.conversation_id, limit=1)]
    assert {one.id for one in stored} == {first.message_id, second.message_id}


async def test_a_chat_stream_is_messages_and_an_end(open_app):
    client = open_app("chat")
    events = [event async for event in client.chat.stream("Hi", inputs=await inputs_of(client))]
    assert isinstance(events[-1], MessageEndEvent)
    assert all(isinstance(event, MessageEvent) for event in events[:-1])
    assert len({event.message_id for event in events}) == len({event.task_id for event in events}) == 1


async def test_an_agent_thinks_and_speaks(open_app):
    client = open_app("agent")
    events = [event async for event in client.chat.stream("What time is it?", inputs=await inputs_of(client))]
    assert isinstance(events[-1], MessageEndEvent)
    assert any(isinstance(event, AgentThoughtEvent) for event in events)
    assert any(isinstance(event, AgentMessageEvent) for event in events)
    reply = await client.chat.send("And now?", inputs=await inputs_of(client))
    assert reply.agent_thoughts


async def test_an_agent_has_no_blocking_mode(open_app):
    client = open_app("agent")
    with pytest.raises(BadRequestError):
        await client.chat.send("Hi", inputs=await inputs_of(client), response_mode="blocking")


@pytest.mark.parametrize("kind", ["chat", "chatflow"])
async def test_the_blocking_mode_says_the_same_as_a_stream(kind, open_app):
    client = open_app(kind)
    reply = await client.chat.send("Hi", inputs=await inputs_of(client), response_mode="blocking")
    assert reply.answer
    assert reply.mode == {"chat": "chat", "chatflow": "advanced-chat"}[kind]


async def test_a_chatflow_streams_its_run_around_its_message(open_app):
    client = open_app("chatflow")
    events = [event async for event in client.chat.stream("Hi", inputs=await inputs_of(client))]
    assert isinstance(events[0], WorkflowStartedEvent)
    assert {type(event) for event in events[-2:]} == {MessageEndEvent, WorkflowFinishedEvent}
    started = [event.data.id for event in events if event.event == "node_started"]
    finished = [event.data.id for event in events if event.event == "node_finished"]
    assert sorted(started) == sorted(finished)
    assert started


async def test_a_chatflows_run_can_be_asked_for(open_app):
    client = open_app("chatflow")
    reply = await client.chat.send("Hi", inputs=await inputs_of(client))
    run = await client.workflows.get(reply.workflow_run_id)
    assert (run.id, run.status) == (reply.workflow_run_id, "succeeded")


async def test_a_chatflow_keeps_variables(open_app):
    client = open_app("chatflow")
    reply = await client.chat.send("Hi", inputs=await inputs_of(client))
    variables = [one async for one in client.conversations.variables(reply.conversation_id)]
    texts = [one for one in variables if one.value_type == "string"]
    if not texts:
        pytest.skip("the chatflow has no conversation variable that is text")
    changed = await client.conversations.update_variable(reply.conversation_id, texts[0].id, "coffee")
    assert (changed.id, changed.value) == (texts[0].id, "coffee")


async def test_an_answer_can_be_stopped(open_app):
    client = open_app("chat")
    async with client.chat.stream("Count to five hundred in words.", inputs=await inputs_of(client)) as stream:
        async for _ in stream:
            await stream.stop()
            break
        assert stream.task_id
    await client.chat.stop(stream.task_id)  # what is over already can be stopped too


async def test_a_completion_can_be_stopped(open_app):
    client = open_app("completion")
    async with client.completions.stream(await inputs_of(client), query="Count to five hundred in words.") as stream:
        async for _ in stream:
            await stream.stop()
            break
        assert stream.task_id
    await client.completions.stop(stream.task_id)


async def test_conversations_are_listed_named_and_deleted(open_app, label):
    client = open_app("chat")
    inputs = await inputs_of(client)
    ids = [(await client.chat.send("Hi", inputs=inputs)).conversation_id for _ in range(2)]
    listed = [one.id async for one in client.conversations.list(limit=1)]
    assert sorted(listed) == sorted(ids)
    assert (await client.conversations.rename(ids[0], label)).name == label
    await client.conversations.delete(ids[0])
    assert [one.id async for one in client.conversations.list()] == [ids[1]]
    with pytest.raises(NotFoundError):
        await client.conversations.delete(ids[0])


async def test_a_conversation_is_its_users_alone(open_app):
    client = open_app("chat")
    reply = await client.chat.send("Hi", inputs=await inputs_of(client))
    with pytest.raises(NotFoundError):
        await client.messages.list(reply.conversation_id, user="conformance-stranger")
    with pytest.raises(NotFoundError):
        await client.chat.send("Hi", conversation_id=reply.conversation_id, user="conformance-stranger")


async def test_answers_are_rated(open_app):
    client = open_app("chat")
    reply = await client.chat.send("Hi", inputs=await inputs_of(client))
    await client.messages.feedback(reply.message_id, "like", content="good")
    assert (await client.messages.list(reply.conversation_id)).data[0].feedback.rating == "like"
    given = [one async for one in client.app.feedbacks() if one.message_id == reply.message_id]
    assert [(one.rating, one.content) for one in given] == [("like", "good")]
    await client.messages.feedback(reply.message_id, None)


async def test_questions_are_suggested(open_app, lacking):
    client = open_app("chat")
    reply = await client.chat.send("What is tea?", inputs=await inputs_of(client))
    with lacking("suggested questions"):
        questions = await client.messages.suggested_questions(reply.message_id)
    assert all(isinstance(question, str) for question in questions)


async def test_a_completion_app_completes(open_app):
    client = open_app("completion")
    inputs = await inputs_of(client)
    reply = await client.completions.create(inputs, query="What is tea?")
    assert reply.answer
    assert reply.usage is not None
    async with client.completions.stream(inputs, query="What is tea?") as stream:
        said = "".join([text async for text in stream.text_stream])
        assert said == (await stream.final()).answer
    blocking = await client.completions.create(inputs, query="Hi", response_mode="blocking")
    assert blocking.mode == "completion"


WRONG = [
    ("chat", lambda client: client.completions.create({}), AppUnavailableError),
    ("chat", lambda client: client.workflows.run({}), NotThisAppTypeError),
    ("completion", lambda client: client.chat.send("Hi"), NotThisAppTypeError),
    ("workflow", lambda client: client.chat.send("Hi"), NotThisAppTypeError),
]


@pytest.mark.parametrize(
    ("kind", "call", "error"),
    WRONG,
    ids=["completion-on-chat", "workflow-on-chat", "chat-on-completion", "chat-on-workflow"],
)
async def test_an_app_of_another_kind_says_so(kind, call, error, open_app):
    with pytest.raises(error) as caught:
        await call(open_app(kind))
    assert caught.value.status_code == 400


async def test_a_conversation_that_is_not_there_is_not_found(open_app):
    client = open_app("chat")
    with pytest.raises(NotFoundError) as caught:
        await client.chat.send("Hi", conversation_id="00000000-0000-4000-8000-00000000dead")
    assert (caught.value.status_code, caught.value.code) == (404, "not_found")


async def test_what_is_asked_wrongly_is_told(open_app):
    client = open_app("chat")
    with pytest.raises(APIStatusError) as caught:
        await client.conversations.list(limit=101)
    assert (caught.value.status_code, caught.value.code) == (400, "invalid_param")
