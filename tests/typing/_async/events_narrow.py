"""Read by type checkers, never run: an event narrows by `match`, `isinstance` and `==`."""

from contextlib import aclosing
from decimal import Decimal
from typing import assert_never, assert_type

from dify import (
    AsyncChatStream,
    AsyncCompletionStream,
    AsyncDify,
    AsyncWorkflowStream,
    ChatEvent,
    ChatResponse,
    CompletionEvent,
    CompletionResponse,
    MessageEndEvent,
    MessageEvent,
    NodeFinishedEvent,
    UnknownEvent,
    WorkflowEvent,
    WorkflowFinishedEvent,
    WorkflowRun,
)
from dify.streams import AsyncTextStream
from dify.types import AgentLogEvent, Conversation


async def by_match(client: AsyncDify) -> None:
    async for event in client.chat.stream("Hi"):
        assert_type(event, ChatEvent)
        match event:
            case MessageEvent(answer=delta):
                assert_type(delta, str)
            case MessageEndEvent(metadata=meta):
                if meta.usage is not None:
                    assert_type(meta.usage.total_price, Decimal | None)
            case UnknownEvent(name=name):
                assert_type(name, str)
            case _:
                pass


async def by_isinstance(client: AsyncDify) -> None:
    async for event in client.workflows.stream({}):
        assert_type(event, WorkflowEvent)
        if isinstance(event, NodeFinishedEvent):
            assert_type(event.data.title, str | None)
        elif isinstance(event, AgentLogEvent):
            assert_type(event.data.id, str)


async def by_equality(client: AsyncDify) -> None:
    async for event in client.chat.stream("Hi"):
        if event.event == "message":
            assert_type(event, MessageEvent)
        elif event.event == "workflow_finished":
            assert_type(event, WorkflowFinishedEvent)
        elif event.event == "unknown":
            assert_type(event, UnknownEvent)


def completion_events_are_all_told_apart(event: CompletionEvent) -> str:
    match event.event:
        case "message" | "message_file" | "message_replace" | "message_end":
            return "text"
        case "tts_message" | "tts_message_end":
            return "speech"
        case "unknown":
            return "other"
        case _ as rest:
            assert_never(rest)


async def streams_and_replies(client: AsyncDify) -> None:
    chat = client.chat.stream("Hi")
    assert_type(chat, AsyncChatStream)
    assert_type(await chat.final(), ChatResponse)
    assert_type(chat.snapshot, ChatResponse | None)
    assert_type(chat.text_stream, AsyncTextStream)
    assert_type(await anext(chat.text_stream), str)
    async with aclosing(client.chat.stream("Hi").text_stream) as pieces:
        async for piece in pieces:
            assert_type(piece, str)
    async with aclosing(aiter(client.conversations.list())) as conversations:
        async for item in conversations:
            assert_type(item, Conversation)
    assert_type(chat.conversation_id, str | None)
    async with client.chat.stream("Hi") as entered:
        assert_type(entered, AsyncChatStream)
    completion = client.completions.stream({})
    assert_type(completion, AsyncCompletionStream)
    assert_type(await completion.final(), CompletionResponse)
    run = client.workflows.stream({})
    assert_type(run, AsyncWorkflowStream)
    assert_type(await run.final(), WorkflowRun)
