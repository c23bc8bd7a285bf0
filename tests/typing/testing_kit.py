"""The test kit as users of strict type checkers meet it: every answer and call has its type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_type

from dify import AsyncDify, Dify, InputFile
from dify.testing import (
    DifyMock,
    Emulator,
    EmulatorRequest,
    Frame,
    MockCall,
    Node,
    Wire,
    chat_stream,
    error_replies,
    events,
    replies,
    responses,
    workflow_stream,
)
from dify.testing.mock import EmptyRoute, JSONRoute, PageRoute, Route, UploadRoute
from dify.types import Conversation, Dataset


def builders() -> None:
    frames = chat_stream("Hello", usage=replies.usage(1, 2))
    assert_type(frames, list[Frame])
    frames.append(events.message_end())
    frames += [events.message("a"), events.error("not_found"), events.ping()]
    for chunk in Wire(frames, cut=3):
        assert_type(chunk, bytes)
    assert_type(workflow_stream([Node("A"), Node("B", "llm", text=["x"])], {"n": 1}), list[Frame])
    assert_type(replies.dataset("A"), Dataset)
    responses.stream(frames).headers.get("content-type")


def routes(mock: DifyMock) -> None:
    assert_type(mock.conversations.list, PageRoute[Conversation])
    assert_type(mock.conversations.rename, JSONRoute[Conversation])
    assert_type(mock.conversations.delete, EmptyRoute)
    assert_type(mock.files.upload, UploadRoute)
    assert_type(mock.knowledge.datasets.create, JSONRoute[Dataset])
    assert_type(mock.operation("getChatAppInfo"), Route)
    mock.conversations.list.lists([replies.conversation("a")])
    mock.conversations.rename.returns({"id": "1", "name": "a"})
    mock.chat.streams("Hello").refuses(error_replies.too_many_requests())
    mock.chat.streams(["Hel", "lo"])
    mock.chat.streams(chat_stream())
    mock.chat.streams(Wire(chat_stream(), drop_after=1))
    mock.chat.send.answers(lambda call: replies.chat_reply(call.query or ""))
    mock.workflows.succeeds({"n": 1}).times_out()
    mock.knowledge.documents.indexing(steps=2)


def calls(mock: DifyMock) -> None:
    call = mock.chat.send.assert_called_once()
    assert_type(call, MockCall)
    assert_type(call.query, str | None)
    assert_type(call.files, list[InputFile])
    assert_type([one.user for one in mock.calls], list[str | None])


def clients(mock: DifyMock) -> None:
    assert_type(mock.client(), AsyncDify)
    assert_type(mock.sync_client(user="alice"), Dify)


def answer(request: EmulatorRequest) -> Iterator[str]:
    yield request.query


EMULATOR = Emulator(answer)
